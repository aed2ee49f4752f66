// The first scan of a protocol, interrupted at every step; protocols that cannot be followed yet.

#include "daemon/follow/discovery.hpp"
#include "tests/daemon/follow/world.hpp"
#include "tests/support/fake_protocol.hpp"

#include <gmock/gmock.h>

namespace plimsoll::follow {
namespace {

using chain::FaultKind;
using testing::HasSubstr;

/// Borrowers in many blocks, one of them gone again, a silent supplier.
void fill(World& world) {
    for (std::uint64_t account = 1; account <= 7; ++account) {
        world.open(account, 900 + account);
        world.mine(3);
    }
    world.chain.deposit(kLend, 50, kEth, 77);
    world.chain.repay(kLend, 3, kUsd, U256(903) * 1'000'000U);
    world.mine(4);
    world.chain.withdraw(kLend, 4, kEth, 100);
    world.mine(9);
}

struct Filled {
    World world;
    Filled() {
        world.source.most_range = 5;
        fill(world);
    }
};

TEST(FirstScan, finds_every_borrower_and_follows_them) {
    Filled filled;
    World& world = filled.world;
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.status("lend").positions, 6U);
    EXPECT_EQ(world.status("lend").scan.stage, "done");
    world.open(8, 500);
    world.chain.deposit(kLend, 1, kEth, 5);
    world.mine();
    world.catch_up();
    world.expect_exact();
}

/// Ranges of discovery that were read without a fault.
std::vector<std::string> discovered(const World& world) {
    std::vector<std::string> out;
    for (const std::string& call : world.source.calls) {
        if (call.starts_with("logs ") && !call.starts_with("logs of")) out.push_back(call);
    }
    return out;
}

/// The n-th call of the scan fails, for every n; with a restart after it or without.
class InterruptedScan : public testing::TestWithParam<bool> {};

TEST_P(InterruptedScan, ends_as_if_nothing_had_happened) {
    Filled quiet;
    quiet.world.catch_up();
    const std::size_t calls = quiet.world.source.calls.size();
    const std::string expected = quiet.world.summary();
    ASSERT_GT(calls, 15U);
    for (std::size_t n = 0; n < calls; ++n) {
        Filled filled;
        World& world = filled.world;
        world.source.fail_at(n, n % 3 == 0 ? FaultKind::rate : FaultKind::transient);
        bool failed = false;
        for (int i = 0; i < 5 && !failed; ++i) failed = !world.poll();
        EXPECT_TRUE(failed) << n;
        const auto before = discovered(world);
        if (GetParam()) world.restart();
        world.source.fail_never();
        world.catch_up();
        world.expect_exact();
        EXPECT_EQ(world.summary(), expected) << "interrupted at call " << n;
        EXPECT_LE(discovered(world).size(), discovered(quiet.world).size() + 3)
            << "read twice what was stored; interrupted at call " << n << ", after "
            << before.size();
    }
}

INSTANTIATE_TEST_SUITE_P(Restart, InterruptedScan, testing::Bool());

TEST(FirstScan, owed_ranges_are_on_disk_from_the_start) {
    Filled filled;
    World& world = filled.world;
    world.source.fault = [](const std::string& call) -> std::optional<chain::Fault> {
        if (!call.starts_with("logs 10 ")) return std::nullopt;
        return chain::Fault{FaultKind::transient, "no"};
    };
    EXPECT_FALSE(world.poll());
    const BlockNumber final_number = world.chain.head().number - world.source.finality;
    const auto owed = store::value(world.store->owed("lend"));
    ASSERT_EQ(owed.size(), 1U);
    EXPECT_EQ(owed.front(), (store::OwedRange{"lend", "discovery", 10, final_number}));
    EXPECT_EQ(store::value(world.store->candidates("lend")).size(), 3U);
    EXPECT_EQ(world.state(), view::State::unknown);
    EXPECT_EQ(world.status("lend").scan.stage, "discovery");
}

/// A ledger of another version of the program: what was learned does not load.
class Forgetful final : public test::FakeProtocol {
  public:
    Expected<void, ParseError> resume_discovery(
        std::span<const protocols::Record> /*records*/) override {
        return parse_error("of another version");
    }
};

TEST(FirstScan, begins_anew_when_what_was_found_does_not_load) {
    Filled filled;
    World& world = filled.world;
    world.catch_up();
    const BlockNumber last = world.chain.head().number;
    const BlockNumber final_number = last - world.source.finality;
    const config::ProtocolSettings& settings = world.settings.protocols.front();
    test::FakeProtocol loads;
    Discovery known(settings, "dev");
    ASSERT_TRUE(known.plan(*world.store, loads, last, final_number));
    EXPECT_EQ(known.blocks_left(), last - final_number);
    Forgetful forgetful;
    Discovery anew(settings, "dev");
    ASSERT_TRUE(anew.plan(*world.store, forgetful, last, final_number));
    EXPECT_EQ(anew.blocks_left(), last - settings.start_block + 1);
    EXPECT_EQ(anew.candidates(), known.candidates());
    // And goes on from there, whoever comes next.
    Discovery after(settings, "dev");
    ASSERT_TRUE(after.plan(*world.store, loads, last, final_number));
    EXPECT_EQ(after.blocks_left(), anew.blocks_left());
}

TEST(FirstScan, moves_to_a_newer_block_when_the_node_drops_the_state) {
    Filled filled;
    World& world = filled.world;
    world.source.states_kept = 20;
    bool moved = false;
    // Ten blocks pass while the first accounts are read.
    world.source.fault = [&](const std::string& call) -> std::optional<chain::Fault> {
        if (call.starts_with("read") && !moved && world.source.count("read") == 3) {
            moved = true;
            world.chain.borrow(kLend, 1, kUsd, 11);
            world.open(20, 300);
            world.liquidate(2);
            world.mine(30);
        }
        return std::nullopt;
    };
    world.catch_up();
    EXPECT_TRUE(moved);
    world.expect_exact();
    world.mine();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations.size(), 1U) << "after the seeds were begun";
}

TEST(FirstScan, begins_at_the_head_where_the_final_state_is_gone) {
    Filled filled;
    World& world = filled.world;
    world.source.states_kept = 2;
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.status("lend").positions, 6U);
}

TEST(FirstScan, of_a_deployment_younger_than_the_final_block) {
    World world;
    world.chain.market(kLend).has_code = false;
    world.mine(30);
    world.chain.market(kLend).has_code = true;
    world.open(1, 1000);
    world.mine(2);
    world.catch_up();
    world.expect_exact();
    // It is not stored before it is final, and found again by a restart.
    EXPECT_TRUE(store::value(world.store->records("lend")).empty());
    world.liquidate(1);
    world.mine(1);
    world.restart();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(0));
    world.mine(20);
    world.catch_up();
    EXPECT_FALSE(store::value(world.store->records("lend")).empty());
    world.restart();
    world.source.calls.clear();
    world.catch_up();
    world.expect_exact();
    EXPECT_EQ(world.source.count("code"), 0U) << "loaded, not scanned";
}

TEST(FirstScan, liquidations_since_the_seeds_are_told_those_before_are_not) {
    Filled filled;
    World& world = filled.world;
    const BlockNumber seeds = world.chain.head().number - world.source.finality;
    world.liquidate(1);
    world.mine(2);
    world.liquidate(2);
    world.mine(1);
    world.source.finality += 3;
    world.catch_up();
    EXPECT_EQ(believe(world.alerts()).liquidations, world.liquidations_above(seeds));
    EXPECT_EQ(world.liquidations_above(seeds).size(), 2U);
}

TEST(FirstScan, lasts_for_several_polls_while_the_other_protocol_goes_on) {
    World world({"other", "lend"});
    world.settings.chains.front().poll_every = config::Milliseconds(2000);
    world.open(1, 1000, kOther);
    world.mine(20);
    world.settings.protocols.pop_back();
    world.restart();
    world.catch_up();
    // A second protocol appears in the configuration.
    for (std::uint64_t account = 1; account <= 40; ++account) world.open(account, 800);
    world.mine(20);
    config::ProtocolSettings lend = world.settings.protocols.front();
    lend.name = "lend";
    lend.address = kLend;
    world.settings.protocols.push_back(lend);
    world.source.most_range = 4;
    world.restart();
    world.source.fault = [&](const std::string&) {
        ++world.now;  // every call takes a second
        return std::optional<chain::Fault>();
    };
    int polls = 0;
    for (; world.state("lend") != view::State::live && polls < 200; ++polls) {
        world.chain.deposit(kOther, 1, kEth, 1);
        world.mine();
        ASSERT_TRUE(world.poll());
        if (polls < 3) continue;  // it starts
        EXPECT_EQ(world.status().processed.hash, world.chain.head().hash);
        EXPECT_EQ(world.state("other"), view::State::live);
        EXPECT_EQ(world.shown("other"), world.real("other"));
        EXPECT_TRUE(world.state("lend") == view::State::live || world.follower().is_busy());
    }
    EXPECT_GT(polls, 5);
    world.source.fail_never();
    world.catch_up();
    world.expect_exact();
}

// ---- protocols that cannot be followed

TEST(Retry, no_code_is_told_and_tried_again_without_a_restart) {
    World world({"other", "lend"});
    world.chain.market(kLend).has_code = false;
    world.open(1, 1000, kOther);
    world.mine(20);
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.state("other"), view::State::live);
    EXPECT_EQ(world.state("lend"), view::State::unknown);
    EXPECT_THAT(world.status("lend").reason, HasSubstr("no contract code at 0x"));
    EXPECT_THAT(world.status("lend").reason, HasSubstr("check `address`"));
    EXPECT_EQ(world.status().state, view::State::live);

    world.source.calls.clear();
    world.mine();
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.source.count("code"), 0U) << "not with every block";
    world.chain.market(kLend).has_code = true;
    world.open(2, 1000, kLend);
    world.mine();
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.state("lend"), view::State::unknown);
    world.now += 60;
    ASSERT_TRUE(world.poll()) << "without a new block";
    EXPECT_EQ(world.state("lend"), view::State::live);
    world.expect_exact();
    world.mine();
    world.catch_up();
    world.expect_exact();
}

TEST(Retry, an_unknown_revision_is_told_and_tried_again) {
    World world({"other", "lend"});
    world.chain.market(kLend).revision = 9;
    world.open(1, 1000, kOther);
    world.open(1, 1000, kLend);
    world.mine(20);
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.state("other"), view::State::live);
    EXPECT_THAT(world.status("lend").reason, HasSubstr("revision 9 is not known"));
    world.chain.market(kLend).revision = 2;
    world.mine(30);
    world.now += 60;
    ASSERT_TRUE(world.poll());
    world.expect_exact();
}

TEST(Retry, a_range_that_cannot_be_read_does_not_hold_the_others_up) {
    World world({"other", "lend"});
    world.open(1, 1000, kOther);
    world.open(1, 1000, kLend);
    world.mine(20);
    world.source.most_range = 5;
    bool broken = true;
    world.source.fault = [&](const std::string& call) -> std::optional<chain::Fault> {
        // The second protocol's discovery alone.
        if (!broken || !call.starts_with("logs ") || world.state("other") == view::State::live) {
            return std::nullopt;
        }
        return chain::Fault{FaultKind::split, "too many logs in one block"};
    };
    ASSERT_TRUE(world.poll());
    EXPECT_THAT(world.status("other").reason, HasSubstr("too many logs"));
    broken = false;
    world.now += 61;
    world.mine();
    ASSERT_TRUE(world.poll());
    world.expect_exact();
}

TEST(Retry, the_only_protocol_of_a_chain_leaves_it_unknown) {
    World world;
    world.chain.market(kLend).has_code = false;
    world.mine(20);
    ASSERT_TRUE(world.poll());
    EXPECT_EQ(world.status().state, view::State::unknown);
    EXPECT_THAT(world.status().reason, HasSubstr("no contract code"));
}

TEST(Joining, late_sees_liquidations_of_the_tail) {
    World world({"other", "lend"});
    world.chain.market(kLend).has_code = false;
    world.open(1, 1000, kOther);
    world.mine(20);
    ASSERT_TRUE(world.poll());
    world.chain.market(kLend).has_code = true;
    world.open(1, 1000, kLend);
    world.mine(20);
    ASSERT_TRUE(world.poll());
    for (int i = 0; i < 5; ++i) {
        world.liquidate(1, kLend);
        world.liquidate(1, kOther);
        world.mine();
        ASSERT_TRUE(world.poll());
    }
    world.now += 60;
    ASSERT_TRUE(world.poll());
    world.expect_exact();
    auto expected = world.liquidations_above(0, "lend");
    expected.merge(world.liquidations_above(0, "other"));
    EXPECT_EQ(expected.size(), 10U);
    EXPECT_EQ(believe(world.alerts()).liquidations, expected);
    world.restart();
    world.catch_up();
    EXPECT_EQ(believe(world.alerts()).liquidations, expected);
}

TEST(Joining, at_the_tip_is_begun_again_when_the_tip_leaves_the_chain) {
    World world({"other", "lend"});
    world.chain.market(kLend).has_code = false;
    world.open(1, 1000, kOther);
    world.mine(20);
    ASSERT_TRUE(world.poll());
    world.chain.market(kLend).has_code = true;
    world.open(1, 1000, kLend);
    world.mine(3);
    world.now += 60;
    world.catch_up();
    world.expect_exact();
    world.reorganise(2);  // the deployment stays, other loans are on the new fork
    world.chain.borrow(kLend, 1, kUsd, 7);
    world.mine(3);
    world.catch_up();
    world.expect_exact();
}

TEST(Joining, leftovers_of_a_protocol_that_was_away_are_not_believed) {
    World world({"other", "lend"});
    world.open(1, 1000, kOther);
    world.open(1, 1000, kLend);
    world.mine(20);
    world.catch_up();
    const config::ProtocolSettings lend = world.settings.protocols.back();
    world.settings.protocols.pop_back();
    world.restart();
    world.chain.borrow(kLend, 1, kUsd, 5);
    world.mine(30);
    world.catch_up();
    EXPECT_FALSE(store::value(world.store->records("lend")).empty());
    world.settings.protocols.push_back(lend);
    world.restart();
    world.catch_up();
    world.expect_exact();
}

TEST(Joining, another_address_under_the_same_name_begins_anew) {
    World world({"lend"});
    world.open(1, 1000, kLend);
    world.set_price(2000, kOther);
    world.open(2, 700, kOther);
    world.mine(20);
    world.catch_up();
    world.settings.protocols.front().address = kOther;
    world.restart();
    world.mine();
    world.catch_up();
    EXPECT_EQ(world.shown("lend"), world.real("other"));
}

}  // namespace
}  // namespace plimsoll::follow
