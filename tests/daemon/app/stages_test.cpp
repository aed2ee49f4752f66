// What a configuration is made into, in this process: stuck workers, chains that left.
#include "daemon/app/stages.hpp"

#include "config/load.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/retire.hpp"
#include "daemon/app/state_lost.hpp"
#include "daemon/app/wall_time.hpp"
#include "daemon/http/server.hpp"
#include "tests/daemon/app/process.hpp"
#include "tests/support/loopback_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::Served;
using ::testing::ElementsAre;
using testing::Folder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kSecret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

std::string settings_text(const std::string& endpoint, const std::string& rest) {
    return "version = 1\n[chains.eth]\nkind = \"evm\"\nchain_id = 1\npoll_every = \"50ms\"\n"
           "endpoints = [\"" +
           endpoint +
           "\"]\n[protocols.p]\nkind = \"aave-v3\"\nchain = \"eth\"\n"
           "address = \"0x0000000000000000000000000000000000000001\"\n" +
           rest;
}

Served hang(const test::ServedRequest& /*request*/) {
    Served out;
    out.how = Served::How::hang;
    return out;
}

config::Settings parse(const std::string& text, const Folder& folder) {
    config::SystemSecrets secrets;
    auto parsed = config::parse_settings(text, "t.toml", secrets);
    if (!parsed) {
        ADD_FAILURE() << to_string(parsed.error().front());
        return {};
    }
    parsed->daemon.state_dir = folder.path();
    return std::move(*parsed);
}

std::unique_ptr<store::Store> open(const Folder& folder) {
    auto opened = store::Store::open(folder.path(), {});
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return opened ? std::move(opened->store) : nullptr;
}

store::NewAlert alert_for(const std::string& sink) {
    store::NewAlert alert;
    alert.id = "msg_0123456789abcdef0123456789abcdef";
    alert.alert_key = "r/eip155:1/p/0x1";
    alert.episode = 1;
    alert.seq = 1;
    alert.type = "position.liquidatable.firing";
    alert.chain = "eth";
    alert.block = 1;
    alert.at = 1'768'478'411;
    alert.body = "{}";
    alert.sinks = {{sink}};
    return alert;
}

/// Waits until it holds.
template <class Holds>
bool eventually(const Holds& holds) {
    for (int i = 0; i < 2'000; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

TEST(Stages, a_chain_and_a_sink_that_hang_are_found_and_the_others_are_not) {
    const Folder folder;
    LoopbackServer node(hang);
    LoopbackServer receiver(hang);
    const auto store = open(folder);
    store::RoundCommit round;
    round.chain = "eth";
    round.now_ms = unix_seconds() * 1000;
    round.alerts = {alert_for("hook")};
    ASSERT_TRUE(store->commit(round).has_value());

    std::atomic<std::chrono::hours::rep> jump{0};
    pulse::Pulses pulses(
        [&jump] { return std::chrono::steady_clock::now() + std::chrono::hours(jump.load()); });
    metrics::Metrics metrics;
    outbox::SystemClock clock;
    auto made = Stages::make(
        parse(settings_text(node.url(), std::string("[sinks.hook]\nkind = \"webhook\"\nurl = \"") +
                                            receiver.url() +
                                            "\"\nallow_http = true\nallow_private = "
                                            "[\"127.0.0.0/8\"]\ntimeout = \"60s\"\nsecrets = [\"" +
                                            kSecret + "\"]\n[sinks.archive]\nkind = \"jsonl\"\n"),
              folder),
        Foundation{*store, pulses, metrics, clock}, 0);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    Stages& stages = **made;
    ASSERT_TRUE(stages.prepare().has_value());
    stages.start();
    ASSERT_TRUE(eventually([&] { return node.connections() > 0 && receiver.connections() > 0; }));
    EXPECT_THAT(pulses.stuck(), IsEmpty());

    jump = 1;  // by now the two have hung for an hour
    EXPECT_TRUE(eventually([&] { return pulses.stuck().size() <= 3; }));
    std::vector<std::string> stuck;
    EXPECT_TRUE(eventually([&] {
        stuck = pulses.stuck();
        // The snapshots and the archive come round by themselves.
        return std::find(stuck.begin(), stuck.end(), "snapshots") == stuck.end();
    }));
    stages.snapshotter().wake();
    EXPECT_THAT(stuck, ::testing::IsSupersetOf({"chain eth", "sink hook"}));

    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(stages.stop(200ms));  // the delivery was cut off, and stays owed
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_THAT(pulses.stuck(), Not(::testing::Contains("chain eth")));
    const auto counts = store->outbox_counts();
    ASSERT_TRUE(counts.has_value());
    for (const auto& count : *counts) EXPECT_EQ(count.pending, 1U) << count.sink;
}

TEST(Stages, a_wrong_key_or_sink_is_told_before_anything_runs) {
    const Folder folder;
    const auto store = open(folder);
    pulse::Pulses pulses;
    metrics::Metrics metrics;
    outbox::SystemClock clock;
    const auto made = Stages::make(
        parse(settings_text("http://127.0.0.1:1",
                            "[signing]\nkey = "
                            "\"4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318\"\n"
                            "expect_address = \"0x0000000000000000000000000000000000000002\"\n"),
              folder),
        Foundation{*store, pulses, metrics, clock}, 0);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().exit_code, kConfig);
    EXPECT_THAT(made.error().message, HasSubstr("[signing]"));
    EXPECT_THAT(made.error().message, Not(HasSubstr("4c0883")));
}

TEST(Stages, that_the_state_was_lost_is_told_as_every_other_alert_is) {
    const Folder folder;
    const auto store = open(folder);
    pulse::Pulses pulses;
    metrics::Metrics metrics;
    outbox::SystemClock clock;
    const auto made = Stages::make(
        parse(settings_text("http://127.0.0.1:1",
                            "[signing]\nkey = "
                            "\"4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318\"\n"
                            "[sinks.archive]\nkind = \"jsonl\"\n[sinks.team]\nkind = \"slack\"\n"
                            "url = \"https://chat.example/services/T/B/X\"\n"),
              folder),
        Foundation{*store, pulses, metrics, clock}, 0);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    const store::Store::Opened opened{nullptr, "/var/state.db.bad-7", "page 3 is torn"};
    ASSERT_TRUE((*made)->tell(state_lost(opened, 1'768'478'411)).has_value());

    const auto rows = store->outbox_rows({});
    ASSERT_TRUE(rows.has_value());
    ASSERT_EQ(rows->size(), 2U);
    for (const store::OutboxRow& row : *rows) {
        const bool is_chat = row.sink == "team";
        EXPECT_EQ(row.type, "daemon.state_lost");
        EXPECT_EQ(row.group, is_chat ? "rule=state-lost, chain=, protocol=" : "");
        EXPECT_EQ(row.expires_ms - row.created_ms, (is_chat ? 6 : 72) * 3'600'000);
        EXPECT_EQ(row.not_before_ms, 0);
        const auto alert = store->alert(row.id);
        ASSERT_TRUE(alert.has_value() && alert->has_value());
        EXPECT_THAT((*alert)->body, HasSubstr("page 3 is torn"));
        EXPECT_THAT((*alert)->signature, ::testing::StartsWith("0x"));
        EXPECT_THAT((*alert)->typed_signature, ::testing::StartsWith("0x"));
    }
}

// ---- listeners

class NoChains final : public view::Live {
  public:
    std::vector<view::ChainStatus> chains() const override { return {}; }
    std::vector<view::ProtocolStatus> protocols() const override { return {}; }
    void read(const Use& use) const override { use({}); }
};

TEST(Listeners, come_round_by_themselves_and_an_answer_that_hangs_is_found) {
    const Folder folder;
    const auto store = open(folder);
    std::atomic<std::chrono::hours::rep> jump{0};
    pulse::Pulses pulses(
        [&jump] { return std::chrono::steady_clock::now() + std::chrono::hours(jump.load()); });
    const NoChains live;
    Stop release;
    std::atomic<bool> is_asked{false};
    http::Api::Parts parts{live, *store, {}, {}, {}};
    parts.healthy = [&](std::string&) {
        is_asked = true;
        release.wait(60s);
        return true;
    };
    const http::Api api(std::move(parts));
    const auto server = http::Server::open("127.0.0.1:0", api, pulses);
    const auto control = http::ControlSocket::open(folder.path() / "control.sock", api, {}, pulses);
    ASSERT_TRUE(server.has_value() && control.has_value());
    jump = 1;
    EXPECT_TRUE(eventually([&] { return pulses.stuck().empty(); }));

    std::thread asking([&] { testing::get((*server)->url() + "/-/healthy"); });
    EXPECT_TRUE(eventually([&] { return is_asked.load(); }));
    jump = 2;
    EXPECT_TRUE(
        eventually([&] { return pulses.stuck() == std::vector<std::string>{"http answer"}; }));
    release.request();
    asking.join();
    EXPECT_TRUE(eventually([&] { return pulses.stuck().empty(); }));
}

// ---- chains that are configured no longer

class Retire : public ::testing::Test {
  protected:
    Retire() : store_(open(folder_)) {
        settings_ = parse(settings_text("http://127.0.0.1:1",
                                        "[rules.stale]\nwhen = \"source_stale\"\n"
                                        "[sinks.archive]\nkind = \"jsonl\"\n"),
                          folder_);
    }

    /// An episode that is open on the chain, as a round leaves it.
    void open_episode(const std::string& chain, const std::string& caip2) {
        rules::RuleEngine engine(engine_settings(settings_, chain, caip2, {}), {});
        rules::RoundFacts facts;
        facts.block.number = 100;
        facts.block.hash.bytes[0] = 1;
        facts.block.time = 1'768'478'000;
        facts.now = 1'768'478'411;
        facts.source.stale = true;
        commit(chain, engine.evaluate(facts), facts.block);
    }

    void commit(const std::string& chain, rules::Outcome outcome, const BlockRef& tip) {
        store::RoundCommit round;
        round.chain = chain;
        round.now_ms = 1'768'478'411'000;
        round.tip = tip;
        round.rule_states = std::move(outcome.rows);
        round.alerts = std::move(outcome.alerts);
        const auto done = store_->commit(round);
        ASSERT_TRUE(done.has_value()) << done.error().message;
    }

    void retire() {
        const auto rows = store_->rule_states();
        ASSERT_TRUE(rows.has_value());
        const auto done = retire_chains(*store_, settings_, *rows, {}, route_);
        ASSERT_TRUE(done.has_value()) << done.error().message;
    }

    std::vector<nlohmann::json> alerts() {
        std::vector<nlohmann::json> out;
        const auto stored = store_->alerts_since(0, 1000);
        EXPECT_TRUE(stored.has_value());
        for (const auto& alert : *stored) out.push_back(nlohmann::json::parse(alert.body));
        return out;
    }

    Folder folder_;
    std::unique_ptr<store::Store> store_;
    config::Settings settings_;
    std::vector<std::string> routed_;  ///< types of alerts, by their order
    routing::RouteFunction route_ = [this](store::RoundCommit& round) {
        for (const store::NewAlert& alert : round.alerts) routed_.push_back(alert.type);
    };
};

TEST_F(Retire, what_is_open_on_a_chain_that_left_resolves_once) {
    open_episode("old", "eip155:10");
    ASSERT_EQ(alerts().size(), 1U);
    retire();
    const auto told = alerts();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1]["type"], "source.stale.resolved");
    EXPECT_EQ(told[1]["data"]["reason"], "rule_changed");
    EXPECT_EQ(told[1]["data"]["chain"], "eip155:10");
    EXPECT_EQ(told[1]["data"]["alert_key"], told[0]["data"]["alert_key"]);
    EXPECT_EQ(told[1]["data"]["episode"], told[0]["data"]["episode"]);
    EXPECT_EQ(told[1]["data"]["seq"], 2);
    EXPECT_EQ(told[1]["data"]["block"]["number"], 100);
    EXPECT_THAT(routed_, ElementsAre("source.stale.resolved"));
    retire();
    EXPECT_EQ(alerts().size(), 2U);
}

TEST_F(Retire, chains_that_stay_are_left_alone) {
    open_episode("eth", "eip155:1");
    retire();
    EXPECT_EQ(alerts().size(), 1U);
}

TEST_F(Retire, nothing_open_is_nothing_told) {
    retire();
    EXPECT_THAT(alerts(), IsEmpty());
}

}  // namespace
}  // namespace plimsoll::app
