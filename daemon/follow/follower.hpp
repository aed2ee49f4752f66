#pragma once

#include "config/settings.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/follow/draft.hpp"
#include "daemon/follow/followed.hpp"
#include "daemon/follow/joining.hpp"
#include "daemon/follow/ranges.hpp"
#include "daemon/follow/standing.hpp"
#include "daemon/follow/tail.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
    std::function<std::int64_t()> unix_seconds;          ///< for the polling thread
    std::function<std::int64_t()> readers_unix_seconds;  ///< the same clock, safe from any thread
    std::function<bool()> stopping;
    std::function<void()> on_commit;  ///< something was stored that senders may want
    /// A round has finished; snapshots are taken here.
    std::function<void()> on_round;
    /// Decides where the round's alerts are told, and with whom; before it is stored.
    std::function<void(store::RoundCommit&)> route = {};
    /// Keys of alerts that nothing holds back any more where something did.
    std::function<std::set<std::string>()> unmuted = {};
};

/// How long ago the newest head appeared. Times in unix seconds.
struct HeadAge {
    std::int64_t seen_at = 0;  ///< first; of no head yet: the first poll; 0: never polled
    BlockTime time = 0;        ///< by its own timestamp
    /// A chain is measured by its own timestamps once one of its heads was seen fresh; until then
    /// (a local chain with times of its own, a node still syncing) by when its head last moved.
    bool follows_wall_clock = false;

    std::int64_t seconds(std::int64_t now) const;
};

/// Follows one chain: keeps every protocol's ledger at the tip, exact or flagged, and turns each
/// finished round into one transaction. One thread calls `poll`; the `const` members are safe from
/// any.
class Follower {
  public:
    explicit Follower(FollowerParts parts);

    /// Looks for a new block and does its round; goes on with protocols that are not followed yet.
    /// A fault leaves everything as it was before the step that failed, and the next poll tries
    /// again. Long work is cut after about one polling interval: see `is_busy`.
    Expected<void, chain::Fault> poll();
    /// There is more to do at once.
    bool is_busy() const { return busy_; }

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
    /// A transaction that is not durable yet. Nothing goes on before it is.
    struct Pending {
        store::RoundCommit commit;
        bool is_round = false;  ///< else only what the rules say of the source
        Standings standings;
    };

    // follower.cpp: heads and reorganisations
    Outcome work();
    bool is_overtaken(const Outcome& outcome);
    Outcome follow_to(const BlockRef& head);
    Outcome step_to(const BlockRef& head, int& forks);
    Outcome behind(const BlockRef& head) const;
    Outcome fast_forward(const BlockRef& to, int& forks);
    Outcome run_round(std::vector<BlockRef> blocks, bool newest);
    void take_over(Draft& draft);
    void pass_over(std::span<const protocols::Log> logs, const BlockRef& reached);
    Outcome reorganise(BlockNumber from, const Bytes32& canonical);
    Outcome resync(const std::string& why);
    Expected<std::optional<BlockNumber>, chain::Fault> common_ancestor(BlockNumber from,
                                                                       const Bytes32& canonical);
    std::optional<BlockRef> recorded(BlockNumber number) const;
    BlockNumber lowest_recorded() const;
    void remember(std::span<const BlockRef> blocks);
    void orphan_above(BlockNumber ancestor);
    Expected<bool, chain::Fault> is_recent_canonical(BlockNumber last);
    Outcome check_recent(BlockNumber last);
    void orphan_replaced(std::span<const BlockRef> blocks);
    void rebuild_tips();
    std::vector<protocols::LedgerEvents> replay_tips();
    void drop(std::size_t index);
    bool is_valued() const;

    // follower_late.cpp: logs that came after their round
    void take_late_logs();
    Outcome look_for_late_logs(BlockNumber first, BlockNumber last);
    void keep_late(std::size_t index, protocols::LedgerEvents events);
    Outcome tell_late();
    bool is_trust_changed();

    // follower_start.cpp: what the store remembers, and protocols that join
    Outcome load_memory();
    Outcome start(const BlockRef& head);
    Expected<bool, chain::Fault> load_ledgers(const BlockRef& head);
    Outcome load_ledger(Followed& one);
    Outcome choose_base(const BlockRef& head);
    Outcome rewind_scans();
    Outcome check_stored_tip(const BlockRef& head);
    bool wants_to_join(std::size_t index) const;
    Outcome join_protocols();
    Outcome join_one(std::size_t index);
    Outcome finish_joining(std::size_t index);
    bool is_time_up() const;

    // follower_commit.cpp: rules and the transaction
    Outcome finish_round();
    std::vector<BlockRef> new_recent_blocks() const;
    void move_base(BlockNumber to);
    void advance_base(store::RoundCommit& commit);
    Outcome price_events();
    Outcome price_events_of(std::size_t index, const BlockRef& block);
    std::optional<BlockRef> read_safe_block(const BlockRef& head);
    BlockNumber safe_number() const;
    rules::SourceFacts source_facts() const;
    rules::RoundFacts facts(const BlockRef& block, bool is_round) const;
    static std::vector<rules::GonePosition> take_gone(
        Followed& one, std::span<const protocols::Liquidation> liquidations);
    void evaluate(store::RoundCommit& commit, std::span<const store::StoredAlert> orphaned);
    Standings standings(bool with_records) const;
    Outcome store_pending();
    void accept_round(const Pending& stored);
    void tell_standstill();

    // follower_view.cpp: what people see
    view::State chain_state(std::string& reason) const;
    std::int64_t stale_after() const;
    std::int64_t head_age_seconds() const;
    bool is_stale() const;
    view::ChainStatus chain_status_now() const;
    std::uint64_t gap_blocks() const;
    std::uint64_t gap_of_joining() const;
    bool has_lasted(std::int64_t since) const;
    bool shows_the_past() const;
    std::vector<view::ProtocolStatus> make_statuses(const view::ChainStatus& chain) const;
    void publish();
    void note_head(const BlockRef& head);
    void note_progress();

    FollowerParts parts_;
    std::vector<Followed> protocols_;                ///< their tips: see ledgers_
    std::vector<std::unique_ptr<Joining>> joining_;  ///< by protocol; none: not being joined
    Tail tail_;
    bool connected_ = false;
    bool remembers_ = false;      ///< what the store knows of the chain is loaded
    bool started_ = false;        ///< the tail has a base
    bool use_stored_ = true;      ///< stored ledgers may be loaded
    bool round_pending_ = false;  ///< the tip moved and its round is not finished
    bool busy_ = false;
    int doubts_ = 0;  ///< since the last finished round
    std::int64_t poll_began_ = 0;
    std::optional<Pending> pending_;
    std::optional<BlockRef> final_block_;
    std::optional<BlockRef> safe_block_;  ///< none: nothing waits for it, or there is none
    store::ChainState memory_;
    Standings stored_standings_;
    std::map<BlockNumber, BlockRef> recent_;  ///< blocks whose rounds are stored; the newest 256
    std::optional<BlockRef> committed_;       ///< block of the last stored round, of any run
    BlockRef processed_;                      ///< the same, of this run
    std::optional<Orphaned> orphaned_;
    std::uint64_t replaced_ =
        0;  ///< blocks below the base left the chain; until they are read anew
    std::optional<BlockNumber> rewind_to_;         ///< final blocks above this left the chain
    std::vector<protocols::LedgerEvents> events_;  ///< not told yet, by protocol
    std::vector<protocols::LedgerEvents> late_;    ///< of blocks told by an earlier run
    BlockNumber remembered_to_ = 0;                ///< an earlier run has told up to here
    int price_tries_ = 0;
    BlockNumber no_prices_below_ = 0;  ///< the node has dropped the state of such old blocks
    BlockNumber looked_to_ = 0;        ///< for late logs, up to this block
    std::vector<bool> verified_;       ///< by protocol, when late logs were looked for last
    std::uint64_t reorgs_ = 0;
    bool told_trouble_ = false;  ///< the rules were last told of trouble with the source
    std::string trouble_;        ///< why the last poll failed; empty when it did not
    BlockNumber head_number_ = 0;
    Bytes32 head_hash_;
    HeadAge head_age_;
    std::int64_t behind_since_ = 0;  ///< unix seconds; 0: the head is processed
    std::int64_t gap_since_ = 0;     ///< unix seconds; 0: no logs are owed
    bool has_head_ = false;
    std::string caip2_;
    std::map<Address, std::string> watch_labels_;

    BlockRef tip_block_;                 ///< what the tips are true at; see ledgers_
    mutable std::shared_mutex ledgers_;  ///< guards the tips in protocols_, and tip_block_
    mutable std::mutex status_mutex_;    ///< guards those below
    HeadAge published_age_;
    std::string published_trouble_;
    view::ChainStatus chain_status_;
    std::vector<view::ProtocolStatus> protocol_statuses_;
};

}  // namespace plimsoll::follow
