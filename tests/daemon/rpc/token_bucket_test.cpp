#include "daemon/rpc/token_bucket.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

constexpr Clock::Time kFilled{1h};

TEST(TokenBucket, zero_is_no_limit) {
    TokenBucket bucket(0);
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_EQ(bucket.ready_at(kFilled, 100), kFilled);
        bucket.take(kFilled, 100);
    }
}

TEST(TokenBucket, lets_a_burst_through_and_then_keeps_the_rate) {
    TokenBucket bucket(20);  // one each 50 ms, two at once
    EXPECT_EQ(bucket.burst(), 2U);
    for (const auto expected : {0ms, 0ms, 50ms, 100ms, 150ms}) {
        EXPECT_EQ(bucket.ready_at(kFilled, 1), kFilled + expected);
        bucket.take(kFilled, 1);
    }
}

TEST(TokenBucket, fills_again_to_no_more_than_a_burst) {
    TokenBucket bucket(10);
    EXPECT_EQ(bucket.burst(), 1U);
    bucket.take(kFilled, 1);
    EXPECT_EQ(bucket.ready_at(kFilled, 1), kFilled + 100ms);
    const Clock::Time later = kFilled + 1h;
    EXPECT_EQ(bucket.ready_at(later, 1), later);
    bucket.take(later, 1);
    EXPECT_EQ(bucket.ready_at(later, 1), later + 100ms);
}

TEST(TokenBucket, a_burst_may_be_larger_than_a_tenth) {
    TokenBucket bucket(8, 3);
    EXPECT_EQ(bucket.burst(), 3U);
    bucket.take(kFilled, 3);
    EXPECT_EQ(bucket.ready_at(kFilled, 1), kFilled + 125ms);
}

TEST(TokenBucket, more_than_a_burst_leaves_late) {
    TokenBucket bucket(10);
    EXPECT_EQ(bucket.ready_at(kFilled, 20), kFilled + 1'900ms);
    bucket.take(kFilled, 20);
    EXPECT_EQ(bucket.ready_at(kFilled, 1), kFilled + 2s);
}

}  // namespace
}  // namespace plimsoll::rpc
