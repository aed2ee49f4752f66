#pragma once

#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/protocol.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace plimsoll::follow {

/// The tail's greatest length. A final block further below the head is no base to begin from; when
/// nothing becomes final for so many blocks, the oldest rounds leave the tail all the same, and are
/// stored once they are final.
constexpr BlockNumber kMaxTailBlocks = 8192;
/// Blocks below the tip whose hashes are kept.
constexpr BlockNumber kRecentBlocks = 256;

/// What one protocol was given in a round besides the logs, in order.
struct Reseed {
    std::vector<protocols::PositionKey> keys;
};
struct AcceptedReads {
    std::size_t most = 0;  ///< calls asked for at most, so that replay asks alike
    std::vector<protocols::CallResult> results;
};
struct AcceptedLogs {
    std::vector<protocols::Log> logs;
};
struct AcceptedPrices {
    std::vector<protocols::CallResult> results;
};
using Input = std::variant<Reseed, AcceptedReads, AcceptedLogs, AcceptedPrices>;
/// By protocol.
using Inputs = std::map<std::string, std::vector<Input>>;

/// One round that is not final yet: everything needed to do it again on an older ledger.
struct TailEntry {
    std::vector<BlockRef> blocks;  ///< consecutive; the last one is the round's block
    std::vector<protocols::Log> logs;
    std::set<Address> emitters;  ///< whose logs were asked for, on a chain where some come late
    Inputs inputs;

    const BlockRef& last() const { return blocks.back(); }
};

/// Gives a ledger the inputs of a round at `at`, after its logs.
void replay_inputs(protocols::Protocol& ledger, std::span<const Input> inputs, const BlockRef& at);
/// Applies a round's logs and inputs to a ledger that stands at the block before it.
void replay(protocols::Protocol& ledger, const std::string& name, const TailEntry& entry);

/// Drops events on blocks up to this one and answers them.
protocols::LedgerEvents take_up_to(protocols::LedgerEvents& events, BlockNumber number);

/// The rounds above the base block, oldest first. Blocks are linked by parent hash throughout.
class Tail {
  public:
    void reset(const BlockRef& base);
    const BlockRef& base() const { return base_; }
    const BlockRef& tip() const { return entries_.empty() ? base_ : entries_.back().last(); }
    const std::deque<TailEntry>& entries() const { return entries_; }
    bool empty() const { return entries_.empty(); }
    std::uint64_t block_count() const { return tip().number - base_.number; }

    /// The block the tail (or its base) has at this height.
    std::optional<BlockRef> at(BlockNumber number) const;
    void push(TailEntry entry);
    /// More inputs of the newest round, which there must be.
    void add_inputs(const std::string& protocol, std::vector<Input> inputs);
    /// All logs of these emitters in the rounds that end above this block, for a protocol that
    /// joined there. Those the tail has already are left out.
    void join_logs(std::vector<protocols::Log> logs, std::span<const Address> emitters,
                   BlockNumber above);
    /// Takes in logs of its blocks that it may have already; answers those that it had not though
    /// it had asked for their emitter. What was read since then was asked for without them, and is
    /// dropped.
    std::vector<protocols::Log> add_late(std::vector<protocols::Log> logs);
    /// Drops every round that is not wholly at or below `ancestor`.
    void cut_above(BlockNumber ancestor);
    /// Takes off the oldest round when it is wholly at or below `number`; it becomes the base.
    std::optional<TailEntry> pop_final(BlockNumber number);

  private:
    void merge_logs(std::vector<protocols::Log> logs);
    /// The round that holds this block, above the base.
    const TailEntry* entry_at(BlockNumber number) const;

    BlockRef base_;
    std::deque<TailEntry> entries_;
};

}  // namespace plimsoll::follow
