#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> sinks(const store::NewAlert& alert) {
    std::vector<std::string> out;
    for (const auto& one : alert.sinks) out.push_back(one.sink);
    return out;
}

TEST(Liquidated, is_told_once_at_its_own_block) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(98)), liquidation(2, block(100))};
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @98", "fired 0/1 @100"))
        << "no first look: an event is no condition";
    scenario.liquidations = {liquidation(2, block(100))};
    EXPECT_THAT(scenario.round(101), IsEmpty()) << "told already";
    EXPECT_EQ(scenario.stored[0].type, "position.liquidated.fired");
    EXPECT_EQ(scenario.stored[0].block_hash, block(98).hash);
    EXPECT_EQ(scenario.stored[0].at, block(98).time);
}

TEST(Liquidated, same_transaction_other_log_is_another_event) {
    Scenario scenario({rule("liquidated")});
    auto other = liquidation(1, block(100));
    other.log_index = 9;
    scenario.liquidations = {liquidation(1, block(100)), other};
    EXPECT_EQ(scenario.round(100).size(), 2U);
}

TEST(Liquidated, key_and_id_do_not_depend_on_the_block) {
    Scenario scenario({rule("liquidated", "liqs")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    EXPECT_EQ(scenario.stored[0].alert_key,
              "liqs/eip155:1/p/7400000000000000000000000000000000000000000000000000000000000001/7/"
              "0x0000000000000000000000000000000000000001");
    Scenario later({rule("liquidated", "liqs")});
    later.liquidations = {liquidation(1, block(105))};
    later.round(105);
    EXPECT_EQ(later.stored[0].id, scenario.stored[0].id);
}

TEST(Liquidated, is_told_even_when_numbers_are_not_believed) {
    Scenario scenario({rule("liquidated")});
    scenario.protocol.verified = false;
    scenario.liquidations = {liquidation(1, block(100))};
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @100"));
}

TEST(Liquidated, shares_of_unknown_worth_are_no_amount) {
    Scenario scenario({rule("liquidated")});
    auto event = liquidation(1, block(100));
    event.collateral = {};
    event.seized = protocols::SeizedShares{U256(970), U256(30)};
    scenario.liquidations = {event};
    scenario.round(100);
    const json unknown = scenario.last()["data"];
    EXPECT_FALSE(unknown.contains("collateral"));
    EXPECT_FALSE(unknown.contains("collateral_usd"));
    EXPECT_EQ(unknown["seized_shares"], "1000");
    EXPECT_THAT(unknown["text"].get<std::string>(),
                HasSubstr("lost WETH (1000 shares of its market; what they were worth could not"));
    EXPECT_THAT(unknown["title"].get<std::string>(), EndsWith(" lost WETH"));

    event.tx = test::block_hash(2, 't');
    event.collateral = TokenAmount::from_raw(U256(1'940'000'000'000'000'000ULL));
    scenario.liquidations = {event};
    scenario.round(101);
    const json known = scenario.last()["data"];
    EXPECT_EQ(known["collateral"]["raw"], "1940000000000000000");
    EXPECT_EQ(known["seized_shares"], "1000");
    EXPECT_THAT(known["title"].get<std::string>(), EndsWith(" lost 1.94 WETH"));
}

TEST(Liquidated, watch_and_min_debt_limit_it) {
    auto one = rule("liquidated");
    one.watch = {"mine"};
    one.min_debt = usd(3000);
    Scenario scenario({one});
    scenario.settings.watches = {{"mine", "", {test::address(1)}, {}}};
    scenario.restart();
    auto priced = liquidation(1, block(100));
    priced.debt_price = protocols::AssetPrice{OraclePrice::from_raw(U256(100'000'000)), 8, {}};
    auto too_small = liquidation(2, block(100));
    too_small.debt_price = protocols::AssetPrice{OraclePrice::from_raw(U256(99'999'999)), 8, {}};
    const auto unpriced = liquidation(3, block(100));
    const auto of_others = liquidation(4, block(100), 2);
    scenario.liquidations = {priced, too_small, unpriced, of_others};
    EXPECT_EQ(scenario.round(100).size(), 2U);
    EXPECT_EQ(scenario.last()["data"]["labels"]["watch"], "mine");
    EXPECT_EQ(scenario.last()["data"]["tx"]["hash"],
              "0x7400000000000000000000000000000000000000000000000000000000000003");
}

TEST(Liquidated, archives_hear_that_it_is_final) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    EXPECT_THAT(sinks(scenario.stored[0]), ElementsAre("hook", "file"));
    EXPECT_THAT(scenario.round(163), IsEmpty());
    EXPECT_THAT(scenario.round(164), ElementsAre("updated 0/2 @100 final"));
    EXPECT_THAT(sinks(scenario.stored[1]), ElementsAre("file"));
    EXPECT_EQ(scenario.last()["data"]["block"]["finality"], "finalized");
    EXPECT_THAT(scenario.round(165), IsEmpty());
    EXPECT_EQ(scenario.row_count(), 1U) << "nothing is kept of it";
}

TEST(Liquidated, old_events_are_final_when_told) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(30))};
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @30"));
    EXPECT_THAT(scenario.round(101), IsEmpty());
    EXPECT_EQ(scenario.row_count(), 1U);
}

TEST(Liquidated, waits_when_the_rule_says_so) {
    auto one = rule("liquidated");
    one.confirm = config::Depth{config::Depth::Kind::blocks, 3};
    Scenario scenario({one});
    scenario.liquidations = {liquidation(1, block(100))};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    EXPECT_THAT(scenario.round(102), IsEmpty());
    EXPECT_THAT(scenario.round(103), ElementsAre("fired 0/1 @100"));
}

TEST(Liquidated, what_waits_on_an_orphan_is_forgotten_or_moved) {
    auto one = rule("liquidated");
    one.confirm = config::Depth{config::Depth::Kind::blocks, 3};
    Scenario scenario({one});
    scenario.liquidations = {liquidation(1, block(100)), liquidation(2, block(100))};
    scenario.round(100);
    scenario.liquidations = {liquidation(2, block(101, 'b'))};
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'), IsEmpty());
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(104), ElementsAre("fired 0/1 @101"));
}

// ---- reorganisations

TEST(LiquidatedReorganised, included_again_is_an_update) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    scenario.liquidations = {liquidation(1, block(101, 'b'))};
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'), ElementsAre("updated 0/2 @101 reorg"));
    EXPECT_THAT(scenario.last()["data"]["updates"], ElementsAre(scenario.stored[0].id));
    EXPECT_EQ(scenario.stored[1].block_hash, block(101, 'b').hash);
    EXPECT_THAT(scenario.round(165), ElementsAre("updated 0/3 @101 final"));
}

TEST(LiquidatedReorganised, not_included_is_retracted_and_may_come_back) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'), ElementsAre("retracted 0/2 @102 reorg"));
    EXPECT_EQ(scenario.stored[1].retracts, scenario.stored[0].id);
    EXPECT_THAT(scenario.round(103), IsEmpty());
    EXPECT_THAT(scenario.round(300), IsEmpty()) << "nothing becomes final";
    scenario.liquidations = {liquidation(1, block(301))};
    EXPECT_THAT(scenario.round(301), ElementsAre("fired 0/3 @301"));
}

TEST(LiquidatedReorganised, same_transaction_other_log_index_is_not_the_same) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    auto moved = liquidation(1, block(101, 'b'));
    moved.log_index = 8;
    scenario.liquidations = {moved};
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'),
                ElementsAre("retracted 0/2 @101 reorg", "fired 0/1 @101"));
}

TEST(LiquidatedReorganised, below_the_ancestor_nothing_changes) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    EXPECT_THAT(scenario.reorganise(100, 102, 'b'), IsEmpty());
}

TEST(LiquidatedReorganised, logs_that_were_not_read_owe_the_answer) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    scenario.protocol.events_read = false;
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'), IsEmpty());
    scenario.protocol.events_read = true;
    scenario.liquidations = {liquidation(1, block(101, 'b'))};
    EXPECT_THAT(scenario.round(102), ElementsAre("updated 0/2 @101 reorg"));
}

TEST(LiquidatedReorganised, every_message_of_it_is_taken_back) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    scenario.liquidations = {liquidation(1, block(101, 'b'))};
    scenario.reorganise(99, 101, 'b');
    EXPECT_THAT(scenario.reorganise(99, 101, 'c'),
                ElementsAre("retracted 0/3 @101 reorg", "retracted 0/4 @101 reorg"));
}

TEST(LiquidatedReorganised, without_a_row_it_is_answered_from_the_store) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    for (const bool is_there : {true, false}) {
        RuleEngine forgetful(scenario.settings, std::vector<store::RuleStateRow>{});
        const std::vector events{liquidation(1, block(101, 'b'))};
        scenario.facts.block = block(101, 'b');
        scenario.facts.protocols[0].liquidations = {};
        if (is_there) scenario.facts.protocols[0].liquidations = events;
        const std::vector alerts{as_stored(scenario.stored[0])};
        const std::vector orphaned{block(100).hash};
        const Outcome outcome = forgetful.reorganise(scenario.facts, 99, orphaned, alerts);
        ASSERT_EQ(outcome.alerts.size(), 1U);
        EXPECT_EQ(line(outcome.alerts[0]),
                  is_there ? "updated 0/2 @101 reorg" : "retracted 0/2 @101 reorg");
    }
}

TEST(LiquidatedReorganised, a_removed_rule_still_takes_back) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.round(100);
    scenario.restart({});
    EXPECT_THAT(scenario.round(101), IsEmpty());
    EXPECT_THAT(scenario.reorganise(99, 102, 'b'), ElementsAre("retracted 0/2 @102 reorg"));
    EXPECT_THAT(sinks(scenario.stored.back()), ElementsAre("hook", "file"));
}

}  // namespace
}  // namespace plimsoll::rules
