#include "daemon/alerts/figures.hpp"

#include <gtest/gtest.h>

namespace plimsoll::alerts {
namespace {

struct Number {
    const char* name;
    const char* raw;
    unsigned decimals;
    unsigned places;
    const char* down;
    const char* up;
};
class Decimals : public testing::TestWithParam<Number> {};

TEST_P(Decimals, are_cut_or_rounded_up) {
    const Number& one = GetParam();
    const U256 raw = parse_decimal(one.raw).value();
    EXPECT_EQ(decimal(raw, one.decimals, one.places), one.down);
    EXPECT_EQ(decimal_up(raw, one.decimals, one.places), one.up);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Decimals,
    testing::Values(Number{"zero", "0", 18, 4, "0.0000", "0.0000"},
                    Number{"one_wei", "1", 18, 4, "0.0000", "0.0001"},
                    Number{"not_quite_one", "999999999999999999", 18, 4, "0.9999", "1.0000"},
                    Number{"one", "1000000000000000000", 18, 4, "1.0000", "1.0000"},
                    Number{"carry", "999999", 3, 2, "999.99", "1000.00"},
                    Number{"no_places", "1500", 3, 0, "1", "2"},
                    Number{"no_decimals", "42", 0, 2, "42.00", "42.00"},
                    Number{"fewer_decimals_than_places", "15", 1, 4, "1.5000", "1.5000"},
                    Number{"largest",
                           "115792089237316195423570985008687907853269984665640564039457584007913"
                           "129639935",
                           77, 2, "1.15", "1.16"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Text, amounts_for_people) {
    EXPECT_EQ(amount_text(U256(0), 6), "0");
    EXPECT_EQ(amount_text(U256(1), 6), "0.000001");
    EXPECT_EQ(amount_text(U256(1), 18), "0");
    EXPECT_EQ(amount_text(U256(1), 18, true), "0.00000001");
    EXPECT_EQ(amount_text(U256(1'500'000), 6), "1.5");
    EXPECT_EQ(amount_text(U256(1'234'567), 6), "1.2345");
    EXPECT_EQ(amount_text(U256(1'234'567), 6, true), "1.2346");
    EXPECT_EQ(amount_text(U256(1'000'000'000), 6), "1000");
    EXPECT_EQ(amount_text(U256(100), 0), "100") << "zeros before the point stay";
}

TEST(Text, names_and_counts) {
    EXPECT_EQ(usd_text(Usd8::from_raw(U256(125'000'099'999'999))), "1250000.99 USD");
    EXPECT_EQ(short_account("0x00000000000000000000000000000000000000a1"), "0x0000...00a1");
    EXPECT_EQ(short_account("short"), "short");
    EXPECT_EQ(name_text(""), "?");
    EXPECT_EQ(name_text("A\x01"
                        "B"),
              "A\xEF\xBF\xBD"
              "B");
    EXPECT_EQ(name_text(std::string(100, 'x')).size(), 63 + 3U) << "64 code points, the last …";
    EXPECT_EQ(count_text(1, "block"), "1 block");
    EXPECT_EQ(count_text(0, "block"), "0 blocks");
}

TEST(Figures, thousands_are_grouped) {
    for (const auto& [plain, shown] :
         std::vector<std::pair<std::string, std::string>>{{"0", "0"},
                                                          {"999.5", "999.5"},
                                                          {"1000", "1,000"},
                                                          {"123456.789", "123,456.789"},
                                                          {"1234567", "1,234,567"},
                                                          {"-1234.00", "-1,234.00"},
                                                          {"-123", "-123"},
                                                          {"", ""}}) {
        EXPECT_EQ(grouped(plain), shown);
    }
}

}  // namespace
}  // namespace plimsoll::alerts
