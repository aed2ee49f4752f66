#pragma once

#include "daemon/chain/call_site.hpp"
#include "daemon/rpc/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

namespace plimsoll::chain {

/// Calls that were asked on their own and why, so that the next round need not find out again.
/// Bounded; entries are forgotten after an hour.
class OddCalls {
  public:
    enum class Kind {
        fails_empty,  ///< reverts without data by itself: no sign of starvation in a multicall
        alone,        ///< takes a multicall down with it, or all its gas
    };
    void remember(const protocols::Call& call, Kind kind, rpc::Clock::Time now);
    bool is(const protocols::Call& call, Kind kind, rpc::Clock::Time now) const;

  private:
    static constexpr std::size_t kMost = 4'096;
    struct Entry {
        Kind kind;
        rpc::Clock::Time until;
    };
    std::unordered_map<Bytes32, Entry> entries_;
};

struct ReadLimits {
    std::size_t max_calldata = std::size_t{256} * 1'024;  ///< of one multicall
};

/// Reads contracts at one block through multicalls, each led by the proof of its snapshot.
///
/// A multicall that fails as a whole is halved until the call that did it stands alone. A failed
/// call without data inside a multicall may only have lacked the gas that others burnt, so it is
/// asked again by itself before it counts as reverted. Where no multicall is deployed, the calls go
/// out one by one. A multicall that ran at an older block (`lag_or_reorg`) is repeated a few times.
class CallReader {
  public:
    CallReader(CallSite& site, OddCalls& odd, const ReadLimits& limits, rpc::Clock& clock,
               rpc::Clock::Time deadline)
        : site_(site), odd_(odd), limits_(limits), clock_(clock), deadline_(deadline) {}

    /// The results in the order of the calls. Errors: those of the proof when it does not fit.
    Expected<std::vector<protocols::CallResult>, rpc::RpcError> read(
        std::span<const protocols::Call> calls);

  private:
    using Chunk = std::vector<std::size_t>;  ///< indexes into the calls
    using Done = CallSite::Done;

    std::vector<Chunk> chunks_of(const Chunk& indexes) const;
    Bytes multicall_of(const Chunk& chunk) const;
    Done read_chunks(std::vector<Chunk> chunks);
    Done read_once(const std::vector<Chunk>& chunks, std::vector<Chunk>& late);
    Done accept_chunk(const Chunk& chunk, Returned returned);
    Done accept_results(const Chunk& chunk, std::vector<protocols::CallResult> results);
    Done divide(const Chunk& chunk, rpc::RpcError error);
    Done settle_starved();
    void remember_odd();
    Done read_singly(Chunk indexes);
    bool may_repeat(const rpc::RpcError& error) const;
    Done accept_single(std::size_t index, Returned returned);

    CallSite& site_;
    OddCalls& odd_;
    ReadLimits limits_;
    rpc::Clock& clock_;
    rpc::Clock::Time deadline_;
    unsigned repeats_ = 0;  ///< of calls that ran at an older block
    std::span<const protocols::Call> calls_;
    std::vector<protocols::CallResult> results_;
    Chunk starved_;  ///< failed without data beside others
    std::set<std::size_t> starved_once_;
    Chunk single_;              ///< to be asked one by one
    Chunk failed_empty_;        ///< reverted without data when asked by themselves
    bool was_starved_ = false;  ///< some call succeeded only when it was asked again
};

}  // namespace plimsoll::chain
