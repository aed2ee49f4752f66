#include "daemon/store/delivery.hpp"

#include "daemon/store/bundle.hpp"
#include "daemon/store/queries.hpp"
#include "daemon/store/queue.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace plimsoll::store {
namespace {

constexpr int kMostSevere = 2;

/// The row of a message that must be there.
struct Place {
    std::int64_t n = 0;
    std::string alert_key;
    std::string state;
    std::string group;
    std::string bundle;
};

Place find(Database& db, const std::string& sink, const std::string& id) {
    Statement query = db.prepare(
        "SELECT n, alert_key, state, group_key, bundle FROM outbox"
        " WHERE id = ?1 AND sink = ?2");
    if (!query.start(id, sink).next()) {
        throw Failure(StoreError{StoreFault::misuse,
                                 "state.db: message " + id + " was never queued for " + sink});
    }
    return Place{query.i64(0), query.text(1), query.text(2), query.text(3), query.text(4)};
}

OutboxCounts& counts_of(std::vector<OutboxCounts>& all, const std::string& sink) {
    if (all.empty() || all.back().sink != sink) {
        all.emplace_back();
        all.back().sink = sink;
    }
    return all.back();
}

}  // namespace

std::string message_columns() {
    return "o.attempts, o.first_try, o.expires, o.group_key, o.bundle, " +
           std::string(kAlertColumns);
}

DueMessage read_message(const Statement& row) {
    DueMessage message;
    message.attempts = row.u32(0);
    message.first_try_ms = row.i64(1);
    message.expires_ms = row.i64(2);
    message.group = row.text(3);
    message.bundle = row.text(4);
    message.alert = read_alert(row, 5);
    return message;
}

std::string due_sql() {
    // Heads that wait for nothing stand at not_before = 0 in order of n; the others stand in order
    // of their time. Each half stops at the limit, so the work does not grow with the queue.
    static constexpr std::string_view kHeads =
        "SELECT n FROM outbox WHERE sink = ?1 AND head = 1 AND severity = ?2 AND not_before ";
    return "SELECT " + message_columns() + " FROM (SELECT n FROM (" + std::string(kHeads) +
           "= 0 ORDER BY n LIMIT ?4)" + " UNION ALL SELECT n FROM (" + std::string(kHeads) +
           "BETWEEN 1 AND ?3 ORDER BY not_before LIMIT ?4) ORDER BY n LIMIT ?4) due"
           " CROSS JOIN outbox o ON o.n = due.n CROSS JOIN alert a ON a.id = o.id ORDER BY due.n";
}

std::vector<DueMessage> read_due(Database& db, const std::string& sink, std::int64_t now_ms,
                                 std::size_t limit) {
    std::vector<DueMessage> messages;
    Statement query = db.prepare(due_sql());
    for (int severity = kMostSevere; severity >= 0 && messages.size() < limit; --severity) {
        query.start(sink, severity, now_ms, row_limit(limit - messages.size()));
        while (query.next()) messages.push_back(read_message(query));
    }
    return messages;
}

std::string_view next_due_sql() {
    return "SELECT not_before FROM outbox WHERE sink = ?1 AND head = 1 AND severity = ?2"
           " ORDER BY not_before LIMIT 1";
}

std::optional<std::int64_t> read_next_due(Database& db, const std::string& sink) {
    std::optional<std::int64_t> next;
    Statement query = db.prepare(next_due_sql());
    for (int severity = kMostSevere; severity >= 0; --severity) {
        if (query.start(sink, severity).next()) {
            next = next ? std::min(*next, query.i64(0)) : query.i64(0);
        }
    }
    return next;
}

std::vector<OutboxCounts> read_outbox_counts(Database& db) {
    std::vector<OutboxCounts> all;
    Statement query = db.prepare(
        "SELECT sink, state, count(*), min(created_ms) FROM outbox GROUP BY sink, state"
        " ORDER BY sink, state");
    query.start();
    while (query.next()) {
        OutboxCounts& counts = counts_of(all, query.text(0));
        const std::string state = query.text(1);
        if (state == "pending") {
            counts.pending = query.u64(2);
            counts.oldest_pending_ms = query.i64(3);
        } else if (state == "done") {
            counts.done = query.u64(2);
        } else if (state == "dead") {
            counts.dead = query.u64(2);
        } else {
            counts.superseded = query.u64(2);
        }
    }
    return all;
}

std::vector<StoredAlert> read_standing(Database& db, const std::string& sink) {
    static constexpr std::size_t kMost = 50'000;
    Statement query =
        db.prepare("SELECT " + std::string(kAlertColumns) +
                   " FROM (SELECT max(n) AS last FROM outbox WHERE sink = ?1 AND state = 'done'"
                   " GROUP BY alert_key) told CROSS JOIN outbox o ON o.n = told.last"
                   " CROSS JOIN alert a ON a.id = o.id"
                   " WHERE a.type NOT LIKE '%.resolved' AND (a.type NOT LIKE '%.retracted'"
                   " OR json_extract(CAST(a.body AS TEXT), '$.data.state') = 'firing')"
                   " ORDER BY told.last DESC LIMIT ?2");
    query.start(sink, row_limit(kMost));
    std::vector<StoredAlert> alerts;
    while (query.next()) {
        alerts.push_back(read_alert(query, 0));
    }
    return alerts;
}

bool note_attempt(Database& db, const std::string& sink, const std::string& id,
                  std::int64_t now_ms) {
    find(db, sink, id);
    db.execute(
        "UPDATE outbox SET attempts = attempts + 1, last_try = ?3,"
        " first_try = CASE first_try WHEN 0 THEN ?3 ELSE first_try END"
        " WHERE id = ?1 AND sink = ?2 AND head = 1",
        id, sink, now_ms);
    return db.changes() == 1;
}

void note_done(Database& db, const std::string& sink, const Ids& ids, std::int64_t now_ms) {
    Queue queue(db);
    for (const std::string& id : ids) {
        const Place place = find(db, sink, id);
        // A message given up with its sink while it was on its way has arrived all the same.
        db.execute(
            "UPDATE outbox SET state = 'done', head = 0, finished_ms = ?2, dead_reason = ''"
            " WHERE n = ?1 AND state IN ('pending', 'dead')",
            place.n, now_ms);
        queue.promote(sink, place.alert_key);
    }
}

void note_retry(Database& db, const std::string& sink, const Ids& ids, std::int64_t not_before_ms,
                const std::string& error) {
    for (const std::string& id : ids) {
        db.execute(
            "UPDATE outbox SET not_before = ?2, last_error = ?3 WHERE n = ?1 AND state = 'pending'",
            find(db, sink, id).n, std::max<std::int64_t>(not_before_ms, 0), error);
    }
}

void note_dead(Database& db, const std::string& sink, const Ids& ids, std::int64_t now_ms,
               const std::string& reason, const std::string& error) {
    Queue queue(db);
    std::set<std::pair<std::string, std::string>> bundles;
    for (const std::string& id : ids) {
        const Place place = find(db, sink, id);
        if (!place.bundle.empty()) bundles.emplace(place.group, place.bundle);
        // Nobody is told that a message about the daemon did not arrive: it would go round and
        // round.
        db.execute(
            "UPDATE outbox SET state = 'dead', head = 0, finished_ms = ?2, dead_reason = ?3,"
            " last_error = ?4, announced = (SELECT a.type LIKE 'daemon.%' FROM alert a"
            " WHERE a.id = outbox.id) WHERE n = ?1 AND state = 'pending'",
            place.n, now_ms, reason, error);
        queue.promote(sink, place.alert_key);
    }
    for (const auto& [group, bundle] : bundles) note_incomplete(db, sink, group, bundle);
}

void retire_other_sinks(Database& db, std::span<const std::string> configured,
                        std::int64_t now_ms) {
    std::vector<std::string> removed;
    Statement query = db.prepare("SELECT DISTINCT sink FROM outbox WHERE state = 'pending'");
    query.start();
    while (query.next()) {
        const std::string sink = query.text(0);
        if (std::find(configured.begin(), configured.end(), sink) == configured.end()) {
            removed.push_back(sink);
        }
    }
    for (const std::string& sink : removed) {
        db.execute(
            "UPDATE outbox SET state = 'dead', head = 0, finished_ms = ?2, dead_reason = ?3,"
            " announced = 1 WHERE sink = ?1 AND state = 'pending'",
            sink, now_ms, kSinkRemoved);
    }
}

std::vector<SinkState> read_sink_states(Database& db) {
    std::vector<SinkState> states;
    Statement query = db.prepare(
        "SELECT sink, circuit_open, fails, probe_at, disabled_why, down_since, told_episode"
        " FROM sink_state ORDER BY sink");
    query.start();
    while (query.next()) {
        states.push_back(SinkState{query.text(0), query.i64(1) != 0, query.u32(2), query.i64(3),
                                   query.text(4), query.i64(5), query.u64(6)});
    }
    return states;
}

void write_sink_state(Database& db, const SinkState& state) {
    db.execute(
        "INSERT OR REPLACE INTO sink_state(sink, circuit_open, fails, probe_at, disabled_why,"
        " down_since, told_episode) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        state.sink, state.circuit_open, state.fails, state.probe_at_ms, state.disabled_why,
        state.down_since_ms, state.told_episode);
}

}  // namespace plimsoll::store
