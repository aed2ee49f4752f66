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
    const bool is_event = alert.episode == 0;
    return !is_event && (type.ends_with(".repeated") || type.ends_with(".updated"));
}

Queue::Queue(Database& db)
    : insert_(db.prepare("INSERT INTO outbox(sink, id, alert_key, severity, collapsible,"
                         " created_ms, not_before, expires) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
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
                           " WHERE id = ?1 AND sink = ?2 AND state = 'pending'")) {}

void Queue::append(const NewAlert& alert, const Destination& destination, std::int64_t now_ms) {
    if (is_collapsible(alert) && !destination.keeps_all) {
        collapse_.execute(destination.sink, alert.alert_key, now_ms);
    }
    insert(alert, destination, now_ms);
}

void Queue::insert(const NewAlert& alert, const Destination& destination, std::int64_t now_ms) {
    // Zero rather than now: a clock that is set back delays only what has to wait anyway.
    const std::int64_t not_before = destination.hold_ms > 0 ? plus(now_ms, destination.hold_ms) : 0;
    insert_.execute(destination.sink, alert.id, alert.alert_key, alert.severity,
                    is_collapsible(alert), now_ms, not_before,
                    plus(now_ms, destination.max_age_ms));
    promote(destination.sink, alert.alert_key);
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
        " at, body, sig191, signer, sig712, created_ms)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
    Queue queue(db);
    for (const NewAlert& alert : alerts) {
        if (is_stored(body_of, alert)) {
            continue;
        }
        insert.execute(alert.id, alert.alert_key, alert.episode, alert.seq, alert.type,
                       alert.severity, alert.chain, alert.block, alert.block_hash, alert.at,
                       Blob{alert.body}, alert.signature, alert.signer, alert.typed_signature,
                       now_ms);
        if (alert.retracts) {
            queue.retract(alert, now_ms);
            continue;
        }
        for (const Destination& destination : alert.sinks) {
            queue.append(alert, destination, now_ms);
        }
    }
}

}  // namespace plimsoll::store
