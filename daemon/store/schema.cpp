#include "daemon/store/schema.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace plimsoll::store {
namespace {

// Hashes, addresses and whatever others read byte for byte are BLOBs. `*_ms` is wall clock; `time`,
// `since` and `at` are unix seconds.
constexpr std::string_view kStep1 = R"sql(
CREATE TABLE meta(
    k TEXT PRIMARY KEY NOT NULL,
    v TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The head that was processed ('tip'), and the block that `record` is true at ('final').
CREATE TABLE chain(
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tip', 'final')),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    parent BLOB NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (name, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE recent_block(
    chain TEXT NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    parent BLOB NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (chain, number)
) STRICT, WITHOUT ROWID;

-- A protocol's ledger; key and value are its own.
CREATE TABLE record(
    protocol TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (protocol, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE owed_range(
    protocol TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('discovery', 'gap')),
    first_block INTEGER NOT NULL,
    last_block INTEGER NOT NULL CHECK (last_block >= first_block),
    PRIMARY KEY (protocol, purpose, first_block)
) STRICT, WITHOUT ROWID;

CREATE TABLE candidate(
    protocol TEXT NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (protocol, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_state(
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    since_block INTEGER NOT NULL,
    since_hash BLOB NOT NULL,
    episode INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (rule, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE liquidation(
    chain TEXT NOT NULL,
    tx BLOB NOT NULL,
    log_index INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    block INTEGER NOT NULL,
    time INTEGER NOT NULL,
    row BLOB NOT NULL,
    PRIMARY KEY (chain, tx, log_index)
) STRICT;
CREATE INDEX liquidation_by_block ON liquidation(chain, block, log_index);
CREATE INDEX liquidation_by_time ON liquidation(chain, time, block, log_index);

CREATE TABLE alert(
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    alert_key TEXT NOT NULL,
    episode INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 2),
    chain TEXT NOT NULL,
    block INTEGER NOT NULL,
    block_hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    sig191 TEXT NOT NULL,
    sig712 TEXT NOT NULL DEFAULT '',
    signer TEXT NOT NULL,
    muted_by TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_by_key ON alert(alert_key, episode, seq);
CREATE INDEX alert_by_block ON alert(chain, block);
CREATE INDEX alert_by_time ON alert(at);
CREATE INDEX alert_by_age ON alert(created_ms);

-- A message to a sink. `n` is the order within (sink, alert_key); `head` marks the first unfinished
-- one of its key, the only one that may be sent. `not_before` is 0 where nobody waits.
CREATE TABLE outbox(
    n INTEGER PRIMARY KEY,
    sink TEXT NOT NULL,
    id TEXT NOT NULL REFERENCES alert(id),
    alert_key TEXT NOT NULL,
    severity INTEGER NOT NULL,
    collapsible INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'done', 'dead', 'superseded')),
    head INTEGER NOT NULL DEFAULT 0 CHECK (head = 0 OR (head = 1 AND state = 'pending')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    first_try INTEGER NOT NULL DEFAULT 0,
    last_try INTEGER NOT NULL DEFAULT 0,
    finished_ms INTEGER NOT NULL DEFAULT 0,
    dead_reason TEXT NOT NULL DEFAULT '',
    last_error TEXT NOT NULL DEFAULT '',
    UNIQUE (id, sink)
) STRICT;
CREATE INDEX outbox_head ON outbox(sink, severity, not_before, head) WHERE head = 1;
CREATE INDEX outbox_queue ON outbox(sink, alert_key, n) WHERE state = 'pending';
CREATE INDEX outbox_count ON outbox(sink, state, created_ms);
CREATE INDEX outbox_finished ON outbox(finished_ms) WHERE state <> 'pending';

CREATE TABLE sink_state(
    sink TEXT PRIMARY KEY NOT NULL,
    circuit_open INTEGER NOT NULL,
    fails INTEGER NOT NULL,
    probe_at INTEGER NOT NULL,
    disabled_why TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE silence(
    id TEXT PRIMARY KEY NOT NULL,
    matchers TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    author TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Groups of messages, mutes, and who was told of what was given up. `bundle` is the id under which
// a row was sent with others of its group, `lead` the alert that opened what that message
// continues.
constexpr std::string_view kStep2 = R"sql(
ALTER TABLE outbox ADD COLUMN group_key TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN bundle TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN lead TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET announced = 1 WHERE state = 'dead';
CREATE INDEX outbox_waiting ON outbox(sink, group_key, bundle, n)
    WHERE state = 'pending' AND group_key <> '';
CREATE INDEX outbox_hold ON outbox(sink, group_key, not_before)
    WHERE state = 'pending' AND group_key <> '' AND bundle = '';
CREATE INDEX outbox_tried ON outbox(sink, group_key, last_try) WHERE group_key <> '';
CREATE INDEX outbox_told ON outbox(sink, group_key, alert_key, n)
    WHERE state = 'done' AND group_key <> '';
CREATE INDEX outbox_unannounced ON outbox(sink, n) WHERE state = 'dead' AND announced = 0;

ALTER TABLE sink_state ADD COLUMN down_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sink_state ADD COLUMN told_episode INTEGER NOT NULL DEFAULT 0;

-- Alerts that fire and were held back at a sink.
CREATE TABLE mute(
    alert_key TEXT NOT NULL,
    sink TEXT NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (alert_key, sink)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_state_by_subject ON rule_state(subject);
)sql";

constexpr std::array<std::string_view, 2> kSteps = {kStep1, kStep2};

[[noreturn]] void fail(StoreFault kind, std::string reason) {
    throw Failure(StoreError{kind, "state.db: " + std::move(reason)});
}

/// 0 for an empty file.
std::size_t version_of(Database& db) {
    if (db.scalar("SELECT count(*) FROM sqlite_schema") == "0") {
        return 0;
    }
    if (db.scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'") ==
        "0") {
        fail(StoreFault::corrupt, "holds tables, but not those of a store");
    }
    Statement statement = db.prepare("SELECT v FROM meta WHERE k = ?1");
    const std::string text =
        statement.start(kSchemaVersionKey).next() ? statement.text(0) : std::string();
    std::size_t version = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (fault != std::errc{} || end != text.data() + text.size() || version == 0) {
        fail(StoreFault::corrupt, "the schema's version is '" + text + "'");
    }
    return version;
}

}  // namespace

std::span<const std::string_view> schema_steps() { return kSteps; }

void upgrade(Database& db, std::span<const std::string_view> steps) {
    Transaction transaction(db);
    const std::size_t version = version_of(db);
    if (version > steps.size()) {
        fail(StoreFault::newer_schema, "schema version " + std::to_string(version) +
                                           " is newer than this program's " +
                                           std::to_string(steps.size()));
    }
    if (version == steps.size()) {
        return;
    }
    for (const std::string_view step : steps.subspan(version)) {
        db.script(step);
    }
    db.execute("INSERT INTO meta(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v",
               kSchemaVersionKey, std::to_string(steps.size()));
    transaction.commit();
}

}  // namespace plimsoll::store
