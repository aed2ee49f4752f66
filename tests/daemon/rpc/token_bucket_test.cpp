#include "daemon/rpc/token_bucket.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

constexpr Clock::Time kStart{1h};

TEST(TokenBucket, zero_is_no_limit) {
    TokenBucket bucket(0);
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_EQ(bucket.ready_at(kStart, 100), kStart);
        bucket.take(kStart, 100);
    }
}

TEST(TokenBucket, lets_a_burst_through_and_then_keeps_the_rate) {
    TokenBucket bucket(20);  // one each 50 ms, two at once
    EXPECT_EQ(bucket.burst(), 2U);
    for (const auto expected : {0ms, 0ms, 50ms, 100ms, 150ms}) {
        EXPECT_EQ(bucket.ready_at(kStart, 1), kStart + expected);
        bucket.take(kStart, 1);
    }
}

TEST(TokenBucket, fills_again_to_no_more_than_a_burst) {
    TokenBucket bucket(10);
    EXPECT_EQ(bucket.burst(), 1U);
    bucket.take(kStart, 1);
    EXPECT_EQ(bucket.ready_at(kStart, 1), kStart + 100ms);
    const Clock::Time later = kStart + 1h;
    EXPECT_EQ(bucket.ready_at(later, 1), later);
    bucket.take(later, 1);
    EXPECT_EQ(bucket.ready_at(later, 1), later + 100ms);
}

TEST(TokenBucket, a_burst_may_be_larger_than_a_tenth) {
    TokenBucket bucket(8, 3);
    EXPECT_EQ(bucket.burst(), 3U);
    bucket.take(kStart, 3);
    EXPECT_EQ(bucket.ready_at(kStart, 1), kStart + 125ms);
}

TEST(TokenBucket, more_than_a_burst_leaves_late) {
    TokenBucket bucket(10);
    EXPECT_EQ(bucket.ready_at(kStart, 20), kStart + 1'900ms);
    bucket.take(kStart, 20);
    EXPECT_EQ(bucket.ready_at(kStart, 1), kStart + 2s);
}

}  // namespace
}  // namespace plimsoll::rpc
