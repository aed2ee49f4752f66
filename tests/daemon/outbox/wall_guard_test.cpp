#include "daemon/outbox/wall_guard.hpp"

#include <gtest/gtest.h>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kWall = 1'768'478'412'000;
constexpr SteadyTime kStart{1000h};
constexpr std::int64_t kHour = 3'600'000;

Instant instant(milliseconds passed, std::int64_t set_by = 0) {
    return {kWall + passed.count() + set_by, kStart + passed};
}

TEST(WallGuard, undisturbed_clock_is_itself) {
    WallGuard guard;
    for (const milliseconds passed : {0ms, 1ms, 100'000ms}) {
        guard.look(instant(passed));
        EXPECT_EQ(guard.due_ms(), kWall + passed.count());
        EXPECT_EQ(guard.expiry_ms(), kWall + passed.count());
    }
}

TEST(WallGuard, clock_set_forward_expires_nothing) {
    WallGuard guard;
    guard.look(instant(0ms));
    guard.look(instant(10s, 72 * kHour));
    EXPECT_EQ(guard.expiry_ms(), kWall + 10'000);
    EXPECT_EQ(guard.due_ms(), kWall + 10'000 + 72 * kHour);
}

TEST(WallGuard, clock_set_back_delays_nothing) {
    WallGuard guard;
    guard.look(instant(0ms));
    guard.look(instant(10s, -24 * kHour));
    EXPECT_EQ(guard.due_ms(), kWall + 10'000);
    EXPECT_EQ(guard.expiry_ms(), kWall + 10'000 - 24 * kHour);
}

TEST(WallGuard, slow_steering_is_followed) {
    WallGuard guard;
    for (int i = 0; i <= 100; ++i) guard.look(instant(i * 60s, i * 1'000));
    EXPECT_EQ(guard.due_ms(), guard.expiry_ms());
    EXPECT_EQ(guard.due_ms(), kWall + 6'000'000 + 100'000);
}

TEST(WallGuard, clock_set_and_set_back_leaves_no_trace) {
    WallGuard guard;
    guard.look(instant(0ms));
    guard.look(instant(1h, kHour));
    guard.look(instant(2h));
    EXPECT_EQ(guard.due_ms(), guard.expiry_ms());
}

TEST(WallGuard, after_the_longest_life_of_a_message_the_new_time_counts) {
    WallGuard guard;
    guard.look(instant(0ms));
    guard.look(instant(72h, kHour));
    EXPECT_NE(guard.due_ms(), guard.expiry_ms());
    guard.look(instant(72h + 1ms, kHour));
    EXPECT_EQ(guard.due_ms(), guard.expiry_ms());
    EXPECT_EQ(guard.due_ms(), kWall + 73 * kHour + 1);
}

}  // namespace
}  // namespace plimsoll::outbox
