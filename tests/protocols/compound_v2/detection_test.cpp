// What a ledger finds out about a deployment by itself: rounding, price unit, generation.
#include "abi/codec.hpp"
#include "protocols/compound_v2/compound_v2.hpp"
#include "protocols/compound_v2/prices.hpp"
#include "protocols/compound_v2/reads.hpp"
#include "tests/protocols/compound_v2/recorded_chain.hpp"
#include "tests/protocols/compound_v2/vector_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::protocols::compound_v2 {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kOne = 1'000'000'000'000'000'000ULL;

Bytes calldata(const char* signature, const Address& argument) {
    return std::move(abi::Calldata(signature).add(argument)).take();
}

/// The supplier's liquidity depends on the rounding from step 6 on.
constexpr std::size_t kTelling = 6;

RecordedChain telling_chain() {
    RecordedChain chain("compound");
    chain.stand_after(kTelling);
    return chain;
}

void answer_liquidity(RecordedChain& chain, const std::string& user, Rounding rounding) {
    chain.answer_instead(chain.settings().comptroller,
                         calldata("getAccountLiquidity(address)", chain.user(user)),
                         chain.liquidity(user, rounding));
}

TEST(Rounding, is_read_off_an_account_it_matters_for) {
    const RecordedChain truncating = telling_chain();
    EXPECT_THAT(scanned(truncating, kTelling)->trust().found, HasSubstr("rounding truncating"));

    RecordedChain half_up = telling_chain();
    answer_liquidity(half_up, "supplier", Rounding::half_up);
    const auto ledger = scanned(half_up, kTelling);
    EXPECT_THAT(ledger->trust().found, HasSubstr("rounding half up"));
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    const PositionKey supplier{half_up.user("supplier"), {}};
    EXPECT_TRUE(ledger->audit(supplier, half_up.answer(ledger->audit_reads(supplier))).empty());
}

/// The liquidation prices of an account may depend on it even then.
TEST(Rounding, is_not_believed_while_no_account_shows_it) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    EXPECT_THAT(ledger->trust().found, HasSubstr("rounding not known yet"));
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_THAT(ledger->trust().reason, HasSubstr("no answer shows it"));
}

TEST(Rounding, is_asked_for_where_no_account_shows_it) {
    for (const Rounding rounding : {Rounding::truncate, Rounding::half_up}) {
        RecordedChain chain("compound");
        chain.stand_after(5);
        for (const char* user : {"supplier", "borrower", "liquidator"}) {
            for (const Address& market : {chain.native(), chain.token()}) {
                abi::Calldata data(
                    "getHypotheticalAccountLiquidity(address,address,uint256,uint256)");
                data.add(chain.user(user)).add(market).add(U256(kOne)).add(U256(0));
                chain.answer_instead(chain.settings().comptroller, std::move(data).take(),
                                     chain.liquidity(user, rounding, market));
            }
        }
        const auto ledger = scanned(chain, 5);
        EXPECT_THAT(ledger->trust().found,
                    HasSubstr(rounding == Rounding::half_up ? "half up" : "truncating"));
        EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    }
}

TEST(Rounding, answer_of_neither_is_not_believed) {
    RecordedChain chain = telling_chain();
    chain.answer_instead(chain.settings().comptroller,
                         calldata("getAccountLiquidity(address)", chain.user("supplier")),
                         bytes_of_words({U256(0), U256(1), U256(0)}));
    const auto ledger = scanned(chain, kTelling);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_THAT(ledger->trust().reason, HasSubstr("neither rounding"));
}

TEST(Rounding, is_found_out_again_when_the_Comptroller_changes) {
    RecordedChain chain = telling_chain();
    const auto ledger = scanned(chain, kTelling);
    answer_liquidity(chain, "supplier", Rounding::half_up);
    Log log;
    log.address = chain.settings().comptroller;
    log.topics.push_back(abi::topic("NewImplementation(address,address)"));
    log.data = bytes_of_words({U256(1), U256(2)});
    log.block = chain.at().number;
    ledger->apply(log);
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().found, HasSubstr("rounding half up"));
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    ASSERT_EQ(ledger->take_events().parameters.size(), 1U);
}

TEST(PriceUnit, dollars_are_told_by_a_dollar_coin) {
    const RecordedChain chain = telling_chain();
    const auto ledger = scanned(chain, kTelling);
    EXPECT_THAT(ledger->trust().found, HasSubstr("prices in USD"));
    const std::vector<MarketReport> markets = ledger->markets();
    ASSERT_EQ(markets.size(), 2U);
    EXPECT_EQ(markets[0].price_decimals, 18U);
    EXPECT_EQ(markets[1].price_decimals, 30U);
    EXPECT_TRUE(markets[0].quote.is_usd());
    // 112,679.011234 of cash, one dollar each
    ASSERT_TRUE(markets[1].cash_usd);
    EXPECT_EQ(markets[1].cash_usd->raw(), 11'267'901'123'400U);
    EXPECT_EQ(markets[1].cash->raw(), 112'679'011'234U);
}

TEST(PriceUnit, the_coin_is_told_by_its_own_constant_price) {
    for (const unsigned exponent : {18U, 27U}) {
        RecordedChain chain = telling_chain();
        const U256 coin = exponent == 18 ? U256(kOne) : U256(kOne) * U256(1'000'000'000U);
        chain.set_price(chain.native(), coin);
        // A dollar is a two thousandth of the coin; the coin has 18 decimals, the token 6.
        chain.set_price(chain.token(), coin * U256(1'000'000'000'000U) / 2000U);
        const auto ledger = scanned(chain, kTelling);
        EXPECT_THAT(ledger->trust().found,
                    HasSubstr("prices in ETH (10^" + std::to_string(exponent) + "), USDT = 1 USD"));
        const std::vector<MarketReport> markets = ledger->markets();
        EXPECT_EQ(markets[0].quote.name, "ETH");
        const auto coin_usd =
            usd_price({*markets[0].price, markets[0].price_decimals, markets[0].quote});
        ASSERT_TRUE(coin_usd);
        EXPECT_EQ(coin_usd->raw(), 200'000'000'000U);
        const auto token_usd =
            usd_price({*markets[1].price, markets[1].price_decimals, markets[1].quote});
        ASSERT_TRUE(token_usd);
        EXPECT_EQ(token_usd->raw(), 100'000'000U);
        EXPECT_EQ(markets[1].cash_usd->raw(), 11'267'901'123'400U);
    }
}

/// The coin that counts as one dollar stays that coin: the next one may be anywhere.
TEST(PriceUnit, no_other_coin_becomes_the_dollar_while_the_first_has_no_price) {
    Structure structure;
    structure.markets[3].c_token.symbol = "DAI";
    structure.markets[5].c_token.symbol = "USDT";
    ASSERT_NE(dollar_market(structure), nullptr);
    EXPECT_EQ(dollar_market(structure)->symbol, "USDT");

    RecordedChain chain = telling_chain();
    const U256 dollar = U256(kOne) * U256(1'000'000'000'000U) / 2000U;
    chain.set_price(chain.native(), U256(kOne));
    chain.set_price(chain.token(), dollar);
    const auto ledger = scanned(chain, kTelling);
    ASSERT_NE(ledger->markets()[0].quote.numerator, 0U);
    chain.set_price(chain.token(), U256(0));
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().reason,
                HasSubstr("USDT, which counts as one dollar, has no price"));
    EXPECT_EQ(ledger->markets()[0].quote.numerator, 0U) << "worth nobody knows what";
    chain.set_price(chain.token(), dollar);
    finish_round(*ledger, chain);
    EXPECT_NE(ledger->markets()[0].quote.numerator, 0U);
}

/// A worth beyond all numbers is none, and ends nothing.
TEST(PriceUnit, a_dollar_coins_price_may_be_anything) {
    RecordedChain chain = telling_chain();
    chain.set_price(chain.native(), U256(kOne));
    chain.set_price(chain.token(), U256(kOne) * U256(1'000'000'000'000U) / 2000U);
    const auto ledger = scanned(chain, kTelling);
    for (const U256& price : {u256_max(), u256_max() / U256(1'000'000U) + 1U}) {
        chain.set_price(chain.token(), price);
        finish_round(*ledger, chain);
        EXPECT_EQ(ledger->markets()[0].quote.numerator, 0U);
        EXPECT_FALSE(ledger->trust().verified);
    }
}

TEST(PriceUnit, the_dollar_that_was_chosen_stays_when_another_is_listed) {
    Structure structure;
    structure.settings = std::make_shared<const CompoundV2Settings>();
    structure.markets[1].c_token.symbol = "DAI";
    structure.markets[1].c_token.address.bytes[19] = 1;
    structure.scale.dollar = structure.markets[1].c_token.address;
    structure.markets[2].c_token.symbol = "USDT";
    structure.markets[2].c_token.address.bytes[19] = 2;
    EXPECT_EQ(dollar_market(structure)->symbol, "DAI");
    EXPECT_EQ(detect_scale(structure, {}).dollar, structure.scale.dollar);
    structure.scale.dollar = {};
    EXPECT_EQ(dollar_market(structure)->symbol, "USDT");
}

TEST(PriceUnit, a_token_with_more_decimals_than_prices_have_is_doubted) {
    Structure structure;
    auto settings = std::make_shared<CompoundV2Settings>();
    settings->native_decimals = 6;
    structure.settings = settings;
    structure.scale.unit = PriceUnit::native;
    structure.scale.exponent = 18;
    CToken token;
    token.decimals = 24;
    EXPECT_TRUE(structure.can_tell_price(token));
    token.decimals = 25;
    EXPECT_FALSE(structure.can_tell_price(token));
}

/// A cToken that takes the coin answers a call it does not know as a payment of nothing.
TEST(NativeMarket, may_answer_nothing_where_another_would_revert) {
    RecordedChain chain = telling_chain();
    chain.answer_instead(chain.native(), abi::Calldata("underlying()").take(), Bytes{});
    const auto ledger = scanned(chain, kTelling);
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    EXPECT_EQ(ledger->markets()[0].asset, "ETH");
}

TEST(NativeMarket, is_one_at_most) {
    RecordedChain chain = telling_chain();
    chain.answer_instead(chain.token(), abi::Calldata("underlying()").take(), Bytes{});
    const auto ledger = scanned(chain, kTelling);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_THAT(ledger->trust().reason, HasSubstr("answers no underlying()"));
}

TEST(PriceUnit, both_or_neither_is_not_believed) {
    RecordedChain both = telling_chain();
    both.set_price(both.native(), U256(kOne));
    EXPECT_FALSE(scanned(both, kTelling)->trust().verified);
    RecordedChain neither = telling_chain();
    neither.set_price(neither.token(), U256(kOne));
    const auto ledger = scanned(neither, kTelling);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_THAT(ledger->trust().reason, HasSubstr("cannot be told"));
}

TEST(PriceUnit, a_dollar_coin_may_leave_its_peg_later) {
    RecordedChain chain = telling_chain();
    const auto ledger = scanned(chain, kTelling);
    chain.set_price(chain.token(), U256(kOne) * U256(800'000'000'000U));
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().found, HasSubstr("prices in USD"));
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
}

/// A dollar coin at a dollar and the native coin at its own unit: one oracle cannot mean both.
TEST(PriceUnit, dollars_are_doubted_once_the_coin_is_priced_in_itself) {
    RecordedChain chain = telling_chain();
    const auto ledger = scanned(chain, kTelling);
    ASSERT_TRUE(ledger->trust().verified) << ledger->trust().reason;
    for (const U256& coin : {U256(kOne), U256(kOne) * U256(1'000'000'000U)}) {
        chain.set_price(chain.native(), coin);
        finish_round(*ledger, chain);
        EXPECT_FALSE(ledger->trust().verified);
        EXPECT_THAT(ledger->trust().reason, HasSubstr("stated in cannot be told"));
    }
    chain.set_price(chain.native(), U256(kOne) * U256(1500U));
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().found, HasSubstr("prices in USD"));
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
}

/// The native coin's fall in dollars is told by every other price rising.
TEST(PriceUnit, bands_of_the_coin_move_all_other_prices) {
    RecordedChain chain = telling_chain();
    chain.set_price(chain.native(), U256(kOne));
    chain.set_price(chain.token(), U256(kOne) * U256(1'000'000'000'000U) / 1681U);
    const auto ledger = scanned(chain, kTelling);
    const Address coin;
    const AssetGroup group{"ETH", "ETH", coin, {coin}};
    const PositionKey borrower{chain.user("borrower"), {}};
    const auto at = [&](const U256& price) {
        return ledger->liquidatable_at(borrower, group, OraclePrice::from_raw(price));
    };
    EXPECT_EQ(ledger->price(coin), OraclePrice::from_raw(U256(kOne)));
    EXPECT_EQ(at(U256(kOne)), false);
    EXPECT_EQ(at(U256(kOne) / 2U), true);
    const PositionReport report = ledger->report(borrower, std::span(&group, 1), wad_one());
    ASSERT_FALSE(report.collateral.empty());
    const auto& found = report.collateral.front().alone;
    ASSERT_TRUE(found);
    EXPECT_EQ(found->side, PriceSide::below);
    EXPECT_EQ(at(found->price.raw()), true);
    EXPECT_EQ(at(found->price.raw() + 1U), false);
}

// ---- what is paused

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What a switch of the Comptroller answers, of one market where there is an argument.
void switch_on(RecordedChain& chain, const char* name, const std::vector<U256>& arguments) {
    abi::Calldata data(name);
    for (const U256& argument : arguments) data.add(argument);
    chain.answer_instead(chain.settings().comptroller, std::move(data).take(),
                         bytes_of_words({U256(1)}));
}

TEST(Pauses, are_none_where_no_switch_exists) {
    const auto ledger = scanned(telling_chain(), kTelling);
    for (const MarketReport& market : ledger->markets()) {
        ASSERT_TRUE(market.paused_actions);
        EXPECT_THAT(*market.paused_actions, IsEmpty());
        EXPECT_FALSE(market.paused || market.frozen);
        ASSERT_TRUE(market.close_factor);
        EXPECT_EQ(market.close_factor->raw(), 5000U);
    }
}

/// Above the contract's maximum rate a cToken reverts where it would accrue.
TEST(Pauses, are_all_that_accrue_where_the_rate_is_above_the_maximum) {
    RecordedChain chain = telling_chain();
    const auto answer_rate = [&](std::uint64_t rate) {
        chain.answer_instead(chain.token(), abi::Calldata("borrowRatePerBlock()").take(),
                             bytes_of_words({U256(rate)}));
    };
    answer_rate(5'000'000'000'000ULL);
    chain.wait(1);
    EXPECT_THAT(*scanned(chain, kTelling)->markets()[1].paused_actions, IsEmpty());
    answer_rate(5'000'000'000'001ULL);
    const auto ledger = scanned(chain, kTelling);
    const auto markets = ledger->markets();
    EXPECT_THAT(*markets[0].paused_actions, IsEmpty());
    EXPECT_THAT(*markets[1].paused_actions,
                ElementsAre("mint", "redeem", "borrow", "repay", "seize", "liquidate"));
    EXPECT_TRUE(markets[1].paused && markets[1].frozen);
    EXPECT_THAT(ledger->trust().found, HasSubstr("; USDT: no accrual possible"));
}

/// Elsewhere a cap of 0 is none.
TEST(Caps, of_0_let_nothing_in_on_Venus) {
    RecordedChain chain = telling_chain();
    for (const char* getter : {"supplyCaps(address)", "borrowCaps(address)"}) {
        chain.answer_instead(chain.settings().comptroller, calldata(getter, chain.token()),
                             bytes_of_words({U256(0)}));
    }
    Structure structure;
    structure.settings = std::make_shared<const CompoundV2Settings>(chain.settings());
    const auto read = [&] {
        return decode_market(structure, chain.token(),
                             chain.answer(market_calls(structure, chain.token())), chain.at())
            .value()
            .c_token;
    };
    EXPECT_FALSE(read().supply_cap || read().borrow_cap);
    structure.stable_controller = chain.oracle();
    ASSERT_TRUE(read().supply_cap);
    EXPECT_EQ(read().supply_cap->raw(), 0U);
    EXPECT_FALSE(read().borrow_cap);
}

/// Compound's and JustLend's: minting and borrowing by market, the others for all at once.
TEST(Pauses, are_those_of_a_guardian) {
    RecordedChain chain = telling_chain();
    switch_on(chain, "borrowGuardianPaused(address)", {word_of(chain.token())});
    switch_on(chain, "transferGuardianPaused()", {});
    const auto first = scanned(chain, kTelling)->markets();
    EXPECT_THAT(*first[0].paused_actions, ElementsAre("transfer"));
    EXPECT_THAT(*first[1].paused_actions, ElementsAre("borrow", "transfer"));
    EXPECT_FALSE(first[1].paused || first[1].frozen);
    switch_on(chain, "mintGuardianPaused(address)", {word_of(chain.token())});
    switch_on(chain, "seizeGuardianPaused()", {});
    const auto second = scanned(chain, kTelling)->markets();
    EXPECT_THAT(*second[0].paused_actions, ElementsAre("seize", "transfer"));
    EXPECT_THAT(*second[1].paused_actions, ElementsAre("mint", "borrow", "seize", "transfer"));
    EXPECT_TRUE(second[0].paused && second[1].paused && second[1].frozen);
    EXPECT_FALSE(second[0].frozen);
}

TEST(Pauses, are_those_of_Venus) {
    RecordedChain chain = telling_chain();
    for (const unsigned action : {0U, 2U, 5U, 8U}) {
        switch_on(chain, "actionPaused(address,uint8)", {word_of(chain.token()), U256(action)});
    }
    const auto single = scanned(chain, kTelling)->markets();
    EXPECT_THAT(*single[0].paused_actions, IsEmpty());
    EXPECT_THAT(*single[1].paused_actions,
                ElementsAre("mint", "borrow", "liquidate", "exit_market"));
    EXPECT_TRUE(single[1].paused && single[1].frozen);
    switch_on(chain, "protocolPaused()", {});
    const auto all = scanned(chain, kTelling)->markets();
    EXPECT_THAT(*all[0].paused_actions,
                ElementsAre("mint", "redeem", "borrow", "repay", "seize", "liquidate", "transfer"));
    EXPECT_EQ(all[1].paused_actions->size(), 8U);
}

// ---- Venus from 10.0 on

Bytes market_words(const U256& collateral, const U256& threshold, const U256& incentive) {
    return bytes_of_words({U256(1), collateral, U256(0), threshold, incentive, U256(0), U256(1)});
}

U256 percent(unsigned value) { return U256(kOne) * U256(value) / 100U; }

struct VenusChain : RecordedChain {
    VenusChain() : RecordedChain("compound") {
        stand_after(kTelling);
        const Address comptroller = settings().comptroller;
        for (const Address& market : {native(), token()}) {
            answer_instead(comptroller, calldata("markets(address)", market),
                           market_words(percent(60), percent(70), percent(110)));
        }
        for (const char* name : {"supplier", "borrower", "liquidator"}) {
            set_pool(name, 0);
        }
    }
    void set_pool(const std::string& name, unsigned pool) {
        answer_instead(settings().comptroller, calldata("userPoolId(address)", user(name)),
                       bytes_of_words({U256(pool)}));
    }
    void define_pool(unsigned pool) {
        const Address comptroller = settings().comptroller;
        answer_instead(comptroller,
                       std::move(abi::Calldata("pools(uint96)").add(U256(pool))).take(),
                       bytes_of_words({U256(96), U256(1), U256(0), U256(0)}));
        for (const Address& market : {native(), token()}) {
            answer_instead(
                comptroller,
                std::move(abi::Calldata("poolMarkets(uint96,address)").add(U256(pool)).add(market))
                    .take(),
                market_words(percent(90), percent(93), percent(104)));
        }
    }
};

TEST(Venus, judges_by_liquidation_thresholds) {
    const VenusChain chain;
    const auto ledger = scanned(chain, kTelling);
    const MarketReport market = ledger->markets().front();
    EXPECT_EQ(market.ltv.raw(), 6000U);
    EXPECT_EQ(market.liquidation_threshold.raw(), 7000U);
    EXPECT_EQ(market.liquidation_bonus.raw(), 11000U);
    const PositionReport report = ledger->report({chain.user("borrower"), {}}, {}, wad_one());
    ASSERT_FALSE(report.collateral.empty());
    EXPECT_EQ(report.collateral.front().liquidation_threshold.raw(), 7000U);
}

TEST(Venus, applies_the_pool_an_account_is_in) {
    VenusChain chain;
    chain.set_pool("borrower", 2);
    chain.define_pool(2);
    const auto ledger = scanned(chain, kTelling);
    const PositionReport report = ledger->report({chain.user("borrower"), {}}, {}, wad_one());
    EXPECT_EQ(report.e_mode, 2U);
    ASSERT_FALSE(report.collateral.empty());
    EXPECT_EQ(report.collateral.front().liquidation_threshold.raw(), 9300U);
    const PositionReport other = ledger->report({chain.user("supplier"), {}}, {}, wad_one());
    ASSERT_FALSE(other.collateral.empty());
    EXPECT_EQ(other.collateral.front().liquidation_threshold.raw(), 7000U);
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
