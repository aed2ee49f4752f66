#include "protocols/compound_v2/account_data.hpp"

#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/interest.hpp"
#include "protocols/compound_v2/structure.hpp"
#include "tests/protocols/compound_v2/small_market.hpp"

#include <gtest/gtest.h>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::uint64_t kOne = 1'000'000'000'000'000'000ULL;

EnteredAsset collateral(const U256& c_tokens, const U256& price = kOne) {
    return {.c_tokens = CTokens::from_raw(c_tokens),
            .borrow = {},
            .exchange_rate = wad_one(),
            .factor = mantissa(kOne / 2),
            .price = OraclePrice::from_raw(price)};
}

EnteredAsset debt(const U256& amount, const U256& price = kOne) {
    return {.c_tokens = {},
            .borrow = TokenAmount::from_raw(amount),
            .exchange_rate = wad_one(),
            .factor = mantissa(kOne / 2),
            .price = OraclePrice::from_raw(price)};
}

TEST(AccountData, equal_sides_are_safe_and_one_unit_more_debt_is_not) {
    SmallMarket even;
    even.add(collateral(200));
    even.add(debt(100));
    EXPECT_FALSE(even.data()->is_liquidatable());
    EXPECT_EQ(even.data()->health_factor(), wad_one());

    SmallMarket over;
    over.add(collateral(200));
    over.add(debt(101));
    EXPECT_TRUE(over.data()->is_liquidatable());
    EXPECT_LT(*over.data()->health_factor(), wad_one());
    EXPECT_EQ(over.data()->shortfall(), 1U);
}

TEST(AccountData, supply_that_was_not_entered_counts_for_nothing) {
    SmallMarket world;
    world.add(collateral(200));
    world.add(debt(100));
    world.account.holdings[0].entered = false;
    EXPECT_EQ(world.data()->collateral, 0U);
    EXPECT_TRUE(world.data()->is_liquidatable());
}

TEST(AccountData, price_of_zero_is_an_error_and_never_a_verdict) {
    SmallMarket world;
    world.add(collateral(1));
    world.add(debt(1'000'000));
    world.add(collateral(0, 0));
    const auto data = world.data();
    ASSERT_TRUE(data);
    EXPECT_EQ(data->error, kPriceError);
    EXPECT_EQ(data->liquidity(), 0U);
    EXPECT_EQ(data->shortfall(), 0U);
    EXPECT_FALSE(data->is_liquidatable());
}

TEST(AccountData, oracle_that_reverts_has_no_answer) {
    SmallMarket world;
    world.add(collateral(1));
    world.market.prices.clear();
    EXPECT_FALSE(world.data());
}

/// In which order the contract meets them is not known: it has an error, or none, but no verdict.
TEST(AccountData, oracle_that_reverts_beside_a_price_of_zero_has_no_answer) {
    for (const bool zero_first : {true, false}) {
        SmallMarket world;
        world.add(collateral(zero_first ? 0 : 1, zero_first ? 0 : 1));
        world.add(collateral(zero_first ? 1 : 0, zero_first ? 1 : 0));
        world.market.prices.erase(zero_first ? 1U : 0U);
        EXPECT_FALSE(world.data());
    }
}

TEST(AccountData, overflow_has_no_answer) {
    SmallMarket world;
    world.add(collateral(u256_max(), 2 * U256(kOne)));
    EXPECT_FALSE(world.data());
}

TEST(AccountData, debt_worth_nothing_has_no_health_factor) {
    SmallMarket world;
    world.add(debt(1, 1));
    ASSERT_TRUE(world.data());
    EXPECT_FALSE(world.data()->health_factor());
    EXPECT_FALSE(world.data()->is_liquidatable());
}

TEST(AccountData, current_state_accrues_every_entered_market) {
    SmallMarket world;
    world.add(collateral(400));
    CToken& borrowed = world.add(debt(100));
    borrowed.stored.borrow_rate = mantissa(1'000'000'000'000ULL);  // a millionth a block
    borrowed.stored.accrued_at = 100;
    world.market.now = 100 + 1'000'000;
    EXPECT_EQ(world.data(State::stored)->borrow, 100U);
    EXPECT_EQ(world.data(State::current)->borrow, 200U);
}

TEST(AccountData, market_that_cannot_accrue_counts_as_it_stands) {
    SmallMarket world;
    CToken& borrowed = world.add(debt(100));
    borrowed.stored.borrow_rate = mantissa(U256(kMaxBorrowRate) + 1U);
    world.market.now = 1000;
    EXPECT_FALSE(accrue_interest(borrowed.stored, borrowed.reserve_factor, 1000));
    EXPECT_EQ(world.data(State::current)->borrow, 100U);
    borrowed.stored.borrow_rate = mantissa(kMaxBorrowRate);
    EXPECT_TRUE(accrue_interest(borrowed.stored, borrowed.reserve_factor, 1000));
}

TEST(MarketEntry, counts_roundings_by_what_was_owed_then) {
    const auto index = [](std::uint64_t percent) {
        return Wad::from_raw(kExpScale * U256(percent) / 100U);
    };
    MarketEntry entry;
    entry.note_accrual(U256(5'000) * kExpScale, index(100), Wad());
    EXPECT_EQ(entry.rounding, 5'002U);
    // All but nothing is repaid, and the little that was rounded bears interest.
    entry.note_borrow_change();
    entry.note_accrual(U256(7), index(110), index(100));
    EXPECT_EQ(entry.rounding, 5'504U + 2U);  // 5,003 * 1.1, rounded up
    // An index that was told before is no interest; what cannot be counted is without bound.
    entry.note_accrual(U256(0), index(100), index(110));
    EXPECT_EQ(entry.rounding, 5'508U);
    entry.note_accrual(u256_max(), Wad::from_raw(u256_max()), Wad::from_raw(U256(1)));
    entry.note_borrow_change();
    EXPECT_EQ(entry.rounding, u256_max());
}

TEST(AccountData, interest_is_simple_between_two_accruals) {
    MarketState once;
    once.total_borrows = TokenAmount::from_raw(U256(kOne));
    once.borrow_index = wad_one();
    once.borrow_rate = mantissa(1'000'000'000'000ULL);
    MarketState often = once;
    once = *accrue_interest(once, {}, 100);
    for (std::uint64_t block = 1; block <= 100; ++block) often = *accrue_interest(often, {}, block);
    EXPECT_GT(often.borrow_index, once.borrow_index);
    EXPECT_EQ(once.borrow_index.raw(), U256(kOne + 100'000'000'000'000ULL));
}

TEST(AccountData, pool_of_risk_replaces_factors) {
    SmallMarket world;
    world.add(collateral(200));
    RiskPool pool;
    pool.is_active = true;
    pool.allows_core_fallback = true;
    world.market.pools[3] = pool;
    world.account.pool = 3;
    EXPECT_EQ(world.data()->collateral, 100U);  // not listed in the pool: the core's
    world.market.pools[3].allows_core_fallback = false;
    EXPECT_EQ(world.data()->collateral, 0U);
    world.market.pools[3].markets[0].liquidation = mantissa(kOne / 4 * 3);
    EXPECT_EQ(world.data()->collateral, 150U);
    world.market.pools[3].is_active = false;
    EXPECT_EQ(world.data()->collateral, 100U);
}

TEST(AccountData, stable_debt_bears_interest_on_what_was_minted) {
    StableDebt debt;
    debt.minted = TokenAmount::from_raw(1'000);
    debt.past_interest = TokenAmount::from_raw(200);
    debt.index = wad_one();
    EXPECT_EQ(stable_debt_balance(debt, mantissa(kOne + kOne / 10)).raw(), 1'080U);
    EXPECT_EQ(stable_debt_balance({}, wad_one()).raw(), 0U);
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
