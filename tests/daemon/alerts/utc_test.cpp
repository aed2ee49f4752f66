#include "daemon/alerts/utc.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace plimsoll::alerts {
namespace {

struct Case {
    const char* name;
    std::uint64_t seconds;
    const char* text;
};

class UtcTime : public ::testing::TestWithParam<Case> {};

TEST_P(UtcTime, there_and_back) {
    EXPECT_EQ(utc_time(GetParam().seconds), GetParam().text);
    EXPECT_EQ(utc_date(GetParam().seconds), std::string(GetParam().text).substr(0, 10));
    EXPECT_EQ(parse_utc_time(GetParam().text), GetParam().seconds);
}

INSTANTIATE_TEST_SUITE_P(Table, UtcTime,
                         ::testing::Values(Case{"epoch", 0, "1970-01-01T00:00:00Z"},
                                           Case{"vector", 1'768'478'411, "2026-01-15T12:00:11Z"},
                                           Case{"last_second", 1'709'251'199,
                                                "2024-02-29T23:59:59Z"},
                                           Case{"next_day", 1'709'251'200, "2024-03-01T00:00:00Z"},
                                           Case{"end", 253'402'300'799, "9999-12-31T23:59:59Z"}),
                         [](const auto& case_info) { return case_info.param.name; });

TEST(UtcTime, beyond_the_end_stays_at_the_end) {
    EXPECT_EQ(utc_time(253'402'300'800), "9999-12-31T23:59:59Z");
    EXPECT_EQ(utc_time(std::numeric_limits<std::uint64_t>::max()), "9999-12-31T23:59:59Z");
}

TEST(ParseUtcTime, refuses_other_forms) {
    for (const char* text : {"", "2026-01-15", "2026-01-15T12:00:11", "2026-01-15T12:00:11z",
                             "2026-02-29T12:00:11Z", "2026-01-15T24:00:00Z", "2026-01-15T12:60:00Z",
                             "2026-01-15T12:00:60Z", "2026-1-015T12:00:11Z", "1969-12-31T23:59:59Z",
                             "2026-01-15 12:00:11Z", "+026-01-15T12:00:11Z"}) {
        EXPECT_EQ(parse_utc_time(text), std::nullopt) << text;
    }
}

TEST(ParseUtcDate, counts_days) {
    EXPECT_EQ(parse_utc_date("1970-01-01"), 0);
    EXPECT_EQ(parse_utc_date("2026-01-15"), 20'468);
    EXPECT_EQ(parse_utc_date("2026-13-01"), std::nullopt);
    EXPECT_EQ(parse_utc_date("2026-00-01"), std::nullopt);
    EXPECT_EQ(parse_utc_date("2026-01-15x"), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::alerts
