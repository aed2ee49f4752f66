#include "daemon/rules/compose.hpp"
#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// What people read of the last alert.
std::string text(const Scenario& scenario) {
    return scenario.last()["data"]["text"].get<std::string>();
}
std::string title(const Scenario& scenario) {
    return scenario.last()["data"]["title"].get<std::string>();
}

protocols::PositionReport report() {
    protocols::PositionReport out;
    protocols::AssetEntry small;
    small.asset = "USDC";
    small.token = test::address(502);
    small.usd = usd(10);
    protocols::AssetEntry large;
    large.asset = "wstETH";
    large.token = test::address(501);
    large.decimals = 18;
    large.price = OraclePrice::from_raw(U256(300'000'000'000));
    large.usd = usd(1490);
    large.alone = {OraclePrice::from_raw(U256(290'000'000'000)), protocols::PriceSide::below};
    large.group = {OraclePrice::from_raw(U256(241'012'345'678)), protocols::PriceSide::below};
    large.group_leader = "WETH";
    out.collateral = {small, large};
    out.repay_to_safe = {{"USDC", test::address(502), 6, TokenAmount::from_raw(U256(123'456'789))}};
    out.add_to_safe = {
        {"wstETH", test::address(501), 18, TokenAmount::from_raw(U256(51'234'567'890'123'456ULL))}};
    out.liquidation_time = 1'800'000'000;
    return out;
}

TEST(Messages, a_position_with_everything_known) {
    auto one = rule("health_factor < 1.05", "hf-warning");
    one.watch = {"mine"};
    Scenario scenario({one});
    scenario.settings.watches = {{"mine", "Treasury", {test::address(0xa1)}, {}}};
    scenario.restart();
    scenario.protocol.coverage = "0.999912";
    scenario.protocol.report = [](const protocols::PositionKey&) { return report(); };
    scenario.round(99);
    scenario.healths = {position(0xa1, "1.04", 1000)};
    scenario.round(100);
    const json expected = json::parse(R"({
      "alert_key": "hf-warning/eip155:1/p/0x00000000000000000000000000000000000000A1",
      "block": {"finality": "latest", "number": 100, "time": 1700001200,
        "hash": "0x6100000000000000000000000000000000000000000000000000000000000064"},
      "chain": "eip155:1",
      "collateral_usd": {"decimals": 8, "raw": "150000000000"},
      "coverage": "0.999912",
      "debt_usd": {"decimals": 8, "raw": "100000000000"},
      "episode": 100,
      "health_factor": {"decimals": 18, "raw": "1040000000000000000"},
      "labels": {"watch": "Treasury"},
      "liquidatable": false,
      "liquidation_price": {
        "alone": {"price": {"decimals": 8, "raw": "290000000000"}, "side": "below"},
        "asset": "wstETH",
        "group": {"leader": "WETH", "price": {"decimals": 8, "raw": "241012345678"},
                  "side": "below"},
        "price": {"decimals": 8, "raw": "300000000000"},
        "token": "0x00000000000000000000000000000000000001F5"},
      "liquidation_time": 1800000000,
      "protocol": "p",
      "rule": "hf-warning",
      "seq": 1,
      "since": 1700001200, "severity": "warning",
      "subject": "0x00000000000000000000000000000000000000A1",
      "text": "",
      "title": "Position at risk on p: 0x0000...00A1, health factor 1.0400, debt 1000.00 USD",
      "to_safe": {
        "add": [{"amount": {"decimals": 18, "raw": "51234567890123456"}, "asset": "wstETH",
                 "token": "0x00000000000000000000000000000000000001F5"}],
        "repay": [{"amount": {"decimals": 6, "raw": "123456789"}, "asset": "USDC",
                   "token": "0x00000000000000000000000000000000000001f6"}],
        "target": {"decimals": 18, "raw": "1250000000000000000"}}
    })");
    json data = scenario.last()["data"];
    data["text"] = "";
    EXPECT_EQ(data, expected) << data.dump(1);
    EXPECT_EQ(
        text(scenario),
        "0x00000000000000000000000000000000000000A1 (Treasury): health factor 1.0400, debt "
        "1000.00 USD, collateral 1500.00 USD. Its collateral can lose 3.84% of its value before "
        "it can be liquidated.\n"
        "Liquidation at WETH <= 2410.1234 USD (wstETH is at 3000.0000).\n"
        "For a health factor of 1.25: repay 123.4568 USDC, or add 0.05123457 wstETH.\n"
        "Since block 100 (2023-11-14T22:33:20Z). Seen at block 100. Coverage 0.999912.");
    EXPECT_EQ(title(scenario),
              "Position at risk on p: 0x0000...00A1, health factor 1.0400, debt 1000.00 USD");
}

/// Prices in a coin of which 27 are worth 100 dollars.
protocols::PositionReport report_in_coin() {
    protocols::PositionReport out = report();
    protocols::AssetEntry& coin = out.collateral[1];
    coin.asset = coin.group_leader = "TRX";
    coin.quote = {"TRX", U256(27), U256(100)};
    coin.price = OraclePrice::from_raw(U256(1'000'000'000'000'000'000ULL));
    coin.alone = {OraclePrice::from_raw(U256(1'100'000'000'000'000'000ULL)),
                  protocols::PriceSide::below};
    coin.group = {OraclePrice::from_raw(U256(2'500'000'000'000ULL)), protocols::PriceSide::below};
    coin.price_decimals = 18;
    return out;
}

/// The same of a member whose own prices have other decimals than the leader's.
protocols::PositionReport report_of_member() {
    protocols::PositionReport out = report_in_coin();
    protocols::AssetEntry& member = out.collateral[1];
    member.asset = "sTRX";
    member.price_decimals = 6;
    member.price = member.alone->price = OraclePrice::from_raw(U256(1'200'000));
    return out;
}

TEST(Messages, prices_that_are_not_in_dollars_say_so) {
    Scenario scenario({rule("liquidatable")});
    scenario.protocol.report = [](const protocols::PositionKey&) { return report_in_coin(); };
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    const json told = scenario.last()["data"]["liquidation_price"];
    EXPECT_EQ(told["price"]["raw"], "1000000000000000000");
    EXPECT_EQ(told["price_quote"], "TRX");
    EXPECT_EQ(told["price_usd"]["raw"], "27000000");
    EXPECT_EQ(told["alone"]["price_quote"], "TRX");
    EXPECT_EQ(told["alone"]["price_usd"]["raw"], "29700000");
    EXPECT_EQ(told["group"]["price_usd"]["raw"], "67");
    EXPECT_THAT(text(scenario),
                HasSubstr("Liquidation at TRX <= 0.00000067 USD (TRX is at 0.2700)"))
        << "more digits where four would show nothing";
}

TEST(Messages, a_price_of_the_leader_has_the_leaders_decimals) {
    Scenario scenario({rule("liquidatable")});
    scenario.protocol.report = [](const protocols::PositionKey&) { return report_of_member(); };
    scenario.groups = {
        {"TRX", "TRX", test::address(500), {test::address(500), test::address(501)}}};
    scenario.markets.resize(1);
    scenario.markets[0].token = test::address(500);
    scenario.markets[0].price_decimals = 18;
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    const json told = scenario.last()["data"]["liquidation_price"];
    EXPECT_EQ(told["alone"]["price"]["decimals"], 6);
    EXPECT_EQ(told["group"]["price"]["decimals"], 18);
    EXPECT_EQ(told["group"]["price_usd"]["raw"], "67");
    EXPECT_THAT(text(scenario),
                HasSubstr("Liquidation at TRX <= 0.00000067 USD (sTRX is at 0.3240)"));
}

TEST(Messages, a_band_whose_price_is_not_in_dollars) {
    Scenario scenario({rule("exposure_usd > 1000")});
    scenario.bands = {band(5000, 2500)};
    scenario.bands[0].quote = {"TRX", U256(27), U256(100)};
    scenario.round(100);
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["price"]["raw"], "250000000000");
    EXPECT_EQ(data["price_quote"], "TRX");
    EXPECT_EQ(data["price_usd"]["raw"], "67500000000");
    EXPECT_THAT(text(scenario), HasSubstr("is at 675.00 USD"));
}

TEST(Messages, liquidatable_now_and_resolved) {
    Scenario scenario({rule("liquidatable")});
    scenario.healths = {position(1, "0.999999999999999999")};
    scenario.round(100);
    EXPECT_THAT(title(scenario), HasSubstr("Position can be liquidated on p: 0x0000...0001"));
    EXPECT_THAT(title(scenario), HasSubstr("health factor 0.9999,")) << "never rounded to 1";
    EXPECT_THAT(text(scenario), HasSubstr("It can be liquidated now."));
    EXPECT_THAT(text(scenario), HasSubstr("It held already when the rule first looked."));
    scenario.healths = {position(1, "2")};
    scenario.round(101);
    EXPECT_EQ(title(scenario), "Resolved: position can be liquidated on p: 0x0000...0001");
    EXPECT_THAT(text(scenario), HasSubstr("Since block 100"));
    EXPECT_THAT(text(scenario), HasSubstr("Seen at block 101"));
}

TEST(Messages, gone) {
    Scenario scenario({rule("liquidatable")});
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths.clear();
    scenario.gone = {{{test::address(1), {}}, GoneReason::liquidated}};
    scenario.round(101);
    EXPECT_THAT(text(scenario), HasSubstr("Its debt is gone: liquidated."));
    EXPECT_EQ(scenario.last()["data"]["debt_usd"]["raw"], "0");
    EXPECT_FALSE(scenario.last()["data"].contains("health_factor"));
}

TEST(Messages, a_position_in_one_of_many_markets) {
    Scenario scenario({rule("liquidatable")});
    scenario.round(99);
    scenario.healths = {position(1, "0.9"), position(1, "0.8")};
    scenario.healths[1].key.market = test::block_hash(5, 'm');
    EXPECT_EQ(scenario.round(100).size(), 2U);
    EXPECT_EQ(scenario.stored[0].alert_key,
              "r/eip155:1/p/0x0000000000000000000000000000000000000001");
    EXPECT_EQ(scenario.stored[1].alert_key,
              "r/eip155:1/p/0x0000000000000000000000000000000000000001/"
              "6d00000000000000000000000000000000000000000000000000000000000005");
    EXPECT_EQ(scenario.last()["data"]["labels"]["market"],
              "0x6d00000000000000000000000000000000000000000000000000000000000005");
}

TEST(Messages, a_band) {
    auto one = rule("exposure_usd > 1000 and price_above_band_pct < 5");
    one.bands = {"eth"};
    Scenario scenario({one});
    scenario.round(99);
    scenario.bands = {band(2000, 2472)};
    scenario.bands[0].positions = 30;
    scenario.bands[0].liquidatable = 1;
    scenario.bands[0].not_computable = 2;
    for (std::uint64_t i = 0; i < 20; ++i) {
        scenario.bands[0].largest.push_back(
            {{test::address(i + 1), {}}, U256(1'000'000'000'000'000'000ULL), usd(2472), usd(1900)});
    }
    scenario.round(100);
    const json data = scenario.last()["data"];
    EXPECT_EQ(data["band"], json::parse(R"({"low":{"raw":"220000000000","decimals":8},
                                            "high":{"raw":"240000000000","decimals":8}})"));
    EXPECT_EQ(data["collateral"]["raw"], "2000000000000000000");
    EXPECT_EQ(data["collateral"]["decimals"], 18);
    EXPECT_EQ(data["collateral_usd"]["raw"], "200000000000");
    EXPECT_EQ(data["debt_usd"]["raw"], "100000000000");
    EXPECT_EQ(data["price"]["raw"], "247200000000");
    EXPECT_EQ(data["distance_pct"], "3.00");
    EXPECT_EQ(data["positions"], 30);
    EXPECT_EQ(data["top"].size(), 20U);
    EXPECT_EQ(data["more"], 10);
    EXPECT_EQ(data["top"][0]["account"], "0x0000000000000000000000000000000000000001");
    EXPECT_EQ(data["top"][0]["debt_usd"]["raw"], "190000000000");
    EXPECT_EQ(data["not_computable"], 2);
    EXPECT_EQ(title(scenario),
              "ETH band 2200-2400 is approached on p: 2000.00 USD, 3.00% above the band");
    EXPECT_EQ(text(scenario),
              "2 WETH (2000.00 USD) of 30 positions can be liquidated while the price crosses "
              "2200-2400 USD; they owe 1000.00 USD. 1 of them can be liquidated now.\n"
              "WETH is at 2472.00 USD, 3.00% above the band.\n"
              "The largest is 0x0000000000000000000000000000000000000001 with 1 WETH (2472.00 "
              "USD).\n"
              "2 positions of the protocol cannot be computed and may belong to it.\n"
              "Since block 100 (2023-11-14T22:33:20Z). Seen at block 100.");
}

TEST(Messages, a_realised_liquidation) {
    Scenario scenario({rule("liquidated", "liqs")});
    auto event = liquidation(1, block(100));
    event.collateral_price =
        protocols::AssetPrice{OraclePrice::from_raw(U256(230'000'000'000)), 8, {}};
    event.debt_price = protocols::AssetPrice{OraclePrice::from_raw(U256(99'990'000)), 8, {}};
    event.bad_debt = TokenAmount::from_raw(U256(1'000'000));
    event.protocol_fee = TokenAmount::from_raw(U256(1));
    scenario.liquidations = {event};
    scenario.round(103);
    json data = scenario.last()["data"];
    EXPECT_EQ(data["tx"], json::parse(R"({"log_index":7,"hash":
        "0x7400000000000000000000000000000000000000000000000000000000000001"})"));
    EXPECT_EQ(data["collateral"]["raw"], "1500000000000000000");
    EXPECT_EQ(data["collateral"]["decimals"], 18);
    EXPECT_EQ(data["collateral_asset"], "WETH");
    EXPECT_EQ(data["collateral_usd"]["raw"], "345000000000");
    EXPECT_EQ(data["debt"]["raw"], "3000000000");
    EXPECT_EQ(data["debt_usd"]["raw"], "299970000000");
    EXPECT_EQ(data["bad_debt"]["raw"], "1000000");
    EXPECT_EQ(data["liquidator"], "0x0000000000000000000000000000000000000063");
    EXPECT_EQ(data["episode"], 0);
    EXPECT_EQ(data["block"]["number"], 100);
    EXPECT_EQ(title(scenario), "Liquidation on p: 0x0000...0001 lost 1.5 WETH");
    EXPECT_EQ(text(scenario),
              "0x0000000000000000000000000000000000000001 lost 1.5 WETH (3450.00 USD); 3000 USDC "
              "(2999.70 USD) of its debt was repaid by "
              "0x0000000000000000000000000000000000000063.\n"
              "1 USDC was written off as bad debt.\n"
              "Block 100 (2023-11-14T22:33:20Z), transaction "
              "0x7400000000000000000000000000000000000000000000000000000000000001, log 7.");
}

TEST(Messages, without_prices_there_is_no_usd) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.liquidations[0].collateral = TokenAmount::from_raw(u256_max());
    scenario.liquidations[0].collateral_price =
        protocols::AssetPrice{OraclePrice::from_raw(u256_max()), 8, {}};
    scenario.round(100);
    EXPECT_FALSE(scenario.last()["data"].contains("debt_usd"));
    EXPECT_FALSE(scenario.last()["data"].contains("collateral_usd")) << "beyond 256 bits";
}

TEST(Messages, names_written_by_contracts_are_cleaned) {
    Scenario scenario({rule("liquidated")});
    scenario.liquidations = {liquidation(1, block(100))};
    scenario.liquidations[0].collateral_asset = "EVIL\x1b[31m\xe2\x80\xae" + std::string(500, 'x');
    scenario.liquidations[0].debt_asset = "\xff\xfe";
    scenario.round(100);
    const std::string asset = scenario.last()["data"]["collateral_asset"].get<std::string>();
    EXPECT_EQ(asset.find('\x1b'), std::string::npos);
    EXPECT_LT(asset.size(), 100U);
}

TEST(Messages, a_small_price_is_not_called_nothing) {
    const auto of = [](std::uint64_t raw, unsigned digits) {
        return price_text({OraclePrice::from_raw(U256(raw)), 8, {}}, digits);
    };
    EXPECT_EQ(of(421, 4), "0.00000421");
    EXPECT_EQ(of(300'000'000'000, 4), "3000.0000");
    EXPECT_EQ(of(123'456'789, 2), "1.23");
    EXPECT_EQ(of(0, 2), "0.00");
}

TEST(Messages, a_retraction) {
    Scenario scenario({rule("liquidatable")});
    scenario.round(99);
    scenario.healths = {position(1, "0.9")};
    scenario.round(100);
    scenario.healths.clear();
    scenario.reorganise(99, 101, 'b');
    EXPECT_EQ(title(scenario), "Retracted: position can be liquidated on p");
    EXPECT_EQ(text(scenario),
              "Block 100 (0x6100000000000000000000000000000000000000000000000000000000000064) left "
              "the chain, and on the chain as it is now this does not hold: position can be "
              "liquidated on p, 0x0000000000000000000000000000000000000001.");
    EXPECT_EQ(scenario.last()["data"]["reason"], "reorg");
    EXPECT_EQ(scenario.last()["data"]["block"]["number"], 101);
}

TEST(Messages, accounts_as_the_chain_writes_them) {
    Scenario scenario({rule("liquidatable")});
    scenario.settings.address_text = [](const Address& account) {
        return "T" + std::to_string(account.bytes.back());
    };
    scenario.restart();
    scenario.healths = {position(7, "0.9")};
    scenario.round(100);
    EXPECT_EQ(scenario.last()["data"]["subject"], "T7");
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1/p/T7");
}

TEST(Messages, go_where_the_rule_says) {
    auto one = rule("liquidatable");
    one.to = {"hook", "unknown"};
    one.severity = "critical";
    Scenario scenario({one});
    scenario.healths = {position(7, "0.9")};
    scenario.round(100);
    ASSERT_EQ(scenario.stored[0].sinks.size(), 1U);
    EXPECT_EQ(scenario.stored[0].sinks[0].sink, "hook");
    EXPECT_EQ(scenario.stored[0].severity, 2);
    EXPECT_EQ(scenario.stored[0].signer, "0xsigner");
    EXPECT_EQ(scenario.stored[0].typed_signature, "0xtyped");
    EXPECT_EQ(scenario.stored[0].chain, "mainnet");
}

}  // namespace
}  // namespace plimsoll::rules
