// Chains whose nodes have the state of the head alone: a round is read within one block or not at
// all.

#include "tests/daemon/follow/world.hpp"

#include <gmock/gmock.h>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using testing::HasSubstr;

struct HeadOnly {
    World world;
    HeadOnly() {
        world.source.only_head = true;
        world.source.most_range = 7;
        for (std::uint64_t account = 1; account <= 5; ++account) {
            world.open(account, 900 + account);
            world.mine(3);
        }
    }
    /// The head moves on just before these reads run, counted from 0.
    void move_on_before(std::set<std::size_t> reads) {
        world.source.fault = [this, reads = std::move(reads),
                              count = std::size_t{0}](const std::string& call) mutable {
            if (call.starts_with("read ") && reads.contains(count++)) world.mine();
            return std::optional<Fault>();
        };
    }
};

TEST(HeadOnly, the_first_scan_goes_on_at_the_head) {
    HeadOnly it;
    it.world.catch_up();
    it.world.expect_exact();
    EXPECT_EQ(it.world.status("lend").positions, 5U);
    it.world.open(8, 500);
    it.world.mine();
    it.world.catch_up();
    it.world.expect_exact();
}

TEST(HeadOnly, a_head_that_moves_on_during_any_read_delays_and_changes_nothing) {
    HeadOnly quiet;
    quiet.world.catch_up();
    const std::size_t reads = quiet.world.source.count("read ");
    ASSERT_GT(reads, 3U);
    for (std::size_t n = 0; n < reads; ++n) {
        HeadOnly it;
        it.move_on_before({n});
        it.world.catch_up();
        it.world.expect_exact();
        it.move_on_before({0});  // in the round of the next block
        it.world.open(9, 700);
        it.world.mine();
        it.world.catch_up();
        it.world.expect_exact();
    }
}

TEST(HeadOnly, a_round_that_is_overtaken_begins_again_within_the_poll) {
    HeadOnly it;
    World& world = it.world;
    world.catch_up();
    it.move_on_before({0, 1});
    world.open(6, 800);
    world.mine();
    ASSERT_TRUE(world.poll());
    world.source.fail_never();
    world.expect_exact();
}

/// Every read, as `move_on_before` counts them.
std::set<std::size_t> all_reads() {
    std::set<std::size_t> out;
    for (std::size_t n = 0; n < 1'000; ++n) out.insert(n);
    return out;
}

TEST(HeadOnly, a_chain_too_quick_for_rounds_shows_the_last_one_and_is_stale_in_the_end) {
    HeadOnly it;
    World& world = it.world;
    world.catch_up();
    const BlockRef at = world.status().processed;
    it.move_on_before(all_reads());
    world.open(6, 800);
    world.mine();
    EXPECT_EQ(world.state(), view::State::live);
    for (int polls = 0; polls < 20; ++polls) {
        EXPECT_FALSE(world.poll());
        EXPECT_NE(world.state(), view::State::unknown);
        EXPECT_EQ(world.status("lend").block, at);
        EXPECT_EQ(world.status().processed, at);
        EXPECT_EQ(world.shown(), world.real("lend", at.number));
    }
    EXPECT_EQ(world.state(), view::State::stale);
    EXPECT_EQ(world.status().state, view::State::stale);
    EXPECT_THAT(world.status().reason, HasSubstr("the state is gone"));
    world.source.fail_never();
    world.catch_up();
    world.expect_exact();
}

TEST(HeadOnly, before_the_first_round_nothing_is_shown) {
    HeadOnly it;
    World& world = it.world;
    it.move_on_before(all_reads());
    for (int polls = 0; polls < 20; ++polls) {
        (void)world.poll();
        EXPECT_EQ(world.status().state, view::State::unknown);
        EXPECT_EQ(world.state(), view::State::unknown);
        EXPECT_EQ(world.shown(), "");
    }
}

TEST(HeadOnly, what_left_the_chain_is_not_shown) {
    HeadOnly it;
    World& world = it.world;
    world.catch_up();
    world.open(6, 800);
    world.mine();
    world.catch_up();
    const BlockRef orphaned = world.status().processed;
    world.reorganise(1);
    it.move_on_before(all_reads());
    world.mine(2);
    EXPECT_FALSE(world.poll());
    EXPECT_EQ(world.shown(), "") << "block " << orphaned.number << " is no block of the chain";
    EXPECT_EQ(world.state(), view::State::unknown);
    world.source.fail_never();
    world.catch_up();
    world.expect_exact();
}

TEST(HeadOnly, a_gap_is_passed_by_logs_and_read_at_its_end) {
    HeadOnly it;
    World& world = it.world;
    world.catch_up();
    for (std::uint64_t account = 20; account < 40; ++account) {
        world.open(account, 500 + account);
        world.mine(3);
        if (account == 30) world.chain.repay(kLend, 20, kUsd, U256(520) * 1'000'000U);
    }
    world.source.calls.clear();
    world.catch_up();
    world.expect_exact();
    const std::string at_head = "read " + std::to_string(world.chain.head().number);
    EXPECT_EQ(world.source.count("read "), world.source.count(at_head));
}

TEST(HeadOnly, a_restart_goes_on_at_the_head) {
    HeadOnly it;
    World& world = it.world;
    world.catch_up();
    world.mine(20);
    world.catch_up();
    world.open(7, 650);
    world.mine(12);
    world.restart();
    world.catch_up();
    world.expect_exact();
}

TEST(HeadOnly, another_limit_of_reads_replays_alike) {
    HeadOnly it;
    World& world = it.world;
    world.source.most_reads = 2;
    world.catch_up();
    for (std::uint64_t account = 10; account < 16; ++account) {
        world.source.most_reads = account % 3 + 1;
        world.open(account, 600 + account);
        world.open(account + 50, 600 + account);
        world.mine();
        world.catch_up();
    }
    world.source.most_reads = 4'000;
    world.reorganise(2);
    world.mine(3);
    world.catch_up();
    world.expect_exact();
}

}  // namespace
}  // namespace plimsoll::follow
