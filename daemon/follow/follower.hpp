#pragma once

#include "config/settings.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/follow/establish.hpp"
#include "daemon/follow/followed.hpp"
#include "daemon/follow/tail.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

namespace plimsoll::follow {

/// What a follower is given. References outlive it.
struct FollowerParts {
    const config::Settings& settings;
    const config::ChainSettings& chain;
    chain::Source& source;
    store::Store& store;
    rules::RuleEngine& rules;
    std::vector<Followed> protocols;
    std::function<std::int64_t()> unix_seconds;
    /// Waits; ends early when the daemon stops.
    std::function<void(std::chrono::milliseconds)> wait;
    std::function<bool()> stopping;
    std::function<void()> on_commit;  ///< something was stored that senders may want
    /// A round has finished; snapshots are taken here.
    std::function<void()> on_round;
};

/// Follows one chain: keeps every protocol's ledger at the tip, exact or flagged, and turns each
/// finished round into one transaction. One thread calls `poll`; the `view` members are safe from
/// any.
class Follower {
  public:
    explicit Follower(FollowerParts parts);

    /// Looks for a new block and does its round. A fault leaves everything as it was before the
    /// poll, and the next poll tries again.
    Expected<void, chain::Fault> poll();

    view::ChainStatus chain_status() const;
    std::vector<view::ProtocolStatus> protocol_statuses() const;
    void read(const std::function<void(std::span<const view::ProtocolView>)>& use) const;

  private:
    using Outcome = Expected<void, chain::Fault>;

    /// Blocks that left the chain and whose alerts are not answered yet.
    struct Orphaned {
        BlockNumber ancestor = 0;
        std::vector<BlockRef> blocks;
    };
    /// What the reads of one round brought, before anything is changed.
    struct RoundReads {
        std::vector<std::vector<protocols::Call>> price_calls;  ///< by protocol
        std::vector<std::vector<protocols::CallResult>> prices;
        std::vector<std::vector<protocols::PositionKey>> audited;
        std::vector<std::vector<std::vector<protocols::CallResult>>> audits;
    };

    // follower.cpp: heads, reorganisations, starting
    Outcome follow_to(const BlockRef& head);
    Outcome reorganise(const BlockRef& head);
    Outcome resync(const std::string& why);
    Outcome establish(const BlockRef& head);
    Outcome load_stored();
    Outcome check_stored_tip(const BlockRef& head);
    Outcome establish_at(BlockRef at, const BlockRef& head);
    Outcome bring_bases_to(BlockRef& at, const BlockRef& head);
    void forget_bases();
    Expected<BlockNumber, chain::Fault> common_ancestor(BlockNumber from);
    std::optional<BlockRef> recorded(BlockNumber number) const;
    void remember(std::span<const BlockRef> blocks);
    void orphan_above(BlockNumber ancestor);
    void rebuild_tip();

    // follower_round.cpp: one round
    Outcome advance(std::vector<BlockRef> blocks, bool newest);
    Expected<std::vector<protocols::Log>, chain::Fault> read_logs(std::span<const BlockRef> blocks);
    Expected<RoundReads, chain::Fault> read_round(const BlockRef& at);
    Outcome apply_round(TailEntry& entry, RoundReads& reads);
    Outcome settle_tip(Followed& followed, TailEntry& entry);
    Outcome accept_prices(std::size_t index, TailEntry& entry, RoundReads& reads);
    void value(Followed& followed);
    Outcome audit_round(TailEntry& entry, const RoundReads& reads);
    Outcome audit_newly_liquidatable(TailEntry& entry);
    Outcome audit_keys(Followed& followed, std::span<const protocols::PositionKey> keys,
                       TailEntry& entry);
    Outcome doubt(const BlockRef& block);
    Outcome take_differences(Followed& followed, std::vector<protocols::AuditDifference> found,
                             TailEntry& entry);
    void take_events(const TailEntry& entry);
    void drop_untold_events();

    // follower_commit.cpp: rules and the transaction
    Outcome finish_round(const BlockRef& head);
    void price_events();
    void price_events_of(const protocols::Protocol& ledger, BlockNumber number,
                         protocols::LedgerEvents& events);
    rules::RoundFacts facts(std::span<const protocols::LedgerEvents> events) const;
    rules::SourceFacts source_facts() const;
    static std::vector<rules::GonePosition> take_gone(
        Followed& one, std::span<const protocols::Liquidation> liquidations);
    void evaluate(store::RoundCommit& commit);
    void advance_base(const BlockRef& final_block, store::RoundCommit& commit);
    void commit_until_done(const store::RoundCommit& commit);
    void tell_standstill();

    // follower_view.cpp: what people see
    view::State chain_state(std::string& reason) const;
    std::int64_t head_age_seconds() const;
    bool is_stale() const;
    std::uint64_t gap_blocks() const;
    void publish();
    void note_head(const BlockRef& head);

    FollowerParts parts_;
    std::vector<Followed> protocols_;  ///< ledgers and values: see ledgers_
    Tail tail_;
    bool connected_ = false;
    bool loaded_ = false;
    bool established_ = false;
    bool base_is_final_ = false;
    bool round_pending_ = false;  ///< the tip moved and its round is not finished
    std::optional<BlockRef> final_block_;
    std::map<BlockNumber, BlockRef> recent_;  ///< blocks whose rounds are stored; the newest 256
    std::optional<BlockRef> stored_tip_;
    std::optional<BlockNumber> told_above_;  ///< events on blocks up to here were told already
    std::optional<Orphaned> orphaned_;
    Bytes32 doubted_;  ///< block whose round was done again because of a difference
    std::vector<protocols::LedgerEvents> events_;  ///< not told yet, by protocol
    std::uint64_t reorgs_ = 0;
    bool round_is_old_ = false;  ///< facts are told again without a new block
    bool told_trouble_ = false;  ///< the rules were last told of trouble with the source
    std::string trouble_;        ///< why the last poll failed; empty when it did not
    BlockNumber head_number_ = 0;
    Bytes32 head_hash_;
    BlockTime head_time_ = 0;
    std::int64_t head_seen_at_ = 0;  ///< unix seconds at which this head was first seen
    bool follows_wall_clock_ = false;
    std::string caip2_;
    std::map<Address, std::string> watch_labels_;

    BlockRef tip_block_;  ///< what the values in protocols_ are true at; see ledgers_
    mutable std::shared_mutex ledgers_;  ///< guards protocols_ and tip_block_ for readers
    mutable std::mutex status_mutex_;    ///< guards the three below
    BlockRef processed_;
    view::ChainStatus chain_status_;
    std::vector<view::ProtocolStatus> protocol_statuses_;
};

}  // namespace plimsoll::follow
