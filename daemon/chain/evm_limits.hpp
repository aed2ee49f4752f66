#pragma once

#include "daemon/rpc/rpc_error.hpp"
#include "protocols/common/block.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

namespace plimsoll::chain {

/// How many blocks one eth_getLogs of an endpoint may span: learned from what it refuses. Shrinks
/// to what the provider suggests, if that is a true part of what was asked, else to a half; grows
/// by a quarter with each success. A limit the provider names holds for good, one found by halving
/// is tried again after many successes. Pure.
class LogSpan {
  public:
    LogSpan(std::uint64_t start, std::optional<std::uint64_t> configured_most);

    std::uint64_t blocks() const { return blocks_; }
    void succeeded(std::uint64_t asked);
    /// The inclusive range that was refused, and what the refusal told.
    void refused(BlockNumber from, BlockNumber to, const rpc::RangeHint& hint);

  private:
    static constexpr unsigned kSuccessesToRetry = 32;

    std::uint64_t most_;  ///< configured or named by the provider
    std::uint64_t found_ = UINT64_MAX;
    std::uint64_t blocks_;
    unsigned successes_ = 0;
};

/// How many calls an endpoint takes in one multicall (or how many of anything in one request):
/// halved when that was too much, doubled again after many successes. Pure.
class ChunkSize {
  public:
    explicit ChunkSize(std::size_t most) : most_(most), size_(most) {}

    std::size_t get() const { return size_; }
    void succeeded(std::size_t sent);
    void refused(std::size_t sent);

  private:
    static constexpr unsigned kSuccessesToGrow = 16;

    std::size_t most_;
    std::size_t size_;
    unsigned successes_ = 0;
};

/// Hashes of blocks that an endpoint showed; the oldest are forgotten.
class SeenBlocks {
  public:
    void add(const Bytes32& hash);
    bool has(const Bytes32& hash) const { return hashes_.contains(hash); }

  private:
    static constexpr std::size_t kMost = 4'096;

    std::unordered_set<Bytes32> hashes_;
    std::deque<Bytes32> order_;
};

}  // namespace plimsoll::chain
