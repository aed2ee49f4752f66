// What survives: restarts, long stops, a store that fails.

#include "daemon/follow/standing.hpp"
#include "tests/daemon/follow/world.hpp"

#include <gmock/gmock.h>

namespace plimsoll::follow {
namespace {

using chain::FaultKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Running {
    World world;
    explicit Running(unsigned blocks = 20) {
        for (std::uint64_t account = 1; account <= 5; ++account) world.open(account, 1000);
        world.mine(blocks);
        world.catch_up();
    }
};

// ---- restarts

TEST(Restart, loads_the_base_and_reads_the_tail_again) {
    Running running;
    World& world = running.world;
    for (int i = 0; i < 12; ++i) {
        world.chain.deposit(kLend, 1, kEth, 3);
        if (i % 3 == 0) world.open(100 + static_cast<std::uint64_t>(i), 600);
        world.mine();
        world.catch_up();
    }
    const std::string before = world.summary();
    world.restart();
    world.source.calls.clear();
    EXPECT_EQ(world.state(), view::State::unknown) << "before the first round";
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.summary(), before);
    EXPECT_EQ(world.source.count("code"), 0U) << "nothing is scanned again";
    world.mine(3);
    world.catch_up();
    world.expect_exact();
}

TEST(Restart, at_an_unchanged_head_has_values_at_once) {
    Running running;
    World& world = running.world;
    world.source.finality = 0;
    world.mine();
    world.catch_up();
    world.restart();
    world.catch_up(1);
    world.expect_exact();
    const auto views = world.summary();
    EXPECT_THAT(views, HasSubstr("1600000000000000000")) << "health factors are there";
}

TEST(Restart, tells_no_liquidation_twice_and_loses_none) {
    Running running;
    World& world = running.world;
    const BlockNumber begin = world.chain.head().number;
    for (std::uint64_t i = 0; i < 10; ++i) {
        world.liquidate(1 + i % 5);
        world.mine();
        if (i % 2 == 0) world.catch_up();
        world.restart();
        if (i % 3 == 0) world.catch_up();
    }
    world.catch_up();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(begin));
    EXPECT_EQ(world.alerts().size(), 10U) << "each once";
}

TEST(Restart, a_kill_at_any_commit_loses_nothing) {
    for (const bool is_after : {false, true}) {
        Running running;
        World& world = running.world;
        const BlockNumber begin = world.chain.head().number;
        for (std::uint64_t i = 0; i < 6; ++i) {
            world.set_price(i % 2 == 0 ? 1200 : 2000);
            world.liquidate(1 + i % 5);
            world.mine();
            (is_after ? world.store->failures_after : world.store->failures) = 1;
            EXPECT_FALSE(world.poll());
            world.restart();  // what was not stored is gone with the process
            if (i % 2 == 1) world.catch_up();
        }
        world.set_price(2000);
        world.mine();
        world.catch_up();
        world.expect_exact();
        const Belief belief = believe(world.alerts());
        EXPECT_EQ(belief.liquidations, world.liquidations_above(begin));
        EXPECT_TRUE(belief.open.empty());
    }
}

TEST(Restart, a_node_behind_is_waited_for) {
    Running running;
    World& world = running.world;
    world.set_price(1200);
    world.mine();
    world.catch_up();
    const auto told = believe(world.alerts()).open;
    world.restart();
    world.source.head_at = world.chain.head().number - 3;
    const auto polled = world.poll();
    ASSERT_FALSE(polled);
    EXPECT_THAT(polled.error().message, HasSubstr("behind block"));
    world.source.head_at = 4;  // below everything stored
    ASSERT_FALSE(world.poll());
    EXPECT_EQ(world.state(), view::State::unknown);
    EXPECT_EQ(world.status().reorgs, 0U);
    world.source.head_at.reset();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).open, told) << "the past is not told again";
    EXPECT_EQ(world.source.count("code"), 1U) << "the first scan was the last";
}

// ---- long stops

TEST(LongStop, liquidations_of_the_gap_are_told) {
    Running running;
    World& world = running.world;
    const BlockNumber begin = world.chain.head().number;
    for (std::uint64_t i = 0; i < 20; ++i) {
        world.liquidate(1 + i % 5);
        world.chain.deposit(kLend, 1 + i % 5, kEth, 100'000);
        world.open(200 + i, 500);
        world.mine(450);
    }
    world.source.most_range = 2000;
    world.source.states_kept = 128;
    world.source.finality = 64;
    for (const bool has_restarted : {false, true}) {
        if (has_restarted) world.restart();
        world.catch_up();
        world.expect_exact();
        EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(begin));
    }
    EXPECT_LT(world.source.count("blocks"), 20U) << "headers are not read one by one";
}

TEST(LongStop, of_a_stopped_daemon_is_the_same) {
    Running running;
    World& world = running.world;
    const BlockNumber begin = world.chain.head().number;
    world.restart();
    for (std::uint64_t i = 0; i < 20; ++i) {
        world.liquidate(1 + i % 5);
        world.mine(450);
    }
    world.source.states_kept = 128;
    world.source.most_range = 1000;
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(begin));
    EXPECT_EQ(world.source.count("code"), 1U) << "nothing is scanned again";
}

TEST(LongStop, a_range_that_cannot_be_read_stays_owed_and_is_told_as_a_gap) {
    Running running;
    World& world = running.world;
    const BlockNumber begin = world.chain.head().number;
    for (std::uint64_t i = 0; i < 20; ++i) {
        world.liquidate(1 + i % 5);
        world.mine(450);
    }
    world.source.most_range = 1000;
    world.source.fault = [](const std::string& call) -> std::optional<chain::Fault> {
        if (!call.starts_with("logs 4")) return std::nullopt;
        return chain::Fault{FaultKind::split, "block 4711 is too large"};
    };
    for (int i = 0; i < 8; ++i) {
        EXPECT_FALSE(world.poll());
        world.now += 12;
        world.mine();
    }
    EXPECT_NE(world.status().state, view::State::live);
    EXPECT_THAT(world.status().reason, HasSubstr("block 4711 is too large"));
    EXPECT_GT(world.status().gap_blocks, 5000U);
    EXPECT_THAT(world.alert_types(), Contains("daemon.gap.firing"));
    EXPECT_TRUE(believe(world.alerts()).liquidations.empty()) << "nothing is skipped";
    world.source.fail_never();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(begin));
    EXPECT_THAT(world.alert_types(), Contains("daemon.gap.resolved"));
    EXPECT_EQ(world.status().gap_blocks, 0U);
}

TEST(LongStop, catching_up_is_cut_into_polls_and_what_was_read_stays) {
    Running running;
    World& world = running.world;
    world.settings.chains.front().poll_every = config::Milliseconds(2000);
    const BlockNumber begin = world.chain.head().number;
    for (std::uint64_t i = 0; i < 20; ++i) {
        world.liquidate(1 + i % 5);
        world.mine(450);
    }
    world.source.most_range = 500;
    world.source.calls.clear();
    world.source.fault = [&](const std::string&) {
        ++world.now;
        return std::optional<chain::Fault>();
    };
    ASSERT_TRUE(world.poll());
    EXPECT_TRUE(world.follower().is_busy());
    EXPECT_GT(world.status().gap_blocks, 1000U);
    world.catch_up(200);
    world.source.fail_never();
    world.mine(20);
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(begin));
    EXPECT_LT(world.source.count("logs "), 30U) << "no range is read twice";
}

// ---- a store that fails

TEST(BrokenStore, a_round_is_stored_later_and_told_once) {
    for (const bool is_after : {false, true}) {
        Running running;
        World& world = running.world;
        const BlockNumber begin = world.chain.head().number;
        world.set_price(1200);
        world.liquidate(2);
        world.mine();
        (is_after ? world.store->failures_after : world.store->failures) = 3;
        for (int i = 0; i < 3; ++i) {
            const auto polled = world.poll();
            ASSERT_FALSE(polled);
            EXPECT_THAT(polled.error().message, HasSubstr("store: "));
            EXPECT_EQ(world.status().processed.number, begin) << "not before it is durable";
            world.liquidate(1);
            world.mine();
        }
        world.catch_up();
        world.expect_exact();
        const Belief belief = believe(world.alerts());
        EXPECT_EQ(belief.liquidations, world.liquidations_above(begin));
        EXPECT_EQ(belief.liquidations.size(), 4U);
        EXPECT_EQ(belief.open.size(), 5U);
        world.restart();
        world.catch_up();
        EXPECT_EQ(world.alerts().size(), 9U) << "nothing twice";
    }
}

TEST(BrokenStore, is_seen_from_outside) {
    Running running;
    World& world = running.world;
    world.store->failures = 1000;
    for (int i = 0; i < 8; ++i) {
        world.mine();
        EXPECT_FALSE(world.poll());
    }
    EXPECT_EQ(world.status().state, view::State::stale);
    EXPECT_EQ(world.status().gap_blocks, 8U);
    EXPECT_THAT(world.status().reason, HasSubstr("injected"));
    world.store->failures = 0;
    world.catch_up();
    world.expect_exact();
}

TEST(BrokenStore, during_a_reorganisation_takes_back_what_it_must) {
    Running running;
    World& world = running.world;
    world.set_price(1200);
    world.liquidate(1);
    world.mine();
    world.catch_up();
    EXPECT_EQ(believe(world.alerts()).open.size(), 5U);
    world.reorganise(1);
    world.mine(2);
    world.store->reads_fail = true;
    EXPECT_FALSE(world.poll());
    world.store->reads_fail = false;
    world.store->failures = 2;
    EXPECT_FALSE(world.poll());
    EXPECT_FALSE(world.poll());
    world.catch_up();
    world.expect_exact();
    EXPECT_TRUE(believe(world.alerts()).open.empty());
    EXPECT_TRUE(believe(world.alerts()).liquidations.empty());
}

TEST(BrokenStore, at_the_start_is_tried_again) {
    Running running;
    World& world = running.world;
    world.restart();
    world.store->reads_fail = true;
    EXPECT_FALSE(world.poll());
    world.store->reads_fail = false;
    world.source.calls.clear();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.source.count("code"), 0U);
}

// ---- the source, as people and rules see it

TEST(SilentSource, is_told_after_a_restart_even_if_it_never_answers) {
    Running running;
    World& world = running.world;
    world.restart();
    world.source.fault = [](const std::string&) {
        return std::optional(chain::Fault{FaultKind::no_endpoint, "every endpoint is down"});
    };
    for (int i = 0; i < 8; ++i) {
        EXPECT_FALSE(world.poll());
        world.now += 12;
    }
    EXPECT_EQ(world.status().state, view::State::stale);
    EXPECT_THAT(world.status().reason, HasSubstr("every endpoint is down"));
    EXPECT_THAT(world.alert_types(), Contains("source.stale.firing"));
    world.source.fail_never();
    world.mine();
    world.catch_up();
    world.expect_exact();
    EXPECT_THAT(world.alert_types(), Contains("source.stale.resolved"));
    EXPECT_EQ(world.alerts().size(), 2U);
}

TEST(SilentSource, a_rule_that_waits_fires_while_nothing_moves) {
    World world;
    world.settings.rules[2].hold_for = config::Milliseconds{300'000};
    world.restart();
    world.open(1, 1000);
    world.mine(20);
    world.catch_up();
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(world.poll());
        world.now += 12;
    }
    EXPECT_THAT(world.alert_types(), Not(Contains("source.stale.firing")));
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(world.poll());
        world.now += 12;
    }
    EXPECT_THAT(world.alert_types(), Contains("source.stale.firing"));
}

TEST(SilentSource, a_poll_that_fails_once_is_no_gap) {
    Running running;
    World& world = running.world;
    for (int i = 0; i < 10; ++i) {
        world.mine();
        world.source.fail_at(static_cast<std::size_t>(i % 4));
        (void)world.poll();
        world.source.fail_never();
        world.catch_up();
    }
    EXPECT_TRUE(world.alerts().empty());
}

TEST(SilentSource, looks_silent_while_a_call_still_hangs) {
    Running running;
    World& world = running.world;
    std::vector<view::State> seen;
    world.source.fault = [&](const std::string&) {
        world.now += 120;
        seen = {world.status().state, world.state()};
        return std::optional(chain::Fault{FaultKind::transient, "no answer within 120 s"});
    };
    EXPECT_FALSE(world.poll());
    EXPECT_THAT(seen, ElementsAre(view::State::stale, view::State::stale));
    world.source.fail_never();
    world.mine(12);
    world.catch_up();
    world.expect_exact();
}

TEST(Disagreement, is_told_while_it_lasts_and_changes_nothing_else) {
    Running running;
    World& world = running.world;
    world.mine();
    world.source.dispute = "one and two contradict each other about the head";
    world.source.fault = [](const std::string&) {
        return std::optional(chain::Fault{FaultKind::disagreement, "they contradict each other"});
    };
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(world.poll());
        EXPECT_THAT(world.alert_types(), ElementsAre("source.disagrees.firing"));
        EXPECT_THAT(world.alerts().front().body, HasSubstr(world.source.dispute));
    }
    world.source.dispute.clear();
    world.source.fail_never();
    world.catch_up();
    world.expect_exact();
    EXPECT_THAT(world.alert_types(),
                ElementsAre("source.disagrees.firing", "source.disagrees.resolved"));
}

// ---- what is remembered of protocols

TEST(Standing, survives_as_text) {
    Standings standings;
    standings["aave"] = {kLend, 16'291'006, true, std::nullopt};
    standings["with space"] = {kOther, 0, false, 12};
    EXPECT_EQ(parse_standings(to_text(standings)), standings);
    EXPECT_TRUE(parse_standings("").empty());
}

TEST(Standing, lines_that_do_not_parse_are_left_out) {
    const std::string address = to_lower_hex(kLend);
    EXPECT_EQ(parse_standings(address + " 5 saved tip a\n").size(), 1U);
    for (const std::string& line :
         {std::string("0x12 5 saved tip a"), address + " 5 perhaps tip a",
          address + " 5 saved 12x a", address + " 5 saved -1 a", address + " 5 saved tip",
          address + " x saved tip a", std::string("nonsense")}) {
        EXPECT_TRUE(parse_standings(line + "\n").empty()) << line;
    }
}

}  // namespace
}  // namespace plimsoll::follow
