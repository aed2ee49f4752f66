#include "protocols/aave_v3/prices.hpp"

#include "abi/codec.hpp"
#include "protocols/common/call.hpp"

namespace plimsoll::protocols::aave_v3 {
namespace {

bool has_price_source(const Structure& structure, const EMode& category) {
    return structure.rules <= RuleSet::v3_1 && !category.price_source.is_zero();
}

bool has_sentinel(const Structure& structure) {
    return structure.rules <= RuleSet::v3_6 && !structure.contracts.sentinel.is_zero();
}

template <class Unit>
std::optional<Unit> with_unit(const std::optional<U256>& word) {
    return word ? std::optional(Unit::from_raw(*word)) : std::nullopt;
}

}  // namespace

std::vector<Call> round_calls(const Structure& structure) {
    const Contracts& contracts = structure.contracts;
    std::vector<Call> out;
    for (const auto& [id, reserve] : structure.reserves) {
        const Reserve& stored = reserve.stored;
        out.push_back(call(contracts.oracle, "getAssetPrice(address)", stored.asset));
        out.push_back(call(stored.variable_debt_token, "scaledTotalSupply()"));
        out.push_back(call(stored.a_token, "totalSupply()"));
        out.push_back(call(stored.asset, "balanceOf(address)", stored.a_token));
        out.push_back(call(contracts.pool, "getReserveNormalizedIncome(address)", stored.asset));
        out.push_back(
            call(contracts.pool, "getReserveNormalizedVariableDebt(address)", stored.asset));
        if (reserve.has_stable_debt(structure.rules)) {
            out.push_back(call(stored.stable_debt_token, "totalSupply()"));
        }
    }
    for (const auto& [id, category] : structure.e_modes) {
        if (!has_price_source(structure, category)) continue;
        out.push_back(call(contracts.oracle, "getAssetPrice(address)", category.price_source));
    }
    if (has_sentinel(structure)) {
        out.push_back(call(contracts.sentinel, "isLiquidationAllowed()"));
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
    for (const auto& [id, reserve] : structure.reserves) {
        ReserveRound& round = out.reserves[id];
        round.price = with_unit<OraclePrice>(word());
        round.scaled_debt = word();
        round.supplied = with_unit<TokenAmount>(word());
        round.cash = with_unit<TokenAmount>(word());
        round.income = with_unit<Ray>(word());
        round.debt_index = with_unit<Ray>(word());
        if (reserve.has_stable_debt(structure.rules)) {
            round.stable_debt = with_unit<TokenAmount>(word());
        }
    }
    for (const auto& [id, category] : structure.e_modes) {
        if (!has_price_source(structure, category)) continue;
        if (const auto price = word()) out.e_mode_prices[id] = OraclePrice::from_raw(*price);
    }
    if (has_sentinel(structure)) out.liquidation_allowed = word() == U256(1);
    if (is_short || next != results.size()) {
        return Unexpected<ReadFault>{ReadFault{"prices: as many results as calls were expected"}};
    }
    return out;
}

}  // namespace plimsoll::protocols::aave_v3
