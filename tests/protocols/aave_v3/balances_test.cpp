#include "protocols/aave_v3/balances.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/common/reverted.hpp"
#include "tests/protocols/aave_v3/small_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::protocols::aave_v3 {
namespace {

const Ray kIndex = Ray::from_raw(kRayOne + kRayOne / 4U);  // 1.25

ScaledBalance scaled(const U256& raw) { return ScaledBalance::from_raw(raw); }
TokenAmount tokens(const U256& raw) { return TokenAmount::from_raw(raw); }

template <class F>
std::string text_of(const F& mirror) {
    const auto result = as_contract(mirror);
    return result ? to_decimal(result->raw()) : "revert";
}

struct Row {
    const char* name;
    TokenRules rules;
    U256 amount;
    const char* a_token_balance;
    const char* debt_balance;
    const char* a_token_mint;
    const char* a_token_burn;
    const char* a_token_transfer;
    const char* debt_mint;
    const char* debt_burn;
};

class Balances : public testing::TestWithParam<Row> {};

TEST_P(Balances, round_by_the_tokens_rules) {
    const Row& row = GetParam();
    EXPECT_EQ(text_of([&] { return a_token_balance(row.rules, scaled(row.amount), kIndex); }),
              row.a_token_balance);
    EXPECT_EQ(text_of([&] { return variable_debt_balance(row.rules, scaled(row.amount), kIndex); }),
              row.debt_balance);
    EXPECT_EQ(text_of([&] { return a_token_mint(row.rules, tokens(row.amount), kIndex); }),
              row.a_token_mint);
    EXPECT_EQ(text_of([&] { return a_token_burn(row.rules, tokens(row.amount), kIndex); }),
              row.a_token_burn);
    EXPECT_EQ(text_of([&] { return a_token_transfer(row.rules, tokens(row.amount), kIndex); }),
              row.a_token_transfer);
    EXPECT_EQ(text_of([&] { return variable_debt_mint(row.rules, tokens(row.amount), kIndex); }),
              row.debt_mint);
    EXPECT_EQ(text_of([&] { return variable_debt_burn(row.rules, tokens(row.amount), kIndex); }),
              row.debt_burn);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Balances,
    testing::Values(
        Row{"half_up_0", TokenRules::half_up, 0, "0", "0", "revert", "revert", "0", "revert",
            "revert"},
        Row{"directed_0", TokenRules::directed, 0, "0", "0", "revert", "revert", "0", "revert",
            "revert"},
        Row{"half_up_1", TokenRules::half_up, 1, "1", "1", "1", "1", "1", "1", "1"},
        Row{"directed_1", TokenRules::directed, 1, "1", "2", "revert", "1", "1", "1", "revert"},
        Row{"half_up_2", TokenRules::half_up, 2, "3", "3", "2", "2", "2", "2", "2"},
        Row{"directed_2", TokenRules::directed, 2, "2", "3", "1", "2", "2", "2", "1"},
        Row{"half_up_7", TokenRules::half_up, 7, "9", "9", "6", "6", "6", "6", "6"},
        Row{"directed_7", TokenRules::directed, 7, "8", "9", "5", "6", "6", "6", "5"},
        Row{"directed_5_is_exact", TokenRules::directed, 5, "6", "7", "4", "4", "4", "4", "4"},
        Row{"half_up_max", TokenRules::half_up, u256_max(), "revert", "revert", "revert", "revert",
            "revert", "revert", "revert"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(StableDebtBalance, compounds_from_its_own_time_and_is_gone_from_v3_2_on) {
    const StableDebt debt{.principal = tokens(3'460'327'518),
                          .rate = Ray::from_raw(U256("61116077067040747383959046")),
                          .last_update = 1'712'711'236};
    EXPECT_EQ(stable_debt_balance(RuleSet::v3_0, debt, 1'744'259'594).raw(), 3'678'486'328);
    EXPECT_EQ(stable_debt_balance(RuleSet::v3_1, debt, 1'744'259'594).raw(), 3'678'486'328);
    EXPECT_EQ(stable_debt_balance(RuleSet::v3_2, debt, 1'744'259'594).raw(), 0);
    EXPECT_EQ(stable_debt_balance(RuleSet::v3_0, {}, 0).raw(), 0);
}

TEST(BalanceOf, follows_the_token_and_not_the_pool) {
    SmallWorld world = WorldBuilder(RuleSet::v3_5).reserve(0, {}, 1).holds(0, 7, 7).take();
    Reserve& reserve = world.market.reserves[0];
    reserve.liquidity_index = kIndex;
    reserve.variable_borrow_index = kIndex;
    const Holding& holding = world.account.holdings[0];
    EXPECT_EQ(supplied_balance(world.market, holding)->raw(), 8);
    EXPECT_EQ(debt_balance(world.market, holding)->raw(), 9);
    reserve.a_token_rules = TokenRules::half_up;
    EXPECT_EQ(supplied_balance(world.market, holding)->raw(), 9);
    EXPECT_FALSE(supplied_balance(world.market, holding_in(3))) << "no such reserve";
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
