#include "protocols/aave_v3/liquidation.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/common/fixed_point.hpp"
#include "tests/protocols/aave_v3/small_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::protocols::aave_v3 {
namespace {

const U256 kDollar = 100'000'000;

/// Collateral at 100 USD and debt at 1 USD, both without decimals; a bonus of 5 %, a tenth of which
/// is the protocol's; the debt is the account's whole debt.
LiquidationTerms terms_of(const U256& collateral, const U256& debt, const U256& health_factor) {
    LiquidationTerms terms;
    terms.collateral_balance = TokenAmount::from_raw(collateral);
    terms.debt_balance = TokenAmount::from_raw(debt);
    terms.collateral_price = OraclePrice::from_raw(kDollar * 100U);
    terms.debt_price = OraclePrice::from_raw(kDollar);
    terms.bonus = Bps::from_raw(10'500);
    terms.protocol_fee = Bps::from_raw(1'000);
    terms.health_factor = Wad::from_raw(health_factor);
    terms.total_collateral_base = collateral * kDollar * 100U;
    terms.total_debt_base = debt * kDollar;
    terms.scaled_collateral = ScaledBalance::from_raw(collateral);
    terms.liquidity_index = Ray::from_raw(kRayOne);
    return terms;
}

const U256 kLow = kWadOne * 95U / 100U;

// ---- close factor
// ----------------------------------------------------------------------------------

struct CloseFactorCase {
    const char* name;
    U256 collateral;
    U256 debt;
    U256 health_factor;
    const char* before_v3_3;
    const char* from_v3_3;
};

class CloseFactor : public testing::TestWithParam<CloseFactorCase> {};

TEST_P(CloseFactor, bounds_one_call) {
    const CloseFactorCase& c = GetParam();
    const LiquidationTerms terms = terms_of(c.collateral, c.debt, c.health_factor);
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_2}) {
        EXPECT_EQ(to_decimal(max_liquidatable_debt(rules, terms)->raw()), c.before_v3_3);
    }
    for (const RuleSet rules : {RuleSet::v3_3, RuleSet::v3_5, RuleSet::v3_7}) {
        EXPECT_EQ(to_decimal(max_liquidatable_debt(rules, terms)->raw()), c.from_v3_3);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Liquidation, CloseFactor,
    testing::Values(CloseFactorCase{"large", 100, 9000, kWadOne - 1U, "4500", "4500"},
                    CloseFactorCase{"just_above_0_95", 100, 9000, kLow + 1U, "4500", "4500"},
                    CloseFactorCase{"exactly_0_95", 100, 9000, kLow, "9000", "9000"},
                    CloseFactorCase{"odd_debt_is_half_up", 100, 9001, kWadOne - 1U, "4501", "4500"},
                    CloseFactorCase{"debt_of_2000", 100, 2000, kWadOne - 1U, "1000", "1000"},
                    CloseFactorCase{"debt_below_2000", 100, 1999, kWadOne - 1U, "1000", "1999"},
                    CloseFactorCase{"collateral_of_2000", 20, 2500, kWadOne - 1U, "1250", "1250"},
                    CloseFactorCase{"collateral_below_2000", 19, 2500, kWadOne - 1U, "1250",
                                    "2500"},
                    CloseFactorCase{"nothing", 0, 0, kWadOne - 1U, "0", "0"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(CloseFactor, from_v3_3_is_half_of_the_whole_accounts_debt) {
    LiquidationTerms terms = terms_of(100, 9000, kWadOne - 1U);
    terms.total_debt_base = kDollar * 20'000U;  // other debts besides
    EXPECT_EQ(max_liquidatable_debt(RuleSet::v3_3, terms)->raw(), 9000);
    terms.total_debt_base = kDollar * 10'000U;
    EXPECT_EQ(max_liquidatable_debt(RuleSet::v3_3, terms)->raw(), 5000);
    EXPECT_EQ(max_liquidatable_debt(RuleSet::v3_2, terms)->raw(), 4500);
}

// ---- amounts
// ---------------------------------------------------------------------------------------

struct AmountsCase {
    const char* name;
    RuleSet rules;
    U256 collateral;
    U256 debt_to_cover;
    const char* paid;
    const char* received;
    const char* fee;
};

class Amounts : public testing::TestWithParam<AmountsCase> {};

TEST_P(Amounts, round_by_release) {
    const AmountsCase& c = GetParam();
    LiquidationTerms terms = terms_of(c.collateral, 100'000, kLow);
    terms.collateral_price = OraclePrice::from_raw(kDollar * 3U);
    const auto amounts =
        liquidation_amounts(c.rules, terms, TokenAmount::from_raw(c.debt_to_cover));
    ASSERT_TRUE(amounts);
    EXPECT_EQ(to_decimal(amounts->debt_to_cover.raw()), c.paid);
    EXPECT_EQ(to_decimal(amounts->collateral.raw()), c.received);
    EXPECT_EQ(to_decimal(amounts->protocol_fee.raw()), c.fee);
}

void PrintTo(const AmountsCase& c, std::ostream* out) { *out << c.name; }

INSTANTIATE_TEST_SUITE_P(
    Liquidation, Amounts,
    testing::Values(
        // 1000 / 3 = 333, with the bonus 349.65; without it 333.33 or 332.38; a tenth of the rest.
        AmountsCase{"half_up", RuleSet::v3_0, 100'000, 1000, "1000", "348", "2"},
        AmountsCase{"half_up_v3_6", RuleSet::v3_6, 100'000, 1000, "1000", "348", "2"},
        AmountsCase{"directed_v3_7", RuleSet::v3_7, 100'000, 1000, "1000", "347", "2"},
        // All collateral: worth 306, without the bonus 291.43.
        AmountsCase{"all_collateral", RuleSet::v3_4, 102, 1000, "291", "101", "1"},
        AmountsCase{"all_collateral_ceil", RuleSet::v3_5, 102, 1000, "292", "101", "1"},
        AmountsCase{"all_collateral_v3_7", RuleSet::v3_7, 102, 1000, "292", "101", "1"},
        // worth 3, without the bonus 2.857 or 3
        AmountsCase{"one_unit", RuleSet::v3_0, 1, 1000, "3", "1", "0"},
        AmountsCase{"nothing_to_take", RuleSet::v3_0, 0, 1000, "0", "0", "0"},
        AmountsCase{"nothing_to_cover", RuleSet::v3_7, 100, 0, "0", "0", "0"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(LiquidationAmounts, are_cut_to_the_close_factor) {
    const LiquidationTerms terms = terms_of(1000, 9000, kWadOne - 1U);
    const auto amounts =
        liquidation_amounts(RuleSet::v3_0, terms, TokenAmount::from_raw(u256_max()));
    ASSERT_TRUE(amounts);
    EXPECT_EQ(amounts->debt_to_cover.raw(), 4500);
}

TEST(LiquidationAmounts, revert_at_a_collateral_price_of_0) {
    LiquidationTerms terms = terms_of(1000, 9000, kLow);
    terms.collateral_price = {};
    EXPECT_FALSE(liquidation_amounts(RuleSet::v3_0, terms, TokenAmount::from_raw(1)));
}

TEST(LiquidationAmounts, must_not_leave_dust_from_v3_3_on) {
    const auto leaves_dust = [](RuleSet rules, const U256& cover) {
        const LiquidationTerms terms = terms_of(60, 5000, kLow);
        return liquidation_amounts(rules, terms, TokenAmount::from_raw(cover))->leaves_dust;
    };
    for (const RuleSet rules : {RuleSet::v3_3, RuleSet::v3_4, RuleSet::v3_5, RuleSet::v3_7}) {
        EXPECT_FALSE(leaves_dust(rules, 4000)) << "1000 of debt are left";
        EXPECT_TRUE(leaves_dust(rules, 4001));
        EXPECT_TRUE(leaves_dust(rules, 4999));
        EXPECT_FALSE(leaves_dust(rules, 5000)) << "no debt is left";
    }
    EXPECT_FALSE(leaves_dust(RuleSet::v3_2, 4999));
}

TEST(LiquidationAmounts, dust_of_collateral_counts_the_fee_as_gone) {
    LiquidationTerms terms = terms_of(60, 9000, kLow);
    terms.protocol_fee = Bps::from_raw(10'000);
    // 4800 of debt take 50.4, that is 50 of the 60 (2 of them the fee): 10 are left, 1000 USD.
    EXPECT_FALSE(
        liquidation_amounts(RuleSet::v3_3, terms, TokenAmount::from_raw(4800))->leaves_dust);
    EXPECT_TRUE(
        liquidation_amounts(RuleSet::v3_3, terms, TokenAmount::from_raw(4900))->leaves_dust);
}

TEST(LiquidationAmounts, the_last_collateral_is_bad_debt_from_v3_3_on) {
    const auto takes_last = [](RuleSet rules, const LiquidationTerms& terms) {
        return liquidation_amounts(rules, terms, TokenAmount::from_raw(9000))
            ->takes_last_collateral;
    };
    LiquidationTerms terms = terms_of(60, 9000, kLow);
    EXPECT_FALSE(takes_last(RuleSet::v3_2, terms));
    EXPECT_TRUE(takes_last(RuleSet::v3_3, terms));
    EXPECT_TRUE(takes_last(RuleSet::v3_7, terms));
    terms.total_collateral_base += 1U;
    EXPECT_FALSE(takes_last(RuleSet::v3_3, terms));
    EXPECT_FALSE(takes_last(RuleSet::v3_7, terms));
}

TEST(LiquidationAmounts, v3_7_counts_the_scaled_amounts_the_token_takes) {
    // 1001 scaled at an index of 1.5 are 1501; taking 1400 and a fee of 100 leaves one unit, but
    // the two scaled amounts (934 and 67, both up) are all there is.
    LiquidationTerms terms;
    terms.collateral_balance = TokenAmount::from_raw(1501);
    terms.scaled_collateral = ScaledBalance::from_raw(1001);
    terms.liquidity_index = Ray::from_raw(kRayOne + kRayOne / 2U);
    terms.debt_balance = TokenAmount::from_raw(1'000'000);
    terms.collateral_price = OraclePrice::from_raw(1);
    terms.debt_price = OraclePrice::from_raw(1);
    terms.bonus = Bps::from_raw(15'000);
    terms.protocol_fee = Bps::from_raw(2'000);
    terms.health_factor = Wad::from_raw(kLow);
    terms.total_collateral_base = 1501;
    terms.total_debt_base = 1'000'000;
    const auto at = [&](RuleSet rules) {
        return *liquidation_amounts(rules, terms, TokenAmount::from_raw(1000));
    };
    EXPECT_EQ(at(RuleSet::v3_6).collateral.raw(), 1400);
    EXPECT_EQ(at(RuleSet::v3_6).protocol_fee.raw(), 100);
    EXPECT_FALSE(at(RuleSet::v3_6).takes_last_collateral);
    EXPECT_EQ(at(RuleSet::v3_7).collateral.raw(), 1400);
    EXPECT_TRUE(at(RuleSet::v3_7).takes_last_collateral);
}

// ---- who is let in
// ---------------------------------------------------------------------------------

/// 100 of a collateral at 100 USD (threshold 80 %) against 9000 USD of debt.
SmallWorld underwater(RuleSet rules) {
    return WorldBuilder(rules)
        .reserve(0, {.liquidation_threshold = 8000, .decimals = 0, .protocol_fee = 1000},
                 kDollar * 100U)
        .reserve(1, {.decimals = 0}, kDollar)
        .holds(0, 100)
        .holds(1, 0, 9000)
        .take();
}

std::string refusal_of(const SmallWorld& world, unsigned collateral = 0, unsigned debt = 1) {
    const auto refusal = liquidation_refusal(world.market, world.account, collateral, debt);
    if (!refusal) return "reverted";
    return *refusal ? std::string(to_string(**refusal)) : "none";
}

void set_bit(Reserve& reserve, unsigned bit, bool value) {
    U256 word = reserve.config.word();
    value ? bit_set(word, bit) : bit_unset(word, bit);
    reserve.config = ReserveConfig(word);
}

TEST(LiquidationRefusal, answers_as_the_contract_asks) {
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_5, RuleSet::v3_7}) {
        SmallWorld world = underwater(rules);
        EXPECT_EQ(refusal_of(world), "none");
        EXPECT_EQ(refusal_of(world, 1, 1), "not collateral");
        EXPECT_EQ(refusal_of(world, 0, 0), "no debt");
        EXPECT_EQ(refusal_of(world, 0, 5), "reverted");
        for (const unsigned id : {0U, 1U}) {
            set_bit(world.market.reserves[id], 60, true);
            EXPECT_EQ(refusal_of(world), "reserve paused");
            set_bit(world.market.reserves[id], 56, false);
            EXPECT_EQ(refusal_of(world), "reserve inactive");
            set_bit(world.market.reserves[id], 56, true);
            set_bit(world.market.reserves[id], 60, false);
        }
        set_bit(world.market.reserves[0], 57, true);
        EXPECT_EQ(refusal_of(world), "none") << "frozen does not matter";
        world.market.prices[0] = OraclePrice::from_raw(kDollar * 200U);
        EXPECT_EQ(refusal_of(world), "healthy");
        world.market.prices.erase(0);
        EXPECT_EQ(refusal_of(world), "reverted");
    }
}

TEST(LiquidationRefusal, grace_period_ends_after_its_last_second_from_v3_1_on) {
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_1, RuleSet::v3_7}) {
        for (const unsigned id : {0U, 1U}) {
            SmallWorld world = underwater(rules);
            world.market.reserves[id].liquidation_grace_until = kNow;
            EXPECT_EQ(refusal_of(world), rules == RuleSet::v3_0 ? "none" : "grace period");
            world.market.reserves[id].liquidation_grace_until = kNow - 1;
            EXPECT_EQ(refusal_of(world), "none");
        }
    }
}

TEST(LiquidationRefusal, a_sentinel_holds_accounts_from_0_95_up_to_v3_6) {
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_6, RuleSet::v3_7}) {
        SmallWorld world = underwater(rules);
        world.market.liquidation_allowed = false;
        EXPECT_EQ(refusal_of(world), "none") << "8000 / 9000";
        world.account.holdings[1].variable_debt = ScaledBalance::from_raw(8400);
        EXPECT_EQ(refusal_of(world), rules == RuleSet::v3_7 ? "none" : "price oracle sentinel");
    }
}

TEST(LiquidationRefusal, a_base_threshold_of_0_bars_up_to_v3_5) {
    for (const RuleSet rules : {RuleSet::v3_5, RuleSet::v3_6}) {
        SmallWorld world = underwater(rules);
        world.market.reserves[0].config = make_config({.decimals = 0});
        EXPECT_EQ(refusal_of(world), rules == RuleSet::v3_5 ? "not collateral" : "none");
    }
}

// ---- what may be taken now
// --------------------------------------------------------------------------

TEST(PossibleLiquidations, of_a_healthy_account_are_none) {
    SmallWorld world = underwater(RuleSet::v3_7);
    world.account.holdings[1].variable_debt = ScaledBalance::from_raw(8000);
    const auto offers = possible_liquidations(world.market, world.account);
    ASSERT_TRUE(offers);
    EXPECT_TRUE(offers->empty());
    world.market.prices.erase(1);
    EXPECT_FALSE(possible_liquidations(world.market, world.account));
}

TEST(PossibleLiquidations, take_the_most_one_call_may) {
    const SmallWorld world = underwater(RuleSet::v3_7);
    const auto offers = possible_liquidations(world.market, world.account);
    ASSERT_TRUE(offers);
    ASSERT_EQ(offers->size(), 1U);
    EXPECT_EQ(offers->front().collateral_reserve, 0U);
    EXPECT_EQ(offers->front().debt_reserve, 1U);
    const LiquidationAmounts& amounts = offers->front().amounts;
    EXPECT_EQ(amounts.debt_to_cover.raw(), 9000);
    EXPECT_EQ(amounts.collateral.raw(), 93);  // 94.5 with the bonus; a fee of a tenth of 5, up
    EXPECT_EQ(amounts.protocol_fee.raw(), 1);
    EXPECT_FALSE(amounts.takes_last_collateral);
}

TEST(PossibleLiquidations, stop_before_dust) {
    SmallWorld world = underwater(RuleSet::v3_7);
    world.market.reserves[2] = plain_reserve(2, RuleSet::v3_7, {.decimals = 0});
    world.market.prices[2] = OraclePrice::from_raw(kDollar);
    world.account.holdings[1].variable_debt = ScaledBalance::from_raw(5000);
    Holding other = holding_in(2);
    other.variable_debt = ScaledBalance::from_raw(3200);
    world.account.holdings.push_back(other);  // health factor 0.975: half of 8200 at most
    const auto offers = possible_liquidations(world.market, world.account);
    ASSERT_TRUE(offers);
    ASSERT_EQ(offers->size(), 2U);
    EXPECT_EQ((*offers)[0].amounts.debt_to_cover.raw(), 4000) << "4100 would leave 900";
    EXPECT_FALSE((*offers)[0].amounts.leaves_dust);
    EXPECT_EQ((*offers)[1].amounts.debt_to_cover.raw(), 3200);
}

TEST(PossibleLiquidations, use_the_e_modes_bonus_and_its_price_source) {
    SmallWorld world = underwater(RuleSet::v3_0);
    const U256 kDebt = 2000;
    world.market.reserves[0].config =
        make_config({.liquidation_threshold = 8000, .decimals = 0, .e_mode_category = 1});
    world.account.e_mode = 1;
    EMode category;
    category.id = 1;
    category.liquidation_threshold = Bps::from_raw(9000);
    category.liquidation_bonus = Bps::from_raw(10'100);
    world.market.e_modes[1] = category;
    world.account.holdings[1].variable_debt = ScaledBalance::from_raw(kDebt);
    world.market.prices[0] = OraclePrice::from_raw(kDollar * 20U);
    const auto terms = liquidation_terms(world.market, world.account, 0, 1);
    ASSERT_TRUE(terms);
    EXPECT_EQ(terms->bonus.raw(), 10'100);
    EXPECT_EQ(terms->collateral_price.raw(), kDollar * 20U);
    EXPECT_EQ(terms->debt_price.raw(), kDollar);

    world.market.e_modes[1].price_source.bytes[3] = 1;
    world.market.e_mode_prices[1] = OraclePrice::from_raw(kDollar * 19U);
    const auto by_source = liquidation_terms(world.market, world.account, 0, 1);
    ASSERT_TRUE(by_source);
    EXPECT_EQ(by_source->collateral_price.raw(), kDollar * 19U);
    EXPECT_EQ(by_source->debt_price.raw(), kDollar * 19U) << "taken for a debt of the category";
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
