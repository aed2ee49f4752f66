// Rounds: reorganisations, forks that flip, faults in the middle, differences from the contract.

#include "tests/daemon/follow/world.hpp"
#include "tests/support/effort.hpp"

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
    BlockNumber begin = 0;
    explicit Running(std::vector<std::string> protocols = {"lend"}) : world(std::move(protocols)) {
        for (std::uint64_t account = 1; account <= 5; ++account) world.open(account, 1000);
        world.open(9, 1000, kOther);
        world.mine(20);
        world.catch_up();
        begin = world.chain.head().number;
    }
};

/// A block in which something of everything happens, another one for every `salt`.
void happen(World& world, std::uint64_t salt) {
    world.chain.deposit(kLend, 1 + salt % 5, kEth, 10 + salt);
    world.open(100 + salt, 500);
    if (salt % 2 == 0) world.liquidate(1 + salt % 5);
    if (salt % 3 == 0) world.set_price(salt % 2 == 0 ? 1100 : 2000);
    if (salt % 4 == 0) world.chain.repay(kLend, 100 + salt, kUsd, U256(500) * 1'000'000U);
    world.mine();
}

// ---- reorganisations

/// Depth, and whether blocks are processed one by one before.
class Reorganisation : public testing::TestWithParam<std::tuple<unsigned, bool>> {};

TEST_P(Reorganisation, ends_like_a_daemon_that_saw_only_the_new_fork) {
    const auto [depth, one_by_one] = GetParam();
    Running running;
    World& world = running.world;
    for (std::uint64_t i = 0; i < depth; ++i) {
        happen(world, i);
        if (one_by_one) world.catch_up();
    }
    world.catch_up();
    world.expect_exact();
    const auto on_the_first_fork = believe(world.alerts()).liquidations;
    EXPECT_EQ(on_the_first_fork, world.liquidations_above(running.begin));
    world.reorganise(depth);
    for (std::uint64_t i = 0; i < depth + 1; ++i) happen(world, 3 * i + 1);
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.status().reorgs, 1U);
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin));
    world.mine(12);
    world.catch_up();
    const std::string summary = world.summary();
    world.restart();
    world.catch_up();
    EXPECT_EQ(world.summary(), summary);
    EXPECT_EQ(world.source.expected, world.chain.head().number);
}

INSTANTIATE_TEST_SUITE_P(Depths, Reorganisation,
                         testing::Combine(testing::Range(1U, 9U), testing::Bool()));

TEST(Reorganising, below_the_base_reads_everything_anew_and_tells_what_was_missed) {
    Running running;
    World& world = running.world;
    for (std::uint64_t i = 0; i < 12; ++i) {
        happen(world, i);
        world.catch_up();
    }
    world.reorganise(12);  // finality is 8
    for (std::uint64_t i = 0; i < 14; ++i) happen(world, 2 * i);
    EXPECT_FALSE(world.poll());
    EXPECT_EQ(world.state(), view::State::unknown);
    world.catch_up();
    world.expect_exact();
    const auto told = world.alerts();
    const auto gap = std::ranges::find(told, "daemon.gap.firing", &store::StoredAlert::type);
    ASSERT_NE(gap, told.end());
    EXPECT_EQ(gap->severity, 2) << "critical";
    EXPECT_EQ(believe(told).liquidations, world.liquidations_above(running.begin));
    const std::string summary = world.summary();
    world.restart();
    world.catch_up();
    EXPECT_EQ(world.summary(), summary);
}

TEST(Reorganising, of_everything_known_is_a_new_start) {
    Running running;
    World& world = running.world;
    for (std::uint64_t i = 0; i < 12; ++i) {
        happen(world, i);
        world.catch_up();
    }
    world.reorganise(static_cast<unsigned>(world.chain.head().number));
    for (std::uint64_t account = 1; account <= 5; ++account) world.open(account, 1000);
    for (std::uint64_t i = 0; i < 40; ++i) happen(world, 2 * i + 1);
    world.catch_up();
    world.expect_exact();
    world.restart();
    world.catch_up();
    world.expect_exact();
}

TEST(Reorganising, while_the_daemon_was_down_is_answered_at_the_start) {
    for (const unsigned depth : {1U, 5U, 12U}) {
        Running running;
        World& world = running.world;
        for (std::uint64_t i = 0; i < depth; ++i) {
            happen(world, i);
            world.catch_up();
        }
        ASSERT_FALSE(believe(world.alerts()).liquidations.empty());
        world.reorganise(depth);
        for (std::uint64_t i = 0; i < depth + 2; ++i) happen(world, 5 * i + 1);
        world.restart();
        world.catch_up();
        world.expect_exact();
        EXPECT_EQ(world.status().reorgs, 1U);
        EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin))
            << "depth " << depth;
        EXPECT_THAT(world.alert_types(), Contains(HasSubstr(".retracted")));
    }
}

TEST(Reorganising, an_event_that_comes_back_is_moved_not_told_again) {
    Running running;
    World& world = running.world;
    world.liquidate(1);
    world.chain.as_transaction(1);
    world.mine();
    world.catch_up();
    const auto key = believe(world.alerts()).liquidations;
    world.reorganise(1);
    world.mine();  // one block later
    world.liquidate(1);
    world.chain.as_transaction(1);
    world.mine();
    world.catch_up();
    EXPECT_EQ(believe(world.alerts()).liquidations, key);
    EXPECT_THAT(world.alert_types(),
                ElementsAre("position.liquidated.fired", "position.liquidated.updated"));
    EXPECT_EQ(store::value(world.store->liquidations("dev", 0, 10)).size(), 1U);
}

TEST(Reorganising, a_lower_head_alone_is_none) {
    Running running;
    World& world = running.world;
    world.liquidate(1);
    world.mine(3);
    world.catch_up();
    const auto head = world.chain.head().number;
    for (BlockNumber behind = 1; behind < 20; ++behind) {
        world.source.head_at = head - behind;
        EXPECT_TRUE(world.poll());
        EXPECT_EQ(world.status().processed.number, head);
        EXPECT_EQ(world.state(), behind <= 5 ? view::State::live : view::State::stale) << behind;
    }
    EXPECT_THAT(world.alert_types(), Contains("source.stale.firing"));
    world.source.head_at.reset();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.status().reorgs, 0U);
    EXPECT_EQ(world.alerts().size(), 3U) << "the liquidation, stale, fresh again";
}

TEST(Reorganising, a_head_that_flips_between_two_forks_of_one_height) {
    Running running;
    World& world = running.world;
    test::LendingChain other = world.chain;
    world.liquidate(1);
    world.mine();
    other.cut(1);
    other.mine();
    other.liquidate(kLend, 2, kEth, 100, kUsd, 100);
    other.mine();
    for (int i = 0; i < 7; ++i) {
        std::swap(world.chain, other);
        world.catch_up();
        world.expect_exact();
        EXPECT_EQ(believe(world.alerts()).liquidations,
                  world.liquidations_above(running.begin - 1));
    }
}

TEST(Reorganising, a_node_that_answers_for_two_forks_proves_nothing) {
    Running running;
    World& world = running.world;
    world.liquidate(1);
    world.mine(3);
    world.catch_up();
    // The head is of another fork, lower than ours; everything else is of ours.
    test::LendingChain other = world.chain;
    other.cut(3);
    other.mine(2);
    world.source.fault = [&](const std::string& call) -> std::optional<chain::Fault> {
        world.source.use(call == "head" ? other : world.chain);
        return std::nullopt;
    };
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.poll());
    other.mine(2);  // and higher than ours
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.poll());
    EXPECT_EQ(world.alerts().size(), 1U) << "nothing is taken back";
    EXPECT_EQ(world.status().reorgs, 0U);
    world.source.fail_never();
    world.source.use(world.chain);
    world.catch_up();
    world.expect_exact();
}

TEST(Reorganising, in_the_middle_of_a_round) {
    for (std::size_t n = 0; n < 12; ++n) {
        Running running;
        World& world = running.world;
        for (std::uint64_t i = 0; i < 4; ++i) {
            happen(world, i);
            world.catch_up();
        }
        for (std::uint64_t i = 4; i < 7; ++i) happen(world, i);
        std::size_t left = n;
        world.source.fault = [&](const std::string&) {
            if (left-- == 0) {
                world.reorganise(5);
                for (std::uint64_t i = 0; i < 7; ++i) happen(world, 7 * i + 2);
            }
            return std::optional<chain::Fault>();
        };
        (void)world.poll();
        world.catch_up();
        world.expect_exact();
        EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin))
            << "at call " << n;
    }
}

TEST(Reorganising, the_first_round_after_it_may_fail) {
    for (std::size_t n = 0; n < 12; ++n) {
        for (const bool has_restarted : {false, true}) {
            Running running;
            World& world = running.world;
            for (std::uint64_t i = 0; i < 4; ++i) happen(world, i);
            world.catch_up();
            world.reorganise(3);
            for (std::uint64_t i = 0; i < 5; ++i) happen(world, 7 * i + 2);
            world.source.fail_at(n);
            (void)world.poll();
            if (has_restarted) world.restart();
            world.source.fail_never();
            world.catch_up();
            world.expect_exact();
            EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin))
                << "at call " << n;
        }
    }
}

TEST(Finality, that_stands_still_for_long_keeps_the_daemon_going) {
    Running running;
    World& world = running.world;
    world.source.final_at = world.chain.head().number - 8;
    for (int i = 0; i < 10; ++i) {
        world.liquidate(1);
        world.chain.deposit(kLend, 1, kEth, 100'000);
        world.chain.borrow(kLend, 1, kUsd, 100'000'000);
        world.mine(1000);
        world.catch_up();
    }
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin));
    world.restart();
    world.catch_up();
    world.expect_exact();
    world.source.final_at.reset();
    world.mine();
    world.catch_up();
    world.restart();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin));
}

TEST(Finality, that_the_node_does_not_tell_is_no_obstacle) {
    World world;
    world.source.has_final = false;
    world.open(1, 1000);
    world.mine(20);
    world.catch_up();
    world.expect_exact();
    world.liquidate(1);
    world.mine(2);
    world.catch_up();
    world.reorganise(1);
    world.mine(3);
    world.restart();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(20));
}

TEST(Finality, of_zero_blocks_survives_reorganisations) {
    Running running;
    World& world = running.world;
    world.source.finality = 0;
    for (std::uint64_t i = 0; i < 4; ++i) {
        happen(world, i);
        world.catch_up();
    }
    world.reorganise(2);
    for (std::uint64_t i = 0; i < 4; ++i) happen(world, 5 * i + 2);
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin));
}

// ---- faults

TEST(Faults, at_any_call_of_a_round_leave_no_trace) {
    const auto play = [](World& world, const std::function<void()>& step) {
        for (std::uint64_t i = 0; i < 5; ++i) {
            for (std::uint64_t k = 0; k <= i % 3; ++k) happen(world, 10 * i + k);
            step();
        }
        world.source.fail_never();
        world.mine();  // whatever was not final for the daemon is now
        step();
    };
    Running quiet;
    quiet.world.source.calls.clear();
    play(quiet.world, [&] { quiet.world.catch_up(); });
    const std::string expected = quiet.world.summary();
    const std::size_t calls = quiet.world.source.calls.size();
    const auto stride = static_cast<std::size_t>(test::stride(1));
    for (std::size_t n = 0; n < calls; n += 1 + stride / 8) {
        Running running;
        World& world = running.world;
        world.source.fail_at(n, n % 2 == 0 ? FaultKind::transient : FaultKind::lag_or_reorg);
        play(world, [&] { world.catch_up(); });
        EXPECT_EQ(world.summary(), expected) << "fault at call " << n;
        world.expect_exact();
    }
}

TEST(Faults, of_one_call_in_seven_only_slow_it_down) {
    Running running;
    World& world = running.world;
    std::uint64_t turn = 0;
    world.source.fault = [&](const std::string& call) -> std::optional<chain::Fault> {
        if (++turn % 7 != 0) return std::nullopt;
        return chain::Fault{FaultKind::transient, "every seventh: " + call};
    };
    for (std::uint64_t i = 0; i < 10; ++i) {
        happen(world, i);
        world.catch_up(100);
    }
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(running.begin));
}

TEST(Faults, prices_of_a_liquidation_are_read_again_or_left_out) {
    Running running;
    World& world = running.world;
    world.liquidate(1);
    world.mine(3);  // not at the head: its prices are read by themselves
    world.source.fault = [](const std::string& call) -> std::optional<chain::Fault> {
        if (call != "read 21") return std::nullopt;
        return chain::Fault{FaultKind::transient, "no"};
    };
    EXPECT_FALSE(world.poll());
    EXPECT_FALSE(world.poll());
    EXPECT_TRUE(world.poll()) << "at last without";
    auto rows = store::value(world.store->liquidations("dev", 0, 10));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_THAT(rows.front().row, HasSubstr("\"collateral_usd\":null"));
    world.source.fail_at(4);
    world.liquidate(2);
    world.mine(3);
    world.catch_up();
    rows = store::value(world.store->liquidations("dev", 0, 10));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_THAT(rows.back().row, HasSubstr("\"collateral_usd\":200.0"));
}

TEST(Faults, a_reply_that_does_not_decode_marks_one_protocol_only) {
    Running running({"lend", "other"});
    World& world = running.world;
    const auto prices = world.chain.market(kLend).prices;
    world.chain.market(kLend).prices.clear();
    world.mine();
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.state("lend"), view::State::unknown);
    EXPECT_THAT(world.status("lend").reason, HasSubstr("price"));
    EXPECT_EQ(world.state("other"), view::State::live);
    world.chain.market(kLend).prices = prices;
    world.mine();
    world.catch_up();
    world.expect_exact();
}

/// What differs from the contract may be the node's fault: twice the round is done again.
void expect_doubted(World& world) {
    for (int i = 0; i < 2; ++i) {
        const auto doubted = world.poll();
        ASSERT_FALSE(doubted) << i;
        EXPECT_THAT(doubted.error().message, HasSubstr("the round is done again"));
    }
}

TEST(Faults, a_reply_that_cannot_be_used_holds_up_no_other_protocol) {
    Running running({"lend", "other"});
    World& world = running.world;
    // What differs from the contract is read anew, and so is the revision, which nobody knows.
    world.chain.borrow(kLend, 1, kUsd, 7);
    world.chain.lose_log();
    world.chain.market(kLend).revision = 9;
    world.mine();
    expect_doubted(world);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(world.poll());
        EXPECT_EQ(world.state("lend"), view::State::unknown);
        EXPECT_EQ(world.status("lend").reason, "a read cannot be used: revision 9 is not known");
        EXPECT_EQ(world.state("other"), view::State::live);
        world.mine();
    }
    world.chain.market(kLend).revision = 1;
    world.mine();
    world.catch_up();
    world.expect_exact();
}

TEST(FleetingState, of_the_head_only_is_enough) {
    World world;
    for (std::uint64_t account = 1; account <= 30; ++account) world.open(account, 1000);
    world.mine(20);
    world.source.states_kept = 1;
    // A block passes with every fourth read.
    std::uint64_t reads = 0;
    world.source.fault = [&](const std::string& call) -> std::optional<chain::Fault> {
        if (call.starts_with("read") && ++reads % 4 == 0) {
            world.chain.deposit(kLend, reads % 30 + 1, kEth, 5);
            world.mine();
        }
        return std::nullopt;
    };
    for (int i = 0; i < 40 && world.state() != view::State::live; ++i) (void)world.poll();
    EXPECT_EQ(world.state(), view::State::live) << world.status("lend").reason;
    for (std::uint64_t account = 31; account <= 60; ++account) world.open(account, 1000);
    world.liquidate(3);
    world.mine();
    for (int i = 0; i < 40 && world.status("lend").positions < 60; ++i) (void)world.poll();
    world.source.fail_never();
    world.mine();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(20));
    world.mine(20);
    world.catch_up();
    const std::string summary = world.summary();
    world.restart();
    world.catch_up();
    EXPECT_EQ(world.summary(), summary);
}

// ---- differences from the contract

TEST(AuditDifference, is_doubted_quarantined_read_anew_and_healed) {
    Running running({"lend", "other"});
    World& world = running.world;
    world.chain.borrow(kLend, 1, kUsd, 7);
    world.chain.lose_log();
    world.mine();
    expect_doubted(world);
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.state("lend"), view::State::unverified);
    EXPECT_EQ(world.status("lend").audit.mismatched, 1U);
    EXPECT_EQ(world.state("other"), view::State::live);
    EXPECT_EQ(world.shown("lend"), world.real("lend")) << "read anew at once";
    EXPECT_THAT(world.alert_types(), Contains("source.disagrees.firing"));
    world.mine();
    ASSERT_TRUE(world.poll());
    world.expect_exact();
    EXPECT_THAT(world.alert_types(), Contains("source.disagrees.resolved"));
    // The node still lacks the log: found again in the first round after a restart.
    world.restart();
    expect_doubted(world);
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.state("lend"), view::State::unverified);
    world.mine(9);
    world.catch_up();
    world.restart();
    world.catch_up(1);
    world.expect_exact();
}

/// A node answers one of these reads of a round with newcomers from the state of the next block, in
/// which they act again. Numbers that are not the contract's are never `live` for a round more.
void expect_strays_noticed(const std::set<std::size_t>& reads, bool is_noticed_at_once) {
    World world;
    for (std::uint64_t account = 1; account <= 200; ++account) world.open(account, 600);
    world.mine(20);
    world.catch_up();
    world.open(500, 700);
    world.mine();
    const BlockNumber at = world.chain.head().number;
    world.chain.deposit(kLend, 500, kEth, 5);
    world.mine();
    const auto is_honest = [&](BlockNumber block) {
        return world.state() != view::State::live || world.shown() == world.real("lend", block);
    };
    world.source.head_at = at;
    world.source.stray_at(reads);
    while (world.status().processed.number != at) (void)world.poll();
    if (is_noticed_at_once) {
        EXPECT_TRUE(is_honest(at));
    }
    world.source.stray_at({});
    world.source.head_at.reset();
    while (world.status().processed.number != at + 1) (void)world.poll();
    EXPECT_TRUE(is_honest(at + 1));
    world.mine();
    world.catch_up();
    world.expect_exact();
}

TEST(StrayReads, of_newcomers_are_noticed_in_the_same_round_or_in_the_next) {
    for (std::size_t n = 0; n < 6; ++n) {
        SCOPED_TRACE(n);
        expect_strays_noticed({n}, true);
        expect_strays_noticed({n, n + 1}, false);
        expect_strays_noticed({n, n + 1, n + 2, n + 3, n + 4, n + 5}, false);
    }
}

TEST(AuditDifference, that_lasts_stays_unverified_and_holds_nobody_up) {
    Running running({"lend", "other"});
    World& world = running.world;
    // Every block changes the account behind our back.
    for (int i = 0; i < 40; ++i) {
        world.chain.borrow(kLend, 1, kUsd, 7);
        world.chain.lose_log();
        world.chain.deposit(kOther, 9, kEth, 1);
        world.mine();
        if (i == 0) expect_doubted(world);
        ASSERT_TRUE(world.poll()) << i;
        EXPECT_EQ(world.status().processed.hash, world.chain.head().hash);
        EXPECT_EQ(world.state("lend"), view::State::unverified);
        EXPECT_EQ(world.state("other"), view::State::live);
        EXPECT_EQ(world.shown("other"), world.real("other"));
    }
    EXPECT_LT(world.source.count("read"), 150U) << "reading anew is spaced out";
    world.mine(2);
    for (int i = 0; i < 70; ++i) {
        world.mine();
        ASSERT_TRUE(world.poll());
    }
    world.expect_exact();
}

TEST(AuditDifference, of_many_accounts_costs_no_more_each_round) {
    World world;
    for (std::uint64_t account = 1; account <= 300; ++account) world.open(account, 600);
    world.mine(20);
    world.catch_up();
    for (std::uint64_t account = 1; account <= 300; ++account) {
        world.chain.borrow(kLend, account, kUsd, 1);
        world.chain.lose_log();
    }
    world.mine();
    for (int i = 0; i < 40; ++i) {
        world.source.calls.clear();
        if (world.poll()) world.mine();  // first differences are doubted
        EXPECT_LT(world.source.calls.size(), 40U);
    }
    world.catch_up();
    world.expect_exact();
}

TEST(AuditDifference, of_an_account_about_to_be_liquidatable_is_found_before_the_alert) {
    World world;
    for (std::uint64_t account = 1; account <= 200; ++account) world.open(account, 100);
    world.open(999, 1000);
    world.mine(20);
    world.catch_up();
    world.chain.repay(kLend, 999, kUsd, U256(900) * 1'000'000U);
    world.chain.lose_log();
    world.mine();
    world.set_price(1200);
    world.mine();
    expect_doubted(world);
    ASSERT_TRUE(world.poll());
    EXPECT_TRUE(believe(world.alerts()).open.count("unverified/eip155:1/lend/lend") == 1);
    EXPECT_THAT(world.alert_types(), Not(Contains("position.liquidatable.firing")));
    world.mine();
    world.catch_up();
    world.expect_exact();
    EXPECT_THAT(world.alert_types(), Not(Contains("position.liquidatable.firing")));
}

}  // namespace
}  // namespace plimsoll::follow
