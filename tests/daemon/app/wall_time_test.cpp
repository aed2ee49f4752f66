#include "daemon/app/wall_time.hpp"

#include <gtest/gtest.h>

namespace plimsoll::app {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kStart = 1'768'478'412;

outbox::Instant at(std::chrono::seconds passed, std::chrono::seconds set_by) {
    return {(kStart + passed.count() + set_by.count()) * 1000, outbox::SteadyTime{1000h} + passed};
}

TEST(WallTime, goes_on_whatever_the_clock_is_set_to) {
    WallTime time;
    EXPECT_EQ(time.seconds(at(0s, 0s)), kStart);
    std::int64_t passed = 10;
    for (const auto set_by : {1h, -1h, -24h, 72h, 0h}) {
        EXPECT_EQ(time.seconds(at(std::chrono::seconds{passed}, set_by)), kStart + passed);
        passed += 100;
    }
}

TEST(WallTime, what_is_set_for_good_is_believed_in_the_end) {
    WallTime time;
    time.seconds(at(0s, 0s));
    EXPECT_EQ(time.seconds(at(71h, 5h)), kStart + 71 * 3600);
    EXPECT_EQ(time.seconds(at(73h, 5h)), kStart + 78 * 3600);
}

}  // namespace
}  // namespace plimsoll::app
