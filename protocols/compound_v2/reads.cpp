#include "protocols/compound_v2/reads.hpp"

#include "abi/codec.hpp"
#include "protocols/common/call.hpp"
#include "protocols/common/reverted.hpp"
#include "protocols/common/symbol.hpp"
#include "protocols/compound_v2/exponential.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::size_t kMaxMarkets = 1024;
/// `protocolPaused` of Venus refuses what comes before `enter_market` in `Action`.
constexpr unsigned kProtocolActions = (1U << static_cast<unsigned>(Action::enter_market)) - 1;

Unexpected<ReadFault> fault(std::string message) {
    return Unexpected<ReadFault>{ReadFault{std::move(message)}};
}

bool optional_flag(const CallResult& result) { return optional_word(result) == U256(1); }

/// A getter that does not exist says that there is none. `is_zero_closed`: a cap of 0 lets nothing
/// in, where elsewhere it is no cap.
std::optional<TokenAmount> optional_cap(const CallResult& result, bool is_zero_closed) {
    const auto word = optional_word(result);
    if (!word || *word == u256_max() || (*word == 0 && !is_zero_closed)) return std::nullopt;
    return TokenAmount::from_raw(*word);
}

/// `markets(address)`: 2 words up to Compound G2, 3 later, 7 on Venus from 10.0 on.
constexpr std::size_t kPoolMarketWords = 7;

Factors factors_of(Words& words) {
    Factors out;
    out.collateral = words.wad(1);
    out.liquidation = out.collateral;
    if (words.size() >= kPoolMarketWords) {
        out.liquidation = words.wad(3);
        out.incentive = words.wad(4);
    }
    return out;
}

Call forced_for_user_call(const Structure& structure, const Address& account,
                          const Address& c_token) {
    abi::Calldata data("isForcedLiquidationEnabledForUser(address,address)");
    data.add(account).add(c_token);
    return {structure.comptroller(), std::move(data).take()};
}

}  // namespace

// ---- Comptroller

std::vector<Call> comptroller_calls(const Structure& structure) {
    const Address& comptroller = structure.comptroller();
    std::vector<Call> out{
        call(comptroller, "oracle()"),
        call(comptroller, "getAllMarkets()"),
        call(comptroller, "closeFactorMantissa()"),
        call(comptroller, "liquidationIncentiveMantissa()"),
        call(comptroller, "seizeGuardianPaused()"),
        call(comptroller, "transferGuardianPaused()"),
        call(comptroller, "protocolPaused()"),
        call(comptroller, "vaiController()"),
        call(comptroller, "liquidatorContract()"),
        forced_for_user_call(structure, comptroller, comptroller),
    };
    if (!structure.stable_controller.is_zero()) {
        out.push_back(call(structure.stable_controller, "getVAIAddress()"));
    }
    return out;
}

Reply<ComptrollerReply> decode_comptroller(Results results) {
    Words oracle(results[0], "oracle()");
    Words list(results[1], "getAllMarkets()");
    Words close_factor(results[2], "closeFactorMantissa()");
    ComptrollerReply out;
    out.oracle = oracle.address(0);
    if (out.oracle.is_zero()) oracle.fail("answers the zero address");
    out.c_tokens = list.addresses(0, kMaxMarkets);
    out.close_factor = close_factor.wad(0);
    if (const auto incentive = optional_word(results[3])) {
        out.liquidation_incentive = Wad::from_raw(*incentive);
    }
    if (optional_flag(results[4])) out.paused.add(Action::seize);
    if (optional_flag(results[5])) out.paused.add(Action::transfer);
    if (optional_flag(results[6])) out.paused.add(Actions(kProtocolActions));
    out.stable_controller = optional_address(results[7]);
    out.liquidator = optional_address(results[8]);
    out.has_user_forcing = optional_word(results[9]).has_value();
    if (results.size() > 10) out.stable_token = optional_address(results[10]);
    return finish(std::move(out), {&oracle, &list, &close_factor});
}

// ---- markets

/// The native coin's cToken may take a call it does not know as a payment of nothing, which accrues
/// its interest for the rest of the request. So what may not exist is asked last.
std::vector<Call> market_calls(const Structure& structure, const Address& c_token) {
    const Address& comptroller = structure.comptroller();
    std::vector<Call> out{call(c_token, "comptroller()"),
                          call(comptroller, "markets(address)", c_token),
                          call(c_token, "reserveFactorMantissa()"),
                          call(c_token, "borrowIndex()"),
                          call(comptroller, "borrowCaps(address)", c_token),
                          call(comptroller, "supplyCaps(address)", c_token),
                          call(comptroller, "mintGuardianPaused(address)", c_token),
                          call(comptroller, "borrowGuardianPaused(address)", c_token),
                          call(comptroller, "isDeprecated(address)", c_token),
                          call(comptroller, "isForcedLiquidationEnabled(address)", c_token)};
    for (unsigned action = 0; action < kActionCount; ++action) {
        out.push_back(call(comptroller, "actionPaused(address,uint8)", c_token, U256(action)));
    }
    for (const char* name : {"accrualBlockNumber()", "accrualBlockTimestamp()",
                             "protocolSeizeShareMantissa()", "underlying()"}) {
        out.push_back(call(c_token, name));
    }
    return out;
}

namespace {

/// Where the results of `market_calls` lie that follow one another by a list.
constexpr std::size_t kFirstAction = 10;
constexpr std::size_t kAfterActions = kFirstAction + kActionCount;

/// By the guardian's switches of Compound and JustLend, or by Venus's; a Comptroller has one kind.
Actions paused_in(Results results) {
    Actions out;
    if (optional_flag(results[6])) out.add(Action::mint);
    if (optional_flag(results[7])) out.add(Action::borrow);
    for (std::size_t i = 0; i < kActionCount; ++i) {
        if (optional_flag(results[kFirstAction + i])) out.add(static_cast<Action>(i));
    }
    return out;
}

/// A time between the first lending contracts and the block's: far above any block number.
bool is_time_before(const U256& value, const BlockRef& at) {
    constexpr std::uint64_t kMidOf2017 = 1'500'000'000;
    return value >= U256(kMidOf2017) && value <= U256(at.time);
}

/// The native coin's cToken has no `underlying()`: the call reverts or, where a fallback function
/// takes it for a payment of nothing, succeeds and answers nothing. Where the market is known
/// beforehand, only that one may.
Reply<Address> decode_underlying(const Structure& structure, const Address& c_token,
                                 const CallResult& result) {
    const auto& native = structure.settings->native_market;
    const std::string name = "underlying() of " + structure.written(c_token);
    const bool is_missing = !result.success || result.data.empty();
    const bool is_known = native && c_token == *native;
    if (is_known && !is_missing) return fault(name + ": the native coin's market answers one");
    if (is_missing && native && !is_known) {
        return fault(name + ": answers nothing, and it is not the native market");
    }
    if (is_missing) return Address{};
    Words words(result, name);
    const Address address = words.address(0);
    if (address.is_zero()) words.fail("answers the zero address");
    return finish(address, {&words});
}

}  // namespace

Reply<MarketReply> decode_market(const Structure& structure, const Address& c_token,
                                 Results results, const BlockRef& at) {
    Words comptroller(results[0], "comptroller()");
    Words listing(results[1], "markets(address)");
    Words reserve_factor(results[2], "reserveFactorMantissa()");
    Words index(results[3], "borrowIndex()");
    if (comptroller.address(0) != structure.comptroller()) {
        comptroller.fail("of " + structure.written(c_token) + " names another Comptroller");
    }
    MarketReply out;
    CToken& market = out.c_token;
    market.address = c_token;
    market.is_listed = listing.boolean(0);
    market.factors = factors_of(listing);
    out.has_pools = listing.size() >= kPoolMarketWords;
    market.reserve_factor = reserve_factor.wad(0);
    out.borrow_index = index.wad(0);
    const auto underlying = decode_underlying(structure, c_token, results[kAfterActions + 3]);
    if (!underlying) return Unexpected<ReadFault>{underlying.error()};
    market.underlying = *underlying;
    if (market.is_native()) {
        market.symbol = structure.settings->native_symbol;
        market.decimals = structure.settings->native_decimals;
    }
    if (const auto share = optional_word(results[kAfterActions + 2])) {
        market.protocol_seize_share = Wad::from_raw(*share);
    }
    const auto block = optional_word(results[kAfterActions]);
    const auto second = optional_word(results[kAfterActions + 1]);
    if (!block && !second) return fault("accrualBlockNumber(): reverted");
    out.has_timestamp_getters = !block;
    // No market was accrued in a block to come: a larger number is a time, or the answer is not of
    // the block that was asked about.
    const bool is_time = !block || *block > U256(at.number);
    if (is_time && !is_time_before(block ? *block : *second, at)) {
        return fault("the last accrual of " + structure.written(c_token) +
                     " is neither a block up to " + std::to_string(at.number) +
                     " nor a time up to it");
    }
    out.clock = is_time ? AccrualClock::timestamp : AccrualClock::block;
    // Of Venus "market supply cap is 0" is a refusal, and from 10.0 on that of borrows too.
    const bool is_venus = !structure.stable_controller.is_zero() || out.has_pools;
    market.borrow_cap = optional_cap(results[4], out.has_pools);
    market.supply_cap = optional_cap(results[5], is_venus);
    market.is_always_liquidatable = optional_flag(results[8]) || optional_flag(results[9]);
    market.paused = paused_in(results);
    return finish(std::move(out), {&comptroller, &listing, &reserve_factor, &index});
}

std::vector<Call> token_calls(const Address& underlying) {
    return {call(underlying, "symbol()"), call(underlying, "decimals()")};
}

Reply<TokenReply> decode_token(Results results) {
    TokenReply out;
    if (results[0].success) {
        out.symbol = clean_symbol(abi::Reader(results[0].data).string(0).value_or(std::string()));
    }
    const auto decimals = optional_word(results[1]);
    if (decimals && *decimals <= 77) out.decimals = static_cast<unsigned>(*decimals);
    return out;
}

std::vector<Call> pool_calls(const Structure& structure, unsigned pool) {
    const Address& comptroller = structure.comptroller();
    std::vector<Call> out{call(comptroller, "pools(uint96)", U256(pool))};
    for (const auto& [id, market] : structure.markets) {
        out.push_back(
            call(comptroller, "poolMarkets(uint96,address)", U256(pool), market.c_token.address));
    }
    return out;
}

Reply<RiskPool> decode_pool(const Structure& structure, Results results) {
    Words pool(results[0], "pools(uint96)");  // word 0: offset of the label
    RiskPool out;
    out.is_active = pool.boolean(1);
    out.allows_core_fallback = pool.boolean(2);
    std::size_t next = 1;
    for (const auto& [id, market] : structure.markets) {
        Words words(results[next++], "poolMarkets(uint96,address)");
        if (words.boolean(0)) out.markets[id] = factors_of(words);
        if (words.fault()) return Unexpected<ReadFault>{*words.fault()};
    }
    return finish(std::move(out), {&pool});
}

// ---- accounts

std::vector<Call> index_calls(const Structure& structure) {
    std::vector<Call> out;
    for (const auto& [id, market] : structure.markets) {
        out.push_back(call(market.c_token.address, "borrowIndex()"));
    }
    if (!structure.stable_controller.is_zero()) {
        out.push_back(call(structure.stable_controller, "vaiMintIndex()"));
    }
    return out;
}

Reply<Indexes> decode_indexes(const Structure& structure, Results results) {
    Indexes out;
    std::size_t next = 0;
    for (const auto& [id, market] : structure.markets) {
        Words words(results[next++], "borrowIndex()");
        out.markets[id] = words.wad(0);
        if (words.fault()) return Unexpected<ReadFault>{*words.fault()};
    }
    if (!structure.stable_controller.is_zero()) {
        out.stable = Wad::from_raw(optional_word(results[next]).value_or(U256(0)));
    }
    return out;
}

std::vector<Call> account_calls(const Structure& structure, const Address& account) {
    const Address& comptroller = structure.comptroller();
    std::vector<Call> out{call(comptroller, "getAssetsIn(address)", account)};
    if (structure.has_pools) out.push_back(call(comptroller, "userPoolId(address)", account));
    if (!structure.stable_controller.is_zero()) {
        out.push_back(call(comptroller, "mintedVAIs(address)", account));
        out.push_back(call(structure.stable_controller, "pastVAIInterest(address)", account));
        out.push_back(call(structure.stable_controller, "getVAIRepayAmount(address)", account));
    }
    for (const auto& [id, market] : structure.markets) {
        out.push_back(call(market.c_token.address, "getAccountSnapshot(address)", account));
    }
    if (!structure.has_user_forcing) return out;
    for (const auto& [id, market] : structure.markets) {
        out.push_back(forced_for_user_call(structure, account, market.c_token.address));
    }
    return out;
}

namespace {

/// The account's own index is not readable, but what it owes is: from one whole coin on only one
/// index has that interest.
Reply<std::shared_ptr<const StableDebt>> decode_stable_debt(const Wad& index, Results results) {
    Words minted(results[0], "mintedVAIs(address)");
    Words owed(results[2], "getVAIRepayAmount(address)");
    StableDebt out;
    out.minted = TokenAmount::from_raw(minted.uint(0));
    // Controllers of the first generation count no interest.
    out.past_interest = TokenAmount::from_raw(optional_word(results[1]).value_or(U256(0)));
    const U256 total = owed.uint(0);
    for (const Words* words : {&minted, &owed}) {
        if (words->fault()) return Unexpected<ReadFault>{*words->fault()};
    }
    if (out.is_none()) return std::shared_ptr<const StableDebt>{};
    const auto own = as_contract([&] {
        const U256 bearing = out.minted.raw() - out.past_interest.raw();
        const U256 interest = total - out.minted.raw();
        if (interest == 0) return index;
        return Wad::from_raw(index.raw() - mul_div_up(interest, kExpScale, bearing));
    });
    if (!own) return fault("getVAIRepayAmount(address): does not fit what was minted");
    out.index = *own;
    return std::make_shared<const StableDebt>(std::move(out));
}

}  // namespace

Reply<AccountState> decode_account(const Structure& structure, const Indexes& indexes,
                                   Results results) {
    AccountState out;
    std::size_t next = 0;
    Words entered(results[next++], "getAssetsIn(address)");
    const std::vector<Address> assets = entered.addresses(0, kMaxMarkets);
    if (entered.fault()) return Unexpected<ReadFault>{*entered.fault()};
    if (structure.has_pools) {
        Words pool(results[next++], "userPoolId(address)");
        const U256 id = pool.uint(0);
        if (id > UINT32_MAX) pool.fail("does not fit 32 bits");
        if (pool.fault()) return Unexpected<ReadFault>{*pool.fault()};
        out.head.pool = static_cast<std::uint32_t>(id);
    }
    if (!structure.stable_controller.is_zero()) {
        auto stable = decode_stable_debt(indexes.stable, results.subspan(next, 3));
        if (!stable) return Unexpected<ReadFault>{stable.error()};
        out.head.stable = std::move(*stable);
        next += 3;
    }
    const Results forced =
        structure.has_user_forcing ? results.subspan(next + structure.markets.size()) : Results{};
    std::size_t at = 0;
    for (const auto& [id, market] : structure.markets) {
        const std::string name =
            "getAccountSnapshot(address) of " + structure.written(market.c_token.address);
        Words words(results[next++], name);
        HoldingState holding;
        if (!forced.empty()) {
            Words flag(forced[at++], "isForcedLiquidationEnabledForUser(address,address)");
            holding.is_forced = flag.boolean(0);
            if (flag.fault()) return Unexpected<ReadFault>{*flag.fault()};
        }
        holding.market = static_cast<std::uint16_t>(id);
        if (words.uint(0) != 0) words.fail("answers an error");
        holding.c_tokens = words.compact(1);
        holding.principal = words.compact(2);
        const auto index = to_compact(indexes.markets.at(id).raw());
        if (!index) words.fail("the market's index does not fit 128 bits");
        if (index && holding.has_debt()) holding.interest_index = *index;
        holding.entered = std::ranges::find(assets, market.c_token.address) != assets.end();
        if (words.fault()) return Unexpected<ReadFault>{*words.fault()};
        if (!holding.is_empty()) out.holdings.push_back(holding);
        out.head.markets = static_cast<std::uint16_t>(id + 1);
    }
    return out;
}

Call liquidity_call(const Structure& structure, const Address& account) {
    return call(structure.comptroller(), "getAccountLiquidity(address)", account);
}

Call hypothetical_call(const Structure& structure, const Address& account, const Address& c_token) {
    abi::Calldata data("getHypotheticalAccountLiquidity(address,address,uint256,uint256)");
    data.add(account).add(c_token).add(kExpScale).add(U256(0));
    return {structure.comptroller(), std::move(data).take()};
}

Reply<std::optional<LiquidityReply>> decode_liquidity(const CallResult& result) {
    if (!result.success) return std::optional<LiquidityReply>{};
    Words words(result, "getAccountLiquidity(address)");
    LiquidityReply out{words.uint(0), words.uint(1), words.uint(2)};
    if (words.fault()) return Unexpected<ReadFault>{*words.fault()};
    return std::optional<LiquidityReply>(std::move(out));
}

}  // namespace plimsoll::protocols::compound_v2
