#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Lines = std::vector<std::string>;

/// The first look is at a healthy world, so that what comes next is not `initial`.
Scenario started(config::RuleSettings one) {
    Scenario scenario({std::move(one)});
    EXPECT_THAT(scenario.round(99), IsEmpty());
    return scenario;
}

// ---- the threshold

struct Threshold {
    const char* name;
    const char* when;
    const char* health_factor;
    bool fires;
};
class Thresholds : public testing::TestWithParam<Threshold> {};

TEST_P(Thresholds, are_exact) {
    Scenario scenario = started(rule(GetParam().when));
    scenario.healths = {position(1, GetParam().health_factor)};
    EXPECT_EQ(scenario.round(100), GetParam().fires ? Lines{"firing 100/1 @100"} : Lines{});
}

INSTANTIATE_TEST_SUITE_P(
    Table, Thresholds,
    testing::Values(
        Threshold{"one_is_not_below_one", "health_factor < 1", "1", false},
        Threshold{"one_wei_below", "health_factor < 1", "0.999999999999999999", true},
        Threshold{"one_wei_above", "health_factor < 1", "1.000000000000000001", false},
        Threshold{"at_most_one", "health_factor <= 1", "1", true},
        Threshold{"at_most_one_wei_above", "health_factor <= 1", "1.000000000000000001", false},
        Threshold{"liquidatable_at_one", "liquidatable", "1", false},
        Threshold{"liquidatable_below", "liquidatable", "0.999999999999999999", true},
        Threshold{"zero", "health_factor < 1", "0", true},
        Threshold{"at_risk_at", "health_factor < 1.05", "1.05", false},
        Threshold{"at_risk_below", "health_factor < 1.05", "1.049999999999999999", true},
        Threshold{"both_hold", "health_factor < 1.05 and health_factor >= 1", "1", true},
        Threshold{"one_does_not", "health_factor < 1.05 and health_factor >= 1", "0.99", false}),
    [](const auto& tested) { return tested.param.name; });

TEST(RuleEngine, types_follow_the_threshold) {
    for (const auto& [when, type] :
         {std::pair{"health_factor < 1", "position.liquidatable.firing"},
          std::pair{"health_factor < 1.0", "position.liquidatable.firing"},
          std::pair{"liquidatable", "position.liquidatable.firing"},
          std::pair{"health_factor <= 1", "position.at_risk.firing"},
          std::pair{"health_factor < 1.05", "position.at_risk.firing"}}) {
        Scenario scenario = started(rule(when));
        scenario.healths = {position(1, "0.5")};
        scenario.round(100);
        EXPECT_EQ(scenario.stored.at(0).type, type) << when;
    }
}

// ---- one message per episode, hysteresis

TEST(RuleEngine, says_it_once_and_says_the_end) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.healths = {position(1, "1")};  // no longer below 1, and not clear either
    EXPECT_THAT(scenario.round(102), IsEmpty());
    scenario.healths = {position(1, "1.009999999999999999")};
    EXPECT_THAT(scenario.round(103), IsEmpty());
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(104), IsEmpty()) << "the same episode";
    scenario.healths = {position(1, "1.01")};
    EXPECT_THAT(scenario.round(105), ElementsAre("resolved 100/2 @105"));
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(106), ElementsAre("firing 106/1 @106")) << "a new episode";
}

TEST(RuleEngine, clear_as_the_rule_says) {
    auto one = rule("health_factor < 1.05");
    one.clear = {
        {config::Metric::health_factor, config::Comparison::greater, false, wad("1.2").raw()}};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "1")};
    EXPECT_EQ(scenario.round(100).size(), 1U);
    scenario.healths = {position(1, "1.2")};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.healths = {position(1, "1.200000000000000001")};
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
}

TEST(RuleEngine, subjects_are_independent) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.99"), position(2, "2"), position(3, "0.5")};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100", "firing 100/1 @100"));
    EXPECT_EQ(scenario.firing("r"), 2U);
    EXPECT_NE(scenario.stored[0].alert_key, scenario.stored[1].alert_key);
}

// ---- `for` and `keep`, in block time (12 seconds a block)

TEST(RuleEngine, for_is_block_time_to_the_second) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99")};
    scenario.facts.now = 5'000'000'000;  // the wall clock does not matter
    EXPECT_THAT(scenario.round(100), IsEmpty());
    EXPECT_EQ(scenario.state_of("r/eip155:1/p/0x0000000000000000000000000000000000000001"),
              "pending");
    EXPECT_THAT(scenario.round(101), IsEmpty());
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 100/1 @102"));
}

TEST(RuleEngine, for_starts_anew_after_a_break) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.healths = {position(1, "1")};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(102), IsEmpty());
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), ElementsAre("firing 102/1 @104"));
}

TEST(RuleEngine, keep_wants_clear_all_the_time) {
    auto one = rule("health_factor < 1");
    one.keep = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.healths = {position(1, "1.5")};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.healths = {position(1, "1")};  // between: not clear
    EXPECT_THAT(scenario.round(102), IsEmpty());
    scenario.healths = {position(1, "1.5")};
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), ElementsAre("resolved 100/2 @105"));
}

// ---- unknown changes nothing

struct Unknown {
    const char* name;
    void (*make)(Scenario&);
};
class UnknownRounds : public testing::TestWithParam<Unknown> {};

TEST_P(UnknownRounds, change_no_state_and_reset_no_timer) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{24'000};
    one.keep = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    const Scenario fresh = started(one);
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    GetParam().make(scenario);
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.protocol = fresh.protocol;
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 100/1 @102")) << "the timer went on";
    GetParam().make(scenario);
    EXPECT_THAT(scenario.round(103), IsEmpty()) << "resolves nothing";
    scenario.protocol = fresh.protocol;
    scenario.healths = {position(1, "2")};
    EXPECT_THAT(scenario.round(104), IsEmpty());
    GetParam().make(scenario);
    EXPECT_THAT(scenario.round(105), IsEmpty());
    scenario.protocol = fresh.protocol;
    scenario.healths = {position(1, "2")};
    EXPECT_THAT(scenario.round(106), ElementsAre("resolved 100/2 @106"));
}

INSTANTIATE_TEST_SUITE_P(Table, UnknownRounds,
                         testing::Values(Unknown{"not_read",
                                                 [](Scenario& scenario) {
                                                     scenario.protocol.read = false;
                                                     scenario.healths.clear();
                                                 }},
                                         Unknown{"not_verified",
                                                 [](Scenario& scenario) {
                                                     scenario.protocol.verified = false;
                                                     scenario.healths = {position(1, "5")};
                                                 }},
                                         Unknown{"not_computable",
                                                 [](Scenario& scenario) {
                                                     scenario.healths = {position(1, "5")};
                                                     scenario.healths[0].computable = false;
                                                 }}),
                         [](const auto& tested) { return tested.param.name; });

// ---- min_debt, watch, protocols

TEST(RuleEngine, min_debt_counts_from_exactly_that_much) {
    auto one = rule("health_factor < 1");
    one.min_debt = usd(1000);
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99", 999)};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.healths = {position(1, "0.99", 1000)};
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    scenario.healths = {position(1, "0.99", 900)};
    EXPECT_THAT(scenario.round(102), IsEmpty()) << "nine tenths are not under nine tenths";
    scenario.healths = {position(1, "0.99", 899)};
    EXPECT_THAT(scenario.round(103), ElementsAre("resolved 101/2 @103"));
}

TEST(RuleEngine, watch_limits_and_labels) {
    auto one = rule("health_factor < 1");
    one.watch = {"mine"};
    Scenario scenario({one});
    scenario.settings.watches = {{"mine", "Treasury", {test::address(2)}, {}},
                                 {"other", "", {test::address(3)}, {}}};
    scenario.restart();
    scenario.round(99);
    scenario.healths = {position(1, "0.9"), position(2, "0.9"), position(3, "0.9")};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.last()["data"]["labels"]["watch"], "Treasury");
    EXPECT_EQ(scenario.last()["data"]["subject"], "0x0000000000000000000000000000000000000002");
}

TEST(RuleEngine, looks_only_at_its_protocols) {
    auto one = rule("health_factor < 1");
    one.protocols = {"q"};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.9")};
    EXPECT_THAT(scenario.round(100), IsEmpty());
}

// ---- gone

TEST(RuleEngine, a_position_that_is_gone_resolves_with_the_reason) {
    for (const auto& [reason, text] :
         {std::pair{GoneReason::repaid, "repaid"}, std::pair{GoneReason::liquidated, "liquidated"},
          std::pair{GoneReason::closed, "closed"}}) {
        auto one = rule("health_factor < 1");
        one.keep = config::Milliseconds{3'600'000};
        Scenario scenario = started(one);
        scenario.healths = {position(1, "0.9")};
        scenario.round(100);
        scenario.healths.clear();
        scenario.gone = {{{test::address(1), {}}, reason}};
        EXPECT_THAT(scenario.round(101), ElementsAre(std::string("resolved 100/2 @101 ") + text));
    }
}

TEST(RuleEngine, gone_without_a_reason_is_closed) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths.clear();
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 closed"));
}

TEST(RuleEngine, a_position_without_debt_is_gone) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths[0].health_factor.reset();
    scenario.healths[0].liquidatable = false;
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 closed"));
}

TEST(RuleEngine, pending_and_gone_is_silent) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{60'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths.clear();
    EXPECT_THAT(scenario.round(101), IsEmpty());
    EXPECT_EQ(scenario.row_count(), 1U) << "only that the rule has looked";
}

// ---- updates

struct Worse {
    const char* name;
    const char* when;
    const char* from;
    std::uint64_t from_debt;
    const char* to;
    std::uint64_t to_debt;
    bool is_update;
};
class Updates : public testing::TestWithParam<Worse> {};

TEST_P(Updates, when_it_is_twice_as_bad) {
    Scenario scenario = started(rule(GetParam().when));
    scenario.healths = {position(1, GetParam().from, GetParam().from_debt)};
    EXPECT_EQ(scenario.round(100).size(), 1U);
    scenario.healths = {position(1, GetParam().to, GetParam().to_debt)};
    EXPECT_EQ(scenario.round(101), GetParam().is_update ? Lines{"updated 100/2 @101"} : Lines{});
    EXPECT_THAT(scenario.round(102), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, Updates,
    testing::Values(
        Worse{"debt_doubles", "liquidatable", "0.99", 1000, "0.99", 2000, true},
        Worse{"debt_almost_doubles", "liquidatable", "0.99", 1000, "0.99", 1999, false},
        Worse{"shortfall_doubles", "liquidatable", "0.98", 10, "0.96", 10, true},
        Worse{"shortfall_almost", "liquidatable", "0.98", 10, "0.960000000000000001", 10, false},
        Worse{"tiny_shortfalls_do_not_count", "liquidatable", "0.999", 10, "0.981", 10, false},
        Worse{"up_to_two_percent", "liquidatable", "0.999", 10, "0.98", 10, true},
        Worse{"distance_halves", "health_factor < 1.1", "1.08", 10, "1.04", 10, true},
        Worse{"distance_almost", "health_factor < 1.1", "1.08", 10, "1.040000000000000001", 10,
              false},
        Worse{"tiny_distances_do_not_count", "health_factor < 1.1", "1.009", 10, "1.004", 10,
              false},
        Worse{"crosses_one", "health_factor < 1.1", "1.001", 10, "0.999", 10, true},
        Worse{"back_over_one", "health_factor < 1.1", "0.999", 10, "1.001", 10, false},
        Worse{"better", "health_factor < 1.1", "1.01", 2000, "1.09", 500, false}),
    [](const auto& tested) { return tested.param.name; });

TEST(RuleEngine, another_severity_is_an_update) {
    auto one = rule("health_factor < 1");
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    one.severity = "critical";
    scenario.restart({one});
    EXPECT_THAT(scenario.round(101), ElementsAre("updated 100/2 @101 severity"));
    EXPECT_EQ(scenario.last()["data"]["severity"], "critical");
    EXPECT_THAT(scenario.round(102), IsEmpty());
}

// ---- reminders, by the wall clock

TEST(RuleEngine, repeats_by_the_wall_clock) {
    auto one = rule("health_factor < 1");
    one.repeat = config::Milliseconds{4 * 3'600'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    const std::uint64_t fired = scenario.facts.now;
    scenario.facts.now = fired + 4 * 3600 - 1;
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.facts.now = fired + 4 * 3600;
    EXPECT_THAT(scenario.round(102), ElementsAre("repeated 100/2 @102"));
    scenario.facts.now = fired + 8 * 3600 - 1;
    EXPECT_THAT(scenario.round(103), IsEmpty());
    scenario.facts.now = fired;  // set back: no reminder, and nothing else either
    EXPECT_THAT(scenario.round(104), IsEmpty());
}

TEST(RuleEngine, does_not_repeat_while_resolving) {
    auto one = rule("health_factor < 1");
    one.repeat = config::Milliseconds{3'600'000};
    one.keep = config::Milliseconds{3'600'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths = {position(1, "2")};
    scenario.round(101);
    scenario.facts.now += 7200;
    EXPECT_THAT(scenario.round(102), IsEmpty());
}

// ---- first look, changed and removed rules

TEST(RuleEngine, what_held_before_is_initial_once) {
    Scenario scenario({rule("health_factor < 1")});
    scenario.healths = {position(1, "0.9")};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100 initial"));
    scenario.restart();
    scenario.healths.push_back(position(2, "0.9"));
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
}

TEST(RuleEngine, an_unknown_first_round_is_no_look) {
    Scenario scenario({rule("health_factor < 1")});
    scenario.protocol.read = false;
    scenario.round(100);
    scenario.protocol.read = true;
    scenario.healths = {position(1, "0.9")};
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101 initial"));
}

TEST(RuleEngine, initial_survives_pending) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{12'000};
    Scenario scenario({one});
    scenario.healths = {position(1, "0.9")};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 100/1 @101 initial"));
}

TEST(RuleEngine, a_removed_rule_ends_its_episodes) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.restart({});
    scenario.protocol.read = false;  // not a matter of the chain
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 rule_changed"));
    EXPECT_EQ(scenario.stored.back().sinks.size(), 2U) << "those that were told";
    EXPECT_THAT(scenario.round(102), IsEmpty());
    scenario.round(400);
    EXPECT_EQ(scenario.row_count(), 0U);
}

TEST(RuleEngine, a_changed_rule_ends_and_looks_anew) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9"), position(2, "1.03")};
    scenario.round(100);
    scenario.restart({rule("health_factor < 1.05")});
    EXPECT_THAT(scenario.round(101),
                ElementsAre("resolved 100/2 @101 rule_changed", "firing 101/1 @101 initial",
                            "firing 101/1 @101 initial"));
}

TEST(RuleEngine, other_sinks_or_reminders_are_no_other_rule) {
    auto one = rule("health_factor < 1");
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    one.to = {"file"};
    one.repeat = config::Milliseconds{1'000'000};
    one.update_on_milli = 3000;
    scenario.restart({one});
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.healths = {position(1, "2")};
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
    EXPECT_EQ(scenario.stored.back().sinks.size(), 2U) << "both were told that it fires";
}

TEST(RuleEngine, a_removed_protocol_ends_its_episodes) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths.clear();
    scenario.protocol.name = "q";
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 rule_changed"));
}

// ---- flapping

TEST(RuleEngine, flapping_is_held_open) {
    Scenario scenario = started(rule("health_factor < 1"));
    Lines said;
    BlockNumber number = 100;
    for (; number < 107; ++number) {
        scenario.healths = {position(1, number % 2 == 0 ? "0.9" : "1.5")};
        for (auto& one : scenario.round(number)) said.push_back(one);
    }
    EXPECT_THAT(said, ElementsAre("firing 100/1 @100", "resolved 100/2 @101", "firing 102/1 @102",
                                  "resolved 102/2 @103", "firing 104/1 @104", "resolved 104/2 @105",
                                  "firing 106/1 @106 flapping"));
    EXPECT_TRUE(scenario.last()["data"]["flapping"].get<bool>());
    for (; number < 121; ++number) {
        scenario.healths = {position(1, number % 2 == 0 ? "0.9" : "1.5")};
        EXPECT_THAT(scenario.round(number), IsEmpty()) << number;
    }
    scenario.healths = {position(1, "1.5")};
    EXPECT_THAT(scenario.round(121), IsEmpty());
    EXPECT_THAT(scenario.round(121 + 149), IsEmpty()) << "clear for 29 minutes 48 seconds";
    EXPECT_THAT(scenario.round(121 + 150), ElementsAre("resolved 106/2 @271"));
}

TEST(RuleEngine, flapping_ends_when_it_stays_bad) {
    Scenario scenario = started(rule("health_factor < 1"));
    for (BlockNumber number = 100; number < 107; ++number) {
        scenario.healths = {position(1, number % 2 == 0 ? "0.9" : "1.5")};
        scenario.round(number);
    }
    EXPECT_THAT(scenario.round(106 + 151), IsEmpty());
    EXPECT_THAT(scenario.round(106 + 310), IsEmpty());
    scenario.healths = {position(1, "1.5")};
    EXPECT_THAT(scenario.round(106 + 311), ElementsAre("resolved 106/2 @417"));
}

TEST(RuleEngine, a_resolution_too_many_is_told_as_flapping) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    // an hour later the first turn is forgotten; six more fit, the seventh is a resolution
    Lines said;
    BlockNumber number = 401;
    for (; number < 408; ++number) {
        scenario.healths = {position(1, number % 2 == 1 ? "1.5" : "0.9")};
        for (auto& one : scenario.round(number)) said.push_back(one);
    }
    ASSERT_EQ(said.size(), 7U);
    EXPECT_EQ(said[5], "firing 406/1 @406");
    EXPECT_EQ(said[6], "updated 406/2 @407 flapping");
    EXPECT_THAT(scenario.round(407 + 149), IsEmpty());
    EXPECT_THAT(scenario.round(407 + 150), ElementsAre("resolved 406/3 @557"));
}

TEST(RuleEngine, gone_ends_flapping) {
    Scenario scenario = started(rule("health_factor < 1"));
    for (BlockNumber number = 100; number < 107; ++number) {
        scenario.healths = {position(1, number % 2 == 0 ? "0.9" : "1.5")};
        scenario.round(number);
    }
    scenario.healths.clear();
    EXPECT_THAT(scenario.round(107), ElementsAre("resolved 106/2 @107 closed"));
}

// ---- the store fails

TEST(RuleEngine, what_was_not_stored_was_not_said) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.commit_fails = true;
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.commit_fails = false;
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
}

// ---- rows

TEST(RuleEngine, rows_of_others_are_left_alone) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    EngineSettings other = scenario.settings;
    other.chain = "base";
    other.caip2 = "eip155:8453";
    store::RuleStateRow foreign;
    foreign.rule = "r";
    foreign.subject = "r/eip155:1/p/x";
    foreign.state = "firing";
    for (const std::string value : {"", "[]", "{}", R"({"chain":"base"})", R"({"chain":1})"}) {
        foreign.value = value;
        const std::vector rows{foreign};
        RuleEngine engine(other, rows);
        EXPECT_EQ(engine.firing("r"), 0U) << value;
    }
}

TEST(RuleEngine, keeps_nothing_of_what_is_final_and_over) {
    Scenario scenario = started(rule("health_factor < 1"));
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths = {position(1, "2")};
    scenario.round(101);
    EXPECT_EQ(scenario.row_count(), 2U) << "the resolution can still be orphaned";
    scenario.round(101 + 64);
    EXPECT_EQ(scenario.row_count(), 2U) << "turns within the hour";
    scenario.round(101 + 300);
    EXPECT_EQ(scenario.row_count(), 1U);
}

TEST(RuleEngine, two_runs_say_the_same_bytes) {
    const auto run = [] {
        Scenario scenario({rule("health_factor < 1")});
        for (BlockNumber number = 100; number < 130; ++number) {
            scenario.healths = {position(1, number % 7 < 3 ? "0.9" : "1.5"),
                                position(2, number % 5 < 3 ? "0.9" : "1.5", number)};
            scenario.round(number);
        }
        std::string bytes;
        for (const auto& alert : scenario.stored) bytes += alert.id + alert.body + "\n";
        return bytes;
    };
    EXPECT_EQ(run(), run());
    EXPECT_GT(run().size(), 1000U);
}

}  // namespace
}  // namespace plimsoll::rules
