#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Kind = config::Depth::Kind;

Scenario started(config::RuleSettings one) {
    Scenario scenario({std::move(one)});
    EXPECT_THAT(scenario.round(99), IsEmpty());
    return scenario;
}

config::RuleSettings confirmed(std::uint64_t blocks) {
    auto one = rule("health_factor < 1");
    one.confirm = config::Depth{Kind::blocks, blocks};
    return one;
}

nlohmann::json data(const Scenario& scenario) { return scenario.last().at("data"); }

TEST(Confirm, a_transition_is_told_when_its_block_is_deep_enough) {
    Scenario scenario = started(confirmed(2));
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.healths = {position(1, "0.98")};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(data(scenario)["health_factor"]["raw"], "990000000000000000")
        << "the numbers of the block it is about";
    EXPECT_EQ(data(scenario)["block"]["time"], 1'700'000'000 + 1200);
    EXPECT_EQ(data(scenario)["block"]["finality"], "latest");
    EXPECT_EQ(scenario.last()["timestamp"], "2023-11-14T22:33:20Z") << "time of the transition";
    scenario.healths = {position(1, "2")};
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), ElementsAre("resolved 100/2 @103"));
}

TEST(Confirm, what_does_not_last_is_never_told) {
    Scenario scenario = started(confirmed(3));
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.round(101);
    scenario.healths = {position(1, "1.01")};
    EXPECT_THAT(scenario.round(102), IsEmpty());
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(105), IsEmpty());
    EXPECT_THAT(scenario.round(106), ElementsAre("firing 103/1 @103"));
}

TEST(Confirm, what_is_neither_true_nor_clear_any_more_is_told_as_without_waiting) {
    for (const std::uint64_t depth : {0U, 3U}) {
        Scenario scenario = started(confirmed(depth));
        std::vector<std::string> told;
        for (const auto& [number, health] :
             {std::pair{100U, "0.99"}, {101U, "1"}, {102U, "0.99"}, {103U, "1"}, {110U, "1.01"}}) {
            scenario.healths = {position(1, health)};
            for (const std::string& line : scenario.round(number)) told.push_back(line);
        }
        for (const std::string& line : scenario.round(113)) told.push_back(line);
        EXPECT_THAT(told, ElementsAre("firing 100/1 @100", "resolved 100/2 @110")) << depth;
    }
}

TEST(Confirm, for_is_begun_anew_by_what_is_not_true_any_more) {
    auto one = confirmed(2);
    one.hold_for = config::Milliseconds{24'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.healths = {position(1, "1")};
    scenario.round(101);
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(102), IsEmpty());
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), IsEmpty());
    EXPECT_THAT(scenario.round(106), ElementsAre("firing 102/1 @104"));
}

TEST(Confirm, a_resolution_that_does_not_last_is_never_told) {
    Scenario scenario = started(confirmed(2));
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.round(102);
    scenario.healths = {position(1, "2")};
    EXPECT_THAT(scenario.round(103), IsEmpty());
    scenario.healths = {position(1, "0.99")};
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), IsEmpty());
    EXPECT_THAT(scenario.round(106), IsEmpty());
    EXPECT_EQ(scenario.firing("r"), 1U);
}

TEST(Confirm, for_comes_first_and_then_the_depth) {
    auto one = confirmed(2);
    one.hold_for = config::Milliseconds{12'000};
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.round(101);
    EXPECT_THAT(scenario.round(102), IsEmpty());
    EXPECT_THAT(scenario.round(103), ElementsAre("firing 100/1 @101"));
}

TEST(Confirm, an_update_waits_as_well) {
    Scenario scenario = started(confirmed(2));
    scenario.healths = {position(1, "0.98")};
    scenario.round(100);
    scenario.round(102);
    scenario.healths = {position(1, "0.96")};
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), ElementsAre("updated 100/2 @103"));
    EXPECT_THAT(scenario.round(106), IsEmpty());
}

TEST(Confirm, worse_while_waiting_is_an_update_of_its_own) {
    Scenario scenario = started(confirmed(2));
    scenario.healths = {position(1, "0.98")};
    scenario.round(100);
    scenario.healths = {position(1, "0.9")};
    scenario.round(101);
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 100/1 @100"));
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), IsEmpty());
    EXPECT_THAT(scenario.round(105), ElementsAre("updated 100/2 @103"));
}

struct Level {
    const char* name;
    config::Depth depth;
    BlockNumber told_at;  ///< safe is 32 below the tip, final 64
    const char* finality;
};
class ConfirmLevels : public testing::TestWithParam<Level> {};

TEST_P(ConfirmLevels, wait_for_what_the_chain_says) {
    auto one = rule("health_factor < 1");
    one.confirm = GetParam().depth;
    Scenario scenario = started(one);
    scenario.healths = {position(1, "0.99")};
    for (BlockNumber number = 100; number < GetParam().told_at; ++number) {
        EXPECT_THAT(scenario.round(number), IsEmpty()) << number;
    }
    EXPECT_THAT(scenario.round(GetParam().told_at), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(data(scenario)["block"]["finality"], GetParam().finality);
}

INSTANTIATE_TEST_SUITE_P(Table, ConfirmLevels,
                         testing::Values(Level{"latest", {Kind::blocks, 0}, 100, "latest"},
                                         Level{"one_block", {Kind::blocks, 1}, 101, "latest"},
                                         Level{"nineteen", {Kind::blocks, 19}, 119, "latest"},
                                         Level{"safe", {Kind::safe, 0}, 132, "safe"},
                                         Level{
                                             "finalized", {Kind::finalized, 0}, 164, "finalized"}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Confirm, the_chains_default_is_for_states_and_not_for_events) {
    Scenario scenario({rule("health_factor < 1", "hf"), rule("liquidated", "events")});
    scenario.facts.confirm = config::Depth{Kind::blocks, 2};
    scenario.round(99);
    scenario.healths = {position(1, "0.99")};
    scenario.liquidations = {liquidation(1, block(100))};
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @100"));
    scenario.round(101);
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 100/1 @100"));
}

TEST(Confirm, nothing_is_told_while_it_is_unknown) {
    Scenario scenario = started(confirmed(2));
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.protocol.read = false;
    EXPECT_THAT(scenario.round(102), IsEmpty());
    scenario.protocol.read = true;
    EXPECT_THAT(scenario.round(103), ElementsAre("firing 100/1 @100"));
}

TEST(Confirm, a_reorganisation_within_the_depth_has_nothing_to_take_back) {
    Scenario scenario = started(confirmed(5));
    scenario.healths = {position(1, "0.99")};
    for (BlockNumber number = 100; number <= 105; ++number) scenario.round(number);
    ASSERT_EQ(scenario.stored.size(), 1U);
    scenario.healths = {position(1, "2")};
    EXPECT_THAT(scenario.reorganise(101, 106, 'b'), IsEmpty());
    for (BlockNumber number = 107; number <= 110; ++number) {
        EXPECT_THAT(scenario.round(number), IsEmpty());
    }
    EXPECT_THAT(scenario.round(111), ElementsAre("resolved 100/2 @106"));
}

TEST(Confirm, what_waits_on_an_orphaned_block_waits_anew) {
    Scenario scenario = started(confirmed(2));
    scenario.healths = {position(1, "0.99")};
    scenario.round(100);
    scenario.round(101);
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'), IsEmpty());
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), ElementsAre("firing 102/1 @102"));
}

}  // namespace
}  // namespace plimsoll::rules
