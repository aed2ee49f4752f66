#include "protocols/aave_v3/valuation.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// The contract's answer where there is one, else ours; the reason when they do not agree.
struct Checked {
    std::optional<Ray> index;
    std::string doubt;
};

Checked check_index(const Expected<Ray, Reverted>& ours, const std::optional<Ray>& contract,
                    const std::string& name) {
    if (!contract) {
        return {ours ? std::optional(*ours) : std::nullopt, name + " could not be read"};
    }
    if (ours && *ours == *contract) return {*contract, {}};
    return {*contract, name + " is " + to_decimal(contract->raw()) + ", the ledger has " +
                           (ours ? to_decimal(ours->raw()) : std::string("none"))};
}

void accrue(Valuation& valuation, unsigned id, const ReserveRound& round) {
    Reserve& reserve = valuation.accrued.reserves.at(id);
    const BlockTime time = valuation.accrued.time;
    const RuleSet rules = valuation.accrued.rules;
    Checked income =
        check_index(normalized_income(rules, reserve, time), round.income, "normalized income");
    Checked debt =
        check_index(normalized_debt(rules, reserve, time), round.debt_index, "normalized debt");
    for (Checked* one : {&income, &debt}) {
        if (!one->doubt.empty()) valuation.doubts.emplace(id, reserve.symbol + ": " + one->doubt);
    }
    if (!income.index || !debt.index) return;  // the account's own arithmetic will say `Reverted`
    reserve.liquidity_index = *income.index;
    reserve.variable_borrow_index = *debt.index;
    reserve.last_update = time;
}

void sum_stable_debt(const Ledger& ledger, Valuation& valuation) {
    ledger.accounts().for_each([&](const AccountView& account) {
        for (const StableState& state : account.stable) {
            const StableDebt debt{TokenAmount::from_raw(to_u256(state.principal)),
                                  Ray::from_raw(to_u256(state.rate)), state.last_update};
            U256& sum = valuation.known_stable_debt[state.reserve];
            const auto next = as_contract([&] {
                return sum +
                       stable_debt_balance(valuation.stored.rules, debt, valuation.stored.time)
                           .raw();
            });
            if (next) sum = *next;
        }
    });
}

TokenAmount variable_total(const Valuation& valuation, const Reserve& reserve, const U256& scaled) {
    const auto amount = as_contract([&] {
        return variable_debt_balance(balance_rules_of(valuation.accrued.rules),
                                     ScaledBalance::from_raw(scaled),
                                     reserve.variable_borrow_index);
    });
    return amount ? *amount : TokenAmount{};
}

}  // namespace

std::shared_ptr<const Valuation> make_valuation(const Ledger& ledger, Round round) {
    const Structure& structure = ledger.structure();
    auto out = std::make_shared<Valuation>();
    out->round = std::move(round);
    Market& market = out->stored;
    market.rules = structure.rules;
    market.time = out->round.at.time;
    market.liquidation_allowed = out->round.liquidation_allowed;
    for (const auto& [id, reserve] : structure.reserves) market.reserves[id] = reserve.stored;
    market.e_modes = structure.e_modes;
    for (const auto& [id, reserve] : out->round.reserves) {
        if (reserve.price) market.prices[id] = *reserve.price;
    }
    market.e_mode_prices = out->round.e_mode_prices;
    out->accrued = market;
    for (const auto& [id, reserve] : out->round.reserves) accrue(*out, id, reserve);
    out->prepared.emplace(out->accrued);
    if (structure.rules <= RuleSet::v3_1) sum_stable_debt(ledger, *out);
    return out;
}

Account account_of(const AccountView& account) {
    Account out;
    out.e_mode = account.e_mode;
    out.holdings.reserve(account.holdings.size());
    for (const HoldingState& state : account.holdings) {
        Holding holding;
        holding.reserve = state.reserve;
        holding.collateral = state.collateral;
        holding.supplied = ScaledBalance::from_raw(to_u256(state.supplied));
        holding.variable_debt = ScaledBalance::from_raw(to_u256(state.variable_debt));
        out.holdings.push_back(std::move(holding));
    }
    for (const StableState& state : account.stable) {
        auto holding = std::find_if(out.holdings.begin(), out.holdings.end(),
                                    [&](const Holding& h) { return h.reserve >= state.reserve; });
        if (holding == out.holdings.end() || holding->reserve != state.reserve) {
            Holding fresh;
            fresh.reserve = state.reserve;
            holding = out.holdings.insert(holding, std::move(fresh));
        }
        holding->stable_debt = {TokenAmount::from_raw(to_u256(state.principal)),
                                Ray::from_raw(to_u256(state.rate)), state.last_update};
    }
    return out;
}

std::optional<DebtCoverage> debt_coverage(const Ledger& ledger, const Valuation& valuation,
                                          unsigned reserve) {
    const auto round = valuation.round.reserves.find(reserve);
    const auto market = valuation.accrued.reserves.find(reserve);
    if (round == valuation.round.reserves.end() || market == valuation.accrued.reserves.end() ||
        !round->second.scaled_debt) {
        return std::nullopt;
    }
    const U256& scaled_total = *round->second.scaled_debt;
    const U256 scaled_known = ledger.known_variable_debt(reserve);
    const TokenAmount total = variable_total(valuation, market->second, scaled_total);
    const TokenAmount known =
        variable_total(valuation, market->second, std::min(scaled_known, scaled_total));
    const U256 stable_total = round->second.stable_debt.value_or(TokenAmount{}).raw();
    const auto stable_found = valuation.known_stable_debt.find(reserve);
    U256 stable_known =
        stable_found == valuation.known_stable_debt.end() ? U256(0) : stable_found->second;
    const auto coverage = as_contract([&] {
        const bool is_stable_known = stable_known >= stable_total - stable_total / 1000U;
        if (is_stable_known) stable_known = stable_total;
        DebtCoverage out;
        out.known = TokenAmount::from_raw(known.raw() + std::min(stable_known, stable_total));
        out.total = TokenAmount::from_raw(total.raw() + stable_total);
        out.is_complete = scaled_known == scaled_total && is_stable_known;
        out.is_above_total = scaled_known > scaled_total;
        return out;
    });
    return coverage ? std::optional(*coverage) : std::nullopt;
}

std::uint64_t coverage_ppm(const Ledger& ledger, const Valuation& valuation) {
    constexpr std::uint64_t kAll = 1'000'000;
    bool is_complete = true;
    U512 known = 0;
    U512 total = 0;
    for (const auto& [id, reserve] : valuation.accrued.reserves) {
        const auto coverage = debt_coverage(ledger, valuation, id);
        if (!coverage) {
            is_complete = false;
            continue;
        }
        is_complete = is_complete && coverage->is_complete;
        const auto price = valuation.accrued.prices.find(id);
        if (price == valuation.accrued.prices.end()) continue;
        const unsigned decimals = reserve.config.decimals();
        known += value_of(coverage->known, price->second, decimals).value_or(0);
        total += value_of(coverage->total, price->second, decimals).value_or(0);
    }
    if (is_complete) return kAll;
    if (total == 0) return 0;
    return std::min(static_cast<std::uint64_t>(known * kAll / total), kAll - 1);
}

Usd8 to_usd(const Structure& structure, const U256& base) {
    const U256 one_usd{100'000'000U};
    if (structure.base_unit == one_usd) return Usd8::from_raw(base);
    const U512 scaled = U512(base) * U512(one_usd) / U512(structure.base_unit);
    return Usd8::from_raw(scaled > U512(u256_max()) ? u256_max() : static_cast<U256>(scaled));
}

std::optional<U256> value_of(const TokenAmount& amount, const OraclePrice& price,
                             unsigned decimals) {
    if (decimals > 77) return std::nullopt;
    const U512 value = U512(amount.raw()) * U512(price.raw()) / U512(token_unit(decimals));
    if (value > U512(u256_max())) return std::nullopt;
    return static_cast<U256>(value);
}

}  // namespace plimsoll::protocols::aave_v3
