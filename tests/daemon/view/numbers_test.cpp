#include "daemon/view/rows.hpp"

#include <gtest/gtest.h>

namespace plimsoll::view {
namespace {

TEST(Scaled, cuts_off_and_drops_trailing_zeros) {
    EXPECT_EQ(scaled(U256(0), 8, 8), "0");
    EXPECT_EQ(scaled(U256(220'000'000'000ULL), 8, 8), "2200");
    EXPECT_EQ(scaled(U256(157'450'000'000ULL), 8, 8), "1574.5");
    EXPECT_EQ(scaled(U256(1), 8, 8), "0.00000001");
    EXPECT_EQ(scaled(U256(199), 2, 1), "1.9");
    EXPECT_EQ(scaled(U256(199), 0, 6), "199");
    EXPECT_EQ(scaled(u256_max(), 18, 2),
              "115792089237316195423570985008687907853269984665640564039457.58");
}

TEST(Ratio, is_cut_off_and_none_over_zero) {
    EXPECT_EQ(ratio(U256(2), U256(3), 4), "0.6666");
    EXPECT_EQ(ratio(U256(0), U256(3), 4), "0.0000");
    EXPECT_EQ(ratio(u256_max(), U256(1), 2), to_decimal(u256_max()) + ".00");
    EXPECT_FALSE(ratio(U256(1), U256(0), 4));
}

TEST(Millionths, has_six_digits) {
    EXPECT_EQ(millionths(1'000'000), "1.000000");
    EXPECT_EQ(millionths(999'999), "0.999999");
    EXPECT_EQ(millionths(0), "0.000000");
}

TEST(Usd, is_cut_off_at_cents) {
    EXPECT_EQ(usd(Usd8::from_raw(U256(123'456'789'000ULL))).dump(), "1234.56");
    EXPECT_EQ(usd(Usd8::from_raw(U256(999'999))).dump(), "0.0");
}

}  // namespace
}  // namespace plimsoll::view
