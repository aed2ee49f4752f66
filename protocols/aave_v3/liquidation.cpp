#include "protocols/aave_v3/liquidation.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/e_mode.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr U256 kDefaultCloseFactor{5'000U};
constexpr U256 kMaxCloseFactor{10'000U};
/// `CLOSE_FACTOR_HF_THRESHOLD`, and `MINIMUM_HEALTH_FACTOR_LIQUIDATION_THRESHOLD` of the sentinel.
constexpr U256 kLowHealthFactor = kWadOne / U256{100U} * U256{95U};
/// `MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD` and `MIN_LEFTOVER_BASE`: 2000 and 1000 USD.
constexpr U256 kMinBaseMaxCloseFactor{200'000'000'000ULL};
constexpr U256 kMinLeftoverBase{100'000'000'000ULL};

U256 collateral_in_base(const LiquidationTerms& terms, const U256& amount) {
    return mul_div_down(amount, terms.collateral_price.raw(), terms.collateral_unit);
}

U256 debt_in_base(RuleSet rules, const LiquidationTerms& terms, const U256& amount) {
    return rules < RuleSet::v3_5 ? mul_div_down(amount, terms.debt_price.raw(), terms.debt_unit)
                                 : mul_div_up(amount, terms.debt_price.raw(), terms.debt_unit);
}

/// `_calculateDebt` of V3.0 to V3.2.
U256 max_debt_by_close_factor(const LiquidationTerms& terms) {
    const bool is_low = terms.health_factor.raw() <= kLowHealthFactor;
    return percent_mul(terms.debt_balance.raw(), is_low ? kMaxCloseFactor : kDefaultCloseFactor);
}

/// `maxLiquidatableDebt` of V3.3 on.
U256 max_debt_of_account(RuleSet rules, const LiquidationTerms& terms) {
    const U256& reserve_debt = terms.debt_balance.raw();
    const U256 reserve_debt_base = debt_in_base(rules, terms, reserve_debt);
    const U256 reserve_collateral_base = collateral_in_base(terms, terms.collateral_balance.raw());
    if (reserve_collateral_base >= kMinBaseMaxCloseFactor &&
        reserve_debt_base >= kMinBaseMaxCloseFactor &&
        terms.health_factor.raw() > kLowHealthFactor) {
        const U256 default_base = percent_mul(terms.total_debt_base, kDefaultCloseFactor);
        if (reserve_debt_base > default_base) {
            return mul_div_down(default_base, terms.debt_unit, terms.debt_price.raw());
        }
    }
    return reserve_debt;
}

U256 max_debt(RuleSet rules, const LiquidationTerms& terms) {
    return rules < RuleSet::v3_3 ? max_debt_by_close_factor(terms)
                                 : max_debt_of_account(rules, terms);
}

U256 with_bonus(RuleSet rules, const U256& amount, const U256& bonus) {
    return rules < RuleSet::v3_7 ? percent_mul(amount, bonus) : percent_mul_floor(amount, bonus);
}

U256 without_bonus(RuleSet rules, const U256& amount, const U256& bonus) {
    return rules < RuleSet::v3_5 ? percent_div(amount, bonus) : percent_div_ceil(amount, bonus);
}

/// The protocol's part of the bonus in `collateral`.
U256 protocol_fee(RuleSet rules, const U256& collateral, const LiquidationTerms& terms) {
    const U256& bonus = terms.bonus.raw();
    const U256& fee = terms.protocol_fee.raw();
    if (fee.is_zero()) return U256(0U);
    if (rules < RuleSet::v3_7) return percent_mul(collateral - percent_div(collateral, bonus), fee);
    return percent_mul_ceil(collateral - percent_div_floor(collateral, bonus), fee);
}

struct Available {
    U256 collateral;  ///< with the fee
    U256 fee;
    U256 debt_needed;
};

/// `_calculateAvailableCollateralToLiquidate`.
Available available_collateral(RuleSet rules, const LiquidationTerms& terms, const U256& debt) {
    const U256& collateral_price = terms.collateral_price.raw();
    const U256& debt_price = terms.debt_price.raw();
    const U256& balance = terms.collateral_balance.raw();

    Available out;
    const U256 base_collateral =
        debt_price * debt * terms.collateral_unit / (collateral_price * terms.debt_unit);
    const U256 max_collateral = with_bonus(rules, base_collateral, terms.bonus.raw());
    if (max_collateral > balance) {
        out.collateral = balance;
        const U256 worth =
            collateral_price * balance * terms.debt_unit / (debt_price * terms.collateral_unit);
        out.debt_needed = without_bonus(rules, worth, terms.bonus.raw());
    } else {
        out.collateral = max_collateral;
        out.debt_needed = debt;
    }
    out.fee = protocol_fee(rules, out.collateral, terms);
    return out;
}

/// `MustNotLeaveDust`, V3.3 on.
bool leaves_dust(RuleSet rules, const LiquidationTerms& terms, const Available& available) {
    const U256& debt = terms.debt_balance.raw();
    const U256& collateral = terms.collateral_balance.raw();
    if (rules < RuleSet::v3_3 || available.debt_needed >= debt ||
        available.collateral >= collateral) {
        return false;
    }
    return debt_in_base(rules, terms, debt - available.debt_needed) < kMinLeftoverBase ||
           collateral_in_base(terms, collateral - available.collateral) < kMinLeftoverBase;
}

/// The value the call takes from the account's collateral: up to v3_6 that of the amount, from v3_7
/// on that of the scaled amounts the token burns and transfers.
U256 consumed_in_base(RuleSet rules, const LiquidationTerms& terms, const Available& available) {
    if (rules < RuleSet::v3_7) return collateral_in_base(terms, available.collateral);
    const U256& index = terms.liquidity_index.raw();
    const U256& scaled_balance = terms.scaled_collateral.raw();
    const U256 scaled = ray_div_ceil(available.collateral - available.fee, index) +
                        ray_div_ceil(available.fee, index);
    return collateral_in_base(terms, ray_mul_floor(std::min(scaled, scaled_balance), index));
}

LiquidationAmounts amounts(RuleSet rules, const LiquidationTerms& terms, const U256& max,
                           const U256& debt_to_cover) {
    const Available available = available_collateral(rules, terms, std::min(debt_to_cover, max));
    return LiquidationAmounts{
        .debt_to_cover = TokenAmount::from_raw(available.debt_needed),
        .collateral = TokenAmount::from_raw(available.collateral - available.fee),
        .protocol_fee = TokenAmount::from_raw(available.fee),
        .leaves_dust = leaves_dust(rules, terms, available),
        .takes_last_collateral =
            rules >= RuleSet::v3_3 &&
            consumed_in_base(rules, terms, available) == terms.total_collateral_base};
}

/// The largest call that does not leave dust. The largest possible one clears debt or collateral,
/// or both leftovers shrink as the call grows, so that the rule holds up to one size and not above.
std::optional<LiquidationAmounts> largest_call(RuleSet rules, const LiquidationTerms& terms) {
    const U256 max = max_debt(rules, terms);
    LiquidationAmounts best = amounts(rules, terms, max, max);
    if (!best.leaves_dust) return best;
    U256 fits = 0;
    U256 leaves = max;
    while (leaves - fits > 1U) {
        const U256 middle = (fits + leaves) / 2U;
        LiquidationAmounts candidate = amounts(rules, terms, max, middle);
        if (candidate.leaves_dust) {
            leaves = middle;
        } else {
            fits = middle;
            best = std::move(candidate);
        }
    }
    if (fits.is_zero()) return std::nullopt;
    return best;
}

const Reserve& reserve_at(const Market& market, unsigned id) {
    const auto found = market.reserves.find(id);
    if (found == market.reserves.end()) throw std::domain_error("no reserve has this id");
    return found->second;
}

const Holding& holding_in(const Account& account, unsigned reserve) {
    static const Holding nothing;
    const auto found = std::ranges::find(account.holdings, reserve, &Holding::reserve);
    return found != account.holdings.end() ? *found : nothing;
}

template <class T>
T value_or_revert(Expected<T, Reverted> result) {
    if (!result) throw std::domain_error("a step of the contract reverts");
    return std::move(*result);
}

const OraclePrice& oracle_price(const Market& market, unsigned reserve) {
    const auto found = market.prices.find(reserve);
    if (found == market.prices.end()) throw std::domain_error("the oracle reverts");
    return found->second;
}

bool is_in_e_mode(const Market& market, const AccountEMode& e_mode, const Reserve& reserve) {
    return e_mode.contains(reserve.id, reserve.config.e_mode_category(market.rules));
}

/// Without debt the contract's health factor is 2^256 - 1.
Wad contract_health_factor(const AccountData& data) {
    return data.health_factor.value_or(Wad::from_raw(u256_max()));
}

bool counts_as_collateral(RuleSet rules, const Holding& holding, const Reserve& reserve) {
    return holding.collateral &&
           (rules >= RuleSet::v3_6 || !reserve.config.liquidation_threshold().raw().is_zero());
}

/// `validateLiquidationCall`.
std::optional<LiquidationRefusal> refusal(const Market& market, const AccountData& data,
                                          const Account& account, const Reserve& collateral,
                                          const Reserve& debt) {
    using enum LiquidationRefusal;
    const Wad health_factor = contract_health_factor(data);
    if (!collateral.config.is_active() || !debt.config.is_active()) return reserve_inactive;
    if (collateral.config.is_paused() || debt.config.is_paused()) return reserve_paused;
    if (market.rules <= RuleSet::v3_6 && !market.liquidation_allowed &&
        health_factor.raw() >= kLowHealthFactor) {
        return sentinel;
    }
    if (market.rules >= RuleSet::v3_1 && (collateral.liquidation_grace_until >= market.time ||
                                          debt.liquidation_grace_until >= market.time)) {
        return grace_period;
    }
    if (health_factor >= wad_one()) return healthy;
    if (!counts_as_collateral(market.rules, holding_in(account, collateral.id), collateral)) {
        return not_collateral;
    }
    const Holding& debt_holding = holding_in(account, debt.id);
    if (value_or_revert(debt_balance(market, debt_holding)).raw().is_zero()) return no_debt;
    return std::nullopt;
}

/// `_getConfigurationData` and the balances.
LiquidationTerms terms_of(const Market& market, const AccountData& data, const Account& account,
                          const Reserve& collateral, const Reserve& debt) {
    const Holding& collateral_holding = holding_in(account, collateral.id);
    const Holding& debt_holding = holding_in(account, debt.id);
    const AccountEMode e_mode(market, account.e_mode);
    const bool in_e_mode = is_in_e_mode(market, e_mode, collateral);
    const auto e_mode_price = e_mode.price_source_answer();
    return LiquidationTerms{
        .collateral_balance = value_or_revert(supplied_balance(market, collateral_holding)),
        .debt_balance = value_or_revert(debt_balance(market, debt_holding)),
        .collateral_price =
            e_mode_price && in_e_mode ? *e_mode_price : oracle_price(market, collateral.id),
        // Up to v3_1 the contract takes the debt of an account in e-mode to be in the category.
        .debt_price = e_mode_price ? *e_mode_price : oracle_price(market, debt.id),
        .collateral_unit = token_unit(collateral.config.decimals()),
        .debt_unit = token_unit(debt.config.decimals()),
        .bonus = e_mode.liquidation_bonus(in_e_mode, collateral.config.liquidation_bonus()),
        .protocol_fee = collateral.config.liquidation_protocol_fee(),
        .health_factor = contract_health_factor(data),
        .total_collateral_base = data.total_collateral_base,
        .total_debt_base = data.total_debt_base,
        .scaled_collateral = collateral_holding.supplied,
        .liquidity_index = income_index(collateral, market.time)};
}

}  // namespace

std::string_view to_string(LiquidationRefusal refusal) {
    switch (refusal) {
        case LiquidationRefusal::reserve_inactive:
            return "reserve inactive";
        case LiquidationRefusal::reserve_paused:
            return "reserve paused";
        case LiquidationRefusal::sentinel:
            return "price oracle sentinel";
        case LiquidationRefusal::grace_period:
            return "grace period";
        case LiquidationRefusal::healthy:
            return "healthy";
        case LiquidationRefusal::not_collateral:
            return "not collateral";
        case LiquidationRefusal::no_debt:
            return "no debt";
    }
    return "unknown";
}

Expected<TokenAmount, Reverted> max_liquidatable_debt(RuleSet rules,
                                                      const LiquidationTerms& terms) {
    return as_contract([&] { return TokenAmount::from_raw(max_debt(rules, terms)); });
}

Expected<LiquidationAmounts, Reverted> liquidation_amounts(RuleSet rules,
                                                           const LiquidationTerms& terms,
                                                           const TokenAmount& debt_to_cover) {
    return as_contract(
        [&] { return amounts(rules, terms, max_debt(rules, terms), debt_to_cover.raw()); });
}

Expected<std::optional<LiquidationRefusal>, Reverted> liquidation_refusal(
    const Market& market, const Account& account, unsigned collateral_reserve,
    unsigned debt_reserve) {
    return as_contract([&] {
        const AccountData data = value_or_revert(account_data(market, account));
        return refusal(market, data, account, reserve_at(market, collateral_reserve),
                       reserve_at(market, debt_reserve));
    });
}

Expected<LiquidationTerms, Reverted> liquidation_terms(const Market& market, const Account& account,
                                                       unsigned collateral_reserve,
                                                       unsigned debt_reserve) {
    return as_contract([&] {
        const AccountData data = value_or_revert(account_data(market, account));
        return terms_of(market, data, account, reserve_at(market, collateral_reserve),
                        reserve_at(market, debt_reserve));
    });
}

Expected<std::vector<PossibleLiquidation>, Reverted> possible_liquidations(const Market& market,
                                                                           const Account& account) {
    return as_contract([&] {
        std::vector<PossibleLiquidation> offers;
        const AccountData data = value_or_revert(account_data(market, account));
        if (!data.is_liquidatable()) return offers;
        for (const Holding& collateral : account.holdings) {
            for (const Holding& debt : account.holdings) {
                if (!collateral.collateral || !debt.has_debt()) continue;
                const Reserve& collateral_reserve = reserve_at(market, collateral.reserve);
                const Reserve& debt_reserve = reserve_at(market, debt.reserve);
                if (refusal(market, data, account, collateral_reserve, debt_reserve)) continue;
                // A pair whose own amounts revert (a price of 0) is no offer; others still are.
                const auto call = as_contract([&] {
                    return largest_call(market.rules, terms_of(market, data, account,
                                                               collateral_reserve, debt_reserve));
                });
                if (!call || !*call) continue;
                offers.push_back({.collateral_reserve = collateral.reserve,
                                  .debt_reserve = debt.reserve,
                                  .amounts = **call});
            }
        }
        return offers;
    });
}

}  // namespace plimsoll::protocols::aave_v3
