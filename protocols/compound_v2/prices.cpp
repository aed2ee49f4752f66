#include "protocols/compound_v2/prices.hpp"

#include "protocols/common/call.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// Coins that stand for a dollar, the most used first.
constexpr std::array<std::string_view, 8> kDollars{"USDT", "USDC", "DAI",  "USDD",
                                                   "BUSD", "TUSD", "USD1", "USDP"};
constexpr std::array<unsigned, 2> kNativeExponents{18, 27};

/// The exponent of the native coin's price where it is one of the constants.
std::optional<unsigned> native_exponent(const Structure& structure, const Round& round) {
    const MarketEntry* native = structure.native_market();
    const auto price = native == nullptr ? std::nullopt : price_of(round, native->c_token.id);
    if (!price) return std::nullopt;
    for (const unsigned exponent : kNativeExponents) {
        if (*price == token_unit(exponent)) return exponent;
    }
    return std::nullopt;
}

bool is_dollar_price(const U256& price, unsigned decimals) {
    if (decimals > 36) return false;
    const U256 dollar = token_unit(36 - decimals);
    const U256 away = price > dollar ? price - dollar : dollar - price;
    return away <= dollar / 20U;
}

/// Whether the most used dollar coin that has a price is near one dollar.
bool states_dollars(const Structure& structure, const Round& round) {
    for (const std::string_view symbol : kDollars) {
        for (const auto& [id, market] : structure.markets) {
            if (market.c_token.symbol != symbol) continue;
            const auto price = price_of(round, id);
            if (price) return is_dollar_price(*price, market.c_token.decimals);
        }
    }
    return false;
}

}  // namespace

std::vector<Call> round_calls(const Structure& structure) {
    std::vector<Call> out;
    for (const auto& [id, market] : structure.markets) {
        const Address& c_token = market.c_token.address;
        const bool by_time = market.has_timestamp_getters;
        out.push_back(call(structure.oracle, "getUnderlyingPrice(address)", c_token));
        out.push_back(call(c_token, "getCash()"));
        out.push_back(call(c_token, "totalBorrows()"));
        out.push_back(call(c_token, "totalReserves()"));
        out.push_back(call(c_token, "totalSupply()"));
        out.push_back(call(c_token, "borrowIndex()"));
        out.push_back(call(c_token, by_time ? "accrualBlockTimestamp()" : "accrualBlockNumber()"));
        out.push_back(call(c_token, by_time ? "borrowRatePerTimestamp()" : "borrowRatePerBlock()"));
        out.push_back(call(c_token, "exchangeRateStored()"));
    }
    if (!structure.stable_controller.is_zero()) {
        out.push_back(call(structure.stable_controller, "vaiMintIndex()"));
    }
    return out;
}

Reply<Round> decode_round(const Structure& structure, Results results, const BlockRef& at) {
    Round out;
    out.at = at;
    std::size_t next = 0;
    bool is_short = false;
    const auto word = [&]() -> std::optional<U256> {
        if (next < results.size()) return optional_word(results[next++]);
        is_short = true;
        return std::nullopt;
    };
    for (const auto& [id, market] : structure.markets) {
        MarketRound& round = out.markets[id];
        if (const auto price = word()) round.price = OraclePrice::from_raw(*price);
        std::array<std::optional<U256>, 7> state;
        for (auto& one : state) one = word();
        const auto rate = word();
        if (rate) round.exchange_rate = Wad::from_raw(*rate);
        const bool is_whole =
            std::ranges::all_of(state, [](const auto& one) { return one.has_value(); });
        if (!is_whole || *state[5] > UINT64_MAX) continue;
        MarketState read;
        read.cash = TokenAmount::from_raw(*state[0]);
        read.total_borrows = TokenAmount::from_raw(*state[1]);
        read.total_reserves = TokenAmount::from_raw(*state[2]);
        read.total_supply = CTokens::from_raw(*state[3]);
        read.borrow_index = Wad::from_raw(*state[4]);
        read.accrued_at = static_cast<std::uint64_t>(*state[5]);
        read.borrow_rate = Wad::from_raw(*state[6]);
        read.initial_exchange_rate = round.exchange_rate.value_or(Wad{});
        round.state = std::move(read);
    }
    if (!structure.stable_controller.is_zero()) {
        out.stable_index = Wad::from_raw(word().value_or(U256(0)));
    }
    if (is_short || next != results.size()) {
        return Unexpected<ReadFault>{ReadFault{"prices: as many results as calls were expected"}};
    }
    return out;
}

std::optional<U256> price_of(const Round& round, unsigned id) {
    const auto found = round.markets.find(id);
    if (found == round.markets.end() || !found->second.price) return std::nullopt;
    if (found->second.price->raw() == 0) return std::nullopt;
    return found->second.price->raw();
}

const CToken* dollar_market(const Structure& structure) {
    const Address& dollar = structure.scale.dollar;
    const MarketEntry* chosen = dollar.is_zero() ? nullptr : structure.find(dollar);
    if (chosen != nullptr) return &chosen->c_token;
    for (const std::string_view symbol : kDollars) {
        for (const auto& [id, market] : structure.markets) {
            if (market.c_token.symbol == symbol) return &market.c_token;
        }
    }
    return nullptr;
}

PriceScale detect_scale(const Structure& structure, const Round& round) {
    PriceScale out;
    out.oracle = structure.oracle;
    out.dollar = structure.scale.dollar;
    const auto exponent = native_exponent(structure, round);
    const bool is_usd = states_dollars(structure, round);
    if (exponent.has_value() == is_usd) return out;
    out.unit = is_usd ? PriceUnit::usd : PriceUnit::native;
    out.exponent = exponent.value_or(0);
    const CToken* dollar = is_usd ? nullptr : dollar_market(structure);
    if (dollar != nullptr) out.dollar = dollar->address;
    return out;
}

PriceScale updated_scale(const Structure& structure, const Round& round) {
    const PriceScale& known = structure.scale;
    if (known.oracle != structure.oracle) return detect_scale(structure, round);
    const auto exponent = native_exponent(structure, round);
    const bool is_still_usd = known.unit == PriceUnit::usd && !exponent;
    const bool is_still_native = known.unit == PriceUnit::native && exponent == known.exponent;
    return is_still_usd || is_still_native ? known : detect_scale(structure, round);
}

}  // namespace plimsoll::protocols::compound_v2
