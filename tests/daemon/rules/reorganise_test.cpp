#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Lines = std::vector<std::string>;

Scenario started(config::RuleSettings one) {
    Scenario scenario({std::move(one)});
    EXPECT_THAT(scenario.round(98), IsEmpty());
    EXPECT_THAT(scenario.round(99), IsEmpty());
    return scenario;
}

void set(Scenario& scenario, const char* health_factor) {
    scenario.healths = {position(1, health_factor)};
}

nlohmann::json data(const Scenario& scenario, std::size_t from_end = 0) {
    const auto& alert = scenario.stored.at(scenario.stored.size() - 1 - from_end);
    return nlohmann::json::parse(alert.body).at("data");
}

/// A history, a reorganisation, and what has to be said at its tip and one round later.
struct Case {
    const char* name;
    std::vector<const char*> history;  ///< health factors from block 100 on
    BlockNumber ancestor;
    const char* then;  ///< health factor on the new branch, whose tip is 110
    Lines said;
    Lines next;  ///< in round 111, the health factor unchanged
};
class Reorganisations : public testing::TestWithParam<Case> {};

TEST_P(Reorganisations, answer_every_orphan_once) {
    Scenario scenario = started(rule("health_factor < 1"));
    BlockNumber number = 100;
    for (const char* health_factor : GetParam().history) {
        set(scenario, health_factor);
        scenario.round(number++);
    }
    set(scenario, GetParam().then);
    EXPECT_EQ(scenario.reorganise(GetParam().ancestor, 110, 'b'), GetParam().said);
    EXPECT_EQ(scenario.round(111), GetParam().next);
    EXPECT_THAT(scenario.reorganise(111, 112, 'c'), IsEmpty()) << "answered already";
}

INSTANTIATE_TEST_SUITE_P(
    Table, Reorganisations,
    testing::Values(
        Case{"nothing_said", {"2", "2"}, 99, "2", {}, {}},
        Case{"nothing_orphaned", {"0.9", "0.9"}, 101, "0.9", {}, {}},
        Case{"still_holds", {"0.9"}, 99, "0.9", {"updated 100/2 @110 reorg"}, {}},
        Case{"does_not_hold", {"0.9"}, 99, "2", {"retracted 100/2 @110 reorg"}, {}},
        Case{"between_when_and_clear_does_not_open",
             {"0.9"},
             99,
             "1.001",
             {"retracted 100/2 @110 reorg"},
             {}},
        Case{"new_on_the_new_branch", {"2"}, 99, "0.9", {"firing 110/1 @110"}, {}},
        Case{"opening_stands_update_does_not",
             {"0.98", "0.5"},
             100,
             "0.97",
             {"updated 100/3 @110 reorg"},
             {}},
        Case{"opening_stands_and_it_is_over",
             {"0.98", "0.5"},
             100,
             "2",
             {"retracted 100/3 @110 reorg", "resolved 100/4 @110"},
             {}},
        Case{"opening_stands_and_it_is_grey",
             {"0.98", "0.5"},
             100,
             "1.001",
             {"updated 100/3 @110 reorg"},
             {}},
        Case{
            "both_orphaned_and_hold", {"0.98", "0.5"}, 99, "0.9", {"updated 100/3 @110 reorg"}, {}},
        Case{"both_orphaned_and_do_not",
             {"0.98", "0.5"},
             99,
             "2",
             {"retracted 100/3 @110 reorg", "retracted 100/4 @110 reorg"},
             {}},
        Case{"resolution_orphaned_and_clear",
             {"0.9", "2"},
             100,
             "2",
             {"updated 100/3 @110 reorg"},
             {}},
        Case{"resolution_orphaned_and_it_goes_on",
             {"0.9", "2"},
             100,
             "0.9",
             {"retracted 100/3 @110 reorg", "updated 100/4 @110 reorg"},
             {}},
        Case{"resolution_orphaned_and_grey",
             {"0.9", "2"},
             100,
             "1.001",
             {"retracted 100/3 @110 reorg", "updated 100/4 @110 reorg"},
             {}},
        Case{"whole_episode_orphaned_and_clear",
             {"0.9", "2"},
             99,
             "2",
             {"retracted 100/3 @110 reorg", "retracted 100/4 @110 reorg"},
             {}},
        Case{"whole_episode_orphaned_and_it_holds",
             {"0.9", "2"},
             99,
             "0.9",
             {"retracted 100/3 @110 reorg", "updated 100/4 @110 reorg"},
             {}},
        Case{"whole_episode_orphaned_and_grey",
             {"0.9", "2"},
             99,
             "1.001",
             {"retracted 100/3 @110 reorg", "retracted 100/4 @110 reorg"},
             {}},
        Case{"second_episode_orphaned_and_holds",
             {"0.9", "2", "0.9"},
             101,
             "0.9",
             {"updated 102/2 @110 reorg"},
             {}},
        Case{"second_episode_and_first_resolution_orphaned_and_hold",
             {"0.9", "2", "0.9"},
             100,
             "0.9",
             {"updated 100/3 @110 reorg", "updated 102/2 @110 reorg"},
             {}},
        Case{"second_episode_and_first_resolution_orphaned_and_clear",
             {"0.9", "2", "0.9"},
             100,
             "2",
             {"retracted 102/2 @110 reorg", "updated 100/3 @110 reorg"},
             {}},
        Case{"everything_orphaned_and_clear",
             {"0.9", "2", "0.9"},
             99,
             "2",
             {"retracted 102/2 @110 reorg", "retracted 100/3 @110 reorg",
              "retracted 100/4 @110 reorg"},
             {}}),
    [](const auto& tested) { return tested.param.name; });

TEST(Reorganise, an_answer_names_what_it_answers) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.98");
    scenario.round(100);
    set(scenario, "0.5");
    scenario.round(101);
    set(scenario, "0.9");
    scenario.reorganise(99, 110, 'b');
    EXPECT_THAT(data(scenario)["updates"],
                ElementsAre(scenario.stored[0].id, scenario.stored[1].id));
    EXPECT_EQ(data(scenario)["state"], "firing");
    EXPECT_EQ(data(scenario)["block"]["number"], 110);
    EXPECT_EQ(data(scenario)["health_factor"]["raw"], "900000000000000000");
    EXPECT_FALSE(scenario.stored.back().retracts);
}

TEST(Reorganise, a_retraction_names_what_it_takes_back) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    const std::string id = scenario.stored[0].id;
    set(scenario, "2");
    scenario.reorganise(99, 110, 'b');
    EXPECT_EQ(scenario.stored.back().retracts, id);
    EXPECT_EQ(scenario.stored.back().type, "position.liquidatable.retracted");
    EXPECT_EQ(data(scenario)["retracts"], id);
    EXPECT_EQ(data(scenario)["orphaned"]["number"], 100);
    EXPECT_EQ(data(scenario)["orphaned"]["hash"],
              "0x6100000000000000000000000000000000000000000000000000000000000064");
    EXPECT_EQ(data(scenario)["subject"], "0x0000000000000000000000000000000000000001");
    EXPECT_FALSE(scenario.stored.back().sinks.empty());
}

TEST(Reorganise, a_gone_position_is_not_held_open) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    scenario.healths.clear();
    EXPECT_THAT(scenario.reorganise(99, 110, 'b'), ElementsAre("retracted 100/2 @110 reorg"));
}

TEST(Reorganise, an_unknown_tip_owes_the_answer) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    scenario.protocol.read = false;
    EXPECT_THAT(scenario.reorganise(99, 110, 'b'), IsEmpty());
    EXPECT_THAT(scenario.round(111), IsEmpty());
    scenario.protocol.read = true;
    set(scenario, "2");
    EXPECT_THAT(scenario.round(112), ElementsAre("retracted 100/2 @112 reorg"));
}

TEST(Reorganise, while_the_answer_is_owed_a_deeper_one_changes_nothing) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    scenario.protocol.read = false;
    scenario.reorganise(99, 110, 'b');
    EXPECT_THAT(scenario.reorganise(98, 111, 'c'), IsEmpty());
    scenario.protocol.read = true;
    EXPECT_THAT(scenario.round(112), ElementsAre("updated 100/2 @112 reorg"));
}

TEST(Reorganise, what_was_not_stored_is_answered_again) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    set(scenario, "2");
    scenario.commit_fails = true;
    scenario.reorganise(99, 110, 'b');
    scenario.commit_fails = false;
    EXPECT_THAT(scenario.reorganise(99, 110, 'b'), ElementsAre("retracted 100/2 @110 reorg"));
}

TEST(Reorganise, pending_starts_anew) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    set(scenario, "0.9");
    scenario.round(100);
    scenario.round(101);
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'), IsEmpty());
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), ElementsAre("firing 102/1 @104"));
}

TEST(Reorganise, pending_from_a_block_that_stays_goes_on) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    set(scenario, "0.9");
    scenario.round(100);
    scenario.round(101);
    EXPECT_THAT(scenario.reorganise(100, 102, 'b'), ElementsAre("firing 100/1 @102"));
}

TEST(Reorganise, resolving_that_began_on_an_orphan_begins_anew) {
    auto one = rule("health_factor < 1");
    one.keep = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    set(scenario, "0.9");
    scenario.round(100);
    set(scenario, "2");
    scenario.round(101);
    EXPECT_THAT(scenario.reorganise(100, 103, 'b'), IsEmpty());
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), ElementsAre("resolved 100/2 @105"));
}

TEST(Reorganise, an_update_taken_back_leaves_the_alert_open) {
    auto one = rule("health_factor < 1");
    one.keep = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    set(scenario, "0.98");
    scenario.round(100);
    set(scenario, "0.5");
    EXPECT_THAT(scenario.round(101), ElementsAre("updated 100/2 @101"));
    set(scenario, "2");
    EXPECT_THAT(scenario.reorganise(100, 102, 'b'), ElementsAre("retracted 100/3 @102 reorg"));
    EXPECT_EQ(data(scenario).at("state"), "firing");
    scenario.round(103);
    EXPECT_THAT(scenario.round(104), ElementsAre("resolved 100/4 @104"));
    set(scenario, "0.9");
    scenario.round(105);
    set(scenario, "2");
    scenario.reorganise(104, 106, 'c');
    EXPECT_FALSE(data(scenario).contains("state")) << "its opening went, and so did the alert";
}

TEST(Reorganise, a_pending_initial_stays_initial) {
    auto one = rule("health_factor < 1");
    one.hold_for = config::Milliseconds{12'000};
    Scenario scenario({one});
    set(scenario, "0.9");
    scenario.round(100);
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'), IsEmpty());
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 101/1 @102 initial"));
}

TEST(Reorganise, numbers_are_never_given_out_twice) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    set(scenario, "2");
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'), ElementsAre("retracted 100/2 @101 reorg"));
    set(scenario, "0.9");
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 102/1 @102"));
    // a third branch, on which block 100 opens an episode again
    EXPECT_THAT(scenario.reorganise(98, 100, 'c'), ElementsAre("updated 102/2 @100 reorg"));
    set(scenario, "2");
    EXPECT_THAT(scenario.reorganise(98, 99, 'd'),
                ElementsAre("retracted 102/3 @99 reorg", "retracted 102/4 @99 reorg"));
    set(scenario, "0.9");
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/3 @100"));
}

TEST(Reorganise, an_update_of_a_reorganisation_can_be_orphaned_too) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'), ElementsAre("updated 100/2 @101 reorg"));
    EXPECT_THAT(scenario.reorganise(100, 102, 'c'), ElementsAre("updated 100/3 @102 reorg"));
    set(scenario, "2");
    EXPECT_THAT(scenario.reorganise(100, 103, 'd'),
                ElementsAre("retracted 100/4 @103 reorg", "retracted 100/5 @103 reorg",
                            "retracted 100/6 @103 reorg"))
        << "nothing on this chain bears any of them out";
}

TEST(Reorganise, back_to_a_branch_that_was_left) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    set(scenario, "2");
    scenario.reorganise(99, 101, 'b');
    set(scenario, "0.9");
    EXPECT_THAT(scenario.reorganise(99, 101, 'a'), ElementsAre("firing 101/1 @101"))
        << "retracted is retracted: somebody has to be told again";
    set(scenario, "2");
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'), ElementsAre("retracted 101/2 @102 reorg"));
}

TEST(Reorganise, an_episode_that_is_over_stays_over) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    set(scenario, "2");
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101"));
    EXPECT_THAT(scenario.reorganise(100, 102, 'b'), ElementsAre("updated 100/3 @102 reorg"));
    EXPECT_EQ(data(scenario).at("state"), "resolved");
    EXPECT_THAT(scenario.reorganise(100, 103, 'c'), ElementsAre("updated 100/4 @103 reorg"));
    EXPECT_EQ(data(scenario).at("state"), "resolved");
    EXPECT_EQ(scenario.firing("r"), 0U);
    EXPECT_THAT(scenario.round(104), IsEmpty());
}

// ---- the daemon's own eyes

TEST(Reorganise, what_the_daemon_saw_of_itself_stays_true) {
    Scenario scenario({rule("source_stale")});
    scenario.round(99);
    scenario.facts.source.stale = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    scenario.facts.source.stale = false;
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'),
                ElementsAre("updated 100/2 @101 reorg", "resolved 100/3 @101"));
    EXPECT_THAT(scenario.reorganise(100, 102, 'c'), ElementsAre("updated 100/4 @102 reorg"));
    EXPECT_EQ(data(scenario)["state"], "resolved");
}

// ---- rules that are gone

TEST(Reorganise, a_removed_rule_takes_back_what_it_said_on_orphans) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    scenario.restart({});
    scenario.round(101);
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'),
                ElementsAre("retracted 100/3 @102 reorg", "retracted 100/4 @102 reorg"));
}

// ---- alerts that no row remembers

TEST(Reorganise, alerts_without_a_row_are_answered) {
    for (const bool holds : {true, false}) {
        Scenario scenario = started(rule("health_factor < 1"));
        set(scenario, "0.9");
        scenario.round(100);
        RuleEngine forgetful(scenario.settings, std::vector<store::RuleStateRow>{});
        std::vector<protocols::PositionHealth> healths{position(1, holds ? "0.9" : "2")};
        scenario.facts.block = block(101, 'b');
        scenario.facts.protocols[0].healths = healths;
        const std::vector alerts{as_stored(scenario.stored[0])};
        const std::vector orphaned{block(100).hash};
        const Outcome outcome = forgetful.reorganise(scenario.facts, 99, orphaned, alerts);
        ASSERT_EQ(outcome.alerts.size(), 1U);
        EXPECT_EQ(line(outcome.alerts[0]),
                  holds ? "updated 100/2 @101 reorg" : "retracted 100/2 @101 reorg");
    }
}

TEST(Reorganise, alerts_on_other_blocks_are_left_alone) {
    Scenario scenario = started(rule("health_factor < 1"));
    set(scenario, "0.9");
    scenario.round(100);
    RuleEngine forgetful(scenario.settings, std::vector<store::RuleStateRow>{});
    scenario.facts.block = block(101, 'b');
    scenario.facts.protocols[0].healths = {};
    const std::vector alerts{as_stored(scenario.stored[0])};
    const std::vector orphaned{block(100, 'x').hash};
    EXPECT_THAT(forgetful.reorganise(scenario.facts, 99, orphaned, alerts).alerts, IsEmpty());
}

}  // namespace
}  // namespace plimsoll::rules
