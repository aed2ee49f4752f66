#include "daemon/store/queue.hpp"

#include <algorithm>
#include <limits>

namespace plimsoll::store {
namespace {

/// What became of a message at one sink.
struct Fate {
    std::string sink;
    std::string alert_key;
    bool attempted = false;
    bool given_up = false;  ///< with its sink
};

std::vector<Fate> read_fates(Statement& original, const std::string& id) {
    std::vector<Fate> fates;
    original.start(id);
    while (original.next()) {
        Fate fate;
        fate.sink = original.text(0);
        fate.alert_key = original.text(1);
        fate.attempted = original.i64(2) > 0;
        fate.given_up = original.text(3) == kSinkRemoved;
        fates.push_back(std::move(fate));
    }
    return fates;
}

/// The destination named for the sink, or one with the default age for a sink that the original
/// went to and this alert does not name.
Destination destination_at(const NewAlert& alert, const std::string& sink) {
    const auto named = std::find_if(alert.sinks.begin(), alert.sinks.end(),
                                    [&](const Destination& d) { return d.sink == sink; });
    Destination destination = named == alert.sinks.end() ? Destination{} : *named;
    destination.sink = sink;
    destination.hold_ms = 0;  // a correction does not wait for company
    destination.interval_ms = 0;
    return destination;
}

/// Whether the alert is stored already; `misuse` when it is stored with another body.
bool is_stored(Statement& body_of, const NewAlert& alert) {
    if (!body_of.start(alert.id).next()) {
        return false;
    }
    if (body_of.text(0) != alert.body) {
        throw Failure(StoreError{StoreFault::misuse,
                                 "state.db: alert " + alert.id + " is stored with another body"});
    }
    return true;
}

std::int64_t plus(std::int64_t now_ms, std::int64_t wait_ms) {
    const std::int64_t wait = std::max<std::int64_t>(wait_ms, 0);
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return now_ms > most - wait ? most : now_ms + wait;
}

}  // namespace

bool is_collapsible(const NewAlert& alert) {
    const std::string_view type = alert.type;
    if (type == "daemon.heartbeat") return true;
    const bool is_event = alert.episode == 0;
    return !is_event && (type.ends_with(".repeated") || type.ends_with(".updated"));
}

Queue::Queue(Database& db)
    : insert_(db.prepare("INSERT INTO outbox(sink, id, alert_key, severity, collapsible,"
                         " created_ms, not_before, expires, group_key)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                         " ON CONFLICT(id, sink) DO NOTHING")),
      collapse_(db.prepare("UPDATE outbox SET state = 'superseded', head = 0, finished_ms = ?3"
                           " WHERE sink = ?1 AND alert_key = ?2 AND state = 'pending'"
                           " AND attempts = 0 AND collapsible = 1")),
      promote_(db.prepare("UPDATE outbox SET head = 1 WHERE head = 0 AND n = (SELECT n FROM outbox"
                          " WHERE sink = ?1 AND alert_key = ?2 AND state = 'pending'"
                          " ORDER BY n LIMIT 1)")),
      original_(db.prepare("SELECT sink, alert_key, attempts, dead_reason FROM outbox"
                           " WHERE id = ?1 ORDER BY n")),
      withdraw_(db.prepare("UPDATE outbox SET state = 'superseded', head = 0, finished_ms = ?3"
                           " WHERE id = ?1 AND sink = ?2 AND state = 'pending'")),
      holding_(db.prepare("SELECT not_before FROM outbox WHERE sink = ?1 AND group_key = ?2"
                          " AND state = 'pending' AND group_key <> '' AND bundle = ''"
                          " ORDER BY not_before LIMIT 1")),
      last_try_(db.prepare("SELECT last_try FROM outbox WHERE sink = ?1 AND group_key = ?2"
                           " AND group_key <> '' ORDER BY last_try DESC LIMIT 1")),
      told_(db.prepare("SELECT 1 FROM alert a CROSS JOIN outbox o ON o.id = a.id AND o.sink = ?1"
                       " WHERE a.alert_key = ?2 AND a.episode = ?3"
                       " AND (o.attempts > 0 OR o.state = 'pending') LIMIT 1")) {}

void Queue::append(const NewAlert& alert, const Destination& destination, std::int64_t now_ms) {
    if (is_collapsible(alert) && !destination.keeps_all) {
        collapse_.execute(destination.sink, alert.alert_key, now_ms);
    }
    insert(alert, destination, now_ms);
}

void Queue::insert(const NewAlert& alert, const Destination& destination, std::int64_t now_ms) {
    insert_.execute(destination.sink, alert.id, alert.alert_key, alert.severity,
                    is_collapsible(alert), now_ms, not_before(destination, now_ms),
                    plus(now_ms, destination.max_age_ms), destination.group);
    promote(destination.sink, alert.alert_key);
}

/// Zero where it need not wait, rather than now: a clock that is set back delays only what has to
/// wait anyway. Of a group all wait for the first.
std::int64_t Queue::not_before(const Destination& destination, std::int64_t now_ms) {
    if (destination.hold_ms <= 0 && destination.interval_ms <= 0) return 0;
    const std::int64_t wait = plus(now_ms, destination.hold_ms);
    if (destination.group.empty()) return wait;
    if (holding_.start(destination.sink, destination.group).next()) return holding_.i64(0);
    if (!last_try_.start(destination.sink, destination.group).next()) return wait;
    // A time to come is that of a clock that was set back since.
    const std::int64_t last = std::min(last_try_.i64(0), now_ms);
    return std::max(wait, last > 0 ? plus(last, destination.interval_ms) : 0);
}

bool Queue::is_told(const NewAlert& alert, std::string_view sink) {
    return told_.start(sink, alert.alert_key, alert.episode).next();
}

void Queue::retract(const NewAlert& alert, std::int64_t now_ms) {
    for (const Fate& fate : read_fates(original_, *alert.retracts)) {
        if (fate.alert_key != alert.alert_key) {
            throw Failure(StoreError{StoreFault::misuse, "state.db: " + alert.id + " retracts " +
                                                             *alert.retracts + " of another key"});
        }
        const Destination destination = destination_at(alert, fate.sink);
        if (!fate.attempted && !destination.keeps_all) {
            withdraw_.execute(*alert.retracts, fate.sink, now_ms);
            promote(fate.sink, fate.alert_key);
        } else if (!fate.given_up) {
            insert(alert, destination, now_ms);
        }
    }
}

void Queue::promote(std::string_view sink, std::string_view alert_key) {
    promote_.execute(sink, alert_key);
}

void write_alerts(Database& db, const std::vector<NewAlert>& alerts, std::int64_t now_ms) {
    if (now_ms <= 0) {
        throw Failure(StoreError{StoreFault::misuse, "state.db: alerts without a time of commit"});
    }
    Statement body_of = db.prepare("SELECT body FROM alert WHERE id = ?1");
    Statement insert = db.prepare(
        "INSERT INTO alert(id, alert_key, episode, seq, type, severity, chain, block, block_hash,"
        " at, body, sig191, signer, sig712, created_ms, muted_by)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
    Queue queue(db);
    for (const NewAlert& alert : alerts) {
        if (is_stored(body_of, alert)) {
            continue;
        }
        insert.execute(alert.id, alert.alert_key, alert.episode, alert.seq, alert.type,
                       alert.severity, alert.chain, alert.block, alert.block_hash, alert.at,
                       Blob{alert.body}, alert.signature, alert.signer, alert.typed_signature,
                       now_ms, alert.muted_by);
        if (alert.retracts) {
            queue.retract(alert, now_ms);
            continue;
        }
        const bool is_end = std::string_view(alert.type).ends_with(".resolved");
        for (const Destination& destination : alert.sinks) {
            const bool is_news =
                !is_end || destination.keeps_all || queue.is_told(alert, destination.sink);
            if (is_news) queue.append(alert, destination, now_ms);
        }
    }
}

}  // namespace plimsoll::store
