#include "config/hysteresis.hpp"

#include "config/metrics.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace plimsoll::config {
namespace {

struct Pair {
    const char* when;
    const char* clear;
};
void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.when; }

class DefaultClear : public ::testing::TestWithParam<Pair> {};

TEST_P(DefaultClear, negates_with_a_margin) {
    const auto when = parse_when(GetParam().when).value();
    const Expression clear = default_clear(when);
    EXPECT_EQ(to_string(clear.conditions, clear.join), GetParam().clear);
    EXPECT_FALSE(can_overlap(when, clear));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DefaultClear,
    ::testing::Values(
        Pair{"health_factor < 1", "health_factor >= 1.01"},
        Pair{"health_factor <= 1.05", "health_factor > 1.0605"},
        Pair{"health_factor > 2", "health_factor <= 1.98"},
        Pair{"health_factor >= 2", "health_factor < 1.98"},
        Pair{"health_factor < 0.000000000000000001", "health_factor >= 0.000000000000000002"},
        Pair{"liquidatable", "health_factor >= 1.01"},
        Pair{"exposure_usd >= 50_000_000", "exposure_usd < 45000000"},
        Pair{"exposure_usd > 0", "exposure_usd <= 0"},
        Pair{"exposure_usd < 100", "exposure_usd >= 110"},
        Pair{"exposure_usd < 0.00000001", "exposure_usd >= 0.00000002"},
        Pair{"price_above_band_pct <= 3", "price_above_band_pct > 4"},
        Pair{"price_above_band_pct < -0.25", "price_above_band_pct >= 0.75"},
        Pair{"price_above_band_pct < -1", "price_above_band_pct >= 0"},
        Pair{"price_above_band_pct < -3", "price_above_band_pct >= -2"},
        Pair{"price_above_band_pct > 0.5", "price_above_band_pct <= -0.5"},
        Pair{"price_above_band_pct > 3", "price_above_band_pct <= 2"},
        Pair{"price_above_band_pct > -3", "price_above_band_pct <= -4"},
        Pair{"source_stale", "not source_stale"}, Pair{"unverified", "not unverified"},
        Pair{"gap_blocks > 0", "gap_blocks <= 0"}, Pair{"liquidated", ""}, Pair{"activity", ""},
        Pair{"parameters_changed", ""}, Pair{"tvl_drop_pct >= 20", "tvl_drop_pct < 19"},
        Pair{"bad_debt_usd > 100", "bad_debt_usd <= 90"},
        Pair{"utilization > 0.95", "utilization <= 0.9405"},
        Pair{"coverage < 0.999", "coverage >= 0.999"},
        Pair{"oracle_age > 25h", "oracle_age <= 25h"}, Pair{"paused", "not paused"},
        Pair{"positions_at_risk >= 5", "positions_at_risk < 5"},
        Pair{"price_above_band_pct <= 3 and exposure_usd >= 10_000_000",
             "price_above_band_pct > 4 or exposure_usd < 9000000"}));

struct Overlap {
    const char* when;
    const char* clear;
    bool overlaps;
};
void PrintTo(const Overlap& tested, std::ostream* out) {
    *out << tested.when << " / " << tested.clear;
}

class CanOverlap : public ::testing::TestWithParam<Overlap> {};

TEST_P(CanOverlap, finds_a_common_state) {
    EXPECT_EQ(
        can_overlap(parse_when(GetParam().when).value(), parse_clear(GetParam().clear).value()),
        GetParam().overlaps);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CanOverlap,
    ::testing::Values(Overlap{"health_factor < 1", "health_factor >= 1", false},
                      Overlap{"health_factor <= 1", "health_factor >= 1", true},
                      Overlap{"health_factor < 1", "health_factor > 0.999999999999999999", false},
                      Overlap{"health_factor < 1", "health_factor > 0.999999999999999998", true},
                      Overlap{"liquidatable", "health_factor >= 1", false},
                      Overlap{"liquidatable", "health_factor >= 0.99", true},
                      Overlap{"health_factor < 1", "not liquidatable", false},
                      Overlap{"health_factor < 1.05", "not liquidatable", true},
                      Overlap{"exposure_usd >= 5", "price_above_band_pct > 4", true},
                      Overlap{"exposure_usd >= 5 and price_above_band_pct <= 3",
                              "price_above_band_pct > 3", false},
                      Overlap{"exposure_usd >= 5 and price_above_band_pct <= 3",
                              "price_above_band_pct > 4 or exposure_usd < 6", true},
                      Overlap{"exposure_usd >= 5 and price_above_band_pct <= 3",
                              "price_above_band_pct > 4 or exposure_usd < 5", false},
                      Overlap{"source_stale", "not source_stale", false},
                      Overlap{"source_stale", "gap_blocks <= 0", true}));

TEST(DefaultKeep, is_two_minutes_for_bands) {
    EXPECT_EQ(default_keep(Scope::band), Milliseconds{120'000});
    EXPECT_EQ(default_keep(Scope::position), Milliseconds{0});
}

}  // namespace
}  // namespace plimsoll::config
