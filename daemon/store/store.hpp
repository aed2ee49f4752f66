#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/protocol.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
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
    std::int64_t hold_ms = 0;                    ///< not sent before this; for grouping
    bool keeps_all = false;  ///< an archive: nothing collapses or is withdrawn there
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
    /// Where it goes. A retraction goes where the original went; for it this tells only the age and
    /// which sinks are archives.
    std::vector<Destination> sinks;
    /// The message this one takes back. At a sink where that one was never attempted it becomes
    /// superseded and this one is not queued; where it was attempted, with whatever result, and in
    /// an archive, this one follows it in key order. Sinks that `retire_sinks` gave up are left
    /// alone.
    std::optional<std::string> retracts;
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
};

/// A message due at a sink.
struct DueMessage {
    StoredAlert alert;
    unsigned attempts = 0;
    std::int64_t first_try_ms = 0;  ///< 0: never tried
    std::int64_t expires_ms = 0;
};

/// What a sink remembers across restarts: its circuit, and why it takes nothing any more.
struct SinkState {
    std::string sink;
    bool circuit_open = false;
    unsigned fails = 0;            ///< transient failures in a row
    std::int64_t probe_at_ms = 0;  ///< next probe of an open circuit
    std::string disabled_why;      ///< empty: enabled

    friend bool operator==(const SinkState&, const SinkState&) = default;
};

struct OutboxCounts {
    std::string sink;
    std::uint64_t pending = 0;
    std::uint64_t done = 0;
    std::uint64_t dead = 0;
    std::uint64_t superseded = 0;
    std::int64_t oldest_pending_ms = 0;  ///< commit time of the oldest pending row; 0 when none
};

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
    /// messages of events (episode 0) and all other types stay.
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
    virtual Expected<void, StoreError> mark_done(const std::string& sink, const std::string& id,
                                                 std::int64_t now_ms) = 0;
    virtual Expected<void, StoreError> mark_retry(const std::string& sink, const std::string& id,
                                                  std::int64_t not_before_ms,
                                                  const std::string& error) = 0;
    virtual Expected<void, StoreError> mark_dead(const std::string& sink, const std::string& id,
                                                 std::int64_t now_ms, const std::string& reason,
                                                 const std::string& error) = 0;
    /// Unfinished messages for sinks that are configured no longer become dead ("sink removed").
    virtual Expected<void, StoreError> retire_sinks(std::span<const std::string> configured,
                                                    std::int64_t now_ms) = 0;
    virtual Expected<std::vector<SinkState>, StoreError> sink_states() = 0;
    virtual Expected<void, StoreError> set_sink_state(const SinkState& state) = 0;

    /// Deletes messages finished before the limit and alerts none of whose messages is left, at
    /// most 500 of each; true while there is more to do.
    virtual Expected<bool, StoreError> purge(std::int64_t older_than_ms) = 0;
    /// Writes a compact copy, replacing `to` only when it is complete.
    virtual Expected<void, StoreError> backup(const std::filesystem::path& to) = 0;
    /// Whether the disk took the last change; for readiness. Never waits.
    virtual bool healthy() const = 0;
};

}  // namespace plimsoll::store
