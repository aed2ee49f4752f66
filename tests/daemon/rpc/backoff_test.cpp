#include "daemon/rpc/backoff.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, is_uniform_below_a_doubling_bound) {
    EXPECT_EQ(backoff(ErrorKind::transient, 0, 0), 0ms);
    EXPECT_EQ(backoff(ErrorKind::transient, 0, 200'000'000), 200ms);
    EXPECT_EQ(backoff(ErrorKind::transient, 0, 200'000'001), 0ms);
    EXPECT_EQ(backoff(ErrorKind::transient, 3, 1'600'000'000), 1'600ms);
    EXPECT_EQ(backoff(ErrorKind::transient, 30, 10'000'000'000), 10s);
    EXPECT_EQ(backoff(ErrorKind::transient, 30, 10'000'000'001), 0s);
    EXPECT_EQ(backoff(ErrorKind::rate, 30, 120'000'000'000), 120s);
}

TEST(RetryBudget, always_allows_ten_a_minute) {
    RetryBudget budget;
    const Clock::Time now{1h};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(budget.take(now));
    EXPECT_FALSE(budget.take(now));
    EXPECT_FALSE(budget.take(now + 49s));
    EXPECT_TRUE(budget.take(now + 60s));
}

TEST(RetryBudget, allows_a_fifth_of_many_requests) {
    RetryBudget budget;
    const Clock::Time now{1h};
    budget.sent(now, 100);
    int allowed = 0;
    while (budget.take(now)) ++allowed;
    EXPECT_EQ(allowed, 20);
}

}  // namespace
}  // namespace plimsoll::rpc
