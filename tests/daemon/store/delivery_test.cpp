#include "daemon/store/delivery.hpp"

#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

namespace plimsoll::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Delivery : public StoreTest {
  protected:
    static NewAlert of_severity(const std::string& id, int severity) {
        NewAlert alert = alert_of(id, "key of " + id);
        alert.severity = severity;
        return alert;
    }
    void retry_at(const std::string& id, std::int64_t not_before) {
        EXPECT_TRUE(value(store().mark_attempt("hook", id, kNow)));
        ok(store().mark_retry("hook", {id}, not_before, "timeout"));
    }
    static std::string plan_of(Database& db, const std::string& sql) {
        std::string plan;
        Statement query = db.prepare("EXPLAIN QUERY PLAN " + sql);
        query.start();
        while (query.next()) {
            plan += query.text(3) + "\n";
        }
        return plan;
    }
};

// ---- due

TEST_F(Delivery, nothing_is_due_at_an_unknown_sink) {
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_EQ(value(store().next_due_ms("hook")), std::nullopt);
}

TEST_F(Delivery, critical_before_warning_before_info_then_oldest) {
    queue({of_severity("msg_i1", 0), of_severity("msg_w1", 1), of_severity("msg_c1", 2),
           of_severity("msg_i2", 0), of_severity("msg_w2", 1), of_severity("msg_c2", 2)});
    EXPECT_THAT(due("hook"),
                ElementsAre("msg_c1", "msg_c2", "msg_w1", "msg_w2", "msg_i1", "msg_i2"));
    EXPECT_THAT(due("hook", kNow, 3), ElementsAre("msg_c1", "msg_c2", "msg_w1"));
    EXPECT_THAT(due("hook", kNow, 0), IsEmpty());
}

TEST_F(Delivery, retried_message_keeps_its_age) {
    queue({of_severity("msg_1", 1), of_severity("msg_2", 1), of_severity("msg_3", 1)});
    retry_at("msg_2", kNow + 5);
    retry_at("msg_1", kNow + 10);
    EXPECT_THAT(due("hook", kNow + 4), ElementsAre("msg_3"));
    EXPECT_THAT(due("hook", kNow + 5), ElementsAre("msg_2", "msg_3"));
    EXPECT_THAT(due("hook", kNow + 10), ElementsAre("msg_1", "msg_2", "msg_3"));
    EXPECT_THAT(due("hook", kNow + 10, 1), ElementsAre("msg_2"));
}

TEST_F(Delivery, next_due_is_the_earliest_of_all_severities) {
    queue({of_severity("msg_c", 2), of_severity("msg_w", 1), of_severity("msg_i", 0)});
    EXPECT_EQ(value(store().next_due_ms("hook")), 0);
    retry_at("msg_c", kNow + 30);
    retry_at("msg_w", kNow + 10);
    retry_at("msg_i", kNow + 20);
    EXPECT_EQ(value(store().next_due_ms("hook")), kNow + 10);
    ok(store().mark_done("hook", {"msg_w"}, kNow));
    EXPECT_EQ(value(store().next_due_ms("hook")), kNow + 20);
    ok(store().mark_done("hook", {"msg_i"}, kNow));
    ok(store().mark_done("hook", {"msg_c"}, kNow));
    EXPECT_EQ(value(store().next_due_ms("hook")), std::nullopt);
}

TEST_F(Delivery, next_due_is_that_of_heads_only) {
    queue({alert_of("msg_1", "k"), alert_of("msg_2", "k", "position.at_risk.resolved")});
    retry_at("msg_1", kNow + 10);
    EXPECT_EQ(value(store().next_due_ms("hook")), kNow + 10);
}

TEST_F(Delivery, ten_thousand_pending_are_searched_not_walked_through) {
    std::vector<NewAlert> alerts;
    for (int i = 0; i < 10'000; ++i) {
        alerts.push_back(alert_of("msg_" + std::to_string(i), "k" + std::to_string(i / 2),
                                  "position.at_risk.firing"));
        alerts.back().severity = i % 3;
    }
    queue(std::move(alerts));
    reopen();
    EXPECT_EQ(due("hook", kNow, 10'000).size(), 5'000U);
    EXPECT_EQ(due("hook", kNow, 4).size(), 4U);
    Database db = closed();
    for (const char* statistics : {"", "ANALYZE"}) {
        db.script(statistics);
        const std::string plan = plan_of(db, due_sql());
        EXPECT_THAT(plan, HasSubstr("SEARCH outbox USING COVERING INDEX outbox_head"
                                    " (sink=? AND severity=? AND not_before=? AND head=?)"));
        EXPECT_THAT(plan, HasSubstr("SEARCH outbox USING COVERING INDEX outbox_head"
                                    " (sink=? AND severity=? AND not_before>? AND not_before<?)"));
        EXPECT_THAT(plan, HasSubstr("SEARCH o USING INTEGER PRIMARY KEY"));
        EXPECT_THAT(plan, HasSubstr("SEARCH a USING INDEX sqlite_autoindex_alert"));
        for (const char* table : {"SCAN outbox", "SCAN o\n", "SCAN o ", "SCAN a\n", "SCAN a "}) {
            EXPECT_THAT(plan, Not(HasSubstr(table)));
        }
        EXPECT_THAT(plan_of(db, std::string(next_due_sql())),
                    HasSubstr("SEARCH outbox USING COVERING INDEX outbox_head"));
    }
}

// ---- marks

TEST_F(Delivery, attempts_are_counted_and_the_first_is_remembered) {
    queue({alert_of("msg_1", "k")});
    DueMessage message = value(store().due("hook", kNow, 1)).at(0);
    EXPECT_EQ(message.attempts, 0U);
    EXPECT_EQ(message.first_try_ms, 0);
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow + 1)));
    ok(store().mark_retry("hook", {"msg_1"}, kNow + 2, "timeout"));
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow + 3)));
    reopen();
    message = value(store().due("hook", kNow + 3, 1)).at(0);
    EXPECT_EQ(message.attempts, 2U);
    EXPECT_EQ(message.first_try_ms, kNow + 1);
}

TEST_F(Delivery, message_behind_another_cannot_be_attempted) {
    queue({alert_of("msg_1", "k"), alert_of("msg_2", "k", "position.at_risk.resolved")});
    EXPECT_FALSE(value(store().mark_attempt("hook", "msg_2", kNow)));
}

TEST_F(Delivery, finished_message_cannot_be_attempted_again) {
    queue({alert_of("msg_1", "k")});
    deliver("hook", "msg_1");
    EXPECT_FALSE(value(store().mark_attempt("hook", "msg_1", kNow)));
}

TEST_F(Delivery, second_mark_changes_nothing) {
    queue({alert_of("msg_1", "k"), alert_of("msg_2", "k", "position.at_risk.resolved")});
    deliver("hook", "msg_1");
    ok(store().mark_done("hook", {"msg_1"}, kNow));
    ok(store().mark_retry("hook", {"msg_1"}, kNow + 9, "late"));
    ok(store().mark_dead("hook", {"msg_1"}, kNow, "late", ""));
    EXPECT_EQ(counts("hook").done, 1U);
    EXPECT_EQ(counts("hook").dead, 0U);
    EXPECT_THAT(due("hook"), ElementsAre("msg_2"));
}

TEST_F(Delivery, dead_message_lets_the_next_pass) {
    queue({alert_of("msg_1", "k"), alert_of("msg_2", "k", "position.at_risk.resolved")});
    ok(store().mark_dead("hook", {"msg_1"}, kNow, "poison", "400 bad request"));
    EXPECT_THAT(due("hook"), ElementsAre("msg_2"));
    Database db = closed();
    EXPECT_EQ(db.scalar("SELECT state || dead_reason || last_error FROM outbox WHERE n = 1"),
              "deadpoison400 bad request");
}

TEST_F(Delivery, message_that_was_never_queued_is_misuse) {
    queue({alert_of("msg_1", "k")});
    fails(store().mark_attempt("hook", "msg_2", kNow), StoreFault::misuse);
    fails(store().mark_attempt("chat", "msg_1", kNow), StoreFault::misuse);
    fails(store().mark_done("hook", {"msg_2"}, kNow), StoreFault::misuse);
    fails(store().mark_retry("hook", {"msg_2"}, kNow, ""), StoreFault::misuse);
    fails(store().mark_dead("hook", {"msg_2"}, kNow, "", ""), StoreFault::misuse);
    EXPECT_TRUE(store().healthy());
}

// ---- sinks

TEST_F(Delivery, messages_of_removed_sinks_become_dead) {
    NewAlert alert = alert_of("msg_1", "k");
    alert.sinks = {Destination{"hook"}, Destination{"old"}};
    NewAlert next = alert_of("msg_2", "k", "position.at_risk.resolved");
    next.sinks = alert.sinks;
    queue({alert, next});
    const std::vector<std::string> configured = {"hook", "new"};
    ok(store().retire_sinks(configured, kNow));
    EXPECT_THAT(due("old"), IsEmpty());
    EXPECT_EQ(counts("old").dead, 2U);
    EXPECT_EQ(counts("hook").pending, 2U);
}

TEST_F(Delivery, message_that_arrived_after_its_sink_was_removed_is_done) {
    queue({alert_of("msg_1", "k")});
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow)));
    ok(store().retire_sinks({}, kNow));
    ok(store().mark_done("hook", {"msg_1"}, kNow));
    EXPECT_EQ(counts("hook").done, 1U);
    EXPECT_EQ(counts("hook").dead, 0U);
}

TEST_F(Delivery, sink_state_is_remembered) {
    const SinkState chat{"chat", true, 7, kNow + 5'000, ""};
    const SinkState hook{"hook", false, 0, 0, "410 gone"};
    ok(store().set_sink_state({"hook", true, 1, 2, "x"}));
    ok(store().set_sink_state(hook));
    ok(store().set_sink_state(chat));
    reopen();
    EXPECT_THAT(value(store().sink_states()), ElementsAre(chat, hook));
}

TEST_F(Delivery, counts_tell_states_and_the_oldest_pending) {
    queue({alert_of("msg_1", "a"), alert_of("msg_2", "b"), alert_of("msg_3", "c"),
           alert_of("msg_4", "d", "x.y.updated")},
          kNow);
    queue({alert_of("msg_5", "e"), alert_of("msg_6", "d", "x.y.updated")}, kNow + 10);
    deliver("hook", "msg_1");
    ok(store().mark_dead("hook", {"msg_2"}, kNow, "gone", ""));
    OutboxCounts now = counts("hook");
    EXPECT_EQ(now.pending, 3U);
    EXPECT_EQ(now.done, 1U);
    EXPECT_EQ(now.dead, 1U);
    EXPECT_EQ(now.superseded, 1U);
    EXPECT_EQ(now.oldest_pending_ms, kNow);
    deliver("hook", "msg_3");
    now = counts("hook");
    EXPECT_EQ(now.pending, 2U);
    EXPECT_EQ(now.oldest_pending_ms, kNow + 10);
}

// ---- standing

TEST_F(Delivery, standing_is_the_last_delivered_message_of_each_alert_that_did_not_end) {
    const auto typed = [](const std::string& id, const std::string& key, const char* type,
                          std::uint64_t seq) {
        NewAlert alert = alert_of(id, key);
        alert.type = type;
        alert.seq = seq;
        return alert;
    };
    queue({typed("msg_1", "a", "position.at_risk.firing", 1),
           typed("msg_2", "a", "position.at_risk.repeated", 2),
           typed("msg_3", "b", "position.at_risk.firing", 1),
           typed("msg_4", "b", "position.at_risk.resolved", 2),
           typed("msg_5", "c", "position.at_risk.firing", 1),
           typed("msg_6", "c", "position.at_risk.retracted", 2),
           typed("msg_7", "d", "position.at_risk.firing", 1)});
    for (const char* id : {"msg_1", "msg_2", "msg_3", "msg_4", "msg_5", "msg_6"}) {
        EXPECT_TRUE(value(store().mark_attempt("hook", id, kNow))) << id;
        ok(store().mark_done("hook", {id}, kNow));
    }
    std::vector<std::string> ids;
    for (const StoredAlert& alert : value(store().standing("hook"))) ids.push_back(alert.id);
    EXPECT_THAT(ids, ElementsAre("msg_2")) << "msg_7 was not delivered yet";
    EXPECT_THAT(value(store().standing("other")), IsEmpty());
}

}  // namespace
}  // namespace plimsoll::store
