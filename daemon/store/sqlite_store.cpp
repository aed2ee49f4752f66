#include "daemon/store/sqlite_store.hpp"

#include "daemon/store/bundle.hpp"
#include "daemon/store/delivery.hpp"
#include "daemon/store/operator.hpp"
#include "daemon/store/queries.hpp"
#include "daemon/store/round.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/upkeep.hpp"

namespace plimsoll::store {
namespace {

/// Opens `state.db` as every connection needs it. Exclusive locking keeps every other connection
/// out, and with it the log's index lives in our memory instead of a shared file. Until the
/// database is known to be good, closing leaves the log as it was found.
Database connect(const StateDir& dir) {
    Database db(dir.database());
    db.set_checkpoint_on_close(false);
    db.script(
        "PRAGMA busy_timeout = 5000;"
        "PRAGMA locking_mode = EXCLUSIVE;"
        "PRAGMA mmap_size = 0;"
        "PRAGMA trusted_schema = OFF;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA journal_size_limit = 67108864;"
        "PRAGMA cache_size = -16000;");
    if (db.scalar("PRAGMA page_count") == "0") {
        db.script("PRAGMA auto_vacuum = INCREMENTAL");
    }
    if (db.scalar("PRAGMA journal_mode = WAL") != "wal") {
        throw Failure(
            StoreError{StoreFault::io, dir.database().string() + ": no write-ahead log here"},
            true);
    }
    db.script("PRAGMA synchronous = FULL");
    return db;
}

/// Moves everything from the log into the database and starts the log over. What a log holds may
/// have missed its sync without anybody knowing; nothing is built on it before this.
void fold_log(Database& db) {
    if (db.scalar("PRAGMA wal_checkpoint(TRUNCATE)") != "0") {
        throw Failure(StoreError{StoreFault::io, "state.db: the log cannot be folded in"}, true);
    }
}

/// Opens, checks and upgrades.
Database open_checked(const StateDir& dir) {
    Database db = connect(dir);
    const std::string verdict = db.scalar("PRAGMA quick_check(1)");
    if (verdict != "ok") {
        throw Failure(StoreError{StoreFault::corrupt, dir.database().string() + ": " + verdict},
                      true);
    }
    upgrade(db, schema_steps());
    db.set_checkpoint_on_close(true);
    try {
        fold_log(db);
    } catch (const Failure& failure) {
        if (failure.error().kind !=
            StoreFault::full) {  // a full disk must not keep us from starting
            throw;
        }
    }
    return db;
}

/// Opens; none, and why, when the database is bad. A second look tells a bad database from a disk
/// that failed to read it once: the check reports both alike.
std::optional<Database> open_good(const StateDir& dir, StoreError& defect) {
    for (int look = 0; look < 2; ++look) {
        try {
            return open_checked(dir);
        } catch (const Failure& failure) {
            if (failure.error().kind != StoreFault::corrupt) {
                throw;
            }
            defect = failure.error();
        }
    }
    return std::nullopt;
}

Store::Opened open_or_start_over(const std::filesystem::path& path,
                                 const Store::OpenOptions& options) {
    StateDir dir = StateDir::take(path, options.create);
    dir.ensure_database();
    Store::Opened opened;
    StoreError defect;
    std::optional<Database> db = open_good(dir, defect);
    if (!db) {
        if (options.strict) {
            throw Failure(defect);
        }
        opened.defect = defect.message;
        opened.moved_aside = dir.set_database_aside().string();
        dir.ensure_database();
        db = open_checked(dir);
    }
    opened.store = std::make_unique<SqliteStore>(std::move(dir), std::move(*db), options.observer);
    return opened;
}

}  // namespace

Expected<Store::Opened, StoreError> Store::open(const std::filesystem::path& state_dir,
                                                const OpenOptions& options) {
    try {
        try {
            return open_or_start_over(state_dir, options);
        } catch (const Failure& failure) {
            return Unexpected<StoreError>(failure.error());
        }
    } catch (const std::bad_alloc&) {
        return Unexpected<StoreError>(out_of_memory());
    }
}

Database& SqliteStore::connection() {
    if (db_ && is_full_) {
        is_full_ = !make_room();
    }
    if (!db_) {
        Database db = connect(dir_);
        fold_log(db);
        db.set_checkpoint_on_close(true);
        db_ = std::move(db);
    }
    return *db_;
}

StoreError SqliteStore::settle(const Failure& failure) {
    if (failure.connection_lost() || (db_ && db_->in_transaction())) {
        db_.reset();
    }
    is_full_ = is_full_ || failure.error().kind == StoreFault::full;
    return failure.error();
}

bool SqliteStore::make_room() {
    try {
        fold_log(*db_);
        return true;
    } catch (const Failure& failure) {
        if (failure.connection_lost()) {
            db_.reset();
        }
        return false;
    }
}

void SqliteStore::note_health(const StoreError* error) {
    if (error == nullptr) {
        healthy_ = true;
    } else if (error->kind != StoreFault::misuse) {
        healthy_ = false;
    }
    if (error != nullptr && observer_ != nullptr) observer_->failed(*error);
}

// ---- the round

Expected<void, StoreError> SqliteStore::commit(const RoundCommit& round) {
    return announce(round, {});
}

// ---- at start

Expected<ChainState, StoreError> SqliteStore::chain_state(const std::string& chain) {
    return read([&](Database& db) { return read_chain_state(db, chain); });
}

Expected<std::vector<protocols::Record>, StoreError> SqliteStore::records(
    const std::string& protocol) {
    return read([&](Database& db) { return read_records(db, protocol); });
}

Expected<std::vector<RuleStateRow>, StoreError> SqliteStore::rule_states() {
    return read([](Database& db) { return read_rule_states(db); });
}

Expected<std::vector<OwedRange>, StoreError> SqliteStore::owed(const std::string& protocol) {
    return read([&](Database& db) { return read_owed(db, protocol); });
}

Expected<std::vector<Address>, StoreError> SqliteStore::candidates(const std::string& protocol) {
    return read([&](Database& db) { return read_candidates(db, protocol); });
}

Expected<std::optional<std::string>, StoreError> SqliteStore::meta(const std::string& key) {
    return read([&](Database& db) { return read_meta(db, key); });
}

Expected<void, StoreError> SqliteStore::set_meta(const std::string& key, const std::string& value) {
    return write([&](Database& db) { write_meta(db, key, value); });
}

// ---- questions

Expected<std::vector<StoredAlert>, StoreError> SqliteStore::alerts_above(const std::string& chain,
                                                                         BlockNumber above) {
    return read([&](Database& db) { return read_alerts_above(db, chain, above); });
}

Expected<std::vector<StoredAlert>, StoreError> SqliteStore::alerts_since(std::uint64_t at,
                                                                         std::size_t limit) {
    return read([&](Database& db) { return read_alerts_since(db, at, limit); });
}

Expected<std::vector<LiquidationRow>, StoreError> SqliteStore::liquidations(
    const std::string& chain, std::uint64_t since_time, std::size_t limit) {
    return read([&](Database& db) { return read_liquidations(db, chain, since_time, limit); });
}

Expected<std::vector<OutboxCounts>, StoreError> SqliteStore::outbox_counts() {
    return read([](Database& db) { return read_outbox_counts(db); });
}

Expected<std::optional<StoredAlert>, StoreError> SqliteStore::alert(const std::string& id) {
    return read([&](Database& db) { return read_alert_of(db, id); });
}

Expected<MessageIds, StoreError> SqliteStore::ids_beginning_with(const std::string& text) {
    return read([&](Database& db) { return read_ids_beginning_with(db, text); });
}

Expected<std::vector<OutboxRow>, StoreError> SqliteStore::outbox_rows(const OutboxQuery& query) {
    return read([&](Database& db) { return read_outbox_rows(db, query); });
}

Expected<std::vector<StoredAlert>, StoreError> SqliteStore::open_alerts() {
    return read([](Database& db) { return read_open_alerts(db); });
}

Expected<std::vector<MuteRow>, StoreError> SqliteStore::mutes() {
    return read([](Database& db) { return read_mutes(db); });
}

// ---- delivery

Expected<std::vector<DueMessage>, StoreError> SqliteStore::due(const std::string& sink,
                                                               std::int64_t now_ms,
                                                               std::size_t limit) {
    return read([&](Database& db) { return read_due(db, sink, now_ms, limit); });
}

Expected<std::optional<std::int64_t>, StoreError> SqliteStore::next_due_ms(
    const std::string& sink) {
    return read([&](Database& db) { return read_next_due(db, sink); });
}

Expected<bool, StoreError> SqliteStore::mark_attempt(const std::string& sink, const std::string& id,
                                                     std::int64_t now_ms) {
    return write_in_company([&](Database& db) { return note_attempt(db, sink, id, now_ms); });
}

Expected<std::vector<DueMessage>, StoreError> SqliteStore::group_of(const std::string& sink,
                                                                    const std::string& head,
                                                                    std::size_t limit) {
    return read([&](Database& db) { return read_group_of(db, sink, head, limit); });
}

Expected<std::optional<GroupNow>, StoreError> SqliteStore::mark_bundle(const std::string& sink,
                                                                       const Ids& ids,
                                                                       const std::string& bundle,
                                                                       std::int64_t now_ms) {
    return write_in_company(
        [&](Database& db) { return note_bundle(db, sink, ids, bundle, now_ms); });
}

Expected<void, StoreError> SqliteStore::dissolve(const std::string& sink, const Ids& ids) {
    return write_in_company([&](Database& db) { note_dissolved(db, sink, ids); });
}

Expected<void, StoreError> SqliteStore::mark_done(const std::string& sink, const Ids& ids,
                                                  std::int64_t now_ms) {
    return write_in_company([&](Database& db) { note_done(db, sink, ids, now_ms); });
}

Expected<bool, StoreError> SqliteStore::mark_done_and_attempt(const std::string& sink,
                                                              const Ids& done, std::int64_t now_ms,
                                                              const std::string& next,
                                                              std::int64_t noted_ms) {
    return write_in_company([&](Database& db) {
        note_done(db, sink, done, now_ms);
        return note_attempt(db, sink, next, noted_ms);
    });
}

Expected<void, StoreError> SqliteStore::mark_retry(const std::string& sink, const Ids& ids,
                                                   std::int64_t not_before_ms,
                                                   const std::string& error) {
    return write_in_company([&](Database& db) { note_retry(db, sink, ids, not_before_ms, error); });
}

Expected<void, StoreError> SqliteStore::mark_dead(const std::string& sink, const Ids& ids,
                                                  std::int64_t now_ms, const std::string& reason,
                                                  const std::string& error) {
    return write_in_company([&](Database& db) { note_dead(db, sink, ids, now_ms, reason, error); });
}

Expected<std::vector<DeadLetters>, StoreError> SqliteStore::dead_letters() {
    return read([](Database& db) { return read_dead_letters(db); });
}

Expected<void, StoreError> SqliteStore::announce(const RoundCommit& round,
                                                 std::span<const DeadLetters> told) {
    const auto begin = std::chrono::steady_clock::now();
    auto done = write([&](Database& db) {
        write_round(db, round);
        note_announced(db, told);
    });
    if (done && observer_ != nullptr) {
        observer_->committed(round, std::chrono::steady_clock::now() - begin);
    }
    return done;
}

Expected<std::uint64_t, StoreError> SqliteStore::retry_messages(
    const OutboxQuery& query, std::int64_t now_ms, std::span<const Destination> sinks) {
    return write([&](Database& db) { return requeue(db, query, now_ms, sinks); });
}

Expected<std::uint64_t, StoreError> SqliteStore::drop_messages(const OutboxQuery& query,
                                                               std::int64_t now_ms) {
    return write([&](Database& db) { return drop(db, query, now_ms); });
}

Expected<std::vector<StoredAlert>, StoreError> SqliteStore::standing(const std::string& sink) {
    return read([&](Database& db) { return read_standing(db, sink); });
}

Expected<void, StoreError> SqliteStore::retire_sinks(std::span<const std::string> configured,
                                                     std::int64_t now_ms) {
    return write([&](Database& db) { retire_other_sinks(db, configured, now_ms); });
}

Expected<std::vector<SinkState>, StoreError> SqliteStore::sink_states() {
    return read([](Database& db) { return read_sink_states(db); });
}

Expected<void, StoreError> SqliteStore::set_sink_state(const SinkState& state) {
    return write([&](Database& db) { write_sink_state(db, state); });
}

Expected<std::vector<SilenceRow>, StoreError> SqliteStore::silences() {
    return read([](Database& db) { return read_silences(db); });
}

Expected<void, StoreError> SqliteStore::put_silence(const SilenceRow& silence) {
    return write([&](Database& db) { write_silence(db, silence); });
}

// ---- upkeep

Expected<bool, StoreError> SqliteStore::purge(std::int64_t older_than_ms) {
    return write([&](Database& db) { return purge_step(db, older_than_ms); });
}

Expected<void, StoreError> SqliteStore::backup(const std::filesystem::path& to) {
    return read([&](Database& db) {
               copy_database(db, to);
               return true;
           })
        .map([](bool) {});
}

}  // namespace plimsoll::store
