#include "config/metrics.hpp"
#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

config::RuleSettings looking_back(const std::string& when, config::Window window,
                                  std::vector<std::string> markets = {}) {
    auto out = rule(when);
    out.window = window;
    out.markets = std::move(markets);
    return out;
}

config::Window minutes(std::int64_t count) { return {config::Milliseconds{60'000 * count}, 0}; }

/// A scenario whose rule has looked once at a quiet protocol of WETH and USDC.
Scenario started(const config::RuleSettings& settings) {
    Scenario scenario({settings});
    scenario.markets = {market(1, 1'000'000, 400'000), market(2, 500'000, 100'000, 1)};
    scenario.round(99);
    return scenario;
}

std::string raw(const json& amount) { return amount.at("raw").get<std::string>(); }

// ---- thresholds over time

TEST(SeriesRule, compares_sums_of_the_protocol) {
    Scenario scenario = started(rule("borrowed_usd > 600_000"));
    scenario.markets[0].borrowed_usd = usd(500'001);
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "market.series.firing");
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1/p/p");
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "p");
    EXPECT_EQ(data["metric"], "borrowed_usd");
    EXPECT_EQ(data["condition"], "borrowed_usd > 600000");
    EXPECT_EQ(data["value"], "600001");
    EXPECT_EQ(raw(data["borrowed_usd"]), "60000100000000");
    EXPECT_EQ(data.value("asset", ""), "");
    scenario.markets[0].borrowed_usd = usd(440'001);
    EXPECT_THAT(scenario.round(101), IsEmpty()) << "between the threshold and the margin";
    scenario.markets[0].borrowed_usd = usd(440'000);
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
}

TEST(SeriesRule, compares_each_market_where_markets_are_named) {
    auto settings = rule("utilization >= 0.5");
    settings.markets = {"*"};
    Scenario scenario = started(settings);
    scenario.markets[0].borrowed_usd = usd(500'000);
    scenario.markets[1].borrowed_usd = usd(249'999);
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "WETH");
    EXPECT_EQ(data["labels"]["asset"], "WETH");
    EXPECT_EQ(data["labels"]["token"], to_checksum(test::address(1001)));
    EXPECT_EQ(data["value"], "0.5");
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1/p/WETH");
}

TEST(SeriesRule, looks_only_at_the_markets_named) {
    auto settings = rule("tvl_usd < 10");
    settings.markets = {"USDC"};
    Scenario scenario = started(settings);
    scenario.markets[0].borrowed_usd = scenario.markets[0].supplied_usd;
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.markets[1].borrowed_usd = scenario.markets[1].supplied_usd;
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
}

TEST(SeriesRule, counts_positions) {
    auto settings = rule("positions_at_risk >= 2");
    Scenario scenario = started(settings);
    scenario.healths = {position(1, "1.05"), position(2, "1.2"), position(3, "0.9")};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.healths.push_back(position(4, "1.01"));
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
}

TEST(SeriesRule, is_told_again_when_it_doubles) {
    Scenario scenario = started(rule("liquidatable_debt_usd > 100"));
    scenario.healths = {position(1, "0.9", 150)};
    scenario.round(100);
    scenario.healths = {position(1, "0.9", 299)};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.healths = {position(1, "0.9", 300)};
    EXPECT_THAT(scenario.round(102), ElementsAre("updated 100/2 @102"));
}

TEST(SeriesRule, what_is_not_known_changes_nothing) {
    Scenario scenario = started(rule("borrowed_usd > 600_000"));
    scenario.markets[0].borrowed_usd = usd(900'000);
    scenario.round(100);
    scenario.protocol.read = false;
    scenario.markets.clear();
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.protocol.read = true;
    scenario.protocol.verified = false;
    EXPECT_THAT(scenario.round(102), IsEmpty());
    scenario.protocol.verified = true;
    EXPECT_THAT(scenario.round(103), ElementsAre("resolved 100/2 @103"));
}

TEST(SeriesRule, two_markets_of_one_name_are_two_subjects) {
    auto settings = rule("tvl_usd < 10");
    settings.markets = {"*"};
    Scenario scenario = started(settings);
    scenario.markets = {market(1, 5, 0), market(3, 5, 0)};
    scenario.markets[1].asset = "WETH";
    EXPECT_EQ(scenario.round(100).size(), 2U);
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1/p/WETH");
    EXPECT_EQ(scenario.stored[1].alert_key,
              "r/eip155:1/p/WETH/" + to_checksum(test::address(1003)));
}

TEST(SeriesRule, ends_with_a_market_that_is_delisted) {
    auto settings = rule("tvl_usd < 10");
    settings.markets = {"*"};
    Scenario scenario = started(settings);
    scenario.markets = {market(1, 5, 0), market(2, 1000, 0)};
    scenario.round(100);
    scenario.markets.erase(scenario.markets.begin());
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 closed"));
}

// ---- the rest of a market

TEST(PausedRule, tells_which_market) {
    Scenario scenario = started(rule("paused"));
    scenario.markets[1].paused = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "market.paused.firing");
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "USDC");
    EXPECT_EQ(data["paused"], true);
    EXPECT_EQ(data["title"], "Market is paused: USDC on p");
    scenario.markets[1].paused = false;
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101"));
}

TEST(PausedRule, a_pause_that_was_orphaned_is_taken_back) {
    Scenario scenario = started(rule("paused"));
    scenario.markets[1].paused = true;
    scenario.round(100);
    scenario.markets[1].paused = false;
    EXPECT_THAT(scenario.reorganise(99, 100, 'b'), ElementsAre("retracted 100/2 @100 reorg"));
    scenario.markets[1].paused = true;
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_THAT(scenario.reorganise(100, 102, 'c'), ElementsAre("updated 101/2 @102 reorg"));
}

TEST(FrozenRule, is_a_state_of_its_own) {
    Scenario scenario = started(rule("frozen"));
    scenario.markets[0].paused = true;
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.markets[0].frozen = true;
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_EQ(scenario.stored[0].type, "market.paused.firing");
    EXPECT_EQ(scenario.last()["data"]["title"], "Market is frozen: WETH on p");
}

TEST(PausedRule, names_what_is_refused_where_the_kind_tells_it) {
    Scenario scenario = started(rule("paused"));
    scenario.markets[0].paused = true;
    scenario.markets[0].paused_actions = {{"seize", "liquidate"}};
    scenario.round(100);
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["paused_actions"], json({"seize", "liquidate"}));
    EXPECT_THAT(data["text"], HasSubstr("cannot be liquidated. It refuses: seize, liquidate.\n"));
}

TEST(OracleDownRule, tells_a_price_that_is_not_there) {
    Scenario scenario = started(rule("oracle_down"));
    scenario.markets[0].price.reset();
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "oracle.stale.firing");
    EXPECT_EQ(scenario.last()["data"]["has_price"], false);
    scenario.markets[0].price = OraclePrice::from_raw(U256(0));
    EXPECT_THAT(scenario.round(101), IsEmpty()) << "an answer of 0 is no price either";
    scenario.markets[0].price = OraclePrice::from_raw(U256(1));
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
}

// ---- bad debt

TEST(BadDebtRule, lists_who_owes_more_than_he_has) {
    Scenario scenario = started(rule("bad_debt_usd >= 1000"));
    for (std::uint64_t i = 1; i <= 25; ++i) {
        scenario.healths.push_back(position(i, "0.5", 1000 + i));
        scenario.healths.back().collateral = usd(900);
    }
    scenario.healths.push_back(position(99, "0.9", 10'000));  // more collateral than debt
    scenario.markets[1].deficit = TokenAmount::from_raw(U256(7'000'000));
    scenario.markets[1].deficit_usd = usd(7);
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "market.bad_debt.firing");
    const json data = scenario.last()["data"];
    // 25 * 100 + (1 + ... + 25) and the deficit
    EXPECT_EQ(raw(data["bad_debt_usd"]), std::to_string((2500 + 325 + 7) * 100'000'000ULL));
    EXPECT_EQ(raw(data["shortfall_usd"]), std::to_string((2500 + 325) * 100'000'000ULL));
    EXPECT_EQ(raw(data["deficit_usd"]), "700000000");
    EXPECT_EQ(data["positions"], 25);
    EXPECT_EQ(data["accounts"].size(), 20U);
    EXPECT_EQ(data["more"], 5);
    EXPECT_EQ(data["accounts"][0]["account"], to_checksum(test::address(25)));
    EXPECT_EQ(raw(data["accounts"][0]["shortfall_usd"]), "12500000000");
    EXPECT_EQ(data["deficits"][0]["asset"], "USDC");
    EXPECT_LT(scenario.stored[0].body.size(), 20'000U);
}

TEST(BadDebtRule, a_position_without_collateral_is_no_news_for_other_rules) {
    Scenario scenario({rule("liquidatable")});
    scenario.healths = {position(1, "0.5"), position(2, "0.9")};
    scenario.healths[0].collateral = {};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100 initial"));
    scenario.healths[1] = position(2, "0");
    scenario.healths[1].collateral = {};
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 bad_debt"));
    EXPECT_THAT(scenario.last()["data"]["text"].get<std::string>(), HasSubstr("bad debt"));
    EXPECT_EQ(raw(scenario.last()["data"]["debt_usd"]), "100000000000");
}

// ---- drops

TEST(TvlDropRule, is_measured_from_the_highest_within_the_window) {
    Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(60)));
    scenario.markets[0].supplied_usd = usd(1'400'000);  // 1,400,000 in the contracts
    scenario.round(100);
    scenario.markets[0].supplied_usd = usd(1'130'000);
    EXPECT_THAT(scenario.round(101), IsEmpty()) << "19.3%";
    scenario.markets[0].supplied_usd = usd(1'120'000);
    EXPECT_THAT(scenario.round(102), ElementsAre("firing 102/1 @102"));
    EXPECT_EQ(scenario.stored[0].type, "market.tvl_drop.firing");
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["drop_pct"], "20.00");
    EXPECT_EQ(data["window_seconds"], 3600);
    EXPECT_EQ(raw(data["from"]["tvl_usd"]), "140000000000000");
    EXPECT_EQ(data["from"]["block"]["number"], 100);
    EXPECT_EQ(raw(data["tvl_usd"]), "112000000000000");
    EXPECT_EQ(data["title"], "TVL dropped of p: 20.00% below its highest");
    // an hour after the highest it is the highest
    EXPECT_THAT(scenario.round(400), IsEmpty());
    EXPECT_THAT(scenario.round(401), ElementsAre("resolved 102/2 @401"));
}

TEST(TvlDropRule, looks_at_each_market_and_leaves_out_small_ones) {
    auto settings = looking_back("tvl_drop_pct >= 50", minutes(60), {"*"});
    settings.min_usd = usd(500'000);
    Scenario scenario = started(settings);
    scenario.markets[0].borrowed_usd = usd(700'000);  // from 600,000 to 300,000
    scenario.markets[1].borrowed_usd = usd(499'000);  // from 400,000 to 1,000
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.last()["data"]["subject"], "WETH");
}

TEST(TvlDropRule, remembers_over_a_restart_and_a_round_that_was_not_read) {
    Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(60)));
    scenario.protocol.read = false;
    scenario.markets = {};
    scenario.round(100);
    scenario.restart();
    scenario.protocol.read = true;
    scenario.markets = {market(1, 600'000, 0)};
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_EQ(scenario.last()["data"]["from"]["block"]["number"], 99);
}

TEST(TvlDropRule, what_left_the_chain_is_no_past) {
    Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(60)));
    scenario.markets[0].supplied_usd = usd(5'000'000);
    scenario.round(100);
    scenario.markets[0].supplied_usd = usd(1'000'000);
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_THAT(scenario.reorganise(99, 101, 'b'), ElementsAre("retracted 101/2 @101 reorg"));
    EXPECT_THAT(scenario.round(102), IsEmpty());
}

TEST(TvlDropRule, a_price_that_is_gone_is_no_drop) {
    for (const std::vector<std::string>& markets : {std::vector<std::string>{}, {"WETH"}}) {
        Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(60), markets));
        protocols::MarketReport& weth = scenario.markets[0];
        weth.supplied = TokenAmount::from_raw(U256(400));
        const protocols::MarketReport priced = weth;
        EXPECT_THAT(scenario.round(100), IsEmpty());
        weth.price.reset();
        weth.supplied_usd = weth.borrowed_usd = Usd8{};
        EXPECT_THAT(scenario.round(101), IsEmpty());
        EXPECT_THAT(scenario.round(102), IsEmpty());
        weth = priced;
        EXPECT_THAT(scenario.round(103), IsEmpty()) << "nor is it a rise";
        weth.supplied_usd = usd(500'000);
        EXPECT_THAT(scenario.round(104), ElementsAre("firing 104/1 @104"));
    }
}

TEST(TvlDropRule, a_failed_commit_leaves_no_trace) {
    Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(60)));
    scenario.commit_fails = true;
    scenario.markets[0].supplied_usd = usd(5'000'000);
    scenario.round(100);
    scenario.commit_fails = false;
    scenario.markets[0].supplied_usd = usd(1'000'000);
    EXPECT_THAT(scenario.round(100), IsEmpty());
}

TEST(TvlDropRule, a_changed_rule_begins_a_new_past_and_a_removed_one_leaves_none) {
    Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(60)));
    const std::size_t rows = scenario.row_count();
    EXPECT_EQ(rows, 2U) << "that it has looked, and what it saw";
    scenario.restart({looking_back("tvl_drop_pct >= 30", minutes(60))});
    scenario.markets[0].supplied_usd = usd(500'000);
    EXPECT_THAT(scenario.round(100), IsEmpty());
    EXPECT_EQ(scenario.row_count(), rows);
    scenario.restart({rule("paused")});
    scenario.round(101);
    EXPECT_EQ(scenario.row_count(), 1U);
}

TEST(TvlDropRule, a_long_past_has_a_bound) {
    Scenario scenario = started(looking_back("tvl_drop_pct >= 20", minutes(64)));
    for (BlockNumber number = 100; number < 300; ++number) scenario.round(number);
    EXPECT_LE(scenario.row_count(), 1U + 66U + scenario.finality + 1U + 16U);
}

// ---- jumps

TEST(PriceJumpRule, looks_up_and_down) {
    Scenario scenario = started(looking_back("price_jump_pct >= 10", minutes(10)));
    scenario.markets[0].price = OraclePrice::from_raw(usd(2199).raw());
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.markets[0].price = OraclePrice::from_raw(usd(2200).raw());
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_EQ(scenario.stored[0].type, "oracle.jump.firing");
    json data = scenario.last()["data"];
    EXPECT_EQ(data["jump_pct"], "10.00");
    EXPECT_EQ(data["direction"], "up");
    EXPECT_EQ(raw(data["from"]["price"]), "200000000000");
    EXPECT_EQ(data["from"]["block"]["number"], 99);
    EXPECT_EQ(raw(data["price"]), "220000000000");
    scenario.markets[0].price = OraclePrice::from_raw(usd(1000).raw());
    EXPECT_THAT(scenario.round(102), ElementsAre("updated 101/2 @102"));
    data = scenario.last()["data"];
    EXPECT_EQ(data["direction"], "down");
    EXPECT_EQ(data["jump_pct"], "54.54") << "cut, never rounded up";
    EXPECT_THAT(scenario.round(153), ElementsAre("resolved 101/3 @153"));
}

TEST(PriceJumpRule, a_window_of_blocks) {
    Scenario scenario = started(looking_back("price_jump_pct >= 10", {{}, 2}));
    for (BlockNumber number = 100; number <= 103; ++number) {
        scenario.markets[0].price = OraclePrice::from_raw(usd(2000 + 90 * (number - 99)).raw());
        EXPECT_THAT(scenario.round(number), IsEmpty()) << "9% in two blocks";
    }
    scenario.markets[0].price = OraclePrice::from_raw(usd(2500).raw());
    EXPECT_THAT(scenario.round(104), ElementsAre("firing 104/1 @104"));
    EXPECT_EQ(scenario.last()["data"]["window_blocks"], 2);
}

TEST(PriceJumpRule, a_price_that_is_not_there_is_unknown) {
    Scenario scenario = started(looking_back("price_jump_pct >= 10", minutes(10)));
    scenario.markets[0].price = OraclePrice::from_raw(usd(3000).raw());
    scenario.round(100);
    scenario.markets[0].price.reset();
    EXPECT_THAT(scenario.round(160), IsEmpty()) << "neither over nor going on";
    scenario.markets[0].price = OraclePrice::from_raw(usd(3000).raw());
    EXPECT_THAT(scenario.round(161), ElementsAre("resolved 100/2 @161"));
}

/// Where prices are stated in a coin, a move of the coin is one of every price but its own.
TEST(PriceJumpRule, is_measured_in_dollars_where_prices_are_stated_in_a_coin) {
    Scenario scenario({looking_back("price_jump_pct >= 10", minutes(10))});
    // The coin is worth 27 cents: its own price is 1, a dollar's 1 / 0.27.
    const auto stated = [](protocols::MarketReport one, std::uint64_t price, std::uint64_t cents) {
        one.price = OraclePrice::from_raw(U256(price));
        one.price_decimals = 18;
        one.quote = {"TRX", U256(cents), U256(100)};
        return one;
    };
    const auto world = [&](std::uint64_t dollar_in_coins, std::uint64_t cents) {
        scenario.markets = {stated(market(1, 10, 4), 1'000'000'000'000'000'000ULL, cents),
                            stated(market(2, 10, 4, 1), dollar_in_coins, cents)};
    };
    world(4'000'000'000'000'000'000ULL, 25);
    scenario.round(99);
    world(5'000'000'000'000'000'000ULL, 20);
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], scenario.markets[0].asset) << "the coin, not the dollar";
    EXPECT_EQ(data["jump_pct"], "20.00");
    EXPECT_EQ(data["direction"], "down");
    EXPECT_EQ(raw(data["from"]["price_usd"]), "25000000");
    EXPECT_EQ(raw(data["price_usd"]), "20000000");
    EXPECT_THAT(data["text"], HasSubstr("0.2000 USD, 20.00% below 0.2500 USD"));
}

// ---- stale prices

TEST(OracleAgeRule, believes_the_feed) {
    Scenario scenario = started(rule("oracle_age > 1h"));
    scenario.markets[0].price_updated_at = block(100).time - 3600;
    EXPECT_THAT(scenario.round(100), IsEmpty());
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_EQ(scenario.stored[0].type, "oracle.stale.firing");
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["age_seconds"], 3612);
    EXPECT_EQ(data["price_updated_at"], block(100).time - 3600);
    EXPECT_EQ(data["subject"], "WETH");
    scenario.markets[0].price_updated_at = block(102).time + 5;  // a clock ahead of the chain's
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 101/2 @102"));
}

TEST(OracleAgeRule, a_price_nobody_tells_the_age_of_may_stand_still) {
    Scenario scenario = started(rule("oracle_age > 1h"));
    for (BlockNumber number = 100; number < 1100; number += 50) {
        EXPECT_THAT(scenario.round(number), IsEmpty());
    }
}

/// WETH and stETH move together; stETH's feed stands still.
Scenario with_a_group(const config::RuleSettings& settings) {
    Scenario scenario({settings});
    scenario.markets = {market(1, 1000, 0), market(3, 1000, 0, 2300), market(2, 1000, 0, 1)};
    scenario.groups = {
        {"ETH", "WETH", test::address(1001), {test::address(1001), test::address(1003)}}};
    scenario.round(100);
    return scenario;
}

TEST(OracleAgeRule, a_price_that_stands_still_while_its_group_moves_is_stale) {
    Scenario scenario = with_a_group(rule("oracle_age > 1h"));
    scenario.markets[0].price = OraclePrice::from_raw(usd(1990).raw());
    EXPECT_THAT(scenario.round(399), IsEmpty());
    EXPECT_THAT(scenario.round(401), IsEmpty()) << "half a percent is no movement";
    scenario.markets[0].price = OraclePrice::from_raw(usd(1980).raw());
    EXPECT_THAT(scenario.round(402), ElementsAre("firing 402/1 @402"));
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "T3");
    EXPECT_EQ(data["unchanged_since"]["number"], 100);
    EXPECT_EQ(data["age_seconds"], 302 * 12);
    EXPECT_EQ(data["elsewhere"]["asset"], "WETH");
    EXPECT_EQ(data["elsewhere"]["protocol"], "p");
    EXPECT_EQ(raw(data["elsewhere"]["low"]), "198000000000");
    EXPECT_EQ(raw(data["elsewhere"]["high"]), "200000000000");
    scenario.markets[1].price = OraclePrice::from_raw(usd(2280).raw());
    EXPECT_THAT(scenario.round(403), ElementsAre("resolved 402/2 @403"));
}

TEST(OracleAgeRule, what_stood_still_is_remembered_over_a_restart) {
    Scenario scenario = with_a_group(rule("oracle_age > 1h"));
    for (BlockNumber number = 110; number <= 400; number += 10) scenario.round(number);
    scenario.restart();
    scenario.markets[0].price = OraclePrice::from_raw(usd(1900).raw());
    EXPECT_EQ(scenario.round(420).size(), 1U);
}

TEST(OracleAgeRule, the_same_token_in_another_protocol_is_a_witness) {
    Scenario scenario = started(rule("oracle_age > 1h"));
    ProtocolFacts other;
    other.name = "q";
    other.read = true;
    std::vector<protocols::MarketReport> theirs{market(1, 1000, 0)};
    other.markets = theirs;
    scenario.others = {other};
    scenario.round(100);
    theirs[0].price = OraclePrice::from_raw(usd(1900).raw());
    EXPECT_THAT(scenario.round(401), ElementsAre("firing 401/1 @401"));
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["protocol"], "p");
    EXPECT_EQ(data["elsewhere"]["protocol"], "q");
}

// ---- what the table promises

TEST(MarketRules, every_metric_of_a_protocol_or_a_market_has_a_number) {
    for (const config::MetricSpec& spec : config::metric_specs()) {
        const bool is_about_market =
            spec.scope == config::Scope::market || spec.scope == config::Scope::protocol;
        if (!is_about_market || config::is_event(spec.metric)) continue;
        const std::string when =
            std::string(spec.name) + (config::is_flag(spec.metric) ? "" : " >= 0");
        for (const bool each : {false, true}) {
            if (each && !spec.per_market) continue;
            auto settings = rule(when);
            settings.clear.clear();
            settings.window = minutes(5);
            if (each) settings.markets = {"*"};
            Scenario scenario = started(settings);
            scenario.healths = {position(1, "0.9")};
            scenario.protocol.coverage_ppm = 1'000'000;
            scenario.markets[0].paused = scenario.markets[0].frozen = true;
            if (spec.metric == config::Metric::oracle_down) scenario.markets[0].price.reset();
            if (spec.metric == config::Metric::unverified) scenario.protocol.verified = false;
            scenario.round(100);
            EXPECT_FALSE(scenario.stored.empty()) << when << (each ? " of each market" : "");
        }
    }
}

}  // namespace
}  // namespace plimsoll::rules
