#include "protocols/aave_v3/account_data.hpp"

#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/e_mode.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// `CalculateUserAccountDataVars`: sums over the reserves. The averages are still weighted sums
/// while reserves are added.
struct Vars {
    U256 total_collateral = 0;
    U256 total_debt = 0;
    U256 avg_ltv = 0;
    U256 avg_liquidation_threshold = 0;
};

/// The borrow flag of the user bitmap, which no event tells. Before v3_1 it can stay set without
/// debt, which changes no number. Stable debt is gone from v3_2 on.
bool is_borrowing(RuleSet rules, const Holding& holding) {
    return !holding.variable_debt.raw().is_zero() ||
           (rules <= RuleSet::v3_1 && !holding.stable_debt.principal.raw().is_zero());
}

/// `_getUserBalanceInBaseCurrency`: down in every release.
template <class AnyReserve>
U256 user_balance_in_base_currency(RuleSet rules, const Holding& holding, const AnyReserve& reserve,
                                   const U256& asset_price) {
    const TokenAmount balance =
        a_token_balance(balance_rules_of(rules), holding.supplied, reserve.income());
    return balance.raw() * asset_price / reserve.unit();
}

/// `_getUserDebtInBaseCurrency`: down up to v3_4, up from v3_5 on.
template <class AnyReserve>
U256 user_debt_in_base_currency(RuleSet rules, const Holding& holding, const AnyReserve& reserve,
                                const U256& asset_price, BlockTime time) {
    U256 user_total_debt = 0;
    if (rules >= RuleSet::v3_5 || !holding.variable_debt.raw().is_zero()) {
        user_total_debt =
            variable_debt_balance(balance_rules_of(rules), holding.variable_debt, reserve.debt())
                .raw();
    }
    if (rules <= RuleSet::v3_1) {
        user_total_debt += stable_debt_balance(rules, holding.stable_debt, time).raw();
    }
    return rules < RuleSet::v3_5 ? mul_div_down(asset_price, user_total_debt, reserve.unit())
                                 : mul_div_up(user_total_debt, asset_price, reserve.unit());
}

/// The health factor's formula: H1 up to v3_4, H2 from v3_5 on. None: no debt.
std::optional<Wad> health_factor(RuleSet rules, const Vars& vars, const U256& weighted_threshold) {
    if (vars.total_debt.is_zero()) return std::nullopt;
    if (rules < RuleSet::v3_5) {
        return Wad::from_raw(wad_div(
            percent_mul(vars.total_collateral, vars.avg_liquidation_threshold), vars.total_debt));
    }
    return Wad::from_raw(wad_div(weighted_threshold, vars.total_debt) / kPercentageFactor);
}

/// `calculateAvailableBorrows`.
U256 available_borrows(RuleSet rules, const Vars& vars) {
    const U256 available = rules < RuleSet::v3_5
                               ? percent_mul(vars.total_collateral, vars.avg_ltv)
                               : percent_mul_floor(vars.total_collateral, vars.avg_ltv);
    return available <= vars.total_debt ? U256(0U) : available - vars.total_debt;
}

/// `GenericLogic.calculateUserAccountData`. `find` answers the reserve with an id, or nothing.
template <class Find>
AccountData calculate_user_account_data(const Market& market, const Account& account,
                                        BlockTime time, const Find& find) {
    const RuleSet rules = market.rules;
    const auto is_flagged = [rules](const Holding& holding) {
        return holding.collateral || is_borrowing(rules, holding);
    };
    if (std::ranges::none_of(account.holdings, is_flagged)) return {};

    const AccountEMode e_mode(market, account.e_mode);
    const std::optional<OraclePrice> e_mode_price = e_mode.price();

    Vars vars;
    for (const Holding& holding : account.holdings) {
        if (!is_flagged(holding)) continue;
        const auto reserve = find(holding.reserve);
        if (!reserve) continue;

        const bool in_e_mode = e_mode.contains(reserve->id(), reserve->e_mode_category());
        const U256 asset_price =
            e_mode_price && in_e_mode ? e_mode_price->raw() : reserve->price().raw();
        const U256 base_threshold = reserve->liquidation_threshold();

        if (holding.collateral && (rules >= RuleSet::v3_6 || !base_threshold.is_zero())) {
            const U256 user_balance =
                user_balance_in_base_currency(rules, holding, *reserve, asset_price);
            vars.total_collateral += user_balance;
            vars.avg_ltv += user_balance * e_mode.ltv(in_e_mode, reserve->id(), reserve->ltv());
            vars.avg_liquidation_threshold +=
                user_balance * e_mode.liquidation_threshold(in_e_mode, base_threshold);
        }
        if (is_borrowing(rules, holding)) {
            vars.total_debt +=
                user_debt_in_base_currency(rules, holding, *reserve, asset_price, time);
        }
    }

    const U256 weighted_threshold = vars.avg_liquidation_threshold;
    if (!vars.total_collateral.is_zero()) {
        vars.avg_ltv /= vars.total_collateral;
        vars.avg_liquidation_threshold /= vars.total_collateral;
    }
    return AccountData{
        .total_collateral_base = vars.total_collateral,
        .total_debt_base = vars.total_debt,
        .available_borrows_base = available_borrows(rules, vars),
        .current_liquidation_threshold = Bps::from_raw(vars.avg_liquidation_threshold),
        .ltv = Bps::from_raw(vars.avg_ltv),
        .health_factor = health_factor(rules, vars, weighted_threshold)};
}

const Reserve& reserve_of(const Market& market, const Holding& holding) {
    const auto found = market.reserves.find(holding.reserve);
    if (found == market.reserves.end()) throw std::domain_error("no reserve has this id");
    return found->second;
}

}  // namespace

Expected<AccountData, Reverted> account_data(const Market& market, const Account& account) {
    return account_data(market, account, Assumptions{.time = market.time, .prices = {}});
}

Expected<AccountData, Reverted> account_data(const Market& market, const Account& account,
                                             const Assumptions& assumed) {
    return as_contract([&] {
        return calculate_user_account_data(
            market, account, assumed.time, [&](unsigned id) -> std::optional<LiveReserve> {
                const auto found = market.reserves.find(id);
                if (found == market.reserves.end()) return std::nullopt;
                return LiveReserve(market, found->second, assumed.time, assumed.prices);
            });
    });
}

Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account) {
    return as_contract([&] {
        return calculate_user_account_data(market.market(), account, market.market().time,
                                           [&](unsigned id) { return market.reserve(id); });
    });
}

Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account,
                                             std::span<const AssumedPrice> assumed) {
    return as_contract([&] {
        return calculate_user_account_data(market.market(), account, market.market().time,
                                           [&](unsigned id) -> std::optional<RepricedReserve> {
                                               const AccruedReserve* reserve = market.reserve(id);
                                               if (reserve == nullptr) return std::nullopt;
                                               return RepricedReserve(*reserve, assumed);
                                           });
    });
}

Expected<TokenAmount, Reverted> supplied_balance(const Market& market, const Holding& holding) {
    return as_contract([&] {
        const Reserve& reserve = reserve_of(market, holding);
        return a_token_balance(reserve.a_token_rules, holding.supplied,
                               income_index(reserve, market.time));
    });
}

Expected<TokenAmount, Reverted> debt_balance(const Market& market, const Holding& holding) {
    return as_contract([&] {
        const Reserve& reserve = reserve_of(market, holding);
        const TokenAmount variable =
            variable_debt_balance(reserve.debt_token_rules, holding.variable_debt,
                                  debt_index(market.rules, reserve, market.time));
        const TokenAmount stable =
            stable_debt_balance(market.rules, holding.stable_debt, market.time);
        return TokenAmount::from_raw(variable.raw() + stable.raw());
    });
}

Expected<Ray, Reverted> normalized_income(RuleSet /*rules*/, const Reserve& reserve,
                                          BlockTime time) {
    return as_contract([&] { return income_index(reserve, time); });
}

Expected<Ray, Reverted> normalized_debt(RuleSet rules, const Reserve& reserve, BlockTime time) {
    return as_contract([&] { return debt_index(rules, reserve, time); });
}

Bps effective_liquidation_threshold(const Market& market, const Account& account,
                                    const Reserve& reserve) {
    const Bps base = reserve.config.liquidation_threshold();
    if (market.rules <= RuleSet::v3_5 && base.raw().is_zero()) return base;
    const AccountEMode e_mode(market, account.e_mode);
    const bool in_e_mode =
        e_mode.contains(reserve.id, reserve.config.e_mode_category(market.rules));
    return Bps::from_raw(e_mode.liquidation_threshold(in_e_mode, base.raw()));
}

std::optional<OraclePrice> effective_price(const Market& market, const Account& account,
                                           const Reserve& reserve) {
    const auto price = as_contract([&]() -> std::optional<OraclePrice> {
        const AccountEMode e_mode(market, account.e_mode);
        const auto e_mode_price = e_mode.price();
        if (e_mode_price &&
            e_mode.contains(reserve.id, reserve.config.e_mode_category(market.rules))) {
            return e_mode_price;
        }
        const auto found = market.prices.find(reserve.id);
        if (found == market.prices.end()) return std::nullopt;
        return found->second;
    });
    return price ? *price : std::nullopt;
}

}  // namespace plimsoll::protocols::aave_v3
