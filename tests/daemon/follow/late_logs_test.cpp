// Nodes that show the logs of a block after they have answered for it: nothing stays wrong, and
// what they told late is told once.
#include "tests/daemon/follow/world.hpp"

#include <gmock/gmock.h>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;

/// Twelve positions, three of which are liquidatable, on a chain with the state of its head alone.
struct Late {
    World world;
    Late() {
        world.source.only_head = true;
        for (std::uint64_t account = 1; account <= 12; ++account) {
            world.open(account, account <= 3 ? 1'000 : 500);
        }
        world.mine();
        world.catch_up();
        world.set_price(1'200);
        go_on(12);
    }
    void go_on(unsigned blocks) {
        for (unsigned i = 0; i < blocks; ++i) {
            world.mine();
            world.catch_up();
        }
    }
    /// A block whose logs are not there when it is the head.
    BlockNumber mine_withheld() {
        world.source.withheld.insert(world.chain.head().number + 1);
        const BlockNumber number = world.mine().number;
        (void)world.poll();
        return number;
    }
    void show_all() { world.source.withheld.clear(); }

    std::set<std::string> told() const { return believe(world.alerts()).liquidations; }
    std::size_t rows() const { return world.store->liquidations("dev", 0, 1'000)->size(); }
};

TEST(LateLogs, make_everything_exact_again) {
    Late it;
    const BlockRef before = it.world.chain.head();
    it.world.chain.deposit(kLend, 5, kEth, U256(7));
    it.world.chain.borrow(kLend, 20, kUsd, U256(1));
    it.mine_withheld();
    it.show_all();
    it.go_on(8);
    it.world.expect_exact();
    EXPECT_EQ(it.world.status().reorgs, 0U);
    EXPECT_GT(it.world.chain.head().number, before.number);
}

TEST(LateLogs, tell_a_liquidation_once_at_its_block) {
    Late it;
    const BlockNumber begin = it.world.chain.head().number;
    it.world.liquidate(1);
    const BlockNumber block = it.mine_withheld();
    EXPECT_EQ(it.told().size(), 0U);
    it.go_on(2);
    it.show_all();
    it.go_on(8);
    it.world.expect_exact();
    EXPECT_EQ(it.told(), it.world.liquidations_above(begin));
    EXPECT_EQ(it.told().size(), 1U);
    ASSERT_EQ(it.rows(), 1U);
    EXPECT_EQ(it.world.store->liquidations("dev", 0, 9)->front().block, block);
    it.go_on(20);
    it.world.restart();
    it.go_on(8);
    EXPECT_EQ(it.told().size(), 1U);
    EXPECT_EQ(it.rows(), 1U);
}

/// Whatever the process knew, and whenever it ends.
TEST(LateLogs, tell_a_liquidation_once_across_restarts) {
    for (const unsigned blocks : {0U, 1U, 3U, 4U, 5U}) {
        for (const bool is_shown_before : {false, true}) {
            Late it;
            const BlockNumber begin = it.world.chain.head().number;
            it.world.liquidate(1);
            it.mine_withheld();
            it.world.liquidate(2);
            it.go_on(1);
            it.go_on(blocks);
            if (is_shown_before) it.show_all();
            it.world.restart();
            it.show_all();
            it.go_on(1);
            it.world.restart();
            it.go_on(8);
            it.world.expect_exact();
            EXPECT_EQ(it.told(), it.world.liquidations_above(begin)) << blocks;
            EXPECT_EQ(it.rows(), 2U) << blocks;
        }
    }
}

/// The node has forgotten again what it had shown before the restart.
TEST(LateLogs, tell_nothing_again_that_comes_late_after_a_restart) {
    Late it;
    it.world.liquidate(1);
    const BlockNumber block = it.world.mine().number;
    it.world.catch_up();
    const auto rows = *it.world.store->liquidations("dev", 0, 9);
    ASSERT_EQ(rows.size(), 1U);
    it.world.restart();
    it.world.source.withheld.insert(block);
    it.go_on(1);
    it.show_all();
    it.go_on(8);
    it.world.expect_exact();
    EXPECT_EQ(it.told().size(), 1U);
    const auto after = *it.world.store->liquidations("dev", 0, 9);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after.front().row, rows.front().row) << "with its prices";
}

TEST(LateLogs, of_blocks_that_leave_the_chain_are_forgotten) {
    Late it;
    it.world.liquidate(1);
    it.mine_withheld();
    it.go_on(1);
    it.show_all();
    it.go_on(4);
    it.world.reorganise(7);
    it.world.mine(8);
    it.world.catch_up();
    it.go_on(8);
    it.world.expect_exact();
    EXPECT_EQ(it.told().size(), 0U);
    EXPECT_EQ(it.rows(), 0U);
}

TEST(LateLogs, are_looked_for_in_one_go_every_few_blocks) {
    Late it;
    it.go_on(8);
    it.world.source.calls.clear();
    it.go_on(12);
    EXPECT_EQ(it.world.source.count("logs of "), 12U);
    EXPECT_EQ(it.world.source.count("logs "), 12U + 3U);
}

TEST(LateLogs, hold_up_nothing_while_they_cannot_be_looked_for) {
    Late it;
    it.world.source.fault = [](const std::string& call) -> std::optional<Fault> {
        if (!call.starts_with("logs ") || call.starts_with("logs of ")) return std::nullopt;
        return Fault{FaultKind::transient, "no ranges"};
    };
    it.go_on(8);
    it.world.expect_exact();
}

TEST(LateLogs, are_not_looked_for_where_a_node_is_not_late) {
    World world;
    world.open(1, 900);
    world.mine();
    world.catch_up();
    world.source.calls.clear();
    for (int i = 0; i < 20; ++i) {
        world.mine();
        world.catch_up();
    }
    EXPECT_EQ(world.source.count("logs "), 20U);
}

}  // namespace
}  // namespace plimsoll::follow
