#pragma once

#include "protocols/aave_v3/model.hpp"
#include "protocols/common/reverted.hpp"

#include <optional>

namespace plimsoll::protocols::aave_v3 {

/// What `Pool.getUserAccountData` answers: the same six numbers. USD with the oracle's base
/// currency decimals (8), thresholds in bps averaged and floored, health factor in wad.
struct AccountData {
    U256 total_collateral_base = 0;
    U256 total_debt_base = 0;
    U256 available_borrows_base = 0;
    Bps current_liquidation_threshold;
    Bps ltv;
    /// None where the contract answers 2^256 - 1: no debt (or, up to v3_4, debt worth 0).
    std::optional<Wad> health_factor;

    friend bool operator==(const AccountData&, const AccountData&) = default;
};

/// `Pool.getUserAccountData(account)` at `market.time`.
///
/// Rounding and formula follow `market.rules` (H1 up to v3_4: threshold cut to whole bps before
/// use, then half-up; H2 from v3_5: un-averaged, debt value up). Errors: `Reverted` where the
/// contract's arithmetic or its oracle reverts. Source: `GenericLogic.calculateUserAccountData` of
/// aave-v3-core 1.19 and aave-v3-origin 3.1-3.7.
Expected<AccountData, Reverted> account_data(const Market& market, const Account& account);

/// aToken `balanceOf` and debt token `balanceOf` at `market.time`.
Expected<TokenAmount, Reverted> supplied_balance(const Market& market, const Holding& holding);
Expected<TokenAmount, Reverted> debt_balance(const Market& market, const Holding& holding);

/// `getReserveNormalizedIncome` / `getReserveNormalizedVariableDebt` at `time`; half-up in every
/// release. `time` before the last update is an error of the caller and answers `Reverted`.
Expected<Ray, Reverted> normalized_income(RuleSet rules, const Reserve& reserve, BlockTime time);
Expected<Ray, Reverted> normalized_debt(RuleSet rules, const Reserve& reserve, BlockTime time);

/// Liquidation threshold in effect for this account in this reserve (e-mode applied).
Bps effective_liquidation_threshold(const Market& market, const Account& account,
                                    const Reserve& reserve);
/// The price the Pool uses for this account (an e-mode's price source may replace the oracle's).
std::optional<OraclePrice> effective_price(const Market& market, const Account& account,
                                           const Reserve& reserve);

}  // namespace plimsoll::protocols::aave_v3
