// The same blocks, looked at at other times: the same alerts, with the same ids and the same bytes.
#include "tests/daemon/follow/world.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace plimsoll::follow {
namespace {

enum class Timing {
    at_once,       ///< a poll for every block
    restless,      ///< several polls for every block, seconds apart, and restarts in between
    now_and_then,  ///< a poll for several blocks
};

/// Bodies by id.
struct Told {
    std::map<std::string, std::string> events;
    std::map<std::string, std::string> states;
};

void poll_as(World& world, Timing timing, std::mt19937& mood) {
    if (timing == Timing::now_and_then && mood() % 3 != 0) return;
    if (timing == Timing::restless) {
        for (unsigned polls = mood() % 4; polls > 0; --polls) {
            world.catch_up();
            world.now += static_cast<std::int64_t>(mood() % 5);
        }
        if (mood() % 5 == 0) world.restart();
    }
    world.catch_up();
}

/// `mood` decides the times of polls, and nothing else.
Told play(Timing timing, unsigned mood_seed) {
    std::mt19937 script(22);       // NOLINT(cert-msc51-cpp): the same blocks every time
    std::mt19937 mood(mood_seed);  // NOLINT(cert-msc51-cpp)
    World world({"lend"}, true);
    for (std::uint64_t account = 1; account <= 5; ++account)
        world.open(account, 900 + 50 * account);
    world.source.finality = 8;
    world.mine(10);
    world.catch_up();
    for (int block = 0; block < 60; ++block) {
        world.set_price(1'000 + 100 * (script() % 8));
        if (script() % 5 == 0) world.liquidate(1 + script() % 5);
        if (script() % 5 == 0) world.open(6 + script() % 5, 100);
        world.mine();
        poll_as(world, timing, mood);
    }
    world.set_price(2'000);
    world.mine(20);
    world.catch_up();
    Told out;
    for (const store::StoredAlert& alert : world.alerts()) {
        auto& kind = alert.episode == 0 ? out.events : out.states;
        EXPECT_TRUE(kind.emplace(alert.id, alert.body).second);
    }
    return out;
}

TEST(Replay, at_other_times_tells_the_same_bytes) {
    const Told first = play(Timing::at_once, 0);
    EXPECT_GT(first.events.size(), 20U);
    EXPECT_GT(first.states.size(), 20U);
    for (unsigned mood = 1; mood <= std::max(2U, test::effort(5)); ++mood) {
        const Told again = play(Timing::restless, mood);
        EXPECT_EQ(again.events, first.events) << mood;
        EXPECT_EQ(again.states, first.states) << mood;
    }
}

/// What is true at blocks that nobody looked at is not known; what happened in them is.
TEST(Replay, events_of_blocks_that_were_passed_over_have_the_same_bytes) {
    const Told first = play(Timing::at_once, 0);
    for (unsigned mood = 1; mood <= std::max(2U, test::effort(5)); ++mood) {
        EXPECT_EQ(play(Timing::now_and_then, mood).events, first.events) << mood;
    }
}

}  // namespace
}  // namespace plimsoll::follow
