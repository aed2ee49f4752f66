#include "protocols/aave_v3/account_data.hpp"

#include "protocols/common/fixed_point.hpp"
#include "tests/protocols/aave_v3/small_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr RuleSet kAllRules[] = {RuleSet::v3_0, RuleSet::v3_1, RuleSet::v3_2, RuleSet::v3_3,
                                 RuleSet::v3_4, RuleSet::v3_5, RuleSet::v3_6, RuleSet::v3_7};

/// Answers of both forms of the calculation, which have to agree.
Expected<AccountData, Reverted> data_of(const SmallWorld& world) {
    const auto data = account_data(world.market, world.account);
    EXPECT_EQ(account_data(AccruedMarket(world.market), world.account), data);
    EXPECT_EQ(account_data(AccruedMarket(world.market), world.account, {}), data);
    return data;
}

/// 10 units of a collateral at 300 (threshold 80 %, LTV 70 %) against a debt at 1.
SmallWorld loan(RuleSet rules, const U256& debt) {
    return WorldBuilder(rules)
        .reserve(0, {.ltv = 7000, .liquidation_threshold = 8000, .decimals = 0}, 300)
        .reserve(1, {.decimals = 0}, 1)
        .holds(0, 10)
        .holds(1, 0, debt)
        .take();
}

EMode& put_in_e_mode(SmallWorld& world) {
    world.account.e_mode = 1;
    EMode& category = world.market.e_modes[1];
    category.id = 1;
    category.ltv = Bps::from_raw(9300);
    category.liquidation_threshold = Bps::from_raw(9500);
    category.collateral_bitmap = 1;
    return category;
}

TEST(AccountData, of_an_empty_account_is_zero_without_a_health_factor) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = WorldBuilder(rules).take();
        EXPECT_EQ(data_of(world), AccountData{});
        world.account.e_mode = 1;  // its price source is not asked
        world.market.e_modes[1].price_source.bytes[0] = 1;
        world.account.holdings.push_back(holding_in(4));
        EXPECT_EQ(data_of(world), AccountData{});
    }
}

TEST(AccountData, of_one_loan) {
    for (const RuleSet rules : kAllRules) {
        const auto data = data_of(loan(rules, 1600));
        ASSERT_TRUE(data);
        EXPECT_EQ(data->total_collateral_base, 3000);
        EXPECT_EQ(data->total_debt_base, 1600);
        EXPECT_EQ(data->available_borrows_base, 500);
        EXPECT_EQ(data->current_liquidation_threshold.raw(), 8000);
        EXPECT_EQ(data->ltv.raw(), 7000);
        EXPECT_EQ(data->health_factor->raw(), kWadOne * 3U / 2U);
    }
}

TEST(AccountData, a_health_factor_of_exactly_1_is_safe) {
    for (const RuleSet rules : kAllRules) {
        EXPECT_EQ(data_of(loan(rules, 2400))->health_factor, wad_one());
        EXPECT_FALSE(data_of(loan(rules, 2400))->is_liquidatable());
        EXPECT_TRUE(data_of(loan(rules, 2401))->is_liquidatable());
    }
}

TEST(AccountData, borrowing_stops_at_the_ltv) {
    EXPECT_EQ(data_of(loan(RuleSet::v3_7, 2099))->available_borrows_base, 1);
    EXPECT_EQ(data_of(loan(RuleSet::v3_7, 2100))->available_borrows_base, 0);
    EXPECT_EQ(data_of(loan(RuleSet::v3_7, 2101))->available_borrows_base, 0);
}

TEST(AccountData, available_borrows_are_half_up_to_v3_4_and_down_after) {
    for (const RuleSet rules : kAllRules) {
        const SmallWorld world =
            WorldBuilder(rules)
                .reserve(0, {.ltv = 5000, .liquidation_threshold = 8000, .decimals = 0}, 1)
                .holds(0, 3)
                .take();
        EXPECT_EQ(data_of(world)->available_borrows_base, rules < RuleSet::v3_5 ? 2 : 1);
    }
}

TEST(AccountData, a_collateral_flag_without_balance_is_worth_nothing) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1600);
        world.account.holdings[0].supplied = {};
        const auto data = data_of(world);
        ASSERT_TRUE(data);
        EXPECT_EQ(data->total_collateral_base, 0);
        EXPECT_EQ(data->current_liquidation_threshold.raw(), 0);
        EXPECT_EQ(data->health_factor->raw(), 0) << "debt without collateral";
    }
}

TEST(AccountData, a_balance_without_the_flag_counts_for_nothing) {
    SmallWorld world = loan(RuleSet::v3_7, 1600);
    world.account.holdings[0].collateral = false;
    world.market.prices.erase(0);
    EXPECT_EQ(data_of(world)->total_collateral_base, 0);
}

TEST(AccountData, averages_are_floored_before_use_up_to_v3_4_and_not_used_after) {
    const auto world = [](RuleSet rules) {
        return WorldBuilder(rules)
            .reserve(0, {.liquidation_threshold = 8300, .decimals = 0}, 1)
            .reserve(1, {.liquidation_threshold = 8100, .decimals = 0}, 1)
            .reserve(2, {.decimals = 0}, 1)
            .holds(0, 100'000)
            .holds(1, 200'001)
            .holds(2, 0, 244'999)
            .take();
    };
    // (8300 * 100000 + 8100 * 200001) / 300001 = 8166.666...
    const auto floored = data_of(world(RuleSet::v3_4));
    EXPECT_EQ(floored->current_liquidation_threshold.raw(), 8166);
    EXPECT_EQ(to_decimal(floored->health_factor->raw()), "999926530312368622");
    const auto exact = data_of(world(RuleSet::v3_5));
    EXPECT_EQ(exact->current_liquidation_threshold.raw(), 8166);
    EXPECT_EQ(to_decimal(exact->health_factor->raw()), "1000007387785256266");
}

TEST(AccountData, debt_worth_less_than_a_unit_is_nothing_up_to_v3_4_and_a_unit_after) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = WorldBuilder(rules)
                               .reserve(0, {.liquidation_threshold = 8000, .decimals = 0}, 300)
                               .reserve(1, {.decimals = 2}, 1)
                               .holds(0, 10)
                               .holds(1, 0, 1)
                               .take();
        const auto data = data_of(world);
        ASSERT_TRUE(data);
        EXPECT_EQ(data->total_debt_base, rules < RuleSet::v3_5 ? 0 : 1);
        EXPECT_EQ(data->health_factor.has_value(), rules >= RuleSet::v3_5);
        world.account.holdings[0].collateral = false;
        EXPECT_EQ(data_of(world)->is_liquidatable(), rules >= RuleSet::v3_5);
    }
}

TEST(AccountData, balances_follow_the_pool_and_not_the_tokens) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 7);
        for (auto& [id, reserve] : world.market.reserves) {
            reserve.liquidity_index = Ray::from_raw(kRayOne + kRayOne / 4U);
            reserve.variable_borrow_index = reserve.liquidity_index;
            reserve.a_token_rules = TokenRules::half_up;
            reserve.debt_token_rules = TokenRules::half_up;
        }
        world.market.prices[0] = OraclePrice::from_raw(1);
        world.account.holdings[0].supplied = ScaledBalance::from_raw(7);       // 8.75
        world.account.holdings[1].variable_debt = ScaledBalance::from_raw(5);  // 6.25
        const auto data = data_of(world);
        EXPECT_EQ(data->total_collateral_base, rules < RuleSet::v3_5 ? 9 : 8);
        EXPECT_EQ(data->total_debt_base, rules < RuleSet::v3_5 ? 6 : 7);
    }
}

TEST(AccountData, stable_and_variable_debt_are_valued_together_up_to_v3_1) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 0);
        world.market.reserves[1].config = make_config({.decimals = 1});
        world.market.prices[1] = OraclePrice::from_raw(1);
        Holding& holding = world.account.holdings[1];
        holding.variable_debt = ScaledBalance::from_raw(15);  // 1.5
        holding.stable_debt.principal = TokenAmount::from_raw(15);
        holding.stable_debt.last_update = kNow;
        const U256 expected = rules <= RuleSet::v3_1 ? 3 : rules < RuleSet::v3_5 ? 1 : 2;
        EXPECT_EQ(data_of(world)->total_debt_base, expected);
        holding.variable_debt = {};
        EXPECT_EQ(data_of(world)->total_debt_base, rules <= RuleSet::v3_1 ? 1 : 0);
    }
}

// ---- what is counted
// -----------------------------------------------------------------------------

TEST(AccountData, a_base_threshold_of_0_excludes_up_to_v3_5) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1600);
        world.market.reserves[0].config =
            make_config({.ltv = 7000, .decimals = 0, .e_mode_category = 1});
        put_in_e_mode(world);
        const auto data = data_of(world);
        EXPECT_EQ(data->total_collateral_base, rules <= RuleSet::v3_5 ? 0 : 3000);
        EXPECT_EQ(data->current_liquidation_threshold.raw(), rules <= RuleSet::v3_5 ? 0 : 9500);
        const Reserve& reserve = world.market.reserves[0];
        EXPECT_EQ(effective_liquidation_threshold(world.market, world.account, reserve).raw(),
                  rules <= RuleSet::v3_5 ? 0 : 9500);

        world.account.e_mode = 0;  // from v3_6 on it is collateral with a threshold of 0
        EXPECT_EQ(data_of(world)->total_collateral_base, rules <= RuleSet::v3_5 ? 0 : 3000);
        EXPECT_EQ(data_of(world)->health_factor->raw(), 0);
    }
}

TEST(AccountData, a_base_ltv_of_0_removes_the_e_modes_up_to_v3_5) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1600);
        world.market.reserves[0].config = make_config(
            {.ltv = 0, .liquidation_threshold = 8000, .decimals = 0, .e_mode_category = 1});
        put_in_e_mode(world);
        EXPECT_EQ(data_of(world)->ltv.raw(), rules <= RuleSet::v3_5 ? 0 : 9300);
        EXPECT_EQ(data_of(world)->current_liquidation_threshold.raw(), 9500);
    }
}

TEST(AccountData, the_ltvzero_bit_counts_from_v3_6_on) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1600);
        world.market.reserves[0].config = make_config(
            {.ltv = 7000, .liquidation_threshold = 8000, .decimals = 0, .e_mode_category = 1});
        put_in_e_mode(world).ltvzero_bitmap = 1;
        EXPECT_EQ(data_of(world)->ltv.raw(), rules < RuleSet::v3_6 ? 9300 : 0);
        EXPECT_EQ(data_of(world)->current_liquidation_threshold.raw(), 9500);
    }
}

TEST(AccountData, an_isolated_e_mode_takes_the_ltv_of_other_assets_from_v3_7_on) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1600);
        EMode& category = put_in_e_mode(world);
        category.isolated = true;
        category.collateral_bitmap = 2;
        EXPECT_EQ(data_of(world)->ltv.raw(), rules < RuleSet::v3_7 ? 7000 : 0);
        EXPECT_EQ(data_of(world)->current_liquidation_threshold.raw(), 8000);
        world.account.e_mode = 0;
        EXPECT_EQ(data_of(world)->ltv.raw(), 7000);
    }
}

TEST(AccountData, membership_is_the_configurations_up_to_v3_1_and_the_bitmaps_after) {
    for (const RuleSet rules : kAllRules) {
        const bool is_by_config = rules <= RuleSet::v3_1;
        SmallWorld world = loan(rules, 1600);
        put_in_e_mode(world);  // by bitmap only
        EXPECT_EQ(data_of(world)->current_liquidation_threshold.raw(), is_by_config ? 8000 : 9500);
        world.market.e_modes[1].collateral_bitmap = 0;
        world.market.reserves[0].config = make_config(
            {.ltv = 7000, .liquidation_threshold = 8000, .decimals = 0, .e_mode_category = 1});
        EXPECT_EQ(data_of(world)->current_liquidation_threshold.raw(), is_by_config ? 9500 : 8000);
        world.account.e_mode = 2;  // a category nobody wrote
        EXPECT_EQ(data_of(world)->current_liquidation_threshold.raw(), 8000);
    }
}

TEST(AccountData, a_holding_in_a_reserve_that_was_dropped_is_skipped) {
    SmallWorld world = loan(RuleSet::v3_3, 1600);
    const auto before = data_of(world);
    Holding holding = holding_in(77, 5);
    holding.collateral = true;
    world.account.holdings.push_back(holding);
    EXPECT_EQ(data_of(world), before);
}

// ---- prices
// ----------------------------------------------------------------------------------------

TEST(AccountData, reverts_only_where_a_flagged_holding_needs_the_oracle) {
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1600);
        world.market.reserves[2] = plain_reserve(2, rules, {.decimals = 0});
        world.account.holdings.push_back(holding_in(2, 5));
        EXPECT_TRUE(data_of(world)) << "supplied, not collateral";
        world.account.holdings[2].collateral = true;
        EXPECT_FALSE(data_of(world)) << "asked before the threshold of 0 is looked at";
        world.account.holdings[2].supplied = {};
        EXPECT_FALSE(data_of(world)) << "asked whatever the balance";
        world.market.prices[2] = OraclePrice::from_raw(0);
        EXPECT_TRUE(data_of(world)) << "a price of 0 is a price";
        world.market.prices.erase(1);
        EXPECT_FALSE(data_of(world));
    }
}

TEST(AccountData, an_e_modes_price_source_replaces_every_price_in_it_up_to_v3_1) {
    for (const RuleSet rules : kAllRules) {
        const bool has_source = rules <= RuleSet::v3_1;
        SmallWorld world = loan(rules, 1600);
        world.market.reserves[0].config = make_config(
            {.ltv = 7000, .liquidation_threshold = 8000, .decimals = 0, .e_mode_category = 1});
        put_in_e_mode(world).price_source.bytes[0] = 1;
        EXPECT_EQ(data_of(world).has_value(), !has_source) << "its oracle reverts";
        world.market.e_mode_prices[1] = OraclePrice::from_raw(0);
        EXPECT_EQ(data_of(world)->total_collateral_base, 3000) << "0 replaces nothing";
        world.market.e_mode_prices[1] = OraclePrice::from_raw(250);
        EXPECT_EQ(data_of(world)->total_collateral_base, has_source ? 2500 : 3000);
        EXPECT_EQ(data_of(world)->total_debt_base, 1600) << "not in the category";
        const Reserve& reserve = world.market.reserves[0];
        EXPECT_EQ(effective_price(world.market, world.account, reserve),
                  OraclePrice::from_raw(has_source ? 250 : 300));
        world.market.prices.erase(0);
        EXPECT_EQ(data_of(world).has_value(), has_source) << "its own oracle is not asked";
    }
}

TEST(AccountData, assumed_prices_and_time_replace_what_is) {
    SmallWorld world = loan(RuleSet::v3_7, 1600);
    world.market.reserves[1].variable_borrow_rate = Ray::from_raw(kRayOne);
    const AssumedPrice assumed[] = {{.reserve = 0, .price = OraclePrice::from_raw(200)}};
    const auto at_price =
        account_data(world.market, world.account, {.time = kNow, .prices = assumed});
    EXPECT_EQ(at_price->health_factor, wad_one());
    EXPECT_EQ(account_data(AccruedMarket(world.market), world.account, assumed), at_price);
    const auto later =
        account_data(world.market, world.account, {.time = kNow + 31'536'000, .prices = {}});
    EXPECT_EQ(later->total_debt_base, 4267);  // 1600 * (1 + 1 + 1/2 + 1/6), up
}

// ---- overflow
// --------------------------------------------------------------------------------------

TEST(AccountData, reverts_where_the_contracts_arithmetic_overflows) {
    const U256 most = (U256(1U) << 112U) - 1U;
    for (const RuleSet rules : kAllRules) {
        SmallWorld world = loan(rules, 1);
        world.account.holdings[0].supplied = ScaledBalance::from_raw(most);
        EXPECT_TRUE(data_of(world));
        const auto with_price = [&](unsigned bits) {
            world.market.prices[0] = OraclePrice::from_raw(U256(1U) << bits);
            return data_of(world).has_value();
        };
        // balance * price * threshold, then times 1e18: 112 + p + 13 + 60 bits, H1 less 13.
        EXPECT_TRUE(with_price(70));
        EXPECT_EQ(with_price(80), rules < RuleSet::v3_5);
        EXPECT_FALSE(with_price(100));
        world.account.holdings[1].variable_debt = {};
        EXPECT_TRUE(with_price(100)) << "without debt there is no division";
        EXPECT_FALSE(with_price(135)) << "weighted by the threshold";
        EXPECT_FALSE(with_price(150));
        world.market.reserves[0].liquidity_index = Ray::from_raw(u256_max());
        EXPECT_FALSE(with_price(1));
    }
}

TEST(AccountData, an_index_that_overflows_elsewhere_does_not_matter) {
    SmallWorld world = loan(RuleSet::v3_7, 1600);
    const auto before = data_of(world);
    world.market.reserves[0].variable_borrow_rate = Ray::from_raw(u256_max());
    world.market.reserves[0].last_update = kNow - 10;
    world.market.reserves[5] = plain_reserve(5, RuleSet::v3_7, {});
    world.market.reserves[5].liquidity_rate = Ray::from_raw(u256_max());
    world.market.reserves[5].last_update = kNow - 10;
    EXPECT_EQ(data_of(world), before);
}

TEST(AccountData, random_accounts_agree_in_both_forms) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Dice dice(seed);
        data_of(random_world(dice));
    }
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
