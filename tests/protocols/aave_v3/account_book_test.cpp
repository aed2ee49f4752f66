#include "protocols/aave_v3/account_book.hpp"

#include "tests/protocols/aave_v3/ledger_support.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

AccountState owing(std::uint64_t debt) {
    AccountState out;
    out.read_at = 7;
    out.holding(3).variable_debt = {0, debt};
    return out;
}

TEST(AccountState, holdings_are_ordered_by_reserve) {
    AccountState state;
    state.holding(5).collateral = true;
    state.holding(1);
    state.holding(127);
    state.holding(5).variable_debt = {1, 0};
    ASSERT_EQ(state.holdings.size(), 3U);
    EXPECT_EQ(state.holdings[0].reserve, 1U);
    EXPECT_EQ(state.holdings[1].reserve, 5U);
    EXPECT_EQ(state.holdings[2].reserve, 127U);
    EXPECT_TRUE(state.find(5)->collateral);
    EXPECT_EQ(state.find(6), nullptr);
    EXPECT_TRUE(state.has_debt());
}

TEST(AccountState, stable_debt_is_debt) {
    AccountState state;
    EXPECT_FALSE(state.has_debt());
    state.stable_debt(2).principal = {0, 1};
    EXPECT_TRUE(state.has_debt());
}

TEST(AccountBook, gives_back_what_was_put) {
    AccountBook book;
    EXPECT_EQ(book.find(numbered(1)), std::nullopt);
    book.put(numbered(1), owing(5));
    book.put(numbered(2), owing(6));
    book.put(numbered(1), owing(7));
    EXPECT_EQ(book.size(), 2U);
    EXPECT_EQ(book.find(numbered(1))->state(), owing(7));
    EXPECT_EQ(book.find(numbered(2))->state(), owing(6));
    EXPECT_TRUE(book.erase(numbered(1)));
    EXPECT_FALSE(book.erase(numbered(1)));
    EXPECT_EQ(book.size(), 1U);
}

TEST(AccountBook, copies_go_their_own_ways) {
    AccountBook book;
    book.put(numbered(1), owing(5));
    AccountBook copy = book;
    copy.put(numbered(1), owing(6));
    copy.put(numbered(2), owing(7));
    book.erase(numbered(1));
    EXPECT_EQ(book.size(), 0U);
    EXPECT_EQ(copy.size(), 2U);
    EXPECT_EQ(copy.find(numbered(1))->state(), owing(6));
}

TEST(AccountBook, is_a_map_in_order_of_addresses) {
    std::mt19937_64 random(3);
    std::map<Address, AccountState> expected;
    AccountBook book;
    for (unsigned i = 0; i < test::effort(20'000); ++i) {
        Address account = numbered(random() % 600);
        account.bytes[0] = static_cast<std::uint8_t>(random() % 3);  // crowd a few shards
        account.bytes[1] = 0;
        if (random() % 3 == 0) {
            EXPECT_EQ(book.erase(account), expected.erase(account) == 1);
            continue;
        }
        AccountState state = owing(random());
        for (std::uint64_t more = random() % 3; more > 0; --more) {
            state.holding(random() % 128).supplied = {0, random()};
            state.stable_debt(random() % 128).rate = {random(), 1};
        }
        book.put(account, state);
        expected[account] = state;
    }
    EXPECT_EQ(book.size(), expected.size());
    auto next = expected.begin();
    book.for_each([&](const AccountView& view) {
        ASSERT_NE(next, expected.end());
        EXPECT_EQ(view.address, next->first);
        EXPECT_EQ(view.state(), next->second);
        ++next;
    });
    EXPECT_EQ(next, expected.end());
}

TEST(Compact128, holds_what_fits_and_nothing_else) {
    const U256 most = (U256(1) << 128U) - 1U;
    EXPECT_EQ(to_u256(*to_compact(most)), most);
    EXPECT_EQ(to_u256(*to_compact(U256(1) << 64U)), U256(1) << 64U);
    EXPECT_TRUE(to_compact(0)->is_zero());
    EXPECT_EQ(to_compact(most + 1U), std::nullopt);
    EXPECT_EQ(to_compact(u256_max()), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
