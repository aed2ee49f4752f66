#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using nlohmann::json;
using protocols::AccountAction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<config::WatchSettings>& watches() {
    static const std::vector<config::WatchSettings> out{
        {"treasury", "Treasury", {test::address(1)}, {}}, {"whales", "", {test::address(2)}, {}}};
    return out;
}

Scenario watching(std::vector<config::RuleSettings> rules) {
    Scenario scenario(std::move(rules));
    scenario.settings.watches = watches();
    scenario.restart();
    return scenario;
}

std::string raw(const json& amount) { return amount.at("raw").get<std::string>(); }

// ---- watched accounts

TEST(ActivityRule, tells_what_a_watched_account_did) {
    Scenario scenario = watching({rule("activity")});
    scenario.activity = {activity(1, block(100), AccountAction::deposit)};
    scenario.activity[0].other = test::address(77);
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "position.activity.fired");
    EXPECT_EQ(scenario.stored[0].alert_key,
              "r/eip155:1/p/7400000000000000000000000000000000000000000000000000000000000001/3/"
              "0x0000000000000000000000000000000000000001");
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["action"], "deposit");
    EXPECT_EQ(data["subject"], to_checksum(test::address(1)));
    EXPECT_EQ(data["labels"]["watch"], "Treasury");
    EXPECT_EQ(data["asset"], "WETH");
    EXPECT_EQ(data["token"], to_checksum(test::address(1001)));
    EXPECT_EQ(raw(data["amount"]), "2500000000000000000");
    EXPECT_EQ(raw(data["amount_usd"]), "500000000000");
    EXPECT_EQ(data["other"], to_checksum(test::address(77)));
    EXPECT_EQ(data["tx"]["log_index"], 3);
    EXPECT_EQ(data["title"], "Treasury deposited 2.5 WETH on p");
    EXPECT_THAT(data["text"].get<std::string>(), HasSubstr("paid by 0x"));
}

TEST(ActivityRule, each_kind_has_a_metric_of_its_own) {
    Scenario scenario =
        watching({rule("deposited", "d"), rule("withdrawn", "w"), rule("borrowed", "b"),
                  rule("repaid", "r"), rule("transferred", "t"), rule("activity", "a")});
    std::uint64_t tx = 0;
    for (const auto action :
         {AccountAction::deposit, AccountAction::withdraw, AccountAction::borrow,
          AccountAction::repay, AccountAction::send, AccountAction::receive}) {
        scenario.activity.push_back(activity(++tx, block(100), action));
    }
    scenario.round(100);
    std::map<std::string, std::vector<std::string>> told;
    for (const auto& alert : scenario.stored) {
        const json data = json::parse(alert.body)["data"];
        told[data["rule"].get<std::string>()].push_back(data["action"].get<std::string>());
    }
    EXPECT_THAT(told["d"], ElementsAre("deposit"));
    EXPECT_THAT(told["w"], ElementsAre("withdraw"));
    EXPECT_THAT(told["b"], ElementsAre("borrow"));
    EXPECT_THAT(told["r"], ElementsAre("repay"));
    EXPECT_THAT(told["t"], ElementsAre("send", "receive"));
    EXPECT_EQ(told["a"].size(), 6U);
}

TEST(ActivityRule, is_limited_to_lists_markets_and_worth) {
    auto settings = rule("activity");
    settings.watch = {"whales"};
    settings.markets = {"WETH"};
    settings.min_usd = usd(5000);
    Scenario scenario = watching({settings});
    scenario.activity = {activity(1, block(100), AccountAction::deposit, 1),
                         activity(2, block(100), AccountAction::deposit, 2),
                         activity(3, block(100), AccountAction::deposit, 2),
                         activity(4, block(100), AccountAction::deposit, 2),
                         activity(5, block(100), AccountAction::deposit, 2)};
    scenario.activity[2].asset = "USDC";
    scenario.activity[3].amount = TokenAmount::from_raw(scenario.activity[3].amount.raw() - 1);
    scenario.activity[4].amount = TokenAmount::from_raw(U256(1));
    scenario.activity[4].price.reset();
    EXPECT_EQ(scenario.round(100).size(), 2U) << "the one worth enough, the one without a price";
    EXPECT_EQ(json::parse(scenario.stored[0].body)["data"]["labels"]["watch"], "whales");
}

TEST(ActivityRule, a_liquidation_is_activity_too) {
    Scenario scenario = watching({rule("activity")});
    scenario.liquidations = {liquidation(1, block(100), 1), liquidation(2, block(100), 3)};
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @100")) << "3 is not watched";
    const json data = scenario.last()["data"];
    EXPECT_EQ(scenario.stored[0].type, "position.activity.fired");
    EXPECT_EQ(data["action"], "liquidated");
    EXPECT_EQ(data["liquidator"], to_checksum(test::address(99)));
    EXPECT_EQ(data["labels"]["watch"], "Treasury");
}

TEST(ActivityRule, shares_of_unknown_worth_are_no_amount) {
    Scenario scenario = watching({rule("activity")});
    scenario.activity = {activity(1, block(100), AccountAction::send)};
    scenario.activity[0].shares = U256(5000);
    scenario.activity[0].amount = {};
    scenario.round(100);
    const json data = scenario.last()["data"];
    EXPECT_FALSE(data.contains("amount"));
    EXPECT_FALSE(data.contains("amount_usd"));
    EXPECT_EQ(data["shares"], "5000");
    EXPECT_THAT(data["text"].get<std::string>(), HasSubstr("5000 shares of its market"));
}

TEST(ActivityRule, is_taken_back_or_moved_like_any_event) {
    Scenario scenario = watching({rule("activity")});
    scenario.activity = {activity(1, block(100), AccountAction::borrow),
                         activity(2, block(100), AccountAction::repay)};
    scenario.round(100);
    scenario.activity = {activity(2, block(101, 'b'), AccountAction::repay)};
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'),
                ElementsAre("updated 0/2 @101 reorg", "retracted 0/2 @101 reorg"));
}

TEST(ActivityRule, has_the_same_bytes_when_it_is_found_again) {
    const auto told = [](BlockNumber round) {
        Scenario scenario = watching({rule("activity")});
        scenario.activity = {activity(1, block(100), AccountAction::borrow)};
        scenario.round(round);
        return scenario.stored.at(0).body;
    };
    EXPECT_EQ(told(100), told(130));
}

TEST(HealthRule, is_limited_to_a_watch_list) {
    auto settings = rule("health_factor < 1.5");
    settings.watch = {"treasury"};
    Scenario scenario = watching({settings});
    scenario.healths = {position(1, "1.4"), position(2, "1.2")};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100 initial"));
    EXPECT_EQ(scenario.last()["data"]["labels"]["watch"], "Treasury");
}

// ---- parameters

/// Without the change nobody of the scenario's positions can be liquidated but 9.
Scenario with_effect(std::vector<config::RuleSettings> rules) {
    Scenario scenario(std::move(rules));
    scenario.healths = {position(1, "0.99", 5000), position(2, "1.5", 7000),
                        position(3, "0.95", 6000), position(9, "0.5", 100)};
    const auto without = [](const protocols::ParameterChange&) {
        return std::vector{position(1, "1.01", 5000), position(2, "1.55", 7000),
                           position(3, "1.02", 6000), position(9, "0.6", 100)};
    };
    scenario.protocol.healths_without = without;
    return scenario;
}

TEST(ParametersRule, tells_from_and_to_and_whom_it_endangers) {
    Scenario scenario = with_effect({rule("parameters_changed")});
    scenario.changes = {change(1, block(100))};
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "market.parameters.fired");
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "WETH");
    EXPECT_EQ(data["asset"], "WETH");
    EXPECT_EQ(data["token"], to_checksum(test::address(1001)));
    EXPECT_EQ(data["changes"][0], json({{"parameter", "liquidation_threshold"},
                                        {"from", "8250"},
                                        {"to", "8000"},
                                        {"decimals", 4}}));
    const json& endangered = data["endangered"];
    EXPECT_EQ(endangered["positions"], 2);
    EXPECT_EQ(raw(endangered["debt_usd"]), "1100000000000");
    EXPECT_EQ(endangered["block"], 100);
    EXPECT_EQ(endangered["accounts"].size(), 2U);
    EXPECT_EQ(endangered["accounts"][0]["account"], to_checksum(test::address(3)));
    EXPECT_EQ(raw(endangered["accounts"][0]["health_factor"]), "950000000000000000");
    EXPECT_EQ(raw(endangered["accounts"][0]["health_factor_before"]), "1020000000000000000");
    EXPECT_FALSE(endangered.contains("more"));
    EXPECT_EQ(data["title"],
              "2 positions endangered by WETH on p: liquidation threshold 82.5% -> 80%");
    EXPECT_THAT(data["text"].get<std::string>(), HasSubstr("2 positions become liquidatable"));
}

TEST(ParametersRule, min_debt_is_what_becomes_liquidatable) {
    auto enough = rule("parameters_changed", "enough");
    enough.min_debt = usd(11'000);
    auto more = rule("parameters_changed", "more");
    more.min_debt = usd(11'001);
    Scenario scenario = with_effect({enough, more});
    scenario.changes = {change(1, block(100))};
    EXPECT_EQ(scenario.round(100).size(), 1U);
    EXPECT_EQ(scenario.last()["data"]["rule"], "enough");
}

TEST(ParametersRule, what_it_endangers_may_not_be_known) {
    auto settings = rule("parameters_changed");
    settings.min_debt = usd(1'000'000);
    Scenario scenario = with_effect({settings});
    scenario.protocol.verified = false;
    scenario.changes = {change(1, block(100)), change(2, block(100))};
    scenario.changes[1].before.reset();  // nothing that decides health
    EXPECT_THAT(scenario.round(100), ElementsAre("fired 0/1 @100")) << "unknown is not harmless";
    const json data = scenario.last()["data"];
    EXPECT_FALSE(data.contains("endangered"));
    EXPECT_THAT(data["text"].get<std::string>(), HasSubstr("is not known"));
}

TEST(ParametersRule, a_change_of_nobodys_health_says_nothing_of_effects) {
    Scenario scenario = with_effect({rule("parameters_changed")});
    scenario.changes = {change(1, block(100))};
    scenario.changes[0].before.reset();
    scenario.changes[0].subject = "pool";
    scenario.changes[0].token = {};
    scenario.changes[0].values = {{"implementation", "", "0xabc"}};
    scenario.round(100);
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "pool");
    EXPECT_FALSE(data.contains("endangered"));
    EXPECT_FALSE(data.contains("asset"));
    EXPECT_FALSE(data["changes"][0].contains("from"));
    EXPECT_EQ(data["title"], "Pool on p: implementation 0xabc");
}

TEST(ParametersRule, is_limited_to_markets) {
    auto settings = rule("parameters_changed");
    settings.markets = {"USDC"};
    Scenario scenario = with_effect({settings});
    scenario.changes = {change(1, block(100))};
    EXPECT_THAT(scenario.round(100), IsEmpty());
}

TEST(ParametersRule, the_list_is_cut_to_the_largest) {
    Scenario scenario({rule("parameters_changed")});
    std::vector<protocols::PositionHealth> before;
    for (std::uint64_t i = 1; i <= 30; ++i) {
        scenario.healths.push_back(position(i, "0.9", 1000 + i));
        before.push_back(position(i, "1.1", 1000 + i));
    }
    scenario.protocol.healths_without = [&](const auto&) { return before; };
    scenario.changes = {change(1, block(100))};
    scenario.round(100);
    const json endangered = scenario.last()["data"]["endangered"];
    EXPECT_EQ(endangered["positions"], 30);
    EXPECT_EQ(endangered["accounts"].size(), 20U);
    EXPECT_EQ(endangered["more"], 10);
    EXPECT_EQ(endangered["accounts"][0]["account"], to_checksum(test::address(30)));
    EXPECT_LT(scenario.stored[0].body.size(), 20'000U);
}

TEST(ParametersRule, a_change_that_left_the_chain_is_taken_back) {
    Scenario scenario = with_effect({rule("parameters_changed")});
    scenario.changes = {change(1, block(100))};
    scenario.round(100);
    EXPECT_THAT(scenario.reorganise(99, 100, 'b'), ElementsAre("retracted 0/2 @100 reorg"));
    scenario.changes = {change(1, block(101, 'b'))};
    EXPECT_THAT(scenario.round(101), ElementsAre("fired 0/3 @101"));
}

}  // namespace
}  // namespace plimsoll::rules
