#include "protocols/aave_v3/report.hpp"

#include "protocols/aave_v3/aave_v3.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/trust.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

U256 decimal(const char* text) { return parse_decimal(text).value(); }

/// WETH at 2500 USD, wstETH at 3000, USDC at 1. Alice has 10 WETH and 5 wstETH as collateral and
/// owes 20,000 USDC; interest has not begun.
class Report : public testing::Test {
  protected:
    explicit Report(std::uint64_t pool_revision = 11, std::uint64_t token_revision = 5)
        : chain(pool_revision, token_revision) {
        chain.list(0, "WETH", {8000, 8000, 10500, 18, 1000, 0}, 250'000'000'000);
        chain.list(1, "wstETH", {7000, 7500, 10600, 18, 1000, 0}, 300'000'000'000);
        chain.list(2, "USDC", {7500, 7800, 10450, 6, 1000, 0}, 100'000'000);
        chain.supply(alice, 0, decimal("10000000000000000000"));
        chain.supply(alice, 1, decimal("5000000000000000000"));
        chain.borrow(alice, 2, 20'000'000'000U);
        (void)chain.take_logs();
        eth.name = "ETH";
        eth.leader_symbol = "WETH";
        eth.leader = asset(0);
        eth.members = {asset(0), asset(1), numbered(555)};
        ledger = make_aave_v3({chain.provider});
        ledger->follow(std::vector{alice});
        finish_round(*ledger, chain);
    }

    Address asset(unsigned id) { return chain.reserve(id).stored.asset; }
    PositionReport report() {
        return ledger->report(key, std::vector{eth}, Wad::from_raw(decimal("1200000000000000000")));
    }

    FakeAave chain;
    std::unique_ptr<Protocol> ledger;
    AssetGroup eth;
    const Address alice = numbered(201);
    const PositionKey key{alice, {}};
};

TEST_F(Report, names_the_six_words_in_the_contracts_order) {
    using Words = std::vector<std::pair<std::string, std::string>>;
    // 40,000 USD of collateral, threshold (25,000 * 80 % + 15,000 * 75 %) / 40,000, debt 20,000.
    EXPECT_EQ(report().contract_view, (Words{{"totalCollateralBase", "4000000000000"},
                                             {"totalDebtBase", "2000000000000"},
                                             {"availableBorrowsBase", "1050000000000"},
                                             {"currentLiquidationThreshold", "7812"},
                                             {"ltv", "7625"},
                                             {"healthFactor", "1562500000000000000"}}));
}

TEST_F(Report, says_the_health_at_a_glance) {
    const PositionHealth health = ledger->health(key);
    EXPECT_TRUE(health.computable);
    EXPECT_FALSE(health.liquidatable);
    EXPECT_EQ(health.collateral.raw(), 4'000'000'000'000U);
    EXPECT_EQ(health.debt.raw(), 2'000'000'000'000U);
    EXPECT_EQ(health.health_factor->raw(), decimal("1562500000000000000"));
    EXPECT_FALSE(ledger->health({numbered(9), {}}).computable);
    EXPECT_FALSE(ledger->has_position({alice, to_bytes32(U256(1U))}));
}

TEST_F(Report, lists_what_is_held_and_owed) {
    const PositionReport out = report();
    ASSERT_EQ(out.collateral.size(), 2U);
    ASSERT_EQ(out.debt.size(), 1U);
    const AssetEntry& weth = out.collateral[0];
    EXPECT_EQ(weth.asset, "WETH");
    EXPECT_EQ(weth.token, asset(0));
    EXPECT_EQ(weth.decimals, 18U);
    EXPECT_EQ(weth.amount.raw(), decimal("10000000000000000000"));
    EXPECT_EQ(weth.price->raw(), 250'000'000'000U);
    EXPECT_EQ(weth.price_decimals, 8U);
    EXPECT_EQ(weth.usd.raw(), 2'500'000'000'000U);
    EXPECT_TRUE(weth.enabled);
    EXPECT_EQ(weth.liquidation_threshold.raw(), 8000U);
    EXPECT_EQ(out.debt[0].asset, "USDC");
    EXPECT_EQ(out.debt[0].amount.raw(), 20'000'000'000U);
    EXPECT_EQ(out.debt[0].usd.raw(), 2'000'000'000'000U);
}

TEST_F(Report, has_the_price_of_each_asset_alone_and_of_its_group) {
    const PositionReport out = report();
    // Alone: 10 * p * 80 % + 11,250 = 20,000 at p = 1093.75; at it the health factor is 1.
    ASSERT_TRUE(out.collateral[0].alone);
    EXPECT_EQ(out.collateral[0].alone->price.raw(), 109'374'999'999U);
    EXPECT_EQ(out.collateral[0].alone->side, PriceSide::below);
    // Together: 31,250 * f = 20,000 at f = 0.64, WETH 1600.
    ASSERT_TRUE(out.collateral[0].group);
    EXPECT_EQ(out.collateral[0].group->price.raw(), 159'999'999'999U);
    EXPECT_EQ(out.collateral[0].group_leader, "WETH");
    ASSERT_TRUE(out.collateral[1].group);
    EXPECT_EQ(out.collateral[1].group->price.raw(), 159'999'999'999U);
    // The debt: a group of its own, liquidatable above 1.5625.
    ASSERT_TRUE(out.debt[0].alone);
    EXPECT_EQ(out.debt[0].alone->side, PriceSide::above);
    EXPECT_EQ(out.debt[0].alone->price.raw(), 156'250'001U);
    ASSERT_TRUE(out.debt[0].group);
    EXPECT_EQ(out.debt[0].group->price, out.debt[0].alone->price);
    EXPECT_EQ(out.debt[0].group_leader, "USDC");
}

TEST_F(Report, agrees_with_the_question_at_the_groups_price) {
    const auto at = [&](std::uint64_t price) {
        return ledger->liquidatable_at(key, eth, OraclePrice::from_raw(price));
    };
    EXPECT_EQ(at(159'999'999'999U), true);
    EXPECT_EQ(at(160'000'000'000U), false);
    AssetGroup elsewhere = eth;
    elsewhere.leader = numbered(555);
    EXPECT_EQ(ledger->liquidatable_at(key, elsewhere, OraclePrice::from_raw(1U)), std::nullopt);
}

TEST_F(Report, tells_what_brings_safety) {
    chain.reserve(0).price = 100'000'000'000U;
    finish_round(*ledger, chain);
    ASSERT_TRUE(ledger->health(key).liquidatable);
    const PositionReport out = report();
    // 8,000 + 11,250 of thresholds over 1.2 allow 16,041.666666 of debt: 3958.333334 to repay.
    ASSERT_EQ(out.repay_to_safe.size(), 1U);
    EXPECT_EQ(out.repay_to_safe[0].asset, "USDC");
    EXPECT_EQ(out.repay_to_safe[0].amount.raw(), 3'958'333'334U);
    // Or 4,750 / 80 % / 1000 = 5.9375 WETH more.
    ASSERT_EQ(out.add_to_safe.size(), 2U);
    EXPECT_EQ(out.add_to_safe[0].amount.raw(), decimal("5937500000000000000"));
}

TEST_F(Report, counts_exposure_in_the_leaders_unit) {
    const auto exposure = ledger->exposure(key, eth);
    EXPECT_EQ(exposure.amount, decimal("16000000000000000000"));  // 10 + 5 * 3000 / 2500
    EXPECT_EQ(exposure.usd.raw(), 4'000'000'000'000U);
    AssetGroup usd;
    usd.leader = asset(2);
    usd.members = {asset(2)};
    EXPECT_EQ(ledger->exposure(key, usd).amount, 0);  // debt is no exposure
    usd.members = {asset(2), asset(0)};
    EXPECT_EQ(ledger->exposure(key, usd).amount, 25'000'000'000U);  // in USDC's 6 decimals
}

TEST_F(Report, what_is_not_collateral_is_no_exposure) {
    chain.mine(12);
    chain.set_collateral(alice, 1, false);
    for (const Log& log : chain.take_logs()) ledger->apply(log);
    finish_round(*ledger, chain);
    EXPECT_LT(ledger->exposure(key, eth).amount, decimal("10001000000000000000"));
    const PositionReport out = report();
    ASSERT_EQ(out.collateral.size(), 2U);
    EXPECT_TRUE(out.collateral[0].enabled);
    EXPECT_FALSE(out.collateral[1].enabled);
    EXPECT_FALSE(out.collateral[1].alone);
}

TEST_F(Report, shows_the_markets) {
    const auto markets = ledger->markets();
    ASSERT_EQ(markets.size(), 3U);
    EXPECT_EQ(markets[0].asset, "WETH");
    EXPECT_EQ(markets[0].supplied.raw(), decimal("10000000000000000000"));
    EXPECT_EQ(markets[0].supplied_usd.raw(), 2'500'000'000'000U);
    EXPECT_EQ(markets[0].borrowed.raw(), 0);
    EXPECT_EQ(markets[0].cash->raw(), U256(1) << 90U);
    EXPECT_EQ(markets[0].ltv.raw(), 8000U);
    EXPECT_EQ(markets[0].liquidation_bonus.raw(), 10500U);
    EXPECT_EQ(markets[0].index_supply.raw(), ray());
    EXPECT_EQ(markets[2].borrowed.raw(), 20'000'000'000U);
    EXPECT_EQ(markets[2].borrowed_usd.raw(), 2'000'000'000'000U);
    EXPECT_EQ(markets[2].debt_known, 20'000'000'000U);
    EXPECT_EQ(markets[2].debt_total, 20'000'000'000U);
    EXPECT_EQ(ledger->price(asset(1))->raw(), 300'000'000'000U);
    EXPECT_EQ(ledger->price(numbered(555)), std::nullopt);
}

TEST_F(Report, markets_are_accrued_to_the_block) {
    chain.mine(31'536'000);
    finish_round(*ledger, chain);
    const MarketReport usdc = ledger->markets()[2];
    EXPECT_GT(usdc.index_borrow.raw(), ray());
    EXPECT_EQ(usdc.borrowed.raw(), chain.variable_debt(alice, 2));
    EXPECT_EQ(usdc.debt_known, usdc.debt_total);
}

TEST_F(Report, prices_a_liquidation_by_the_reads_of_its_block) {
    Liquidation event;
    event.collateral_token = asset(0);
    event.debt_token = asset(2);
    ledger->price_liquidation(event, chain.answer(ledger->price_reads()));
    EXPECT_EQ(event.collateral_price->price.raw(), 250'000'000'000U);
    EXPECT_EQ(event.debt_price->price.raw(), 100'000'000U);
    Liquidation unknown;
    unknown.collateral_token = numbered(555);
    ledger->price_liquidation(unknown, chain.answer(ledger->price_reads()));
    EXPECT_EQ(unknown.collateral_price, std::nullopt);
    ledger->price_liquidation(unknown, {});
    EXPECT_EQ(unknown.debt_price, std::nullopt);
}

// ---- audit

TEST_F(Report, audit_finds_every_word_that_differs) {
    auto results = chain.answer(ledger->audit_reads(key));
    EXPECT_TRUE(ledger->audit(key, results).empty());
    results[0].data[31] ^= 1U;          // the lowest bit of the first word
    results[0].data[6 * 32 - 1] ^= 1U;  // and of the last
    const auto found = ledger->audit(key, results);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].field, "totalCollateralBase");
    EXPECT_EQ(found[0].ours, "4000000000000");
    EXPECT_EQ(found[0].contract, "4000000000001");
    EXPECT_EQ(found[1].field, "healthFactor");
}

TEST_F(Report, audit_expects_a_revert_exactly_where_we_say_so) {
    const auto found = ledger->audit(key, std::vector{CallResult{}});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].field, "getUserAccountData");
    EXPECT_EQ(found[0].contract, "reverts");
    const auto answers = chain.answer(ledger->audit_reads(key));
    chain.reserve(0).price.reset();
    finish_round(*ledger, chain);
    EXPECT_TRUE(ledger->audit(key, std::vector{CallResult{}}).empty());
    ASSERT_EQ(ledger->audit(key, answers).size(), 1U);
    EXPECT_EQ(ledger->audit(key, answers)[0].ours, "reverts");
}

TEST_F(Report, audit_takes_a_short_answer_for_a_difference) {
    auto results = chain.answer(ledger->audit_reads(key));
    results[0].data.pop_back();
    EXPECT_EQ(ledger->audit(key, results).size(), 1U);
    EXPECT_EQ(ledger->audit(key, {}).size(), 1U);
}

// ---- stable and variable debt are one

class Report30 : public Report {
  protected:
    Report30() : Report(1, 1) {}
};

TEST_F(Report30, stable_and_variable_debt_of_an_asset_are_one_entry) {
    chain.borrow_stable(alice, 2, 1'000'000'000U, ray() / U256(20U));
    (void)chain.take_logs();
    ledger->reseed(std::vector{key});
    finish_round(*ledger, chain);
    const PositionReport out = report();
    ASSERT_EQ(out.debt.size(), 1U);
    EXPECT_EQ(out.debt[0].amount.raw(), 21'000'000'000U);
    const MarketReport usdc = ledger->markets()[2];
    EXPECT_EQ(usdc.borrowed.raw(), 21'000'000'000U);
    EXPECT_EQ(usdc.debt_known, 21'000'000'000U);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
}

TEST_F(Report30, stable_debt_that_nobody_is_known_to_owe_lowers_the_coverage) {
    chain.borrow_stable(numbered(7), 2, 1'000'000'000U, ray() / U256(20U));
    (void)chain.take_logs();
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->coverage_ppm(), 952'380U);  // 20,000 of 21,000
}

// ---- units

TEST(ToUsd, scales_the_base_currency_down_to_8_decimals) {
    Structure structure;
    structure.base_unit = decimal("1000000000000000000");
    EXPECT_EQ(to_usd(structure, decimal("2500000000019999999999")).raw(), 250'000'000'001U);
    EXPECT_EQ(structure.price_decimals(), 18U);
    structure.base_unit = 100U;
    EXPECT_EQ(to_usd(structure, 5U).raw(), 5'000'000U);
    EXPECT_EQ(structure.price_decimals(), 2U);
    EXPECT_EQ(to_usd(structure, u256_max()).raw(), u256_max());
    structure.base_unit = 12345U;
    EXPECT_EQ(structure.price_decimals(), 8U);
}

TEST(ValueOf, is_none_beyond_a_word) {
    EXPECT_EQ(value_of(TokenAmount::from_raw(3U), OraclePrice::from_raw(5U), 1), U256(1U));
    EXPECT_EQ(value_of(TokenAmount::from_raw(u256_max()), OraclePrice::from_raw(2U), 0),
              std::nullopt);
    EXPECT_EQ(value_of(TokenAmount::from_raw(3U), OraclePrice::from_raw(5U), 78), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
