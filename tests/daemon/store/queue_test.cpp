#include "daemon/store/queue.hpp"

#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

namespace plimsoll::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::int64_t kHour = 3'600'000;

class QueueTest : public StoreTest {
  protected:
    static Destination archive() {
        Destination destination{"archive"};
        destination.keeps_all = true;
        return destination;
    }
    /// Delivers whatever is due until nothing is; the order in which it went.
    std::vector<std::string> drain(const std::string& sink) {
        std::vector<std::string> order;
        for (auto ids = due(sink); !ids.empty(); ids = due(sink)) {
            deliver(sink, ids.front());
            order.push_back(ids.front());
        }
        return order;
    }
};

// ---- alerts

using Alerts = QueueTest;

TEST_F(Alerts, every_field_returns) {
    NewAlert alert = alert_of("msg_1", "rule/chain/aave/0x01");
    alert.severity = 2;
    alert.body = std::string("{\"x\":\"\xe2\x82\xac\"}");
    queue({alert});
    reopen();
    const auto alerts = value(store().alerts_since(0, 10));
    ASSERT_EQ(alerts.size(), 1U);
    const StoredAlert& stored = alerts[0];
    EXPECT_EQ(stored.id, alert.id);
    EXPECT_EQ(stored.alert_key, alert.alert_key);
    EXPECT_EQ(stored.episode, alert.episode);
    EXPECT_EQ(stored.seq, alert.seq);
    EXPECT_EQ(stored.type, alert.type);
    EXPECT_EQ(stored.severity, 2);
    EXPECT_EQ(stored.chain, "ethereum");
    EXPECT_EQ(stored.block, 7U);
    EXPECT_EQ(stored.block_hash, hash_of(7));
    EXPECT_EQ(stored.at, alert.at);
    EXPECT_EQ(stored.body, alert.body);
    EXPECT_EQ(stored.signature, "0x01");
    EXPECT_EQ(stored.signer, "0x02");
    EXPECT_EQ(stored.typed_signature, "0x03");
    const auto messages = value(store().due("hook", kNow, 1));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].alert.body, alert.body);
    EXPECT_EQ(messages[0].alert.signer, "0x02");
    EXPECT_EQ(messages[0].alert.typed_signature, "0x03");
}

TEST_F(Alerts, above_a_block_of_one_chain_oldest_first) {
    NewAlert low = alert_of("msg_low", "a");
    NewAlert high = alert_of("msg_high", "b");
    high.block = 9;
    NewAlert higher = alert_of("msg_higher", "c");
    higher.block = 10;
    NewAlert other = alert_of("msg_other", "d");
    other.block = 10;
    other.chain = "tron";
    queue({higher, low, high, other});
    const auto above = value(store().alerts_above("ethereum", 7));
    ASSERT_EQ(above.size(), 2U);
    EXPECT_EQ(above[0].id, "msg_high");
    EXPECT_EQ(above[1].id, "msg_higher");
}

TEST_F(Alerts, since_a_time_oldest_first_up_to_the_limit) {
    std::vector<NewAlert> alerts;
    for (const std::uint64_t at : {3U, 1U, 2U}) {
        alerts.push_back(alert_of("msg_" + std::to_string(at), "k" + std::to_string(at)));
        alerts.back().at = at;
    }
    queue(alerts);
    const auto since = value(store().alerts_since(2, 10));
    ASSERT_EQ(since.size(), 2U);
    EXPECT_EQ(since[0].id, "msg_2");
    EXPECT_EQ(since[1].id, "msg_3");
    EXPECT_EQ(value(store().alerts_since(0, 1)).at(0).id, "msg_1");
}

TEST_F(Alerts, same_id_and_body_again_is_ignored) {
    queue({alert_of("msg_1", "k")});
    deliver("hook", "msg_1");
    queue({alert_of("msg_1", "k")});
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_EQ(value(store().alerts_since(0, 10)).size(), 1U);
}

TEST_F(Alerts, same_id_with_another_body_is_misuse_and_changes_nothing) {
    queue({alert_of("msg_1", "k")});
    RoundCommit round;
    round.chain = "ethereum";
    round.now_ms = kNow;
    round.tip = block_of(8);
    round.alerts = {alert_of("msg_0", "j"), alert_of("msg_1", "k")};
    round.alerts[1].body = "{}";
    fails(store().commit(round), StoreFault::misuse);
    EXPECT_FALSE(value(store().chain_state("ethereum")).tip.has_value());
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
}

TEST_F(Alerts, without_a_time_of_commit_are_misuse) {
    RoundCommit round;
    round.alerts = {alert_of("msg_1", "k")};
    fails(store().commit(round), StoreFault::misuse);
}

TEST_F(Alerts, unknown_severity_is_misuse) {
    RoundCommit round;
    round.now_ms = kNow;
    round.alerts = {alert_of("msg_1", "k")};
    round.alerts[0].severity = 3;
    fails(store().commit(round), StoreFault::misuse);
}

TEST_F(Alerts, without_sinks_are_only_stored) {
    NewAlert alert = alert_of("msg_1", "k");
    alert.sinks.clear();
    queue({alert});
    EXPECT_EQ(value(store().alerts_since(0, 10)).size(), 1U);
    EXPECT_THAT(value(store().outbox_counts()), IsEmpty());
}

TEST_F(Alerts, sink_named_twice_gets_one_message) {
    NewAlert alert = alert_of("msg_1", "k");
    alert.sinks = {Destination{"hook"}, Destination{"hook"}};
    queue({alert});
    EXPECT_THAT(drain("hook"), ElementsAre("msg_1"));
}

// ---- order

using Order = QueueTest;

TEST_F(Order, one_head_per_key_and_the_next_after_it_is_finished) {
    queue({alert_of("msg_a1", "a"), alert_of("msg_b1", "b"),
           alert_of("msg_a2", "a", "position.at_risk.resolved")});
    queue({alert_of("msg_b2", "b", "position.at_risk.resolved")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_a1", "msg_b1"));
    deliver("hook", "msg_a1");
    EXPECT_THAT(due("hook"), ElementsAre("msg_b1", "msg_a2"));
    EXPECT_THAT(drain("hook"), ElementsAre("msg_b1", "msg_a2", "msg_b2"));
}

TEST_F(Order, message_waits_while_an_earlier_one_of_its_key_is_retried) {
    queue({alert_of("msg_1", "a"), alert_of("msg_2", "a", "position.at_risk.resolved")});
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow)));
    ok(store().mark_retry("hook", {"msg_1"}, kNow + 1'000, "timeout"));
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_THAT(due("hook", kNow + 999), IsEmpty());
    EXPECT_THAT(due("hook", kNow + 1'000), ElementsAre("msg_1"));
}

TEST_F(Order, sinks_do_not_wait_for_each_other) {
    NewAlert first = alert_of("msg_1", "a");
    NewAlert second = alert_of("msg_2", "a", "position.at_risk.resolved");
    first.sinks = second.sinks = {Destination{"hook"}, Destination{"archive"}};
    queue({first, second});
    deliver("archive", "msg_1");
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
    EXPECT_THAT(due("archive"), ElementsAre("msg_2"));
}

TEST_F(Order, age_and_hold_are_the_destinations) {
    NewAlert alert = alert_of("msg_1", "a");
    alert.sinks = {Destination{"hook"}, Destination{"chat", 6 * kHour, 10'000}};
    queue({alert});
    EXPECT_EQ(value(store().due("hook", kNow, 1)).at(0).expires_ms, kNow + 72 * kHour);
    EXPECT_THAT(due("chat", kNow + 9'999), IsEmpty());
    EXPECT_EQ(value(store().due("chat", kNow + 10'000, 1)).at(0).expires_ms, kNow + 6 * kHour);
}

TEST_F(Order, clock_set_back_does_not_delay_a_new_message) {
    queue({alert_of("msg_1", "a")});
    EXPECT_THAT(due("hook", kNow - 24 * kHour), ElementsAre("msg_1"));
}

// ---- collapse

struct Collapsing {
    const char* name;
    const char* waiting;
    const char* newer;
    std::uint64_t episode;
    bool superseded;
};

class Collapse : public QueueTest, public testing::WithParamInterface<Collapsing> {};

TEST_P(Collapse, of_two_messages_never_attempted) {
    NewAlert waiting = alert_of("msg_1", "k", GetParam().waiting);
    NewAlert newer = alert_of("msg_2", "k", GetParam().newer);
    waiting.episode = newer.episode = GetParam().episode;
    if (std::string_view(GetParam().waiting).ends_with(".resolved")) {  // something to resolve
        NewAlert opening = alert_of("msg_0", "k");
        opening.episode = GetParam().episode;
        queue({opening});
        deliver("hook", "msg_0");
    }
    queue({waiting});
    queue({newer});
    if (GetParam().superseded) {
        EXPECT_THAT(drain("hook"), ElementsAre("msg_2"));
        EXPECT_EQ(counts("hook").superseded, 1U);
    } else {
        EXPECT_THAT(drain("hook"), ElementsAre("msg_1", "msg_2"));
        EXPECT_EQ(counts("hook").superseded, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Types, Collapse,
    testing::Values(Collapsing{"repeated_by_repeated", "a.b.repeated", "a.b.repeated", 7, true},
                    Collapsing{"repeated_by_updated", "a.b.repeated", "a.b.updated", 7, true},
                    Collapsing{"updated_by_repeated", "a.b.updated", "a.b.repeated", 7, true},
                    Collapsing{"updated_by_updated", "a.b.updated", "a.b.updated", 7, true},
                    Collapsing{"updated_not_by_resolved", "a.b.updated", "a.b.resolved", 7, false},
                    Collapsing{"firing_never", "a.b.firing", "a.b.updated", 7, false},
                    Collapsing{"resolved_never", "a.b.resolved", "a.b.updated", 7, false},
                    Collapsing{"retracted_never", "a.b.retracted", "a.b.updated", 7, false},
                    Collapsing{"event_never", "a.b.fired", "a.b.updated", 0, false},
                    Collapsing{"update_of_event_never", "a.b.updated", "a.b.updated", 0, false}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(QueueTest, collapse_stays_within_key_and_sink) {
    NewAlert one = alert_of("msg_1", "k", "a.b.updated");
    one.sinks = {Destination{"hook"}, Destination{"chat"}};
    queue({one, alert_of("msg_2", "j", "a.b.updated")});
    queue({alert_of("msg_3", "k", "a.b.updated")});
    EXPECT_THAT(drain("hook"), ElementsAre("msg_2", "msg_3"));
    EXPECT_THAT(drain("chat"), ElementsAre("msg_1"));
}

TEST_F(QueueTest, archive_collapses_nothing) {
    for (const char* id : {"msg_1", "msg_2"}) {
        NewAlert alert = alert_of(id, "k", "a.b.updated");
        alert.sinks = {Destination{"hook"}, archive()};
        queue({alert});
    }
    EXPECT_THAT(drain("hook"), ElementsAre("msg_2"));
    EXPECT_THAT(drain("archive"), ElementsAre("msg_1", "msg_2"));
}

TEST_F(QueueTest, attempted_message_does_not_collapse) {
    queue({alert_of("msg_1", "k", "a.b.updated")});
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow)));
    queue({alert_of("msg_2", "k", "a.b.updated")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
    ok(store().mark_done("hook", {"msg_1"}, kNow));
    EXPECT_THAT(due("hook"), ElementsAre("msg_2"));
}

TEST_F(QueueTest, updates_between_firing_and_resolved_collapse_to_the_last) {
    queue({alert_of("msg_1", "k", "a.b.firing")});
    for (const char* id : {"msg_2", "msg_3", "msg_4"}) {
        queue({alert_of(id, "k", "a.b.updated")});
    }
    queue({alert_of("msg_5", "k", "a.b.resolved")});
    EXPECT_THAT(drain("hook"), ElementsAre("msg_1", "msg_4", "msg_5"));
}

TEST_F(QueueTest, message_superseded_after_due_is_not_to_be_sent) {
    queue({alert_of("msg_1", "k", "a.b.updated")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
    queue({alert_of("msg_2", "k", "a.b.updated")});
    EXPECT_FALSE(value(store().mark_attempt("hook", "msg_1", kNow)));
    EXPECT_THAT(due("hook"), ElementsAre("msg_2"));
}

// ---- retraction

class Retraction : public QueueTest {
  protected:
    static NewAlert retraction(const std::string& original) {
        NewAlert alert = alert_of("msg_r", "k", "position.at_risk.retracted");
        alert.retracts = original;
        return alert;
    }
};

TEST_F(Retraction, of_a_message_never_attempted_withdraws_it) {
    queue({alert_of("msg_1", "k")});
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_EQ(counts("hook").superseded, 1U);
    EXPECT_EQ(counts("hook").pending, 0U);
    EXPECT_EQ(value(store().alerts_since(0, 10)).size(), 2U);
}

TEST_F(Retraction, withdrawn_head_makes_room_for_the_next) {
    queue({alert_of("msg_1", "k"), alert_of("msg_2", "k", "position.at_risk.resolved")});
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_2"));
}

TEST_F(Retraction, of_a_message_withdrawn_after_due_is_not_sent) {
    queue({alert_of("msg_1", "k")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
    queue({retraction("msg_1")});
    EXPECT_FALSE(value(store().mark_attempt("hook", "msg_1", kNow)));
}

TEST_F(Retraction, of_an_attempt_without_result_follows_it) {
    queue({alert_of("msg_1", "k")});
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow)));
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
    ok(store().mark_done("hook", {"msg_1"}, kNow));
    EXPECT_THAT(due("hook"), ElementsAre("msg_r"));
}

TEST_F(Retraction, of_a_delivered_message_is_queued) {
    queue({alert_of("msg_1", "k")});
    deliver("hook", "msg_1");
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_r"));
}

TEST_F(Retraction, of_a_dead_message_is_queued_when_it_was_attempted) {
    queue({alert_of("msg_1", "k")});
    EXPECT_TRUE(value(store().mark_attempt("hook", "msg_1", kNow)));
    ok(store().mark_dead("hook", {"msg_1"}, kNow, "expired", "timeout"));
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), ElementsAre("msg_r"));
}

TEST_F(Retraction, of_a_dead_message_never_attempted_is_not_queued) {
    queue({alert_of("msg_1", "k")});
    ok(store().mark_dead("hook", {"msg_1"}, kNow, "expired", ""));
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_EQ(counts("hook").dead, 1U);
}

TEST_F(Retraction, is_decided_for_each_sink) {
    NewAlert original = alert_of("msg_1", "k");
    original.sinks = {Destination{"tried"}, Destination{"waiting"}, Destination{"gone"}};
    queue({original});
    EXPECT_TRUE(value(store().mark_attempt("tried", "msg_1", kNow)));
    EXPECT_TRUE(value(store().mark_attempt("gone", "msg_1", kNow)));
    const std::vector<std::string> configured = {"tried", "waiting", "new"};
    ok(store().retire_sinks(configured, kNow));
    NewAlert retracted = retraction("msg_1");
    retracted.sinks = {Destination{"waiting"}, Destination{"new"}};
    queue({retracted});
    EXPECT_THAT(drain("tried"), ElementsAre("msg_1", "msg_r"));
    EXPECT_THAT(due("waiting"), IsEmpty());
    EXPECT_THAT(due("new"), IsEmpty());
    EXPECT_THAT(due("gone"), IsEmpty());
}

TEST_F(Retraction, follows_its_original_into_an_archive) {
    NewAlert original = alert_of("msg_1", "k");
    original.sinks = {Destination{"hook"}, archive()};
    queue({original});
    NewAlert retracted = retraction("msg_1");
    retracted.sinks = original.sinks;
    queue({retracted});
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_THAT(drain("archive"), ElementsAre("msg_1", "msg_r"));
}

TEST_F(Retraction, takes_its_age_from_the_named_destination_and_does_not_wait) {
    queue({alert_of("msg_1", "k")});
    deliver("hook", "msg_1");
    NewAlert retracted = retraction("msg_1");
    retracted.sinks = {Destination{"hook", kHour, 10'000}};
    queue({retracted});
    EXPECT_EQ(value(store().due("hook", kNow, 1)).at(0).expires_ms, kNow + kHour);
}

TEST_F(Retraction, of_an_unknown_message_is_only_stored) {
    queue({retraction("msg_1")});
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_EQ(value(store().alerts_since(0, 10)).size(), 1U);
}

TEST_F(Retraction, of_a_message_of_the_same_round_sends_neither) {
    queue({alert_of("msg_1", "k"), retraction("msg_1")});
    EXPECT_THAT(due("hook"), IsEmpty());
}

TEST_F(Retraction, of_another_key_is_misuse) {
    queue({alert_of("msg_1", "j")});
    RoundCommit round;
    round.now_ms = kNow;
    round.alerts = {retraction("msg_1")};
    fails(store().commit(round), StoreFault::misuse);
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
}

TEST_F(Retraction, of_an_update_leaves_the_firing_message) {
    queue({alert_of("msg_1", "k")});
    deliver("hook", "msg_1");
    queue({alert_of("msg_2", "k", "position.at_risk.updated")});
    queue({retraction("msg_2")});
    EXPECT_THAT(due("hook"), IsEmpty());
    EXPECT_EQ(counts("hook").done, 1U);
    EXPECT_EQ(counts("hook").superseded, 1U);
}

}  // namespace
}  // namespace plimsoll::store
