#include "protocols/aave_v3/token_events.hpp"

#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace plimsoll::protocols::aave_v3 {
namespace {

U256 decimal(const char* text) { return parse_decimal(text).value(); }

struct Change {
    const char* name;
    TokenKind token;
    TokenRules rules;
    const char* scaled;
    bool is_mint;
    const char* value;
    const char* increase;
    const char* index;
    const char* after;  ///< null: the event does not fit
};

constexpr const char* kRay = "1000000000000000000000000000";
constexpr const char* kIndex = "1100000000000000000000000000";
constexpr const char* kMax =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

class ScaledAfter : public testing::TestWithParam<Change> {};

TEST_P(ScaledAfter, is_what_the_token_booked) {
    const Change& change = GetParam();
    const BalanceChange event{change.is_mint, numbered(1), decimal(change.value),
                              decimal(change.increase), decimal(change.index)};
    const auto after = scaled_after(change.token, change.rules, decimal(change.scaled), event);
    ASSERT_EQ(after.has_value(), change.after != nullptr);
    if (after) {
        EXPECT_EQ(to_decimal(*after), change.after);
    }
}

constexpr auto kA = TokenKind::a_token;
constexpr auto kV = TokenKind::variable_debt;
constexpr auto kHalf = TokenRules::half_up;
constexpr auto kDirected = TokenRules::directed;

INSTANTIATE_TEST_SUITE_P(
    Tokens, ScaledAfter,
    testing::Values(
        // 1000 / 1.1 = 909.09 and 100 / 1.1 = 90.91: half up.
        Change{"half_up_mint", kA, kHalf, "0", true, "1000", "0", kIndex, "909"},
        Change{"half_up_mint_without_rounding", kA, kHalf, "0", true, "1001", "0", kIndex, "910"},
        Change{"half_up_mint_after_interest", kV, kHalf, "100", true, "1010", "10", kIndex, "1009"},
        Change{"half_up_burn", kA, kHalf, "1000", false, "90", "10", kIndex, "909"},
        Change{"half_up_burn_told_as_mint", kV, kHalf, "1000", true, "40", "100", kIndex, "945"},
        Change{"half_up_interest_notice", kA, kHalf, "777", true, "9", "9", kIndex, "777"},
        Change{"half_up_burn_of_everything", kV, kHalf, "909", false, "1000", "0", kIndex, "0"},
        Change{"half_up_burn_of_too_much", kV, kHalf, "908", false, "1000", "0", kIndex, nullptr},
        // From 1100 (1000 at 1.1) to 2101: 2101 / 1.1 = 1910 exactly.
        Change{"directed_mint_of_a_token", kA, kDirected, "1000", true, "1001", "0", kIndex,
               "1910"},
        Change{"directed_notice", kA, kDirected, "1000", true, "100", "100", kIndex, "1000"},
        // 7 at 1.1 is 7 (floor) or 8 (ceil).
        Change{"directed_burn_of_a_token", kA, kDirected, "8", false, "1", "0", kIndex, "7"},
        Change{"directed_burn_of_debt", kV, kDirected, "8", false, "1", "0", kIndex, "7"},
        Change{"directed_burn_of_everything", kV, kDirected, "8", false, "9", "0", kIndex, "0"},
        Change{"directed_burn_told_as_mint", kV, kDirected, "1000", true, "50", "100", kIndex,
               "954"},
        // No scaled balance floors to 10 at 1.1: 9 gives 9, 10 gives 11.
        Change{"directed_a_token_without_a_scaled_balance", kA, kDirected, "0", true, "10", "0",
               kIndex, nullptr},
        Change{"directed_interest_above_the_balance", kA, kDirected, "5", true, "1", "100", kIndex,
               nullptr},
        Change{"directed_burn_below_zero", kA, kDirected, "5", false, "100", "0", kIndex, nullptr},
        Change{"index_of_zero", kA, kHalf, "5", true, "100", "0", "0", nullptr},
        Change{"directed_index_of_zero", kV, kDirected, "5", true, "100", "0", "0", nullptr},
        Change{"words_of_all_ones", kA, kHalf, "5", true, kMax, "0", kRay, nullptr},
        Change{"directed_words_of_all_ones", kV, kDirected, "5", false, kMax, kMax, kMax, nullptr},
        Change{"burn_sum_overflows", kV, kHalf, "5", false, kMax, "1", kRay, nullptr}),
    [](const auto& one) { return std::string(one.param.name); });

struct Move {
    const char* name;
    TokenRules rules;
    std::uint64_t value;
    std::optional<std::uint64_t> transferred;
    std::uint64_t scaled;
};

class ScaledTransfer : public testing::TestWithParam<Move> {};

TEST_P(ScaledTransfer, is_what_moved) {
    const Move& move = GetParam();
    const BalanceTransfer event{numbered(1), numbered(2), move.value, ray()};
    std::optional<Transfer> transfer;
    if (move.transferred) transfer = Transfer{numbered(1), numbered(2), *move.transferred};
    EXPECT_EQ(scaled_transfer(move.rules, event, transfer), move.scaled);
}

INSTANTIATE_TEST_SUITE_P(
    Tokens, ScaledTransfer,
    testing::Values(Move{"of_v3_0_1", kHalf, 909, 1000, 909},
                    Move{"of_v3_0_0_has_them_the_other_way_round", kHalf, 1000, 909, 909},
                    Move{"without_a_transfer_seen", kHalf, 909, std::nullopt, 909},
                    Move{"of_v3_5", kDirected, 910, 1000, 910}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(ScaledTransfer, of_other_accounts_says_nothing) {
    const BalanceTransfer event{numbered(1), numbered(2), 1000, ray()};
    EXPECT_EQ(scaled_transfer(kHalf, event, Transfer{numbered(1), numbered(3), 909}), 1000);
    EXPECT_EQ(scaled_transfer(kHalf, event, Transfer{numbered(3), numbered(2), 909}), 1000);
}

StableDebt stable(std::uint64_t principal, std::uint64_t rate, BlockTime time) {
    return {TokenAmount::from_raw(principal), Ray::from_raw(rate), time};
}

TEST(StableAfter, a_mint_adds_and_sets_the_rate) {
    const StableChange event{true, numbered(1), 60, 110, 10, 7};
    const auto after = stable_after(stable(100, 5, 1000), event, 2000);
    ASSERT_TRUE(after.has_value());
    EXPECT_EQ(after->principal.raw(), 160);
    EXPECT_EQ(after->rate.raw(), 7);
    EXPECT_EQ(after->last_update, 2000U);
}

TEST(StableAfter, a_burn_takes_and_keeps_the_rate) {
    const StableChange event{false, numbered(1), 60, 110, 10, 0};
    const auto after = stable_after(stable(100, 5, 1000), event, 2000);
    ASSERT_TRUE(after.has_value());
    EXPECT_EQ(after->principal.raw(), 40);
    EXPECT_EQ(after->rate.raw(), 5);
    EXPECT_EQ(after->last_update, 2000U);
}

TEST(StableAfter, a_burn_of_everything_leaves_nothing) {
    const StableChange event{false, numbered(1), 100, 110, 10, 0};
    const auto after = stable_after(stable(100, 5, 1000), event, 2000);
    ASSERT_TRUE(after.has_value());
    EXPECT_EQ(after->principal.raw(), 0);
    EXPECT_EQ(after->rate.raw(), 0);
    EXPECT_EQ(after->last_update, 0U);
}

TEST(StableAfter, another_principal_before_does_not_fit) {
    const StableChange event{true, numbered(1), 60, 110, 10, 7};
    EXPECT_FALSE(stable_after(stable(99, 5, 1000), event, 2000).has_value());
    const StableChange wraps{true, numbered(1), 60, 10, 110, 7};
    EXPECT_FALSE(stable_after(stable(100, 5, 1000), wraps, 2000).has_value());
    const StableChange too_much{false, numbered(1), 101, 110, 10, 7};
    EXPECT_FALSE(stable_after(stable(100, 5, 1000), too_much, 2000).has_value());
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
