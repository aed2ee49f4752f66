#include "config/inhibits.hpp"
#include "daemon/routing/router.hpp"
#include "tests/daemon/routing/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace plimsoll::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kAll{"hook", "team", "archive"};

std::map<std::string, SinkTraits> sinks() {
    return {{"hook", {}},
            {"team", {true, {"rule", "chain", "protocol"}, 10'000, 60'000}},
            {"archive", {}}};
}

/// A plan, and rounds of one alert each.
class PlanTest : public ::testing::Test {
  protected:
    store::RoundCommit round(const Made& made, const std::string& state, std::int64_t at) {
        store::RoundCommit out;
        out.alerts.push_back(made.stored(kAll));
        out.rule_states.push_back(made.row(state));
        plan_.route(out, silences_, at);
        return out;
    }
    std::vector<std::string> told(const Made& made, const std::string& state, std::int64_t at) {
        return names_of(round(made, state, at).alerts.front().sinks);
    }
    void silence(const char* matcher, std::int64_t from, std::int64_t seconds) {
        silences_.push_back(make_silence({{matcher}, seconds, "ana", "test"}, from).value());
    }

    Plan plan_{sinks(), config::default_inhibits()};
    std::vector<Silence> silences_;
};

Made said(const char* word, const char* reason = "", std::uint64_t seq = 1) {
    Made out;
    out.type = std::string("position.at_risk.") + word;
    out.reason = reason;
    out.seq = seq;
    return out;
}

TEST_F(PlanTest, without_mutes_everybody_is_told) {
    EXPECT_THAT(told(said("firing"), "firing", 0), ElementsAre("hook", "team", "archive"));
}

TEST_F(PlanTest, a_silenced_alert_goes_to_the_archive_alone_and_says_why) {
    silence("rule=hf", 0, 100);
    const auto done = round(said("firing"), "firing", 10);
    EXPECT_THAT(names_of(done.alerts.front().sinks), ElementsAre("archive"));
    EXPECT_EQ(done.alerts.front().muted_by, "silence:" + silences_.front().id);
    EXPECT_EQ(done.mutes.size(), 2U);
    EXPECT_EQ(done.mutes.front().sink, "hook");
}

TEST_F(PlanTest, it_is_told_once_nothing_holds_it_back_and_only_where_it_was_held) {
    told(said("firing"), "firing", 0);
    silence("rule=hf", 10, 100);
    EXPECT_THAT(told(said("repeated", "", 2), "firing", 20), ElementsAre("archive"));
    EXPECT_THAT(plan_.unmuted(silences_, 109), IsEmpty());
    EXPECT_THAT(plan_.unmuted(silences_, 110), ElementsAre(said("firing").key()));
    EXPECT_THAT(told(said("repeated", "unmuted", 3), "firing", 110),
                ElementsAre("hook", "team", "archive"));
    EXPECT_THAT(plan_.unmuted(silences_, 110), IsEmpty());
    EXPECT_THAT(told(said("repeated", "unmuted", 4), "firing", 120), ElementsAre("archive"));
}

TEST_F(PlanTest, what_ended_while_it_was_held_back_is_forgotten) {
    silence("rule=hf", 0, 100);
    told(said("firing"), "firing", 10);
    const auto done = round(said("resolved", "", 2), "", 20);
    EXPECT_EQ(done.mutes.size(), 2U);
    EXPECT_TRUE(done.mutes.front().erased);
    EXPECT_THAT(plan_.unmuted(silences_, 200), IsEmpty());
}

TEST_F(PlanTest, an_inhibitor_of_the_same_round_holds_back) {
    Made oracle = said("firing");
    oracle.type = "oracle.stale.firing";
    oracle.rule = "oracle";
    oracle.subject = "WETH";
    store::RoundCommit round;
    round.alerts = {said("firing").stored(kAll), oracle.stored(kAll)};
    round.rule_states = {said("firing").row("firing"), oracle.row("firing")};
    plan_.route(round, silences_, 0);
    EXPECT_THAT(names_of(round.alerts[0].sinks), ElementsAre("archive"));
    EXPECT_EQ(round.alerts[0].muted_by, "inhibit:" + oracle.key());
    EXPECT_THAT(names_of(round.alerts[1].sinks), ElementsAre("hook", "team", "archive"));
    oracle.type = "oracle.stale.resolved";
    oracle.seq = 2;
    EXPECT_THAT(told(oracle, "", 10), ElementsAre("hook", "team", "archive"));
    EXPECT_THAT(plan_.unmuted(silences_, 10), ElementsAre(said("firing").key()));
}

TEST_F(PlanTest, a_restart_knows_what_it_held_back) {
    silence("rule=hf", 0, 100);
    const auto before = round(said("firing"), "firing", 10);
    store::StoredAlert stored;
    stored.alert_key = said("firing").key();
    stored.chain = "ethereum";
    stored.body = said("firing").body();
    Plan again(sinks(), config::default_inhibits());
    std::vector<store::MuteRow> rows = before.mutes;
    rows.push_back({"gone/key", "hook", "silence:x", false});
    const auto erased = again.load(std::vector{stored}, rows);
    ASSERT_EQ(erased.size(), 1U);
    EXPECT_EQ(erased.front().alert_key, "gone/key");
    EXPECT_THAT(again.unmuted(silences_, 99), IsEmpty());
    EXPECT_THAT(again.unmuted(silences_, 100), ElementsAre(stored.alert_key));
}

struct Held {
    const char* type;
    const char* severity;
    const char* reason;
    std::int64_t hold;
    std::int64_t interval;
};

class Grouping : public ::testing::TestWithParam<Held> {};

TEST_P(Grouping, waits_unless_it_is_urgent) {
    Made made;
    made.type = GetParam().type;
    made.severity = GetParam().severity;
    made.reason = GetParam().reason;
    store::Destination destination;
    destination.sink = "team";
    const auto out = grouped(destination, sinks().at("team"), made.traits());
    EXPECT_EQ(out.group, "rule=hf, chain=eip155:1, protocol=aave");
    EXPECT_EQ(out.hold_ms, GetParam().hold);
    EXPECT_EQ(out.interval_ms, GetParam().interval);
    EXPECT_EQ(grouped(destination, sinks().at("hook"), made.traits()).group, "");
    destination.keeps_all = true;
    EXPECT_EQ(grouped(destination, sinks().at("team"), made.traits()).group, "");
}

INSTANTIATE_TEST_SUITE_P(
    Words, Grouping,
    ::testing::Values(Held{"position.at_risk.firing", "warning", "", 10'000, 60'000},
                      Held{"position.at_risk.firing", "critical", "", 0, 0},
                      Held{"position.at_risk.updated", "critical", "", 0, 0},
                      Held{"position.at_risk.repeated", "critical", "", 10'000, 60'000},
                      Held{"position.at_risk.repeated", "critical", "unmuted", 0, 0},
                      Held{"position.at_risk.resolved", "critical", "", 10'000, 60'000},
                      Held{"position.liquidated.fired", "info", "", 10'000, 60'000}),
    [](const auto& tested) { return "n" + std::to_string(tested.index); });

/// One alert under a random history of silences, an inhibitor and its own turns, against what a
/// reader would expect who only looks at what reached the sink.
class RandomHistory : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomHistory, whatever_fires_unmuted_has_been_told) {
    std::mt19937 random(GetParam());
    Plan plan(sinks(), config::default_inhibits());
    std::vector<Silence> silences;
    Made oracle = said("firing");
    oracle.type = "oracle.stale.firing";
    oracle.rule = "oracle";
    oracle.subject = "WETH";
    bool oracle_fires = false;
    bool fires = false;
    bool is_known = false;  // at the hook, since it fires
    std::uint64_t seq = 0;
    for (std::int64_t now = 0; now < 400; ++now) {
        store::RoundCommit round;
        if (random() % 20 == 0) {
            oracle_fires = !oracle_fires;
            oracle.type = oracle_fires ? "oracle.stale.firing" : "oracle.stale.resolved";
            round.alerts.push_back(oracle.stored(kAll));
            round.rule_states.push_back(oracle.row(oracle_fires ? "firing" : ""));
        }
        if (random() % 15 == 0) {
            silences.push_back(
                make_silence({{"rule=hf"}, 1 + static_cast<std::int64_t>(random() % 20), "a", "b"},
                             now)
                    .value());
        }
        const auto unmuted = plan.unmuted(silences, now);
        EXPECT_TRUE(fires || unmuted.empty()) << "at " << now;
        std::string word;
        if (!fires && random() % 8 == 0) {
            word = "firing";
        } else if (fires && random() % 25 == 0) {
            word = "resolved";
        } else if (fires && unmuted.contains(said("firing").key())) {
            word = "unmuted";
        } else if (fires && random() % 10 == 0) {
            word = "updated";
        }
        if (!word.empty()) {
            const bool is_unmuted = word == "unmuted";
            Made made =
                said(is_unmuted ? "repeated" : word.c_str(), is_unmuted ? "unmuted" : "", ++seq);
            round.alerts.push_back(made.stored(kAll));
            round.rule_states.push_back(made.row(word == "resolved" ? "" : "firing"));
        }
        plan.route(round, silences, now);
        const bool is_held =
            oracle_fires || std::any_of(silences.begin(), silences.end(),
                                        [&](const Silence& one) { return one.holds_at(now); });
        if (!word.empty()) {
            const auto to = names_of(round.alerts.back().sinks);
            const bool at_hook = std::find(to.begin(), to.end(), "hook") != to.end();
            EXPECT_EQ(to.back(), "archive");
            if (word == "resolved") {
                EXPECT_TRUE(at_hook);
            } else if (is_held) {
                EXPECT_FALSE(at_hook) << word << " at " << now;
            } else {
                EXPECT_TRUE(at_hook) << word << " at " << now;
            }
            fires = word != "resolved";
            is_known = fires && (at_hook || (is_known && word != "firing"));
            if (fires && !at_hook) is_known = false;  // there is news that it does not know
        }
        if (fires && !is_held && !is_known) {
            EXPECT_TRUE(plan.unmuted(silences, now).contains(said("firing").key())) << "at " << now;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistory, ::testing::Range(0U, 40U));

}  // namespace
}  // namespace plimsoll::routing
