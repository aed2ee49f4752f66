// Reads in stages, against a small market that answers them.
#include "protocols/aave_v3/seeding.hpp"

#include "abi/codec.hpp"
#include "protocols/aave_v3/aave_v3.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using testing::Test;

constexpr ConfigFields kWeth{8000, 8250, 10500, 18, 1000, 0};
constexpr ConfigFields kUsdc{7500, 7800, 10450, 6, 1000, 0};

U256 ether(std::uint64_t milli) { return U256(milli) * U256(1'000'000'000'000'000ULL); }

/// A market of WETH and USDC, an account that supplied and borrowed, and a ledger that has not been
/// told anything.
class Seeding37 : public Test {
  protected:
    explicit Seeding37(std::uint64_t pool_revision = 11, std::uint64_t token_revision = 5)
        : chain(pool_revision, token_revision) {
        chain.list(0, "WETH", kWeth, 250'000'000'000);
        chain.list(1, "USDC", kUsdc, 99'990'000);
        open_position(alice);
        chain.mine(1000);
        (void)chain.take_logs();
        ledger = make_aave_v3({chain.provider});
    }

    void open_position(const Address& user) {
        ASSERT_TRUE(chain.supply(user, 0, ether(5000)));
        ASSERT_TRUE(chain.borrow(user, 1, 3'000'000'000U));
    }
    void follow(const std::vector<Address>& users) {
        ledger->follow(users);
        finish_round(*ledger, chain);
    }
    void apply_logs() {
        for (const Log& log : chain.take_logs()) ledger->apply(log);
    }
    static PositionKey key(const Address& user) { return {user, {}}; }
    void expect_exact(const Address& user) {
        ASSERT_TRUE(ledger->has_position(key(user)));
        const auto found = ledger->audit(key(user), chain.answer(ledger->audit_reads(key(user))));
        for (const auto& one : found) {
            ADD_FAILURE() << one.field << ": " << one.ours << " instead of " << one.contract;
        }
    }

    FakeAave chain;
    std::unique_ptr<Protocol> ledger;
    const Address alice = numbered(201);
    const Address bob = numbered(202);
    const Address carol = numbered(203);
};

class Seeding30 : public Seeding37 {
  protected:
    Seeding30() : Seeding37(1, 1) {}
};

using Structure37 = Seeding37;
using Structure30 = Seeding30;
using Accounts37 = Seeding37;
using Accounts30 = Seeding30;
using Trust37 = Seeding37;

// ---- structure

TEST_F(Structure37, is_not_trusted_before_it_is_read) {
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_EQ(ledger->coverage_ppm(), std::nullopt);
    EXPECT_EQ(ledger->log_filter().addresses, std::vector<Address>{chain.provider});
    EXPECT_TRUE(ledger->price_reads().empty());
    EXPECT_TRUE(ledger->markets().empty());
}

TEST_F(Structure37, comes_in_four_stages) {
    EXPECT_EQ(finish_round(*ledger, chain), 4U);  // contracts, pool, reserves and e-modes, tokens
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    const auto filter = ledger->log_filter();
    EXPECT_EQ(filter.addresses.size(), 4U + 2U * 2U);
    EXPECT_EQ(ledger->discovery_filter().addresses, std::vector<Address>{chain.pool});
    const auto markets = ledger->markets();
    ASSERT_EQ(markets.size(), 2U);
    EXPECT_EQ(markets[0].asset, "WETH");
    EXPECT_EQ(markets[1].asset, "USDC");
}

TEST_F(Structure37, a_placeholder_for_stable_debt_is_no_token) {
    finish_round(*ledger, chain);
    for (const Address& address : ledger->log_filter().addresses) EXPECT_NE(address, numbered(99));
}

TEST_F(Structure30, stable_debt_tokens_are_followed) {
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->log_filter().addresses.size(), 4U + 2U * 3U);
}

TEST_F(Structure37, stays_owed_where_a_reply_is_missing) {
    auto calls = ledger->reads(4000);
    auto results = chain.answer(calls);
    results.pop_back();
    EXPECT_FALSE(ledger->accept_reads(results, chain.head()));
    EXPECT_EQ(ledger->reads(4000).size(), calls.size());
}

TEST_F(Structure37, stays_owed_where_a_reply_makes_no_sense) {
    for (int stage = 0; stage < 4; ++stage) {
        const auto calls = ledger->reads(4000);
        auto results = chain.answer(calls);
        const auto good = results;
        results[0] = {true, Bytes(7, 0xff)};
        const bool first_reply_is_optional = stage == 1 || stage == 3;  // revisions
        if (!first_reply_is_optional) {
            EXPECT_FALSE(ledger->accept_reads(results, chain.head()));
            EXPECT_EQ(ledger->reads(4000).size(), calls.size());
        }
        EXPECT_TRUE(ledger->accept_reads(good, chain.head()));
    }
    EXPECT_TRUE(ledger->reads(4000).empty());
}

TEST_F(Structure37, an_asset_with_a_hostile_symbol_is_listed_all_the_same) {
    chain.reserve(0).stored.symbol = "W\x1b[31mETH\xe2\x80\xae" + std::string(200, 'x');
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->markets()[0].asset, "W[31mETH" + std::string(56, 'x'));
}

TEST_F(Structure37, an_asset_without_a_symbol_is_called_by_its_address) {
    chain.reserve(0).stored.symbol = "";
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->markets()[0].asset, to_checksum(chain.reserve(0).stored.asset));
}

TEST_F(Structure37, a_change_of_configuration_is_read_again) {
    follow({alice});
    chain.mine(12);
    chain.configure(0, {4000, 4500, 10500, 18, 1000, 0});
    apply_logs();
    EXPECT_EQ(ledger->take_events().parameters.size(), 1U);
    EXPECT_EQ(finish_round(*ledger, chain), 1U);
    EXPECT_EQ(ledger->markets()[0].liquidation_threshold.raw(), 4500);
    expect_exact(alice);
}

TEST_F(Structure37, an_e_mode_is_read_again) {
    follow({alice});
    chain.mine(12);
    EMode mode;
    mode.ltv = Bps::from_raw(9000);
    mode.liquidation_threshold = Bps::from_raw(9500);
    mode.liquidation_bonus = Bps::from_raw(10100);
    mode.collateral_bitmap = 1;
    chain.set_category(200, mode);
    chain.set_e_mode(alice, 200);
    apply_logs();
    EXPECT_EQ(finish_round(*ledger, chain), 1U);
    expect_exact(alice);
    EXPECT_EQ(ledger->report(key(alice), {}, wad_one()).e_mode, 200U);
}

TEST_F(Structure30, an_e_mode_no_asset_names_is_read_when_somebody_is_in_it) {
    EMode mode;
    mode.liquidation_threshold = Bps::from_raw(9500);
    chain.set_category(7, mode);
    chain.set_e_mode(alice, 7);
    (void)chain.take_logs();
    ledger->follow(std::vector{alice});
    EXPECT_EQ(finish_round(*ledger, chain), 4U + 2U + 1U);  // flags, balances, the category
    expect_exact(alice);
}

TEST_F(Structure37, a_reserve_listed_in_the_middle_of_a_round_is_followed_whole) {
    follow({alice, bob});
    const auto known = ledger->log_filter().addresses;
    chain.mine(12);
    chain.list(2, "DAI", kWeth, 100'000'000);
    chain.supply(alice, 2, ether(700));
    chain.borrow(alice, 2, ether(300));
    chain.supply(bob, 0, ether(9000));
    chain.borrow(bob, 2, ether(100));
    chain.mine(12);
    chain.repay(alice, 2, ether(50));
    // The new tokens were not in the filter when these logs were asked for.
    for (const Log& log : chain.take_logs()) {
        if (std::find(known.begin(), known.end(), log.address) != known.end()) ledger->apply(log);
    }
    finish_round(*ledger, chain);
    expect_exact(alice);
    expect_exact(bob);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
    EXPECT_EQ(ledger->markets().size(), 3U);
}

TEST_F(Structure37, an_id_that_was_dropped_and_given_to_another_asset_is_read_for_everybody) {
    follow({alice});
    chain.list(2, "OLD", kWeth, 100'000'000);
    chain.supply(alice, 2, ether(1));
    apply_logs();
    finish_round(*ledger, chain);
    chain.mine(12);
    chain.withdraw_all(alice, 2);
    chain.drop(2);
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->markets().size(), 2U);
    expect_exact(alice);
    chain.mine(12);
    chain.list(2, "NEW", kUsdc, 200'000'000);
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_EQ(ledger->markets()[2].asset, "NEW");
    expect_exact(alice);
}

// ---- trust

TEST_F(Trust37, an_unknown_pool_revision_is_computed_but_not_believed_until_it_is_known_again) {
    follow({alice});
    chain.mine(12);
    chain.upgrade_pool(12);
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_NE(ledger->trust().reason.find("POOL_REVISION 12"), std::string::npos);
    EXPECT_TRUE(ledger->health(key(alice)).computable);
    chain.mine(12);
    chain.upgrade_pool(11);
    apply_logs();
    finish_round(*ledger, chain);
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    expect_exact(alice);
}

TEST_F(Trust37, an_unknown_token_revision_is_not_believed) {
    finish_round(*ledger, chain);
    // The revision jumps without a change of rules.
    chain.upgrade_tokens(0, 5);
    apply_logs();
    auto calls = ledger->reads(4000);
    while (!calls.empty()) {
        auto results = chain.answer(calls);
        for (std::size_t i = 0; i < calls.size(); ++i) {
            if (calls[i].data == abi::Calldata("ATOKEN_REVISION()").take()) {
                results[i] = {true, words_of({99})};
            }
        }
        ASSERT_TRUE(ledger->accept_reads(results, chain.head()));
        calls = ledger->reads(4000);
    }
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_NE(ledger->trust().reason.find("ATOKEN_REVISION 99"), std::string::npos);
}

TEST_F(Trust37, an_index_that_is_not_the_contracts_is_told_and_read_again) {
    follow({alice});
    // A state update that no event told.
    chain.mine(500);
    chain.reserve(1).stored.variable_borrow_index =
        Ray::from_raw(chain.reserve(1).stored.variable_borrow_index.raw() + 12345);
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_NE(ledger->trust().reason.find("USDC: normalized debt"), std::string::npos);
    expect_exact(alice);  // valued with the contract's own index meanwhile
    chain.mine(12);
    EXPECT_EQ(finish_round(*ledger, chain), 1U);
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    expect_exact(alice);
}

TEST_F(Trust37, totals_that_cannot_be_read_are_told) {
    follow({alice});
    chain.reverting.insert(abi::Calldata("scaledTotalSupply()").take());
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_LT(ledger->coverage_ppm().value(), 1'000'000U);
    chain.reverting.clear();
    finish_round(*ledger, chain);
    EXPECT_TRUE(ledger->trust().verified);
    EXPECT_EQ(ledger->coverage_ppm(), 1'000'000U);
}

TEST_F(Trust37, more_known_debt_than_exists_is_told_and_its_borrowers_are_read) {
    follow({alice});
    chain.reserve(1).debt_token.total -= 1;
    finish_round(*ledger, chain);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_EQ(ledger->coverage_ppm(), 999'999U);
    chain.mine(12);
    EXPECT_EQ(finish_round(*ledger, chain), 2U);  // its borrowers are read
    chain.mine(12);
    EXPECT_EQ(finish_round(*ledger, chain), 0U);  // once, not every round
    chain.reserve(1).debt_token.total += 1;
    finish_round(*ledger, chain);
    EXPECT_TRUE(ledger->trust().verified);
}

// ---- accounts

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
    EXPECT_EQ(before, 2U * 6U);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
