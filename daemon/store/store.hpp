#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/protocol.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::store {

/// `missing`: there is no store and none was to be made. `misuse`: the caller's values contradict
/// each other or what is stored.
enum class StoreFault { io, full, corrupt, read_only, locked, newer_schema, missing, misuse };
struct StoreError {
    StoreFault kind = StoreFault::io;
    std::string message;  ///< names file and SQLite's reason

    /// Whether the same call may succeed later: when the disk is well again, or another program
    /// has let go.
    bool retryable() const {
        return kind == StoreFault::io || kind == StoreFault::full ||
               kind == StoreFault::read_only || kind == StoreFault::locked;
    }
};

/// One rule's state for one subject. `state` is inactive rows' absence: an erased row is inactive.
struct RuleStateRow {
    std::string rule;
    std::string subject;      ///< unique within the rule: protocol, band and account as needed
    std::string state;        ///< "pending", "firing", "resolving"
    std::uint64_t since = 0;  ///< block time of entering the state
    std::uint64_t since_block = 0;
    Bytes32 since_hash;  ///< hash of that block: orphaned means re-evaluate
    std::uint64_t episode = 0;
    std::uint64_t last_seq = 0;
    std::string value;  ///< JSON owned by the rules engine
    bool erased = false;
};

/// One sink an alert goes to.
struct Destination {
    static constexpr std::int64_t kDefaultMaxAgeMs = std::int64_t{72} * 60 * 60 * 1000;

    std::string sink;
    std::int64_t max_age_ms = kDefaultMaxAgeMs;  ///< undelivered after this: expired
    std::int64_t hold_ms = 0;                    ///< waits so long for others of its group
    std::int64_t interval_ms = 0;  ///< and so long after the group's last message, unless it
                                   ///< holds for nobody
    std::string group = {};        ///< told in one message with others of it; empty: alone
    bool keeps_all = false;        ///< an archive: nothing collapses or is withdrawn there
};

struct NewAlert {
    std::string id;
    std::string alert_key;
    std::uint64_t episode = 0;
    std::uint64_t seq = 0;
    std::string type;
    int severity = 0;   ///< 0 info, 1 warning, 2 critical
    std::string chain;  ///< configured name
    BlockNumber block = 0;
    Bytes32 block_hash;
    std::uint64_t at = 0;  ///< unix seconds
    std::string body;
    std::string signature;  ///< EIP-191, 0x hex; empty without a key
    std::string signer;
    std::string typed_signature;  ///< EIP-712
    /// Where it goes. A retraction goes where the original went; for it this tells only the age and
    /// which sinks are archives.
    std::vector<Destination> sinks;
    /// The message this one takes back. At a sink where that one was never attempted it becomes
    /// superseded and this one is not queued; where it was attempted, with whatever result, and in
    /// an archive, this one follows it in key order. Sinks that `retire_sinks` gave up are left
    /// alone.
    std::optional<std::string> retracts;
    std::string muted_by;  ///< what held it back somewhere, for people; empty: nothing
};

/// An alert that fires and was held back at a sink. Once nothing holds it back any more it is told
/// there.
struct MuteRow {
    std::string alert_key;
    std::string sink;
    std::string by;
    bool erased = false;

    friend bool operator==(const MuteRow&, const MuteRow&) = default;
};

/// A silence as the operator gave it.
struct SilenceRow {
    std::string id;
    std::string matchers;     ///< "rule=hf-*", one a line
    std::int64_t starts = 0;  ///< unix seconds
    std::int64_t ends = 0;    ///< unix seconds, not included
    std::string author;
    std::string why;

    friend bool operator==(const SilenceRow&, const SilenceRow&) = default;
};

/// A realised liquidation as shown: `row` is the canonical JSON object of the `liquidations` table.
struct LiquidationRow {
    Bytes32 tx;
    std::uint32_t log_index = 0;
    std::string protocol;
    BlockNumber block = 0;
    std::uint64_t time = 0;
    std::string row;
};

/// A range of blocks whose logs were not read yet. `purpose` is "discovery" or "gap".
struct OwedRange {
    std::string protocol;
    std::string purpose;
    BlockNumber from = 0;
    BlockNumber to = 0;

    friend bool operator==(const OwedRange&, const OwedRange&) = default;
};

/// What a sink remembers across restarts: its circuit, and why it takes nothing any more.
struct SinkState {
    std::string sink;
    bool circuit_open = false;
    unsigned fails = 0;              ///< transient failures in a row
    std::int64_t probe_at_ms = 0;    ///< next probe of an open circuit
    std::string disabled_why;        ///< empty: enabled
    std::int64_t down_since_ms = 0;  ///< wall clock; 0: it works
    std::uint64_t told_episode = 0;  ///< of the alert that it is down; 0: none fires

    friend bool operator==(const SinkState&, const SinkState&) = default;
};

/// Everything one round of one chain changes, in one transaction: all of it or nothing.
struct RoundCommit {
    std::string chain;
    std::int64_t now_ms = 0;                    ///< wall clock; needed when there are alerts
    std::optional<BlockRef> tip;                ///< processed head
    std::optional<BlockRef> final_block;        ///< what `records` are true at
    std::optional<BlockNumber> orphaned_above;  ///< reorg: recent blocks and liquidations above go
    std::vector<BlockRef> recent_blocks;        ///< appended; the last 256 are kept

    struct ProtocolRecords {
        std::string protocol;
        bool replace_all = false;  ///< forget all records of the protocol first
        std::vector<protocols::Record> records;
    };
    std::vector<ProtocolRecords> records;

    std::vector<RuleStateRow> rule_states;
    std::vector<NewAlert> alerts;
    std::vector<MuteRow> mutes;
    std::vector<SinkState> sink_states;
    std::vector<LiquidationRow> liquidations;

    /// Scan progress: replaces all owed ranges of the named protocol, adds to its candidates.
    struct Scan {
        std::string protocol;
        std::vector<OwedRange> owed;
        std::vector<Address> new_candidates;
    };
    std::vector<Scan> scans;

    /// As `set_meta`, key and value.
    std::vector<std::pair<std::string, std::string>> metas;
};

/// What is known of a chain at start.
struct ChainState {
    std::optional<BlockRef> tip;
    std::optional<BlockRef> final_block;
    std::vector<BlockRef> recent_blocks;  ///< ascending
};

struct StoredAlert {
    std::string id;
    std::string alert_key;
    std::uint64_t episode = 0;
    std::uint64_t seq = 0;
    std::string type;
    int severity = 0;
    std::string chain;
    BlockNumber block = 0;
    Bytes32 block_hash;
    std::uint64_t at = 0;
    std::string body;
    std::string signature;
    std::string signer;
    std::string typed_signature;
    std::string muted_by;
};

/// A message due at a sink.
struct DueMessage {
    StoredAlert alert;
    unsigned attempts = 0;
    std::int64_t first_try_ms = 0;  ///< 0: never tried
    std::int64_t expires_ms = 0;
    std::string group;   ///< as `Destination::group`
    std::string bundle;  ///< id of the message it was sent in with others of its group; empty: none
};

/// What is known of a group at a sink while one of its messages is on its way.
struct GroupNow {
    std::uint64_t open = 0;  ///< alerts that fire once the message is told
    /// The alert that opened what the message continues; the message's own first where nothing of
    /// the group fired before.
    std::string lead;
};

/// A message as operators see it.
struct OutboxRow {
    std::string sink;
    std::string id;
    std::string alert_key;
    std::string type;
    int severity = 0;
    std::string state;  ///< "pending", "done", "dead", "superseded"
    unsigned attempts = 0;
    std::int64_t created_ms = 0;
    std::int64_t not_before_ms = 0;  ///< 0: nothing to wait for
    std::int64_t expires_ms = 0;
    std::int64_t first_try_ms = 0;  ///< 0: never
    std::int64_t last_try_ms = 0;
    std::int64_t finished_ms = 0;
    std::string dead_reason;
    std::string last_error;
    std::string group;
    std::string bundle;
};

/// Which rows of the outbox; what is empty or 0 does not count.
struct OutboxQuery {
    std::string sink;
    std::string state;
    std::string id;
    std::string bundle;         ///< as `OutboxRow::bundle`
    std::int64_t since_ms = 0;  ///< committed then or later
    std::size_t limit = 100;
};

/// Ids of alerts, and of messages of several, that begin alike.
struct MessageIds {
    std::uint64_t count = 0;
    std::string first;  ///< the least; empty when there is none
};

/// Messages of one sink that were given up and that nobody was told of yet.
struct DeadLetters {
    std::string sink;
    std::uint64_t count = 0;
    std::map<std::string, std::uint64_t> reasons;
    std::vector<OutboxRow> first;    ///< the oldest, at most 20
    std::vector<std::int64_t> rows;  ///< all of them, for `announce`
};

struct OutboxCounts {
    std::string sink;
    std::uint64_t pending = 0;
    std::uint64_t done = 0;
    std::uint64_t dead = 0;
    std::uint64_t superseded = 0;
    std::int64_t oldest_pending_ms = 0;  ///< commit time of the oldest pending row; 0 when none
};

/// The ids of one message, or of all those that are told in one.
using Ids = std::vector<std::string>;

/// Hears of what the store does; for metrics. Called from the threads that use the store; must
/// return soon, call no member of the store and throw nothing.
class StoreObserver {
  public:
    StoreObserver() = default;
    StoreObserver(const StoreObserver&) = delete;
    StoreObserver& operator=(const StoreObserver&) = delete;
    virtual ~StoreObserver() = default;

    /// A round is durable.
    virtual void committed(const RoundCommit& round, std::chrono::duration<double> took) = 0;
    /// A change of any kind failed.
    virtual void failed(const StoreError& error) = 0;
};

/// The daemon's memory: one SQLite file, WAL, synchronous FULL, exactly one connection. Every
/// member is safe from any thread (they take turns); every change is one transaction, durable on
/// return.
///
/// After a failure the transaction is there as a whole or not at all. When the disk refused the
/// very last sync, it can be there although an error was returned: read the state again before
/// building on it. Committing the same round again is always right.
class Store {
  public:
    struct OpenOptions {
        bool strict = false;  ///< a corrupt file is an error instead of being moved aside
        bool create =
            true;  ///< false: without a store the error is `missing`; for reading commands
        StoreObserver* observer = nullptr;  ///< outlives the store; may be none
    };
    struct Opened {
        std::unique_ptr<Store> store;
        std::string moved_aside;  ///< path of a corrupt file that was set aside, or empty
        std::string defect;       ///< what was wrong with it
    };
    /// Takes `state.lock`, opens or makes `state.db` in the directory, checks it, upgrades its
    /// schema.
    static Expected<Opened, StoreError> open(const std::filesystem::path& state_dir,
                                             const OpenOptions& options);

    virtual ~Store() = default;

    // ---- the round
    // -------------------------------------------------------------------------------
    /// An alert whose id is stored already is ignored when its body is the same, and `misuse` when
    /// it is not. Within a key, a new `repeated` or `updated` supersedes those never attempted;
    /// messages of events (episode 0) and all other types stay. A `resolved` goes where a message
    /// of its episode was attempted or still waits, and into archives.
    virtual Expected<void, StoreError> commit(const RoundCommit& round) = 0;

    // ---- at start
    // --------------------------------------------------------------------------------
    virtual Expected<ChainState, StoreError> chain_state(const std::string& chain) = 0;
    virtual Expected<std::vector<protocols::Record>, StoreError> records(
        const std::string& protocol) = 0;
    virtual Expected<std::vector<RuleStateRow>, StoreError> rule_states() = 0;
    virtual Expected<std::vector<OwedRange>, StoreError> owed(const std::string& protocol) = 0;
    virtual Expected<std::vector<Address>, StoreError> candidates(const std::string& protocol) = 0;
    virtual Expected<std::optional<std::string>, StoreError> meta(const std::string& key) = 0;
    virtual Expected<void, StoreError> set_meta(const std::string& key,
                                                const std::string& value) = 0;

    // ---- questions
    // -------------------------------------------------------------------------------
    /// Alerts of the chain on blocks above `above`, oldest first; for a reorganisation.
    virtual Expected<std::vector<StoredAlert>, StoreError> alerts_above(const std::string& chain,
                                                                        BlockNumber above) = 0;
    /// Oldest first, `at` included.
    virtual Expected<std::vector<StoredAlert>, StoreError> alerts_since(std::uint64_t at,
                                                                        std::size_t limit) = 0;
    /// In order of block and log index, `since_time` included.
    virtual Expected<std::vector<LiquidationRow>, StoreError> liquidations(const std::string& chain,
                                                                           std::uint64_t since_time,
                                                                           std::size_t limit) = 0;
    virtual Expected<std::vector<OutboxCounts>, StoreError> outbox_counts() = 0;
    virtual Expected<std::optional<StoredAlert>, StoreError> alert(const std::string& id) = 0;
    virtual Expected<MessageIds, StoreError> ids_beginning_with(const std::string& text) = 0;
    /// The newest first.
    virtual Expected<std::vector<OutboxRow>, StoreError> outbox_rows(const OutboxQuery& query) = 0;
    /// The last message of every alert that fires.
    virtual Expected<std::vector<StoredAlert>, StoreError> open_alerts() = 0;
    virtual Expected<std::vector<MuteRow>, StoreError> mutes() = 0;

    // ---- delivery
    // --------------------------------------------------------------------------------
    /// At most one message per alert key (the oldest unfinished of its key), due at `now_ms`,
    /// critical before warning before info, then oldest; where the limit cuts, retried messages
    /// count by when they fell due. Messages being sent are among them. `expires` is the caller's
    /// to enforce. The work does not grow with the queue.
    virtual Expected<std::vector<DueMessage>, StoreError> due(const std::string& sink,
                                                              std::int64_t now_ms,
                                                              std::size_t limit) = 0;
    /// The earliest `not_before` of any pending head at the sink, 0 when one is due at any time;
    /// none when nothing is pending.
    virtual Expected<std::optional<std::int64_t>, StoreError> next_due_ms(
        const std::string& sink) = 0;
    /// Durable before the first byte is sent, so that a retraction knows of an attempt without
    /// result. False: no longer to be sent (taken back or superseded since `due`).
    virtual Expected<bool, StoreError> mark_attempt(const std::string& sink, const std::string& id,
                                                    std::int64_t now_ms) = 0;
    /// The messages that go with a head that has a group: those it was sent with before, else all
    /// of the group that wait, in their order and at most `limit`; the head is always among them.
    virtual Expected<std::vector<DueMessage>, StoreError> group_of(const std::string& sink,
                                                                   const std::string& head,
                                                                   std::size_t limit) = 0;
    /// As `mark_attempt` for all of a group's message, whose id is `bundle`: from now on they are
    /// sent together or not at all. None, and nothing changed, when one of them is no longer to be
    /// sent.
    virtual Expected<std::optional<GroupNow>, StoreError> mark_bundle(const std::string& sink,
                                                                      const Ids& ids,
                                                                      const std::string& bundle,
                                                                      std::int64_t now_ms) = 0;
    /// They are sent one by one from now on.
    virtual Expected<void, StoreError> dissolve(const std::string& sink, const Ids& ids) = 0;
    virtual Expected<void, StoreError> mark_done(const std::string& sink, const Ids& ids,
                                                 std::int64_t now_ms) = 0;
    /// `mark_done` of what was sent and `mark_attempt` of what is sent next, at the cost of one
    /// sync. After an error `done` may be marked or not.
    virtual Expected<bool, StoreError> mark_done_and_attempt(const std::string& sink,
                                                             const Ids& done, std::int64_t now_ms,
                                                             const std::string& next,
                                                             std::int64_t noted_ms) = 0;
    virtual Expected<void, StoreError> mark_retry(const std::string& sink, const Ids& ids,
                                                  std::int64_t not_before_ms,
                                                  const std::string& error) = 0;
    virtual Expected<void, StoreError> mark_dead(const std::string& sink, const Ids& ids,
                                                 std::int64_t now_ms, const std::string& reason,
                                                 const std::string& error) = 0;
    /// What was given up at each sink and not announced yet, at most 1,000 messages; what operators
    /// dropped, and messages about the daemon itself, are left out.
    virtual Expected<std::vector<DeadLetters>, StoreError> dead_letters() = 0;
    /// Stores the alerts that tell of these, and that they are told.
    virtual Expected<void, StoreError> announce(const RoundCommit& round,
                                                std::span<const DeadLetters> told) = 0;
    /// The operator's: a dead message waits again, at once and with a new age, that of its sink
    /// among `sinks` or else 72 h; a pending one no longer waits. How many were changed; rows of
    /// `query` beyond its limit are left.
    virtual Expected<std::uint64_t, StoreError> retry_messages(
        const OutboxQuery& query, std::int64_t now_ms, std::span<const Destination> sinks) = 0;
    /// The operator's: pending ones become dead ("dropped"), dead ones are not told of.
    virtual Expected<std::uint64_t, StoreError> drop_messages(const OutboxQuery& query,
                                                              std::int64_t now_ms) = 0;
    /// Of every alert that was delivered to the sink the last message that was, unless it is an
    /// end; at most 50,000, the newest. For sinks that must go on telling of them.
    virtual Expected<std::vector<StoredAlert>, StoreError> standing(const std::string& sink) = 0;
    /// Unfinished messages for sinks that are configured no longer become dead ("sink removed").
    virtual Expected<void, StoreError> retire_sinks(std::span<const std::string> configured,
                                                    std::int64_t now_ms) = 0;
    virtual Expected<std::vector<SinkState>, StoreError> sink_states() = 0;
    virtual Expected<void, StoreError> set_sink_state(const SinkState& state) = 0;

    virtual Expected<std::vector<SilenceRow>, StoreError> silences() = 0;
    /// Adds it, or replaces the one of that id; forgets those that ended 120 h before it starts.
    virtual Expected<void, StoreError> put_silence(const SilenceRow& silence) = 0;

    /// Deletes messages finished before the limit and alerts none of whose messages is left, at
    /// most 500 of each; true while there is more to do. What belongs to an alert that fires stays.
    virtual Expected<bool, StoreError> purge(std::int64_t older_than_ms) = 0;
    /// Writes a compact copy, replacing `to` only when it is complete.
    virtual Expected<void, StoreError> backup(const std::filesystem::path& to) = 0;
    /// Whether the disk took the last change; for readiness. Never waits.
    virtual bool healthy() const = 0;
};

}  // namespace plimsoll::store
