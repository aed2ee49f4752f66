#include "daemon/rpc/breaker.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

constexpr Clock::Time kStart{1h};

TEST(Breaker, opens_at_the_fifth_failure_in_a_row) {
    Breaker breaker;
    for (int i = 0; i < 4; ++i) breaker.failed(kStart, 0);
    EXPECT_FALSE(breaker.is_open());
    breaker.failed(kStart, 0);
    EXPECT_TRUE(breaker.is_open());
    EXPECT_EQ(breaker.retry_at(), kStart + 10s);
}

TEST(Breaker, a_success_starts_the_row_anew) {
    Breaker breaker;
    for (int i = 0; i < 4; ++i) breaker.failed(kStart, 0);
    breaker.succeeded();
    for (int i = 0; i < 4; ++i) breaker.failed(kStart, 0);
    EXPECT_FALSE(breaker.is_open());
}

TEST(Breaker, opens_when_half_of_the_last_twenty_failed) {
    Breaker breaker;
    for (int i = 0; i < 9; ++i) {
        breaker.failed(kStart, 0);
        breaker.succeeded();
    }
    breaker.succeeded();
    EXPECT_FALSE(breaker.is_open());
    breaker.failed(kStart, 0);
    EXPECT_TRUE(breaker.is_open());
}

TEST(Breaker, stays_open_twice_as_long_each_time_up_to_five_minutes) {
    Breaker breaker;
    for (int i = 0; i < 5; ++i) breaker.failed(kStart, 0);
    for (const auto pause : {20s, 40s, 80s, 160s, 300s, 300s}) {
        breaker.failed(kStart, 0);
        EXPECT_EQ(breaker.retry_at(), kStart + pause);
    }
    breaker.succeeded();
    EXPECT_FALSE(breaker.is_open());
    for (int i = 0; i < 5; ++i) breaker.failed(kStart, 0);
    EXPECT_EQ(breaker.retry_at(), kStart + 10s);
}

TEST(Breaker, the_pause_is_up_to_a_quarter_longer) {
    Breaker breaker;
    for (int i = 0; i < 5; ++i) breaker.failed(kStart, 2'500'000'000);
    EXPECT_EQ(breaker.retry_at(), kStart + 12'500ms);
    Breaker other;
    for (int i = 0; i < 5; ++i) other.failed(kStart, 2'500'000'001);
    EXPECT_EQ(other.retry_at(), kStart + 10s);
}

}  // namespace
}  // namespace plimsoll::rpc
