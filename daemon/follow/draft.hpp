#pragma once

#include "config/settings.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/follow/followed.hpp"
#include "daemon/follow/tail.hpp"

#include <span>
#include <utility>
#include <vector>

namespace plimsoll::follow {

/// One round, done on copies of the tips: a fault on the way leaves nothing changed, readers go on
/// meanwhile, and the follower takes over what came out.
///
/// A round is about new blocks, or about the tip itself, where a protocol is there that has no
/// values yet. Protocols without a ledger at the tip take no part.
class Draft {
  public:
    /// `blocks` are consecutive and follow the tip; none: the round is about `tip`.
    Draft(const config::Settings& settings, chain::Source& source,
          std::span<const Followed> followed, const BlockRef& tip, std::vector<BlockRef> blocks);

    /// The whole round: logs, reads, values, audit. With `may_doubt` a difference from the contract
    /// is a fault, `lag_or_reorg`: it may be the node's, one that answers from the state of a
    /// neighbouring block for a moment while the head moves. What goes on to differ is ours.
    Expected<void, chain::Fault> run(bool may_doubt);
    /// Only the logs, on the way to a newer block: what they leave owed is read there.
    Expected<void, chain::Fault> run_logs();

    /// After a fault: keeps what was read so far, all of it true at the block, as a round without
    /// values. False: not even the logs are there.
    bool stop_early();

    bool has_doubted() const { return has_doubted_; }
    const BlockRef& at() const { return at_; }
    /// `blocks` is empty in a round about the tip.
    TailEntry take_entry() { return std::move(entry_); }
    std::vector<Tip> take_tips() { return std::move(tips_); }
    /// By protocol; on blocks after the last one told.
    std::vector<protocols::LedgerEvents> take_events() { return std::move(events_); }
    /// By protocol: liquidations on blocks up to the last one told.
    std::vector<protocols::LedgerEvents> take_told() { return std::move(told_); }

  private:
    using Outcome = Expected<void, chain::Fault>;

    /// What the reads of the round brought, by protocol.
    struct Reads {
        std::vector<protocols::Call> price_calls;
        std::vector<protocols::CallResult> prices;
        std::vector<protocols::PositionKey> audited;
        std::vector<std::vector<protocols::CallResult>> audits;
    };

    Outcome read_logs();
    Outcome read_round();
    Outcome take_owed_logs(std::size_t index, const protocols::OwedLogs& owed);
    Outcome settle(std::size_t index);
    Outcome accept_prices(std::size_t index);
    Outcome audit_planned(std::size_t index);
    Outcome audit_newcomers(std::size_t index);
    Outcome doubt(std::size_t index, const std::string& why);
    Outcome take_differences(std::size_t index, std::vector<protocols::AuditDifference> found);
    void keep_events(std::size_t index);
    std::vector<Input>& inputs(std::size_t index);

    const config::Settings& settings_;
    chain::Source& source_;
    std::span<const Followed> followed_;
    BlockRef before_;  ///< the tip that the round begins with
    BlockRef at_;
    bool may_doubt_ = false;
    bool has_doubted_ = false;
    bool has_logs_ = false;
    TailEntry entry_;
    std::vector<Tip> tips_;
    std::vector<Reads> reads_;
    std::vector<protocols::LedgerEvents> events_;
    std::vector<protocols::LedgerEvents> told_;
};

}  // namespace plimsoll::follow
