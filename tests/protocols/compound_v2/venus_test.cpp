// What only Venus has: liquidations forced for single users, debt in its stablecoin, and the
// contract through which alone one may liquidate. Its answers are played over a recorded market.
#include "abi/codec.hpp"
#include "protocols/compound_v2/compound_v2.hpp"
#include "protocols/compound_v2/liquidation.hpp"
#include "tests/protocols/compound_v2/recorded_chain.hpp"
#include "tests/protocols/compound_v2/small_market.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::uint64_t kOne = 1'000'000'000'000'000'000ULL;

Address made(std::uint64_t number) { return to_address(to_bytes32(U256(number))).value(); }

const Address kController = made(0xc0de);
const Address kCoin = made(0xc014);

template <class... Arguments>
Bytes calldata(const char* signature, const Arguments&... arguments) {
    abi::Calldata data(signature);
    (data.add(arguments), ...);
    return std::move(data).take();
}

/// A market after so many steps that answers as Venus does.
RecordedChain venus(std::size_t step) {
    RecordedChain chain("compound");
    chain.stand_after(step);
    const Address comptroller = chain.settings().comptroller;
    const auto forced = [&](const Address& account, const Address& c_token, bool is_forced) {
        chain.answer_instead(
            comptroller,
            calldata("isForcedLiquidationEnabledForUser(address,address)", account, c_token),
            bytes_of_words({U256(is_forced ? 1 : 0)}));
    };
    forced(comptroller, comptroller, false);
    chain.answer_instead(comptroller, calldata("liquidatorContract()"),
                         bytes_of_words({word_of(chain.user("liquidator"))}));
    chain.answer_instead(comptroller, calldata("vaiController()"),
                         bytes_of_words({word_of(kController)}));
    chain.answer_instead(kController, calldata("getVAIAddress()"),
                         bytes_of_words({word_of(kCoin)}));
    chain.answer_instead(kController, calldata("vaiMintIndex()"), bytes_of_words({U256(kOne)}));
    for (const char* name : {"supplier", "borrower", "liquidator"}) {
        const Address user = chain.user(name);
        forced(user, chain.native(), false);
        forced(user, chain.token(), false);
        chain.answer_instead(comptroller, calldata("mintedVAIs(address)", user),
                             bytes_of_words({U256(0)}));
        chain.answer_instead(kController, calldata("pastVAIInterest(address)", user),
                             bytes_of_words({U256(0)}));
        chain.answer_instead(kController, calldata("getVAIRepayAmount(address)", user),
                             bytes_of_words({U256(0)}));
    }
    return chain;
}

void owe_coins(RecordedChain& chain, const Address& user, std::uint64_t coins) {
    const Bytes amount = bytes_of_words({U256(kOne) * U256(coins)});
    chain.answer_instead(chain.settings().comptroller, calldata("mintedVAIs(address)", user),
                         amount);
    chain.answer_instead(kController, calldata("getVAIRepayAmount(address)", user), amount);
}

/// A log in the block and transaction of the chain's last step.
Log log_of(const RecordedChain& chain, const Address& emitter, const char* signature,
           std::initializer_list<U256> indexed, std::initializer_list<U256> words) {
    Log out;
    out.address = emitter;
    out.block = chain.at().number;
    out.tx = to_bytes32(U256(out.block));
    out.index = 900;
    out.topics.push_back(abi::topic(signature));
    for (const U256& word : indexed) out.topics.push_back(to_bytes32(word));
    out.data = bytes_of_words(words);
    return out;
}

constexpr std::size_t kBorrowed = 6;

TEST(Venus, liquidation_can_be_forced_for_one_user_in_one_market) {
    RecordedChain chain = venus(kBorrowed);
    const PositionKey borrower{chain.user("borrower"), {}};
    const auto ledger = scanned(chain, kBorrowed);
    ASSERT_TRUE(ledger->has_position(borrower));
    EXPECT_FALSE(ledger->health(borrower).liquidatable);
    const auto tell = [&](const Address& c_token, bool is_forced) {
        chain.wait(1);
        ledger->apply(log_of(chain, chain.settings().comptroller,
                             "IsForcedLiquidationEnabledForUserUpdated(address,address,bool)",
                             {word_of(borrower.account), word_of(c_token)},
                             {U256(is_forced ? 1 : 0)}));
        finish_round(*ledger, chain);
        return ledger->health(borrower).liquidatable;
    };
    const bool owes_native = chain.expected()["users"]["borrower"]["native"]["borrowStored"] != "0";
    const Address debt = owes_native ? chain.native() : chain.token();
    const Address other = owes_native ? chain.token() : chain.native();
    EXPECT_FALSE(tell(other, true)) << "nothing is owed there";
    EXPECT_TRUE(tell(debt, true));
    EXPECT_GE(ledger->health(borrower).health_factor->raw(), U256(kOne)) << "whatever its health";

    auto again = make_compound_v2(chain.settings());
    ASSERT_TRUE(again->load(ledger->take_changed_records())) << "the flag is stored";
    finish_round(*again, chain);
    EXPECT_TRUE(again->health(borrower).liquidatable);
    EXPECT_FALSE(tell(debt, false));
}

TEST(Venus, forced_liquidation_is_read_with_the_account) {
    RecordedChain chain = venus(kBorrowed);
    const PositionKey borrower{chain.user("borrower"), {}};
    for (const Address& c_token : {chain.native(), chain.token()}) {
        chain.answer_instead(chain.settings().comptroller,
                             calldata("isForcedLiquidationEnabledForUser(address,address)",
                                      borrower.account, c_token),
                             bytes_of_words({U256(1)}));
    }
    EXPECT_TRUE(scanned(chain, kBorrowed)->health(borrower).liquidatable);
}

TEST(Venus, debt_in_its_stablecoin_is_one_of_the_debts) {
    RecordedChain chain = venus(kBorrowed);
    const PositionKey borrower{chain.user("borrower"), {}};
    owe_coins(chain, borrower.account, 3);
    const auto ledger = scanned(chain, kBorrowed);
    const PositionReport report = ledger->report(borrower, {}, wad_one());
    ASSERT_FALSE(report.debt.empty());
    const AssetEntry& coin = report.debt.back();
    EXPECT_EQ(coin.asset, "VAI");
    EXPECT_EQ(coin.token, kCoin);
    EXPECT_EQ(coin.amount.raw(), U256(kOne) * U256(3U));
    EXPECT_EQ(coin.usd.raw(), 300'000'000U);
    ASSERT_TRUE(coin.price);
    EXPECT_EQ(coin.price->raw(), kOne);
}

TEST(Venus, a_liquidation_of_the_stablecoin_is_one) {
    RecordedChain chain = venus(kBorrowed);
    const PositionKey borrower{chain.user("borrower"), {}};
    owe_coins(chain, borrower.account, 3);
    const auto ledger = scanned(chain, kBorrowed);
    (void)ledger->take_events();
    chain.wait(1);
    owe_coins(chain, borrower.account, 1);
    ledger->apply(log_of(chain, kController,
                         "LiquidateVAI(address,address,uint256,address,uint256)", {},
                         {word_of(chain.user("liquidator")), word_of(borrower.account),
                          U256(kOne) * U256(2U), word_of(chain.native()), U256(1000U)}));
    ledger->apply(log_of(chain, chain.user("liquidator"),
                         "LiquidateBorrowedTokens(address,address,uint256,address,address,uint256,"
                         "uint256)",
                         {word_of(made(7)), word_of(borrower.account), word_of(chain.native())},
                         {U256(kOne) * U256(2U), word_of(kController), U256(100U), U256(900U)}));
    finish_round(*ledger, chain);
    auto events = ledger->take_events();
    ASSERT_EQ(events.liquidations.size(), 1U);
    Liquidation& told = events.liquidations.front();
    ledger->price_liquidation(told);
    EXPECT_EQ(told.liquidator, made(7)) << "who called the contract, not the contract";
    EXPECT_EQ(told.account, borrower.account);
    EXPECT_EQ(told.debt_asset, "VAI");
    EXPECT_EQ(told.debt_token, kCoin);
    EXPECT_EQ(told.debt.raw(), U256(kOne) * U256(2U));
    ASSERT_TRUE(told.debt_price && told.collateral_price);
    EXPECT_EQ(told.debt_price->price.raw(), kOne);
    ASSERT_TRUE(told.seized);
    EXPECT_EQ(told.seized->liquidator, 900U);
    EXPECT_EQ(told.seized->protocol, 100U);
    EXPECT_EQ(ledger->report(borrower, {}, wad_one()).debt.back().amount.raw(), kOne)
        << "read again";
}

/// What the borrower moved to the cToken itself before is no share of the reserves.
TEST(Liquidations, only_what_the_liquidator_did_not_get_is_the_reserves) {
    for (const bool has_share : {true, false}) {
        RecordedChain chain = venus(kBorrowed);
        const auto ledger = scanned(chain, kBorrowed);
        (void)ledger->take_events();
        chain.wait(1);
        const Address borrower = chain.user("borrower");
        const auto move = [&](const Address& to, std::uint64_t count) {
            ledger->apply(log_of(chain, chain.native(), "Transfer(address,address,uint256)",
                                 {word_of(borrower), word_of(to)}, {U256(count)}));
        };
        move(chain.native(), 50);
        move(chain.user("liquidator"), has_share ? 972 : 1000);
        if (has_share) move(chain.native(), 28);
        ledger->apply(log_of(chain, chain.token(),
                             "LiquidateBorrow(address,address,uint256,address,uint256)", {},
                             {word_of(chain.user("liquidator")), word_of(borrower), U256(5U),
                              word_of(chain.native()), U256(1000U)}));
        const auto told = ledger->take_events().liquidations;
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(told[0].seized->liquidator, has_share ? 972U : 1000U);
        EXPECT_EQ(told[0].seized->protocol, has_share ? 28U : 0U);
    }
}

/// The oracle of now was not the one that judged it then.
TEST(Liquidations, before_a_change_of_the_oracle_have_no_price) {
    RecordedChain chain = venus(kBorrowed);
    const auto ledger = scanned(chain, kBorrowed);
    (void)ledger->take_events();
    for (const bool is_before : {true, false}) {
        const auto liquidate = [&] {
            ledger->apply(
                log_of(chain, chain.token(),
                       "LiquidateBorrow(address,address,uint256,address,uint256)", {},
                       {word_of(chain.user("liquidator")), word_of(chain.user("borrower")),
                        U256(5U), word_of(chain.native()), U256(1000U)}));
        };
        chain.wait(1);
        if (is_before) liquidate();
        chain.wait(1);
        ledger->apply(log_of(chain, chain.settings().comptroller, "NewPriceOracle(address,address)",
                             {}, {word_of(chain.oracle()), word_of(chain.oracle())}));
        if (!is_before) liquidate();
        finish_round(*ledger, chain);
        auto told = ledger->take_events().liquidations;
        ASSERT_EQ(told.size(), 1U);
        ledger->price_liquidation(told[0]);
        EXPECT_EQ(told[0].debt_price.has_value(), !is_before);
        EXPECT_EQ(told[0].collateral_price.has_value(), !is_before);
        EXPECT_GT(told[0].collateral.raw(), 0U) << "the rate is no price";
    }
}

/// 100 of a debt against 90 of collateral at one, with a bonus of a tenth and a half per call.
SmallMarket owing() {
    SmallMarket world;
    const auto coins = [](std::uint64_t count) { return U256(kOne) * U256(count); };
    EnteredAsset collateral{.c_tokens = CTokens::from_raw(coins(90)),
                            .borrow = {},
                            .exchange_rate = wad_one(),
                            .factor = mantissa(kOne / 2),
                            .price = OraclePrice::from_raw(kOne)};
    EnteredAsset debt = collateral;
    debt.c_tokens = {};
    debt.borrow = TokenAmount::from_raw(coins(100));
    world.add(collateral);
    world.add(debt);
    world.market.close_factor = mantissa(kOne / 2);
    world.market.liquidation_incentive = mantissa(kOne + kOne / 10);
    return world;
}

std::vector<PossibleLiquidation> possible_in(const SmallMarket& world, Actions refused = {}) {
    return possible_liquidations(AccruedMarket(world.market), world.account, refused);
}

TEST(PossibleLiquidations, are_the_most_that_close_factor_and_collateral_allow) {
    SmallMarket world = owing();
    auto calls = possible_in(world);
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].debt_market, 1U);
    EXPECT_EQ(calls[0].collateral_market, 0U);
    EXPECT_EQ(calls[0].repaid.raw(), U256(kOne) * U256(50U));
    EXPECT_EQ(calls[0].seized.raw(), U256(kOne) * U256(55U));
    world.account.holdings[1].is_forced = true;  // all of it, but the collateral pays for less
    calls = possible_in(world);
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].seized.raw(), U256(kOne) * U256(90U));
    // 90 / 1.1: one unit more would seize one cToken more than there are
    EXPECT_EQ(calls[0].repaid.raw(), (U256(kOne) * U256(900U) + U256(9U)) / U256(11U));
    world.account.holdings[0].c_tokens = CTokens::from_raw(U256(kOne) * U256(900U));
    calls = possible_in(world);
    ASSERT_EQ(calls.size(), 1U) << "in good health";
    EXPECT_EQ(calls[0].repaid.raw(), U256(kOne) * U256(100U));
    world.account.holdings[1].is_forced = false;
    EXPECT_TRUE(possible_in(world).empty());
}

TEST(PossibleLiquidations, are_none_where_the_contract_refuses) {
    const auto paused = [](unsigned market, Action action) {
        SmallMarket world = owing();
        world.market.markets[market].paused.add(action);
        return possible_in(world).empty();
    };
    EXPECT_TRUE(paused(0, Action::seize));
    EXPECT_TRUE(paused(1, Action::liquidate));
    EXPECT_TRUE(paused(1, Action::repay));
    EXPECT_FALSE(paused(1, Action::seize));
    EXPECT_FALSE(paused(0, Action::liquidate));
    Actions everywhere;
    everywhere.add(Action::seize);
    EXPECT_TRUE(possible_in(owing(), everywhere).empty());
    for (const unsigned market : {0U, 1U}) {
        SmallMarket world = owing();
        world.market.now = 10;
        world.market.markets[market].stored.borrow_rate = mantissa(U256(5'000'000'000'001ULL));
        EXPECT_TRUE(possible_in(world).empty()) << "cannot accrue";
        world = owing();
        world.market.markets[market].is_listed = false;
        EXPECT_TRUE(possible_in(world).empty());
        world = owing();
        world.market.prices.erase(market);
        EXPECT_TRUE(possible_in(world).empty());
    }
    SmallMarket dust = owing();
    dust.account.holdings[0].c_tokens = {};
    dust.account.holdings[1].principal = TokenAmount::from_raw(U256(1U));
    EXPECT_TRUE(possible_in(dust).empty()) << "half of one unit";
}

/// Another contract than the one the Comptroller names, or other sums than what was seized: the
/// cToken's own word stays.
TEST(Venus, only_the_contract_tells_who_called_it) {
    for (const bool is_of_another : {true, false}) {
        RecordedChain chain = venus(kBorrowed);
        const auto ledger = scanned(chain, kBorrowed);
        (void)ledger->take_events();
        chain.wait(1);
        const Address borrower = chain.user("borrower");
        ledger->apply(log_of(chain, chain.token(),
                             "LiquidateBorrow(address,address,uint256,address,uint256)", {},
                             {word_of(chain.user("liquidator")), word_of(borrower), U256(5U),
                              word_of(chain.native()), U256(1000U)}));
        const auto share = [&](const Address& emitter, unsigned liquidator) {
            ledger->apply(
                log_of(chain, emitter,
                       "LiquidateBorrowedTokens(address,address,uint256,address,address,uint256,"
                       "uint256)",
                       {word_of(made(7)), word_of(borrower), word_of(chain.native())},
                       {U256(5U), word_of(chain.token()), U256(100U), U256(liquidator)}));
        };
        if (is_of_another) share(made(8), 900);
        if (!is_of_another) share(chain.user("liquidator"), 901);
        const auto events = ledger->take_events();
        ASSERT_EQ(events.liquidations.size(), 1U);
        const Liquidation& told = events.liquidations.front();
        EXPECT_EQ(told.liquidator, is_of_another ? chain.user("liquidator") : made(7));
        EXPECT_EQ(told.seized->liquidator, 1000U);
        EXPECT_EQ(told.seized->protocol, 0U);
    }
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
