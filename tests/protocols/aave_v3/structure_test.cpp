// What is read of a market, when, and how far its numbers are believed.
#include "protocols/aave_v3/prices.hpp"
#include "protocols/aave_v3/valuation.hpp"
#include "tests/protocols/aave_v3/seeded_market.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using Structure37 = SeededMarket;
using Structure30 = SeededMarket30;
using Trust37 = SeededMarket;
using Trust30 = SeededMarket30;

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

TEST_F(Structure37, of_a_pool_in_place_of_its_provider_names_the_provider) {
    (void)ledger->reads(4000);
    std::vector<CallResult> results(5);  // a Pool knows none of the provider's functions
    Bytes answer(12);
    answer.insert(answer.end(), chain.provider.bytes.begin(), chain.provider.bytes.end());
    results[4] = {true, answer};
    const auto accepted = ledger->accept_reads(results, chain.head());
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().message,
              "getPool(): reverted; `address` has to be the PoolAddressesProvider: it is a Pool "
              "now, whose provider is " +
                  to_checksum(chain.provider));
    results[4] = {};
    EXPECT_EQ(ledger->accept_reads(results, chain.head()).error().message,
              "getPool(): reverted; `address` has to be the PoolAddressesProvider");
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

// ---- the price oracle sentinel

/// Whether liquidations are allowed in a market whose sentinel answers so.
bool is_allowed(const Ledger& ledger, const CallResult& answer) {
    std::vector<CallResult> results(round_calls(ledger.structure()).size(),
                                    CallResult{true, words_of({1})});
    results.back() = answer;
    auto round = decode_round(ledger.structure(), results, BlockRef{});
    EXPECT_TRUE(round.has_value());
    return make_valuation(ledger, std::move(*round))->accrued.liquidation_allowed;
}

TEST(Sentinel, holds_liquidations_up_to_v3_6_for_one_call_a_round) {
    for (const std::uint64_t revision : {1U, 4U, 9U, 10U, 11U}) {
        const std::vector<ListedReserve> reserves{
            {0, numbered(20), numbered(21), numbered(22), {}, "WETH", 5}};
        Ledger ledger = listed_ledger(numbered(4), revision, reserves);
        const std::size_t without = round_calls(ledger.structure()).size();
        EXPECT_TRUE(is_allowed(ledger, {true, words_of({0})})) << "none is set";
        ledger.accept(Contracts{numbered(4), numbered(2), numbered(3), numbered(8)});
        const auto calls = round_calls(ledger.structure());
        const bool is_asked = revision <= 10;
        ASSERT_EQ(calls.size(), without + (is_asked ? 1 : 0)) << revision;
        EXPECT_EQ(calls.back().to == numbered(8), is_asked) << revision;
        EXPECT_TRUE(is_allowed(ledger, {true, words_of({1})})) << revision;
        EXPECT_EQ(is_allowed(ledger, {true, words_of({0})}), !is_asked) << revision;
        EXPECT_EQ(is_allowed(ledger, {false, {}}), !is_asked) << "as the Pool reverts with it";
        EXPECT_EQ(is_allowed(ledger, {true, {}}), !is_asked) << "no contract";
    }
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

TEST_F(Trust30, revisions_that_cannot_be_read_are_read_again) {
    chain.reverting.insert(abi::Calldata("ATOKEN_REVISION()").take());
    chain.reverting.insert(abi::Calldata("DEBT_TOKEN_REVISION()").take());
    follow({alice});
    EXPECT_NE(ledger->trust().reason.find("WETH: ATOKEN_REVISION cannot be read"),
              std::string::npos);
    // At once, and then with growing pauses.
    std::vector<BlockNumber> tried;
    for (int i = 0; i < 12; ++i) {
        chain.mine(12);
        chain.supply(alice, 0, U256(1'000'003) * U256(7 * i + 1));
        apply_logs();
        if (finish_round(*ledger, chain) > 0) tried.push_back(chain.head().number);
        EXPECT_FALSE(ledger->trust().verified);
    }
    ASSERT_GE(tried.size(), 3U);
    EXPECT_LE(tried.size(), 5U);
    chain.reverting.clear();
    for (int i = 0; i < 16 && !ledger->trust().verified; ++i) {
        chain.mine(12);
        finish_round(*ledger, chain);
    }
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    expect_exact(alice);  // what was moved under assumed rules was read anew
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

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
