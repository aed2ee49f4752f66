#include "daemon/http/operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdlib.h>

namespace plimsoll::http {
namespace {

using ::testing::HasSubstr;
using view::Row;

constexpr std::int64_t kNow = 1'768'478'411'000;

/// The operator's commands on a real store.
class OperationsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "ops-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        auto opened = store::Store::open(folder_ / "state", {});
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        store_ = std::move(opened->store);
        store::RoundCommit round;
        round.now_ms = kNow;
        for (const char* id : {"msg_1", "msg_2"}) {
            store::NewAlert& alert = round.alerts.emplace_back();
            alert.id = id;
            alert.alert_key = std::string("key of ") + id;
            alert.type = "position.at_risk.firing";
            alert.severity = 2;
            alert.body = R"({"data":{"title":"so it is"},"id":")" + alert.id + R"("})";
            alert.muted_by = "silence:x";
            for (const char* sink : {"hook", "team"}) alert.sinks.emplace_back().sink = sink;
        }
        ASSERT_TRUE(store_->commit(round).has_value());
    }
    void TearDown() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    OperationResult ask(const std::string& path,
                        std::multimap<std::string, std::string> query = {}) {
        return operate(*store_, {path, std::move(query)}, kNow + 5'000, sinks_);
    }
    Row good(const std::string& path, std::multimap<std::string, std::string> query = {}) {
        auto done = ask(path, std::move(query));
        EXPECT_TRUE(done.has_value()) << path << ": " << done.error().message;
        return done ? *done : Row();
    }
    void refused(int status, const char* message, const std::string& path,
                 std::multimap<std::string, std::string> query = {}) {
        const auto done = ask(path, std::move(query));
        ASSERT_FALSE(done.has_value()) << path << ": " << done->dump();
        EXPECT_EQ(done.error().status, status) << done.error().message;
        EXPECT_THAT(done.error().message, HasSubstr(message));
    }

    std::filesystem::path folder_;
    std::vector<store::Destination> sinks_;  ///< configured
    std::unique_ptr<store::Store> store_;
};

TEST_F(OperationsTest, the_outbox_is_listed_newest_first_and_filtered) {
    const Row all = good("outbox/list");
    ASSERT_EQ(all["rows"].size(), 4U);
    const Row& first = all["rows"][0];
    EXPECT_EQ(first["id"], "msg_2");
    EXPECT_EQ(first["state"], "pending");
    EXPECT_EQ(first["severity"], "critical");
    EXPECT_EQ(first["created"], kNow / 1000);
    EXPECT_TRUE(first["error"].is_null());
    EXPECT_EQ(good("outbox/list", {{"sink", "hook"}})["rows"].size(), 2U);
    EXPECT_EQ(good("outbox/list", {{"state", "dead"}})["rows"].size(), 0U);
    EXPECT_EQ(good("outbox/list", {{"limit", "1"}})["rows"].size(), 1U);
    EXPECT_EQ(good("outbox/list", {{"since", "1768478412"}})["rows"].size(), 0U);
    refused(400, "unknown parameter", "outbox/list", {{"snik", "hook"}});
    refused(404, "no sink 'hok'; did you mean 'hook'? known: hook, team", "outbox/list",
            {{"sink", "hok"}});
    refused(404, "no sink 'hok'", "outbox/retry", {{"sink", "hok"}});
    refused(404, "no sink 'pager'; known: hook, team", "sink/enable", {{"name", "pager"}});
    refused(400, "state", "outbox/list", {{"state", "lost"}});
}

TEST_F(OperationsTest, a_message_is_shown_with_its_alert_and_its_sinks) {
    const Row shown = good("outbox/show", {{"id", "msg_1"}});
    EXPECT_EQ(shown["alert"]["data"]["title"], "so it is");
    EXPECT_EQ(shown["muted_by"], "silence:x");
    EXPECT_EQ(shown["sinks"].size(), 2U);
    refused(404, "no message msg_9", "outbox/show", {{"id", "msg_9"}});
    refused(400, "give its id", "outbox/show");
}

TEST_F(OperationsTest, messages_are_dropped_and_sent_again) {
    refused(400, "which messages", "outbox/drop");
    refused(404, "no message msg_9;", "outbox/drop", {{"id", "msg_9"}});
    refused(404, "no sink 'pager'", "outbox/retry", {{"id", "msg_1"}, {"sink", "pager"}});
    sinks_.emplace_back().sink =
        "pager";  // configured, and never told anything; the others are known to the store
    refused(404, "no message msg_1 at sink pager;", "outbox/retry",
            {{"id", "msg_1"}, {"sink", "pager"}});
    EXPECT_EQ(good("outbox/list", {{"sink", "pager"}})["rows"].size(), 0U);
    EXPECT_EQ(good("outbox/drop", {{"id", "msg_1"}, {"sink", "hook"}})["changed"], 1);
    EXPECT_EQ(good("outbox/drop", {{"id", "msg_1"}, {"sink", "hook"}})["changed"], 0);
    EXPECT_EQ(good("outbox/list", {{"state", "dead"}})["rows"][0]["reason"], "dropped");
    EXPECT_EQ(good("outbox/retry", {{"sink", "hook"}, {"state", "dead"}})["changed"], 1);
    EXPECT_EQ(good("outbox/list", {{"state", "pending"}})["rows"].size(), 4U);
    EXPECT_TRUE(changes_outbox("outbox/retry"));
    EXPECT_FALSE(changes_outbox("outbox/list"));
}

TEST_F(OperationsTest, the_beginning_of_an_id_will_do) {
    store::RoundCommit round;
    round.now_ms = kNow;
    for (const char* id : {"msg_0a1b2c3d44", "msg_0a1b2c3d55", "msg_0a9", "msg_1f"}) {
        store::NewAlert& alert = round.alerts.emplace_back();
        alert.id = id;
        alert.alert_key = std::string("key of ") + id;
        alert.type = "position.at_risk.firing";
        alert.body = R"({"data":{"title":")" + alert.id + R"("},"id":")" + alert.id + R"("})";
        store::Destination& hook = alert.sinks.emplace_back();
        hook.sink = "hook";
        hook.group = "g";
    }
    ASSERT_TRUE(store_->commit(round).has_value());
    const store::Ids together{"msg_0a1b2c3d44", "msg_0a9"};
    ASSERT_TRUE(store_->mark_bundle("hook", together, "msg_b00d1e", kNow).has_value());
    EXPECT_EQ(good("outbox/show", {{"id", "msg_0a1b2c3d5"}})["id"], "msg_0a1b2c3d55");
    EXPECT_EQ(good("outbox/show", {{"id", "msg_1"}})["id"], "msg_1") << "it is one itself";
    refused(400, "2 messages begin with msg_0a1b2c3d; give more of the id", "outbox/show",
            {{"id", "msg_0a1b2c3d"}});
    refused(400, "3 messages begin with msg_0a;", "outbox/drop", {{"id", "msg_0a"}});
    refused(404, "no message msg_0b;", "outbox/retry", {{"id", "msg_0b"}});
    refused(404, "no message msg_0b at sink team;", "outbox/retry",
            {{"id", "msg_0b"}, {"sink", "team"}});
    refused(404, "no message msg_0a9 at sink team", "outbox/drop",
            {{"id", "msg_0a9"}, {"sink", "team"}});

    const Row shown = good("outbox/show", {{"id", "msg_b00d"}});
    EXPECT_EQ(shown["id"], "msg_b00d1e");
    ASSERT_EQ(shown["alerts"].size(), 2U);
    EXPECT_EQ(shown["alerts"][0]["data"]["title"], "msg_0a1b2c3d44");
    EXPECT_EQ(shown["sinks"].size(), 2U);
    EXPECT_EQ(good("outbox/list", {{"id", "msg_b00d"}})["rows"].size(), 2U);
    EXPECT_EQ(good("outbox/drop", {{"id", "msg_b0"}})["changed"], 2);
    EXPECT_EQ(good("outbox/drop", {{"id", "msg_0a1b2c3d5"}})["changed"], 1);
    EXPECT_EQ(good("outbox/list", {{"state", "dead"}})["rows"].size(), 3U);
}

TEST_F(OperationsTest, what_is_sent_again_is_worth_it_for_as_long_as_its_sink_says) {
    sinks_.resize(2);
    sinks_[0].sink = "hook";
    sinks_[0].max_age_ms = 60'000;
    sinks_[1].sink = "pager";
    good("outbox/drop", {{"id", "msg_1"}});
    EXPECT_EQ(good("outbox/retry", {{"id", "msg_1"}})["changed"], 2);
    for (const auto& [sink, seconds] : {std::pair{"hook", 60}, {"team", 72 * 3600}}) {
        const Row rows = good("outbox/list", {{"id", "msg_1"}, {"sink", sink}})["rows"];
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows[0]["expires"], kNow / 1000 + 5 + seconds) << sink;
    }
}

TEST_F(OperationsTest, silences_are_added_listed_and_ended) {
    const Row added = good("silence/add", {{"matchers", "rule=hf-*\nchain!=eip155:1\n"},
                                           {"for", "7200"},
                                           {"by", "ana"},
                                           {"why", "planned work"}});
    EXPECT_EQ(added["state"], "active");
    EXPECT_EQ(added["matchers"], (Row{"rule=hf-*", "chain!=eip155:1"}));
    EXPECT_EQ(added["ends"], kNow / 1000 + 5 + 7200);
    const std::string id = added["id"].get<std::string>();
    EXPECT_EQ(good("silence/list")["rows"][0]["id"], id);
    EXPECT_EQ(good("silence/expire", {{"id", id}})["state"], "expired");
    EXPECT_EQ(good("silence/list")["rows"][0]["state"], "expired");
    refused(404, "no silence", "silence/expire", {{"id", "nosuch"}});
    refused(400, "needs a matcher", "silence/add", {{"for", "1"}, {"by", "a"}, {"why", "b"}});
    refused(400, "an author", "silence/add", {{"matchers", "rule=a"}, {"for", "1"}, {"why", "b"}});
}

TEST_F(OperationsTest, a_sink_that_is_gone_is_used_again) {
    store::SinkState state;
    state.sink = "hook";
    state.circuit_open = true;
    state.disabled_why = "HTTP 410";
    ASSERT_TRUE(store_->set_sink_state(state).has_value());
    EXPECT_EQ(good("sink/enable", {{"name", "hook"}})["enabled"], "hook");
    EXPECT_EQ(store_->sink_states().value().front().disabled_why, "");
    refused(400, "which sink", "sink/enable");
    refused(404, "no command", "sink/explode");
}

}  // namespace
}  // namespace plimsoll::http
