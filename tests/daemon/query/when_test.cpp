#include "daemon/query/when.hpp"

#include <gtest/gtest.h>

namespace plimsoll::query {
namespace {

constexpr std::time_t kNow = 1'769'300'000;
constexpr std::uint64_t kDay = 86'400;

TEST(ParseSince, understands_seconds_durations_and_days) {
    EXPECT_EQ(parse_since("0", kNow).value(), 0U);
    EXPECT_EQ(parse_since("1769299200", kNow).value(), 1'769'299'200U);
    EXPECT_EQ(parse_since("90s", kNow).value(), 1'769'299'910U);
    EXPECT_EQ(parse_since("24h", kNow).value(), 1'769'213'600U);
    EXPECT_EQ(parse_since("7d", kNow).value(), 1'768'695'200U);
    EXPECT_EQ(parse_since("2026-01-25", kNow).value(), 1'769'299'200U);
    const auto zone = TimeZone::parse("+08:00").value();
    EXPECT_EQ(parse_since("2026-01-25", kNow, zone).value(), 1'769'299'200U - 8 * 3600);
}

TEST(ParseSince, refuses_what_is_no_time) {
    for (const char* text : {"", "h", "-1", "1.5h", "24x", "2026-13-01", "2026-02-30",
                             "1999999999d", "99999999999999999999"}) {
        EXPECT_FALSE(parse_since(text, kNow)) << text;
    }
}

TEST(ParseDuration, is_exact_and_bounded) {
    EXPECT_EQ(parse_duration("24h"), kDay);
    EXPECT_EQ(parse_duration("0s"), 0U);
    EXPECT_FALSE(parse_duration("24"));
    EXPECT_FALSE(parse_duration("99999999999999999d"));
}

TEST(TimeZone, of_an_offset) {
    const auto zone = TimeZone::parse("-03:30").value();
    EXPECT_EQ(zone.name(), "-03:30");
    EXPECT_EQ(zone.day(1'769'299'200), "2026-01-24");
    EXPECT_EQ(zone.minute(1'769'299'200), "2026-01-24 20:30");
    EXPECT_EQ(zone.start_of_day("2026-01-25"), 1'769'299'200U + 3 * 3600 + 1800);
    EXPECT_EQ(zone.start_of_day("2026-01-31", 1), zone.start_of_day("2026-02-01"));
}

TEST(TimeZone, of_the_database_knows_days_of_23_and_25_hours) {
    const auto zone = TimeZone::parse("Europe/Berlin");
    ASSERT_TRUE(zone) << zone.error().message;
    const auto length = [&zone](const char* day) {
        return *zone->start_of_day(day, 1) - *zone->start_of_day(day);
    };
    EXPECT_EQ(length("2026-02-05"), kDay);
    EXPECT_EQ(length("2026-03-29"), kDay - 3600);
    EXPECT_EQ(length("2026-10-25"), kDay + 3600);
    EXPECT_EQ(zone->day(*zone->start_of_day("2026-03-29") - 1), "2026-03-28");
}

TEST(TimeZone, refuses_what_is_none) {
    for (const char* text : {"", "Mars/Base", "../../etc/passwd", "/etc/localtime", "+8", "+25:00",
                             "+08:60", "posixrules/x"}) {
        EXPECT_FALSE(TimeZone::parse(text)) << text;
    }
}

TEST(BeginsTooLate, a_time_after_the_newest_block_is_told_with_both) {
    EXPECT_EQ(begins_too_late(1'769'385'600, 1'769'385'600, true, {}), "");
    EXPECT_EQ(begins_too_late(0, 1'769'385'600, true, {}), "");
    EXPECT_EQ(begins_too_late(1'769'385'660, 1'769'385'600, true, {}),
              "the time asked for begins 2026-01-26 00:01 UTC, after the newest block, of "
              "2026-01-26 00:00 UTC");
    EXPECT_EQ(begins_too_late(1'769'385'660, 1'769'385'600, false, *TimeZone::parse("+08:00")),
              "the time asked for begins 2026-01-26 08:01 +08:00, after the present, 2026-01-26 "
              "08:00 +08:00");
}

}  // namespace
}  // namespace plimsoll::query
