#include "protocols/common/fixed_point.hpp"

#include "protocols/common/reverted.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::protocols {
namespace {

const U256 kMax = u256_max();

std::string text_of(const Expected<U256, Reverted>& result) {
    return result ? to_decimal(*result) : "revert";
}

using TwoArguments = U256 (*)(const U256&, const U256&);

struct Case {
    const char* name;
    TwoArguments function;
    U256 a;
    U256 b;
    const char* expected;
};

class FixedPoint : public testing::TestWithParam<Case> {};

TEST_P(FixedPoint, rounds_and_reverts_as_the_contract) {
    const Case& c = GetParam();
    EXPECT_EQ(text_of(as_contract([&] { return c.function(c.a, c.b); })), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Edges, FixedPoint,
    testing::Values(Case{"ray_mul_below_half", ray_mul, 1, kRayOne / 2U - 1U, "0"},
                    Case{"ray_mul_half", ray_mul, 1, kRayOne / 2U, "1"},
                    Case{"ray_mul_zero_times_max", ray_mul, 0, kMax, "0"},
                    Case{"ray_mul_addition_overflows", ray_mul, kMax, 1, "revert"},
                    Case{"ray_mul_addition_just_fits", ray_mul, kMax - kRayOne / 2U, 1,
                         "115792089237316195423570985008687907853269984665640"},
                    Case{"ray_mul_floor_of_max", ray_mul_floor, kMax, 1,
                         "115792089237316195423570985008687907853269984665640"},
                    Case{"ray_mul_ceil_of_max", ray_mul_ceil, kMax, 1,
                         "115792089237316195423570985008687907853269984665641"},
                    Case{"ray_mul_ceil_of_one", ray_mul_ceil, 1, 1, "1"},
                    Case{"ray_div_by_zero", ray_div, 1, 0, "revert"},
                    Case{"ray_div_floor_by_zero", ray_div_floor, 0, 0, "revert"},
                    Case{"ray_div_ceil_exact", ray_div_ceil, 5, kRayOne, "5"},
                    Case{"ray_div_ceil_up", ray_div_ceil, 5, kRayOne + 1U, "5"},
                    Case{"ray_div_ceil_one_above", ray_div_ceil, 5, kRayOne - 1U, "6"},
                    Case{"wad_div_two_thirds", wad_div, 2, 3, "666666666666666667"},
                    Case{"wad_div_overflow", wad_div, kMax / kWadOne + 1U, 1, "revert"},
                    Case{"wad_mul_overflow", wad_mul, kMax, 2, "revert"},
                    Case{"percent_mul_below_half", percent_mul, 1, 4999, "0"},
                    Case{"percent_mul_half", percent_mul, 1, 5000, "1"},
                    Case{"percent_mul_floor", percent_mul_floor, 10001, 8300, "8300"},
                    Case{"percent_mul_ceil", percent_mul_ceil, 10001, 8300, "8301"},
                    Case{"percent_div_up", percent_div, 7, 20000, "4"},
                    Case{"percent_div_floor", percent_div_floor, 10000, 10450, "9569"},
                    Case{"percent_div_ceil", percent_div_ceil, 10000, 10450, "9570"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(MulDiv, rounds_by_name) {
    EXPECT_EQ(mul_div_down(7, 3, 2), 10);
    EXPECT_EQ(mul_div_up(7, 3, 2), 11);
    EXPECT_EQ(mul_div_up(6, 3, 2), 9);
    EXPECT_EQ(mul_div_half_up(7, 3, 2), 11);
    EXPECT_EQ(mul_div_half_up(1, 1, 3), 0);
    EXPECT_EQ(mul_div_half_up(2, 1, 3), 1);
    EXPECT_EQ(mul_div_up(0, 5, 3), 0);
}

TEST(MulDiv, does_not_widen_the_product) {
    EXPECT_FALSE(as_contract([] { return mul_div_down(kMax, 2, 2); }));
    EXPECT_FALSE(as_contract([] { return mul_div_up(kMax, 2, 4); }));
    EXPECT_FALSE(as_contract([] { return mul_div_down(1, 1, 0); }));
}

TEST(RayToWad, is_half_up_and_never_reverts) {
    EXPECT_EQ(ray_to_wad(499'999'999), 0);
    EXPECT_EQ(ray_to_wad(500'000'000), 1);
    EXPECT_EQ(to_decimal(ray_to_wad(kMax)),
              "115792089237316195423570985008687907853269984665640564039457584007913");
}

TEST(TokenUnit, is_a_power_of_ten_that_wraps_as_unchecked_arithmetic) {
    EXPECT_EQ(token_unit(0), 1);
    EXPECT_EQ(token_unit(18), kWadOne);
    EXPECT_EQ(to_decimal(token_unit(77)), "1" + std::string(77, '0'));
    EXPECT_EQ(to_decimal(token_unit(78)),  // 10^78 modulo 2^256
              "73663286101470436611432119930496737173840122674875487684339327936694962880512");
}

}  // namespace
}  // namespace plimsoll::protocols
