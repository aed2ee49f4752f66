#include "daemon/store/bundle.hpp"

#include "daemon/store/delivery.hpp"

#include <algorithm>

namespace plimsoll::store {
namespace {

/// What a head that has a group belongs to.
struct Membership {
    std::string group;
    std::string bundle;
};

std::optional<Membership> membership(Database& db, const std::string& sink,
                                     const std::string& head) {
    Statement query =
        db.prepare("SELECT group_key, bundle FROM outbox WHERE id = ?1 AND sink = ?2 AND head = 1");
    if (!query.start(head, sink).next() || query.text(0).empty()) return std::nullopt;
    return Membership{query.text(0), query.text(1)};
}

std::vector<DueMessage> collect(Statement& query) {
    std::vector<DueMessage> out;
    while (query.next()) out.push_back(read_message(query));
    return out;
}

std::vector<DueMessage> read_bundle(Database& db, const std::string& sink, const Membership& of) {
    Statement query =
        db.prepare("SELECT " + message_columns() +
                   " FROM outbox o CROSS JOIN alert a ON a.id = o.id WHERE o.sink = ?1"
                   " AND o.group_key = ?2 AND o.bundle = ?3 AND o.state = 'pending'"
                   " AND o.group_key <> '' ORDER BY o.n");
    query.start(sink, of.group, of.bundle);
    return collect(query);
}

/// Those that wait; one whose key has an earlier message elsewhere waits for that one.
std::vector<DueMessage> read_waiting(Database& db, const std::string& sink,
                                     const std::string& group, std::size_t limit) {
    Statement query =
        db.prepare("SELECT " + message_columns() +
                   " FROM outbox o CROSS JOIN alert a ON a.id = o.id WHERE o.sink = ?1"
                   " AND o.group_key = ?2 AND o.bundle = '' AND o.state = 'pending'"
                   " AND o.group_key <> '' AND NOT EXISTS (SELECT 1 FROM outbox e"
                   " WHERE e.sink = o.sink AND e.alert_key = o.alert_key AND e.state = 'pending'"
                   " AND e.n < o.n AND (e.bundle <> '' OR e.group_key <> o.group_key))"
                   " ORDER BY o.n LIMIT ?3");
    query.start(sink, group, row_limit(limit));
    return collect(query);
}

/// Alerts of the group whose last message, done or in this bundle, says that they fire.
std::uint64_t count_open(Database& db, const std::string& sink, const std::string& group,
                         const std::string& bundle) {
    Statement query = db.prepare(
        "SELECT count(*) FROM (SELECT alert_key, max(n) AS last FROM ("
        "  SELECT alert_key, n FROM outbox WHERE sink = ?1 AND group_key = ?2 AND state = 'done'"
        "   AND group_key <> ''"
        "  UNION ALL SELECT alert_key, n FROM outbox WHERE sink = ?1 AND group_key = ?2"
        "   AND bundle = ?3 AND bundle <> '' AND state = 'pending' AND group_key <> '')"
        " GROUP BY alert_key) told CROSS JOIN outbox o ON o.n = told.last"
        " CROSS JOIN alert a ON a.id = o.id WHERE a.episode <> 0 AND (a.type LIKE '%.firing'"
        " OR a.type LIKE '%.repeated' OR (a.type LIKE '%.retracted'"
        " AND json_extract(CAST(a.body AS TEXT), '$.data.state') = 'firing')"
        " OR (a.type LIKE '%.updated'"
        " AND json_extract(CAST(a.body AS TEXT), '$.data.state') IS NOT 'resolved'))");
    query.start(sink, group, bundle);
    return query.next() ? query.u64(0) : 0;
}

std::string last_lead(Database& db, const std::string& sink, const std::string& group) {
    Statement query = db.prepare(
        "SELECT lead FROM outbox WHERE sink = ?1 AND group_key = ?2 AND state = 'done'"
        " AND group_key <> '' ORDER BY last_try DESC, n DESC LIMIT 1");
    return query.start(sink, group).next() ? query.text(0) : std::string();
}

}  // namespace

std::vector<DueMessage> read_group_of(Database& db, const std::string& sink,
                                      const std::string& head, std::size_t limit) {
    const auto of = membership(db, sink, head);
    if (!of) return {};
    if (!of->bundle.empty()) return read_bundle(db, sink, *of);
    std::vector<DueMessage> out = read_waiting(db, sink, of->group, limit);
    const bool has_head = std::any_of(out.begin(), out.end(),
                                      [&](const DueMessage& one) { return one.alert.id == head; });
    if (has_head) return out;
    Statement query = db.prepare("SELECT " + message_columns() +
                                 " FROM outbox o CROSS JOIN alert a ON a.id = o.id WHERE o.id = ?1"
                                 " AND o.sink = ?2");
    if (!out.empty()) out.pop_back();
    if (query.start(head, sink).next()) out.push_back(read_message(query));
    return out;
}

std::optional<GroupNow> note_bundle(Database& db, const std::string& sink, const Ids& ids,
                                    const std::string& bundle, std::int64_t now_ms) {
    Statement find = db.prepare(
        "SELECT n, group_key, lead, alert_key FROM outbox WHERE id = ?1 AND sink = ?2"
        " AND state = 'pending' AND bundle IN ('', ?3)");
    std::vector<std::int64_t> rows;
    std::string group;
    std::string lead;
    std::string first_key;
    for (const std::string& id : ids) {
        if (!find.start(id, sink, bundle).next()) return std::nullopt;
        rows.push_back(find.i64(0));
        group = find.text(1);
        if (lead.empty()) lead = find.text(2);
        if (first_key.empty()) first_key = find.text(3);
    }
    if (lead.empty() && count_open(db, sink, group, "") > 0) lead = last_lead(db, sink, group);
    if (lead.empty()) lead = first_key;
    Statement mark = db.prepare(
        "UPDATE outbox SET attempts = attempts + 1, last_try = ?2, bundle = ?3, lead = ?4,"
        " first_try = CASE first_try WHEN 0 THEN ?2 ELSE first_try END WHERE n = ?1");
    for (const std::int64_t n : rows) mark.execute(n, now_ms, bundle, lead);
    return GroupNow{count_open(db, sink, group, bundle), lead};
}

void note_incomplete(Database& db, const std::string& sink, const std::string& group,
                     const std::string& bundle) {
    db.execute(
        "UPDATE outbox SET bundle = '' WHERE sink = ?1 AND group_key = ?2 AND bundle = ?3"
        " AND bundle <> '' AND state = 'pending' AND group_key <> ''",
        sink, group, bundle);
}

void note_dissolved(Database& db, const std::string& sink, const Ids& ids) {
    Statement mark = db.prepare(
        "UPDATE outbox SET group_key = '', bundle = '', lead = '', not_before = 0"
        " WHERE id = ?1 AND sink = ?2 AND state = 'pending'");
    for (const std::string& id : ids) mark.execute(id, sink);
}

}  // namespace plimsoll::store
