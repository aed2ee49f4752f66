#include "daemon/store/operator.hpp"

#include "daemon/store/bundle.hpp"
#include "daemon/store/queries.hpp"
#include "daemon/store/queue.hpp"

#include <algorithm>

namespace plimsoll::store {
namespace {

constexpr std::size_t kMostAnnounced = 1'000;
constexpr std::size_t kListed = 20;

constexpr std::string_view kColumns =
    "SELECT o.n, o.sink, o.id, o.alert_key, a.type, o.severity, o.state, o.attempts, o.created_ms,"
    " o.not_before, o.expires, o.first_try, o.last_try, o.finished_ms, o.dead_reason,"
    " o.last_error, o.group_key, o.bundle FROM outbox o CROSS JOIN alert a ON a.id = o.id";

struct NumberedRow {
    std::int64_t n = 0;
    OutboxRow row;
};

NumberedRow read_numbered(const Statement& query) {
    NumberedRow out;
    OutboxRow& row = out.row;
    out.n = query.i64(0);
    row.sink = query.text(1);
    row.id = query.text(2);
    row.alert_key = query.text(3);
    row.type = query.text(4);
    row.severity = static_cast<int>(query.u32(5));
    row.state = query.text(6);
    row.attempts = query.u32(7);
    row.created_ms = query.i64(8);
    row.not_before_ms = query.i64(9);
    row.expires_ms = query.i64(10);
    row.first_try_ms = query.i64(11);
    row.last_try_ms = query.i64(12);
    row.finished_ms = query.i64(13);
    row.dead_reason = query.text(14);
    row.last_error = query.text(15);
    row.group = query.text(16);
    row.bundle = query.text(17);
    return out;
}

std::vector<NumberedRow> read_numbered(Database& db, const OutboxQuery& query) {
    Statement rows = db.prepare(std::string(kColumns) +
                                " WHERE (?1 = '' OR o.sink = ?1) AND (?2 = '' OR o.state = ?2)"
                                " AND (?3 = '' OR o.id = ?3) AND (?4 = '' OR o.bundle = ?4)"
                                " AND o.created_ms >= ?5 ORDER BY o.n DESC LIMIT ?6");
    rows.start(query.sink, query.state, query.id, query.bundle, query.since_ms,
               row_limit(query.limit));
    std::vector<NumberedRow> out;
    while (rows.next()) out.push_back(read_numbered(rows));
    return out;
}

/// Several may have become unfinished or finished: only the first unfinished one is the head.
void settle_head(Database& db, Queue& queue, const OutboxRow& row) {
    db.execute("UPDATE outbox SET head = 0 WHERE sink = ?1 AND alert_key = ?2 AND head = 1",
               row.sink, row.alert_key);
    queue.promote(row.sink, row.alert_key);
}

std::int64_t max_age_ms(const std::string& sink, std::span<const Destination> sinks) {
    const auto found = std::ranges::find(sinks, sink, &Destination::sink);
    return found == sinks.end() ? Destination::kDefaultMaxAgeMs : found->max_age_ms;
}

}  // namespace

MessageIds read_ids_beginning_with(Database& db, const std::string& text) {
    Statement ids = db.prepare(
        "SELECT COUNT(*), COALESCE(MIN(id), '') FROM ("
        "SELECT id FROM alert WHERE id >= ?1 AND id < ?2"
        " UNION SELECT bundle FROM outbox WHERE bundle >= ?1 AND bundle < ?2)");
    ids.start(text, text + "\U0010FFFF");
    MessageIds out;
    if (ids.next()) {
        out.count = ids.u64(0);
        out.first = ids.text(1);
    }
    return out;
}

std::vector<OutboxRow> read_outbox_rows(Database& db, const OutboxQuery& query) {
    std::vector<OutboxRow> out;
    for (NumberedRow& one : read_numbered(db, query)) out.push_back(std::move(one.row));
    return out;
}

std::uint64_t requeue(Database& db, const OutboxQuery& query, std::int64_t now_ms,
                      std::span<const Destination> sinks) {
    Queue queue(db);
    std::uint64_t changed = 0;
    for (const auto& [n, row] : read_numbered(db, query)) {
        if (row.state == "pending") {
            if (row.not_before_ms == 0) continue;
            db.execute("UPDATE outbox SET not_before = 0 WHERE n = ?1", n);
        } else if (row.state == "dead") {
            // Alone: what it was sent with is done by now, or dead as well.
            db.execute(
                "UPDATE outbox SET state = 'pending', head = 0, not_before = 0, expires = ?2,"
                " first_try = 0, finished_ms = 0, dead_reason = '', announced = 0, group_key = '',"
                " bundle = '', lead = '' WHERE n = ?1",
                n, now_ms + max_age_ms(row.sink, sinks));
            settle_head(db, queue, row);
        } else {
            continue;
        }
        ++changed;
    }
    return changed;
}

std::uint64_t drop(Database& db, const OutboxQuery& query, std::int64_t now_ms) {
    Queue queue(db);
    std::uint64_t changed = 0;
    for (const auto& [n, row] : read_numbered(db, query)) {
        if (row.state == "pending") {
            db.execute(
                "UPDATE outbox SET state = 'dead', head = 0, finished_ms = ?2, announced = 1,"
                " dead_reason = 'dropped' WHERE n = ?1",
                n, now_ms);
            settle_head(db, queue, row);
            note_incomplete(db, row.sink, row.group, row.bundle);
        } else if (row.state == "dead" && row.dead_reason != "dropped") {
            db.execute("UPDATE outbox SET announced = 1, dead_reason = 'dropped' WHERE n = ?1", n);
        } else {
            continue;
        }
        ++changed;
    }
    return changed;
}

std::vector<DeadLetters> read_dead_letters(Database& db) {
    Statement rows = db.prepare(std::string(kColumns) +
                                " WHERE o.state = 'dead' AND o.announced = 0"
                                " ORDER BY o.sink, o.n LIMIT ?1");
    rows.start(row_limit(kMostAnnounced));
    std::vector<DeadLetters> out;
    while (rows.next()) {
        NumberedRow one = read_numbered(rows);
        if (out.empty() || out.back().sink != one.row.sink) {
            out.emplace_back();
            out.back().sink = one.row.sink;
        }
        DeadLetters& letters = out.back();
        ++letters.count;
        ++letters.reasons[one.row.dead_reason];
        letters.rows.push_back(one.n);
        if (letters.first.size() < kListed) letters.first.push_back(std::move(one.row));
    }
    return out;
}

void note_announced(Database& db, std::span<const DeadLetters> told) {
    Statement mark = db.prepare("UPDATE outbox SET announced = 1 WHERE n = ?1 AND state = 'dead'");
    for (const DeadLetters& letters : told) {
        for (const std::int64_t n : letters.rows) mark.execute(n);
    }
}

}  // namespace plimsoll::store
