#include "daemon/query/when.hpp"

#include <gtest/gtest.h>

namespace plimsoll::query {
namespace {

constexpr std::time_t kNow = 1'769'300'000;

TEST(ParseSince, understands_seconds_durations_and_days) {
    EXPECT_EQ(parse_since("0", kNow).value(), 0U);
    EXPECT_EQ(parse_since("1769299200", kNow).value(), 1'769'299'200U);
    EXPECT_EQ(parse_since("90s", kNow).value(), 1'769'299'910U);
    EXPECT_EQ(parse_since("24h", kNow).value(), 1'769'213'600U);
    EXPECT_EQ(parse_since("7d", kNow).value(), 1'768'695'200U);
    EXPECT_EQ(parse_since("2026-01-25", kNow).value(), 1'769'299'200U);
}

TEST(ParseSince, refuses_what_is_no_time) {
    for (const char* text : {"", "h", "-1", "1.5h", "24x", "2026-13-01", "2026-02-30",
                             "1999999999d", "99999999999999999999"}) {
        EXPECT_FALSE(parse_since(text, kNow)) << text;
    }
}

}  // namespace
}  // namespace plimsoll::query
