// How accounts are read and then followed, against a small market that answers.
#include "protocols/aave_v3/seeding.hpp"

#include "tests/protocols/aave_v3/seeded_market.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using Accounts37 = SeededMarket;
using Accounts30 = SeededMarket30;

TEST_F(Accounts37, an_account_without_debt_is_not_followed) {
    chain.supply(bob, 0, ether(1));
    follow({alice, bob});
    EXPECT_TRUE(ledger->has_position(key(alice)));
    EXPECT_FALSE(ledger->has_position(key(bob)));
    EXPECT_EQ(ledger->position_count(), 1U);
}

TEST_F(Accounts37, coverage_is_known_debt_over_all_debt) {
    open_position(bob);
    follow({alice});
    EXPECT_EQ(ledger->coverage_ppm(), 500'000U);  // with a thousand seconds' interest, rounded down
    follow({bob});
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
}

TEST_F(Accounts37, many_are_read_in_bounded_chunks) {
    std::vector<Address> users;
    for (std::uint64_t i = 0; i < 60; ++i) {
        users.push_back(numbered(300 + i));
        open_position(users.back());
    }
    users.push_back(alice);
    finish_round(*ledger, chain);
    ledger->follow(users);
    std::size_t requests = 0;
    for (auto calls = ledger->reads(25); !calls.empty(); calls = ledger->reads(25)) {
        EXPECT_LE(calls.size(), 25U);
        ASSERT_TRUE(ledger->accept_reads(chain.answer(calls), chain.head()));
        ++requests;
    }
    EXPECT_LE(requests, 17U);  // two calls for the flags and three for the balances of each
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->position_count(), 61U);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    for (const Address& user : users) expect_exact(user);
}

TEST_F(Accounts37, one_account_is_asked_whole_even_above_the_bound) {
    finish_round(*ledger, chain);
    ledger->follow(std::vector{alice});
    EXPECT_EQ(ledger->reads(1).size(), 2U);
}

TEST_F(Accounts37, flags_and_balances_of_two_blocks_are_not_mixed) {
    finish_round(*ledger, chain);
    ledger->follow(std::vector{alice});
    auto calls = ledger->reads(4000);
    ASSERT_TRUE(ledger->accept_reads(chain.answer(calls), chain.head()));
    chain.mine(12);
    chain.set_collateral(alice, 0, false);
    chain.mine(12);
    calls = ledger->reads(4000);
    ASSERT_TRUE(ledger->accept_reads(chain.answer(calls), chain.head()));
    EXPECT_FALSE(ledger->has_position(key(alice)));
    EXPECT_EQ(finish_round(*ledger, chain), 2U);
    expect_exact(alice);
}

TEST_F(Accounts37, logs_up_to_the_block_of_the_read_change_nothing) {
    chain.mine(12);
    chain.repay(alice, 1, 1'000'000'000U);
    chain.withdraw(alice, 0, ether(100));
    follow({alice});
    apply_logs();
    finish_round(*ledger, chain);
    expect_exact(alice);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    chain.mine(12);
    chain.repay(alice, 1, 500'000'000U);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
}

TEST_F(Accounts37, a_round_of_known_pairs_needs_no_read) {
    open_position(bob);
    follow({alice, bob});
    for (int i = 0; i < 5; ++i) {
        chain.mine(3600);
        chain.supply(alice, 0, ether(3));
        chain.borrow(alice, 1, 1'000'000U);
        chain.transfer(alice, bob, 0, ether(1));
        chain.mine(12);
        chain.set_collateral(bob, 0, false);
        chain.set_collateral(bob, 0, true);
        chain.borrow(bob, 0, ether(1));
        chain.liquidate(bob, alice, 0, 1, 100'000'000U, ether(40), ether(1), true);
        apply_logs();
        EXPECT_EQ(finish_round(*ledger, chain), 0U);
        expect_exact(alice);
        expect_exact(bob);
        EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    }
}

TEST_F(Accounts37, a_borrower_seen_for_the_first_time_is_read_and_then_followed) {
    follow({alice});
    chain.mine(12);
    open_position(bob);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 2U);  // flags, balances
    expect_exact(bob);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
}

TEST_F(Accounts37, a_loan_taken_and_repaid_in_one_round_leaves_nobody) {
    follow({alice});
    chain.mine(12);
    open_position(bob);
    chain.repay_all(bob, 1);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 1U);  // the flags tell that there is no debt
    EXPECT_FALSE(ledger->has_position(key(bob)));
}

TEST_F(Accounts37, a_node_that_answers_from_the_block_before_is_not_believed) {
    follow({alice});
    const FakeAave before = chain;
    chain.mine(12);
    open_position(bob);
    apply_logs();
    const auto calls = ledger->reads(4000);
    const auto stale = ledger->accept_reads(before.answer(calls), chain.head());
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().message, to_checksum(bob) + " has no debt in the contract that block " +
                                         std::to_string(chain.head().number) + " lent it");
    EXPECT_EQ(finish_round(*ledger, chain), 2U);
    expect_exact(bob);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
}

TEST_F(Accounts37, a_debt_that_is_gone_is_forgotten_and_comes_back) {
    follow({alice});
    chain.mine(12);
    chain.repay_all(alice, 1);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    EXPECT_FALSE(ledger->has_position(key(alice)));
    EXPECT_EQ(ledger->position_count(), 0U);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    chain.mine(12);
    chain.transfer(alice, bob, 0, ether(1));  // while nobody watches
    chain.borrow(alice, 1, 77U);
    apply_logs();
    finish_round(*ledger, chain);
    expect_exact(alice);
}

TEST_F(Accounts37, a_debt_repaid_and_borrowed_again_in_one_block_needs_no_read) {
    follow({alice});
    chain.mine(12);
    chain.repay_all(alice, 1);
    chain.borrow(alice, 1, 5'000'000U);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
}

TEST_F(Accounts37, debt_written_off_is_gone) {
    follow({alice});
    chain.mine(12);
    chain.liquidate(alice, bob, 0, 1, 2'000'000'000U, chain.supplied(alice, 0) - ether(5), ether(5),
                    false, true);
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->has_position(key(alice)));
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    const auto events = ledger->take_events().liquidations;
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].debt.raw(), 2'000'000'000U);
    EXPECT_GE(events[0].bad_debt.raw(), 1'000'000'000U);
    EXPECT_EQ(events[0].protocol_fee.raw(), ether(5));
    EXPECT_EQ(events[0].collateral_asset, "WETH");
    EXPECT_EQ(events[0].debt_asset, "USDC");
    EXPECT_EQ(events[0].debt_decimals, 6U);
}

TEST_F(Accounts37, collateral_that_came_by_transfer_is_followed_before_its_flag_is_up) {
    open_position(bob);
    chain.list(2, "DAI", kWeth, 100'000'000);
    (void)chain.take_logs();
    follow({alice, bob});
    chain.mine(12);
    chain.supply(carol, 2, ether(10));
    chain.transfer(carol, alice, 2, ether(4));  // V3.6 on: no flag
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
    chain.mine(12);
    chain.set_collateral(alice, 2, true);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
    chain.mine(12);
    chain.transfer(carol, alice, 2, ether(1));
    chain.transfer(alice, alice, 2, ether(2));
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
}

TEST_F(Accounts30, collateral_that_came_by_transfer_raises_its_flag) {
    chain.list(2, "DAI", kWeth, 100'000'000);
    follow({alice});
    chain.mine(12);
    chain.supply(carol, 2, ether(10));
    chain.transfer(carol, alice, 2, ether(4));
    apply_logs();
    finish_round(*ledger, chain);
    expect_exact(alice);
}

TEST_F(Accounts30, unscaled_transfers_of_the_first_release_are_told_by_the_transfer_before) {
    open_position(bob);
    follow({alice, bob});
    chain.mine(1'000'000);
    chain.supply(bob, 0, ether(1));
    apply_logs();
    finish_round(*ledger, chain);
    chain.mine(1'000'000);
    chain.transfer(alice, bob, 0, ether(1234));
    // V3.0.0: `Transfer` has the scaled amount, `BalanceTransfer` the other one.
    Log* transfer = nullptr;
    auto logs = chain.take_logs();
    for (Log& log : logs) {
        if (log.topics[0] == abi::topic(signature(EventKind::transfer)) &&
            log.topics[1] == to_bytes32(alice)) {
            transfer = &log;
        }
        if (log.topics[0] == abi::topic(signature(EventKind::balance_transfer))) {
            ASSERT_NE(transfer, nullptr);
            const Bytes amount = transfer->data;
            transfer->data.assign(log.data.begin(), log.data.begin() + 32);
            ASSERT_NE(amount, transfer->data);
            std::copy(amount.begin(), amount.end(), log.data.begin());
        }
    }
    for (const Log& log : logs) ledger->apply(log);
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
    expect_exact(bob);
}

TEST_F(Accounts30, stable_debt_is_followed_by_its_events) {
    chain.borrow_stable(alice, 0, ether(100), ray() / U256(20U));
    follow({alice});
    expect_exact(alice);
    for (int i = 0; i < 3; ++i) {
        chain.mine(10'000'000);
        chain.borrow_stable(alice, 0, ether(7), ray() / U256(15U));
        chain.mine(20'000'000);
        chain.repay_stable(alice, 0, ether(1));  // less than the interest: told as a mint
        apply_logs();
        EXPECT_EQ(finish_round(*ledger, chain), 0U);
        expect_exact(alice);
        EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    }
    chain.mine(12);
    chain.repay_stable(alice, 0, u256_max());
    chain.repay_all(alice, 1);
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->has_position(key(alice)));
}

TEST_F(Accounts30, a_swap_of_the_rate_is_read) {
    follow({alice});
    chain.mine(12);
    Log log = make_log(chain.pool, EventKind::swap_borrow_rate_mode,
                       {word_of(chain.reserve(1).stored.asset), word_of(alice)}, {1});
    log.block = chain.head().number;
    ledger->apply(log);
    EXPECT_EQ(finish_round(*ledger, chain), 2U);
    expect_exact(alice);
}

TEST_F(Accounts37, a_log_that_does_not_fit_makes_the_account_be_read) {
    follow({alice});
    chain.mine(12);
    const Reserve& usdc = chain.reserve(1).stored;
    const std::vector<Log> hostile = {
        make_log(usdc.variable_debt_token, EventKind::burn, {word_of(alice), 0},
                 {u256_max(), 0, ray()}),
        make_log(usdc.variable_debt_token, EventKind::mint, {0, word_of(alice)},
                 {u256_max(), 5, u256_max()}),
        make_log(chain.reserve(0).stored.a_token, EventKind::balance_transfer,
                 {word_of(alice), word_of(bob)}, {u256_max(), ray()}),
        make_log(chain.reserve(0).stored.a_token, EventKind::balance_transfer,
                 {word_of(bob), word_of(alice)}, {u256_max(), ray()}),
    };
    for (Log log : hostile) {
        log.block = chain.head().number;
        log.block_time = chain.head().time;
        ledger->apply(log);
        EXPECT_EQ(finish_round(*ledger, chain), 2U);
        expect_exact(alice);
        chain.mine(12);
    }
}

TEST_F(Accounts37, a_log_that_cannot_be_read_makes_the_holders_be_read) {
    follow({alice});
    chain.mine(12);
    for (const Address& emitter : {chain.reserve(1).stored.variable_debt_token,
                                   chain.reserve(0).stored.a_token, chain.pool}) {
        Log log = make_log(emitter,
                           emitter == chain.pool ? EventKind::collateral_disabled : EventKind::mint,
                           {1}, {});
        log.block = chain.head().number;
        ledger->apply(log);
        EXPECT_GE(finish_round(*ledger, chain), 2U);
        expect_exact(alice);
        EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    }
}

TEST_F(Accounts37, tokens_upgraded_in_the_middle_of_a_round_are_not_guessed_at) {
    follow({alice});
    chain.mine(1'000'000);
    chain.upgrade_tokens(1, 5);
    chain.borrow(alice, 1, 123'456'789U);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 4U);  // reserve, tokens, flags, balances
    expect_exact(alice);
}

TEST_F(Accounts37, reseeding_reads_the_account_and_the_market_anew) {
    follow({alice});
    ledger->reseed(std::vector{key(alice)});
    EXPECT_EQ(finish_round(*ledger, chain), 5U);  // pool; reserves; tokens; flags; balances
    expect_exact(alice);
}

TEST_F(Accounts37, a_supply_that_is_not_collateral_stays_known_when_reseeded) {
    follow({alice});
    chain.mine(12);
    chain.set_collateral(alice, 0, false);
    apply_logs();
    finish_round(*ledger, chain);
    ledger->reseed(std::vector{key(alice)});
    finish_round(*ledger, chain);
    const auto report = ledger->report(key(alice), {}, wad_one());
    ASSERT_EQ(report.collateral.size(), 1U);
    EXPECT_FALSE(report.collateral[0].enabled);
    chain.mine(12);
    chain.set_collateral(alice, 0, true);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 0U);
    expect_exact(alice);
}

TEST_F(Accounts37, a_broken_price_hides_only_those_who_need_it) {
    chain.list(2, "DAI", kWeth, 100'000'000);
    chain.supply(bob, 2, ether(5000));
    chain.borrow(bob, 2, ether(1000));
    follow({alice, bob});
    chain.reserve(0).price.reset();
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->health(key(alice)).computable);
    EXPECT_TRUE(ledger->health(key(bob)).computable);
    expect_exact(alice);  // the contract reverts too
    expect_exact(bob);
    EXPECT_EQ(ledger->price(chain.reserve(0).stored.asset), std::nullopt);
    EXPECT_TRUE(ledger->report(key(alice), {}, wad_one()).contract_view.empty());
    EXPECT_EQ(ledger->position_count(), 2U);
}

TEST_F(Accounts37, the_reads_of_a_round_do_not_grow_with_the_accounts) {
    follow({alice});
    const std::size_t before = ledger->price_reads().size();
    std::vector<Address> users;
    for (std::uint64_t i = 0; i < 50; ++i) {
        users.push_back(numbered(300 + i));
        open_position(users.back());
    }
    follow(users);
    EXPECT_EQ(ledger->position_count(), 51U);
    EXPECT_EQ(ledger->price_reads().size(), before);
    EXPECT_EQ(before, 2U * 8U);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
