#include "tests/daemon/store/support.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace plimsoll::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kWait = 10'000;
constexpr std::int64_t kInterval = 60'000;

NewAlert grouped(const std::string& id, const std::string& key,
                 const std::string& type = "position.at_risk.firing", std::int64_t hold = kWait) {
    NewAlert out = alert_of(id, key, type);
    out.body = R"({"data":{},"id":")" + id + R"("})";
    out.sinks.clear();
    Destination& chat = out.sinks.emplace_back();
    chat.sink = "chat";
    chat.group = "rule=hf";
    chat.hold_ms = hold;
    chat.interval_ms = hold == 0 ? 0 : kInterval;
    return out;
}

class BundleTest : public StoreTest {
  protected:
    Ids members(const std::string& head, std::size_t limit = 100) {
        Ids out;
        for (const DueMessage& one : value(store().group_of("chat", head, limit))) {
            out.push_back(one.alert.id);
        }
        return out;
    }
    std::optional<GroupNow> mark(const Ids& ids, const std::string& bundle,
                                 std::int64_t now_ms = kNow) {
        return value(store().mark_bundle("chat", ids, bundle, now_ms));
    }
    /// Sends what is due and what goes with it.
    GroupNow send(std::int64_t now_ms, const std::string& bundle) {
        const auto heads = due("chat", now_ms);
        EXPECT_FALSE(heads.empty());
        if (heads.empty()) return {};
        const Ids ids = members(heads.front());
        const auto now = mark(ids, bundle, now_ms);
        ok(store().mark_done("chat", ids, now_ms));
        return now.value_or(GroupNow{});
    }
};

TEST_F(BundleTest, waits_for_others_and_then_goes_with_them) {
    queue({grouped("msg_1", "a")});
    queue({grouped("msg_2", "b")}, kNow + 4'000);
    EXPECT_THAT(due("chat", kNow + kWait - 1), IsEmpty());
    EXPECT_THAT(due("chat", kNow + kWait), ElementsAre("msg_1", "msg_2"));
    EXPECT_EQ(value(store().next_due_ms("chat")), kNow + kWait);
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1", "msg_2"));
    EXPECT_THAT(members("msg_2"), ElementsAre("msg_1", "msg_2"));
}

TEST_F(BundleTest, waiting_survives_a_restart) {
    queue({grouped("msg_1", "a"), grouped("msg_2", "b")});
    reopen();
    EXPECT_THAT(due("chat", kNow + kWait - 1), IsEmpty());
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1", "msg_2"));
}

TEST_F(BundleTest, what_is_urgent_takes_those_that_wait_along) {
    queue({grouped("msg_1", "a")});
    queue({grouped("msg_2", "b", "position.at_risk.firing", 0)}, kNow + 1);
    EXPECT_THAT(due("chat", kNow + 1), ElementsAre("msg_2"));
    EXPECT_THAT(members("msg_2"), ElementsAre("msg_1", "msg_2"));
}

TEST_F(BundleTest, next_message_of_the_group_keeps_the_interval) {
    queue({grouped("msg_1", "a")});
    send(kNow + kWait, "bundle_1");
    const std::int64_t sent = kNow + kWait;
    queue({grouped("msg_2", "b")}, sent + 5'000);
    EXPECT_THAT(due("chat", sent + kInterval - 1), IsEmpty());
    EXPECT_THAT(due("chat", sent + kInterval), ElementsAre("msg_2"));
    send(sent + kInterval, "bundle_2");
    queue({grouped("msg_3", "c")}, sent + 10 * kInterval);
    EXPECT_THAT(due("chat", sent + 10 * kInterval + kWait), ElementsAre("msg_3"));
}

TEST_F(BundleTest, a_clock_set_back_makes_nothing_wait_for_long) {
    queue({grouped("msg_1", "a")});
    send(kNow + kWait, "bundle_1");
    queue({grouped("msg_2", "b")}, kNow - 86'400'000);
    EXPECT_THAT(due("chat", kNow - 86'400'000 + kInterval), ElementsAre("msg_2"));
}

TEST_F(BundleTest, a_retry_has_the_same_members_whatever_came_since) {
    queue({grouped("msg_1", "a"), grouped("msg_2", "b")});
    ASSERT_TRUE(mark({"msg_1", "msg_2"}, "bundle_1").has_value());
    queue({grouped("msg_3", "c", "position.at_risk.firing", 0),
           grouped("msg_4", "a", "position.at_risk.updated", 0)},
          kNow + 1);
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1", "msg_2"));
    EXPECT_THAT(members("msg_3"), ElementsAre("msg_3"));
    ok(store().mark_retry("chat", {"msg_1", "msg_2"}, kNow + 1'000, "timeout"));
    EXPECT_THAT(due("chat", kNow + 999), ElementsAre("msg_3"));
    reopen();
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1", "msg_2"));
    EXPECT_EQ(value(store().due("chat", kNow + 1'000, 9)).front().bundle, "bundle_1");
    ok(store().mark_done("chat", {"msg_1", "msg_2"}, kNow + 2'000));
    EXPECT_THAT(members("msg_4"), ElementsAre("msg_3", "msg_4"));
}

TEST_F(BundleTest, all_of_it_or_nothing_is_marked) {
    queue({grouped("msg_1", "a"), grouped("msg_2", "b")});
    ok(store().mark_dead("chat", {"msg_2"}, kNow, "gone", ""));
    EXPECT_FALSE(mark({"msg_1", "msg_2"}, "bundle_1").has_value());
    EXPECT_EQ(value(store().due("chat", kNow + kWait, 9)).front().attempts, 0U);
}

TEST_F(BundleTest, without_one_that_is_given_up_the_others_are_another_message) {
    for (const bool is_dropped : {false, true}) {
        const std::string n = is_dropped ? "2" : "1";
        queue({grouped("old" + n, "a"), grouped("young" + n, "b")});
        ASSERT_TRUE(mark({"old" + n, "young" + n}, "bundle_" + n).has_value());
        if (is_dropped) {
            OutboxQuery query;
            query.id = "old" + n;
            EXPECT_EQ(value(store().drop_messages(query, kNow)), 1U);
        } else {
            ok(store().mark_dead("chat", {"old" + n}, kNow, "expired", ""));
        }
        queue({grouped("new" + n, "c")});
        const auto left = value(store().group_of("chat", "young" + n, 9));
        ASSERT_EQ(left.size(), 2U);
        EXPECT_EQ(left[0].alert.id, "young" + n);
        EXPECT_EQ(left[0].bundle, "");
        EXPECT_EQ(left[0].attempts, 1U);
        EXPECT_EQ(left[1].alert.id, "new" + n);
        ok(store().mark_done("chat", {"young" + n, "new" + n}, kNow));
    }
}

TEST_F(BundleTest, limit_keeps_the_head_and_the_order_of_keys) {
    queue({grouped("msg_1", "a"), grouped("msg_2", "b"), grouped("msg_3", "c"),
           grouped("msg_4", "d")});
    EXPECT_THAT(members("msg_4", 2), ElementsAre("msg_1", "msg_4"));
    EXPECT_THAT(members("msg_1", 2), ElementsAre("msg_1", "msg_2"));
}

TEST_F(BundleTest, counts_what_fires_once_it_is_told_and_names_what_began_it) {
    queue({grouped("msg_1", "a")});
    auto now = send(kNow + kWait, "b1");
    EXPECT_EQ(now.open, 1U);
    EXPECT_EQ(now.lead, "a");
    queue({grouped("msg_2", "b"), grouped("msg_3", "c")}, kNow + kWait);
    now = send(kNow + kWait + kInterval, "b2");
    EXPECT_EQ(now.open, 3U);
    EXPECT_EQ(now.lead, "a");
    queue({grouped("msg_4", "a", "position.at_risk.resolved"),
           grouped("msg_5", "b", "position.at_risk.resolved")},
          kNow + 10 * kInterval);
    now = send(kNow + 11 * kInterval, "b3");
    EXPECT_EQ(now.open, 1U);
    EXPECT_EQ(now.lead, "a");
    queue({grouped("msg_6", "c", "position.at_risk.resolved")}, kNow + 20 * kInterval);
    now = send(kNow + 21 * kInterval, "b4");
    EXPECT_EQ(now.open, 0U);
    EXPECT_EQ(now.lead, "a");
    NewAlert again = grouped("msg_7", "c");
    again.episode = 8;
    queue({again}, kNow + 30 * kInterval);
    now = send(kNow + 31 * kInterval, "b5");
    EXPECT_EQ(now.open, 1U);
    EXPECT_EQ(now.lead, "c");
}

TEST_F(BundleTest, ten_thousand_alerts_of_one_block_are_few_messages) {
    constexpr std::size_t kAlerts = 10'000;
    std::vector<NewAlert> alerts;
    for (std::size_t i = 0; i < kAlerts; ++i) {
        const std::string name = std::to_string(i);
        alerts.push_back(grouped("msg_" + name, "key " + name, "position.at_risk.firing", 0));
    }
    queue(std::move(alerts));
    std::size_t messages = 0;
    std::uint64_t open = 0;
    for (; !due("chat", kNow, 1).empty() && messages < 20; ++messages) {
        const Ids ids = members(due("chat", kNow, 1).front(), 1'000);
        open = mark(ids, "bundle_" + std::to_string(messages)).value_or(GroupNow{}).open;
        ok(store().mark_done("chat", ids, kNow));
    }
    EXPECT_EQ(messages, 10U);
    EXPECT_EQ(open, kAlerts);
    EXPECT_EQ(counts("chat").done, kAlerts);
}

TEST_F(BundleTest, dissolved_messages_go_alone_and_at_once) {
    queue({grouped("msg_1", "a"), grouped("msg_2", "b")});
    ASSERT_TRUE(mark({"msg_1", "msg_2"}, "bundle_1").has_value());
    ok(store().dissolve("chat", {"msg_1", "msg_2"}));
    const auto rows = value(store().due("chat", kNow, 9));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows.front().group, "");
    EXPECT_THAT(members("msg_1"), IsEmpty());
}

TEST_F(BundleTest, a_resolved_goes_only_where_something_of_the_episode_went_or_will) {
    NewAlert firing = grouped("msg_1", "a");
    queue({firing});
    NewAlert resolved = grouped("msg_2", "a", "position.at_risk.resolved");
    Destination& other = resolved.sinks.emplace_back();
    other.sink = "never told";
    Destination& archive = resolved.sinks.emplace_back();
    archive.sink = "archive";
    archive.keeps_all = true;
    queue({resolved}, kNow + 1);
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1", "msg_2"));
    EXPECT_THAT(due("never told", kNow + kWait), IsEmpty());
    EXPECT_THAT(due("archive"), ElementsAre("msg_2"));
    NewAlert later = grouped("msg_3", "a", "position.at_risk.resolved");
    later.episode = 99;  // of which nothing was told
    queue({later}, kNow + 2);
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1", "msg_2"));
}

TEST_F(BundleTest, a_retraction_follows_a_bundle_that_was_attempted) {
    queue({grouped("msg_1", "a"), grouped("msg_2", "b")});
    NewAlert taken_back = grouped("msg_3", "b", "position.at_risk.retracted");
    taken_back.retracts = "msg_2";
    queue({taken_back}, kNow + 1);
    EXPECT_THAT(members("msg_1"), ElementsAre("msg_1"));
    queue({grouped("msg_4", "c")}, kNow + 2);
    ASSERT_TRUE(mark({"msg_1", "msg_4"}, "bundle_1").has_value());
    NewAlert second = grouped("msg_5", "c", "position.at_risk.retracted");
    second.retracts = "msg_4";
    queue({second}, kNow + 3);
    ok(store().mark_done("chat", {"msg_1", "msg_4"}, kNow + 4));
    EXPECT_THAT(due("chat", kNow + 4), ElementsAre("msg_5"));
}

// ---- mutes, silences, what operators do

TEST_F(BundleTest, mutes_and_silences_are_kept) {
    RoundCommit round;
    round.now_ms = kNow;
    round.mutes = {{"a", "chat", "silence:1", false}, {"b", "chat", "silence:1", false}};
    ok(store().commit(round));
    round.mutes = {{"a", "chat", "", true}};
    ok(store().commit(round));
    SilenceRow silence{"1", "rule=hf", 1'000'000, 1'003'600, "ana", "work"};
    ok(store().put_silence(silence));
    reopen();
    EXPECT_THAT(value(store().mutes()), ElementsAre(MuteRow{"b", "chat", "silence:1", false}));
    EXPECT_THAT(value(store().silences()), ElementsAre(silence));
    silence.ends = 1'000'100;
    ok(store().put_silence(silence));
    EXPECT_THAT(value(store().silences()), ElementsAre(silence));
    ok(store().put_silence({"2", "rule=hf", 1'000'100 + 120 * 3600 + 1, 9'000'000, "ana", "work"}));
    EXPECT_EQ(value(store().silences()).size(), 1U);
}

TEST_F(BundleTest, alerts_that_fire_are_known_by_their_last_message) {
    RoundCommit round;
    round.now_ms = kNow;
    RuleStateRow row;
    row.rule = "hf";
    row.subject = "a";
    row.state = "firing";
    row.episode = 7;
    round.rule_states = {row};
    NewAlert second = alert_of("msg_2", "a", "position.at_risk.updated");
    second.seq = 2;
    round.alerts = {alert_of("msg_1", "a"), second, alert_of("msg_3", "b")};
    ok(store().commit(round));
    const auto open = value(store().open_alerts());
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open.front().id, "msg_2");
    EXPECT_EQ(value(store().alert("msg_3"))->alert_key, "b");
    EXPECT_FALSE(value(store().alert("msg_9")).has_value());
}

TEST_F(BundleTest, dead_letters_are_told_once_and_what_is_about_the_daemon_never) {
    NewAlert about_us = alert_of("msg_3", "d", "daemon.sink_down.firing");
    queue({alert_of("msg_1", "a"), alert_of("msg_2", "b"), about_us});
    ok(store().mark_dead("hook", {"msg_1"}, kNow, "expired", "timeout"));
    ok(store().mark_dead("hook", {"msg_2"}, kNow, "poison", "400"));
    ok(store().mark_dead("hook", {"msg_3"}, kNow, "expired", ""));
    const auto found = value(store().dead_letters());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().count, 2U);
    EXPECT_EQ(found.front().reasons,
              (std::map<std::string, std::uint64_t>{{"expired", 1}, {"poison", 1}}));
    EXPECT_EQ(found.front().first.front().id, "msg_1");
    RoundCommit round;
    round.now_ms = kNow;
    round.alerts = {alert_of("msg_9", "dead", "daemon.dead_letter.fired")};
    ok(store().announce(round, found));
    EXPECT_THAT(value(store().dead_letters()), IsEmpty());
    EXPECT_TRUE(value(store().alert("msg_9")).has_value());
}

TEST_F(BundleTest, operators_send_again_and_drop) {
    queue({alert_of("msg_1", "a"), alert_of("msg_2", "a"), alert_of("msg_3", "b")});
    ok(store().mark_dead("hook", {"msg_1"}, kNow, "poison", "400"));
    EXPECT_THAT(due("hook"), ElementsAre("msg_2", "msg_3"));
    OutboxQuery dead;
    dead.sink = "hook";
    dead.state = "dead";
    EXPECT_EQ(value(store().outbox_rows(dead)).size(), 1U);
    Destination hook;
    hook.sink = "hook";
    hook.max_age_ms = 1'000;
    EXPECT_EQ(value(store().retry_messages(dead, kNow + 1, std::vector{hook})), 1U);
    EXPECT_THAT(due("hook"), ElementsAre("msg_1", "msg_3"));
    EXPECT_EQ(value(store().due("hook", kNow, 9)).front().expires_ms, kNow + 1'001);
    OutboxQuery one;
    one.id = "msg_1";
    EXPECT_EQ(value(store().drop_messages(one, kNow)), 1U);
    EXPECT_EQ(value(store().drop_messages(one, kNow)), 0U);
    EXPECT_THAT(due("hook"), ElementsAre("msg_2", "msg_3"));
    EXPECT_EQ(value(store().outbox_rows(one)).front().dead_reason, "dropped");
    EXPECT_THAT(value(store().dead_letters()), IsEmpty());
    deliver("hook", "msg_3");
    OutboxQuery done;
    done.id = "msg_3";
    EXPECT_EQ(value(store().retry_messages(done, kNow, {})), 0U);
}

TEST_F(BundleTest, a_message_that_waits_is_sent_at_once_when_asked) {
    queue({alert_of("msg_1", "a")});
    ok(store().mark_retry("hook", {"msg_1"}, kNow + 60'000, "timeout"));
    EXPECT_THAT(due("hook"), IsEmpty());
    OutboxQuery query;
    query.sink = "hook";
    EXPECT_EQ(value(store().retry_messages(query, kNow, {})), 1U);
    EXPECT_THAT(due("hook"), ElementsAre("msg_1"));
}

TEST_F(BundleTest, what_belongs_to_an_alert_that_fires_is_not_purged) {
    RoundCommit round;
    round.now_ms = kNow;
    RuleStateRow row;
    row.rule = "hf";
    row.subject = "a";
    row.state = "firing";
    row.episode = 7;
    round.rule_states = {row};
    round.alerts = {alert_of("msg_1", "a"), alert_of("msg_2", "b")};
    ok(store().commit(round));
    deliver("hook", "msg_1");
    deliver("hook", "msg_2");
    EXPECT_FALSE(value(store().purge(kNow + 1)));
    EXPECT_TRUE(value(store().alert("msg_1")).has_value());
    EXPECT_FALSE(value(store().alert("msg_2")).has_value());
}

}  // namespace
}  // namespace plimsoll::store
