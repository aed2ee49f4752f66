#include "daemon/outbox/rate_bucket.hpp"

#include <gtest/gtest.h>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1000h};

/// How many attempts begin within `span` when each begins as soon as it may.
int attempts_within(RateBucket& bucket, SteadyTime from, std::chrono::milliseconds span,
                    int limit = 10'000) {
    int count = 0;
    for (SteadyTime now = from; count < limit; ++count) {
        now = std::max(now, bucket.ready_at(now));
        if (now >= from + span) break;
        bucket.take(now);
    }
    return count;
}

TEST(RateBucket, no_limit_never_waits) {
    RateBucket bucket(0);
    EXPECT_EQ(attempts_within(bucket, kStart, 1ms, 500), 500);
}

TEST(RateBucket, a_seconds_worth_at_once_then_evenly) {
    RateBucket bucket(10);
    EXPECT_EQ(attempts_within(bucket, kStart, 1ms), 10);
    EXPECT_EQ(bucket.ready_at(kStart), kStart + 100ms);
    EXPECT_EQ(attempts_within(bucket, kStart, 10s), 100 - 1);
}

TEST(RateBucket, one_a_second_is_strict) {
    RateBucket bucket(1);
    EXPECT_EQ(attempts_within(bucket, kStart, 10s), 10);
}

TEST(RateBucket, twenty_a_minute_are_evenly_spaced) {
    RateBucket bucket(20, 60s);
    EXPECT_EQ(attempts_within(bucket, kStart, 1ms), 1);
    EXPECT_EQ(bucket.ready_at(kStart), kStart + 3s);
    EXPECT_EQ(attempts_within(bucket, kStart + 3s, 60s), 20);
}

TEST(RateBucket, throttled_answer_halves_the_rate_and_ten_minutes_restore_it) {
    RateBucket bucket(100);
    bucket.throttled(kStart);
    EXPECT_NEAR(attempts_within(bucket, kStart, 10s), 550, 20);
    EXPECT_NEAR(attempts_within(bucket, kStart + 5min, 10s), 825, 30);
    EXPECT_NEAR(attempts_within(bucket, kStart + 10min, 10s), 1100, 5);
}

TEST(RateBucket, answers_within_a_second_are_one_complaint) {
    RateBucket once(100);
    RateBucket often(100);
    once.throttled(kStart);
    for (int i = 0; i < 4; ++i) often.throttled(kStart + i * 200ms);
    EXPECT_EQ(attempts_within(once, kStart, 10s), attempts_within(often, kStart, 10s));
}

TEST(RateBucket, never_below_a_sixty_fourth) {
    RateBucket bucket(64);
    for (int i = 0; i < 20; ++i) bucket.throttled(kStart + i * 1s);
    EXPECT_GE(attempts_within(bucket, kStart + 19s, 10s), 9);
}

TEST(RateBucket, without_a_limit_throttling_makes_one) {
    RateBucket bucket(0);
    bucket.throttled(kStart);
    EXPECT_NEAR(attempts_within(bucket, kStart, 10s), 88, 8);
    EXPECT_EQ(attempts_within(bucket, kStart + 10min, 1ms, 500), 500);
}

}  // namespace
}  // namespace plimsoll::outbox
