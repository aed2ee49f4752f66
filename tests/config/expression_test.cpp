#include "config/expression.hpp"

#include "config/metrics.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace plimsoll::config {
namespace {

U256 ten_to(unsigned exponent) { return boost::multiprecision::pow(U256(10), exponent); }

struct Spelling {
    const char* name;
    const char* text;
    const char* canonical;
};
void PrintTo(const Spelling& spelling, std::ostream* out) { *out << spelling.name; }

class When : public ::testing::TestWithParam<Spelling> {};

TEST_P(When, reads_all_spellings) {
    const auto parsed = parse_when(GetParam().text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(to_string(*parsed), GetParam().canonical);
    EXPECT_EQ(parse_when(GetParam().canonical).value(), *parsed);
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, When,
    ::testing::Values(
        Spelling{"plain", "health_factor < 1", "health_factor < 1"},
        Spelling{"no_blanks", "health_factor<1.05", "health_factor < 1.05"},
        Spelling{"many_blanks", "  health_factor\t<=\n 1.0500 ", "health_factor <= 1.05"},
        Spelling{"short_name", "hf < 1", "health_factor < 1"},
        Spelling{"flag", "liquidatable", "liquidatable"},
        Spelling{"flag_and_number", "liquidatable and health_factor < 0.95",
                 "liquidatable and health_factor < 0.95"},
        Spelling{"event", "liquidated", "liquidated"},
        Spelling{"event_by_type", "position.liquidated", "liquidated"},
        Spelling{"usd", "exposure_usd >= 50_000_000", "exposure_usd >= 50000000"},
        Spelling{"band", "price_above_band_pct <= 3 and exposure_usd >= 10_000_000",
                 "price_above_band_pct <= 3 and exposure_usd >= 10000000"},
        Spelling{"percent_sign", "price_above_band_pct <= -0.5%", "price_above_band_pct <= -0.5"},
        Spelling{"and_in_capitals", "health_factor > 1 AND health_factor < 2",
                 "health_factor > 1 and health_factor < 2"},
        Spelling{"ampersands", "health_factor > 1 && health_factor < 2",
                 "health_factor > 1 and health_factor < 2"},
        Spelling{"dotted_source", "source.stale", "source_stale"},
        Spelling{"gap_alone", "gap", "gap_blocks > 0"},
        Spelling{"gap_compared", "gap >= 10", "gap_blocks >= 10"},
        Spelling{"gap_by_name", "gap_blocks > 0", "gap_blocks > 0"},
        Spelling{"gap_or_stale", "source_stale and gap_blocks > 5",
                 "source_stale and gap_blocks > 5"},
        Spelling{"unverified", "unverified", "unverified"}));

TEST(When, scales_by_the_metric) {
    EXPECT_EQ(parse_when("health_factor < 1.05").value().front().value, 105 * ten_to(16));
    EXPECT_EQ(parse_when("exposure_usd > 2").value().front().value, 2 * ten_to(8));
    EXPECT_EQ(parse_when("gap > 2").value().front().value, 2);
    const Condition distance = parse_when("price_above_band_pct < -2.5").value().front();
    EXPECT_EQ(distance.value, 25 * ten_to(7));
    EXPECT_TRUE(distance.negative);
}

TEST(When, takes_a_flag_as_at_least_one) {
    const Condition flag = parse_when("source_stale").value().front();
    EXPECT_EQ(flag.comparison, Comparison::greater_equal);
    EXPECT_EQ(flag.value, 1);
}

TEST(When, refuses_numbers_beyond_reason) {
    EXPECT_FALSE(parse_when("exposure_usd > 1" + std::string(45, '0')).has_value());
    EXPECT_TRUE(parse_when("exposure_usd > 1" + std::string(30, '0')).has_value());
}

TEST(Clear, knows_or_and_not) {
    const Expression any = parse_clear("health_factor >= 1.2 or not liquidatable").value();
    EXPECT_EQ(any.join, Join::any);
    EXPECT_EQ(to_string(any.conditions, any.join), "health_factor >= 1.2 or not liquidatable");
    EXPECT_EQ(parse_clear("not source_stale").value().conditions.front().comparison,
              Comparison::less);
    EXPECT_FALSE(parse_clear("not health_factor < 1").has_value());
    EXPECT_FALSE(parse_clear("or").has_value());
}

TEST(Metrics, all_have_scope_and_decimals) {
    EXPECT_EQ(scope_of(Metric::liquidated), Scope::position);
    EXPECT_EQ(scope_of(Metric::price_above_band_pct), Scope::band);
    EXPECT_EQ(scope_of(Metric::gap_blocks), Scope::chain);
    EXPECT_EQ(scope_of(Metric::unverified), Scope::protocol);
    EXPECT_EQ(decimals_of(Metric::health_factor), 18U);
    EXPECT_EQ(decimals_of(Metric::price_above_band_pct), 8U);
    EXPECT_EQ(metric_specs().size(), 9U);
}

}  // namespace
}  // namespace plimsoll::config
