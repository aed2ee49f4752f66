#pragma once

#include "protocols/aave_v3/accrued.hpp"
#include "protocols/aave_v3/model.hpp"
#include "protocols/common/reverted.hpp"

#include <optional>
#include <span>

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
    /// `HEALTH_FACTOR_LIQUIDATION_THRESHOLD`: exactly 1 is safe.
    bool is_liquidatable() const { return health_factor && *health_factor < wad_one(); }
};

/// `Pool.getUserAccountData(account)` at `market.time`.
///
/// Rounding and formula follow `market.rules` (H1 up to v3_4: threshold cut to whole bps before
/// use, then half-up; H2 from v3_5: un-averaged, debt value up). The account's user bitmap is taken
/// from its holdings: collateral flags as given, a borrow flag where there is debt. Errors:
/// `Reverted` where the contract's arithmetic or its oracle reverts. Source:
/// `GenericLogic.calculateUserAccountData` and `calculateAvailableBorrows` of aave-v3-core 1.19 and
/// aave-v3-origin 3.1-3.7.
Expected<AccountData, Reverted> account_data(const Market& market, const Account& account);
/// The same, for valuing many accounts of one block.
Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account);

/// The same at another time and with some of the oracle's answers replaced.
struct Assumptions {
    BlockTime time = 0;
    std::span<const AssumedPrice> prices;
};
Expected<AccountData, Reverted> account_data(const Market& market, const Account& account,
                                             const Assumptions& assumed);
Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account,
                                             std::span<const AssumedPrice> assumed);

/// aToken `balanceOf` and debt token `balanceOf` at `market.time`, rounded by the token's own
/// rules. The debt is the sum of variable and (up to v3_1) stable debt.
Expected<TokenAmount, Reverted> supplied_balance(const Market& market, const Holding& holding);
Expected<TokenAmount, Reverted> debt_balance(const Market& market, const Holding& holding);

/// `getReserveNormalizedIncome` / `getReserveNormalizedVariableDebt` at `time`; half-up in every
/// release. `time` before the last update is an error of the caller and answers `Reverted`.
Expected<Ray, Reverted> normalized_income(RuleSet rules, const Reserve& reserve, BlockTime time);
Expected<Ray, Reverted> normalized_debt(RuleSet rules, const Reserve& reserve, BlockTime time);

/// Liquidation threshold in effect for this account in this reserve (e-mode applied). 0 where the
/// reserve does not count as collateral: up to v3_5 a base threshold of 0 excludes it even from its
/// e-mode.
Bps effective_liquidation_threshold(const Market& market, const Account& account,
                                    const Reserve& reserve);
/// The price the Pool uses for this account (an e-mode's price source may replace the oracle's).
/// None where the oracle reverts.
std::optional<OraclePrice> effective_price(const Market& market, const Account& account,
                                           const Reserve& reserve);

}  // namespace plimsoll::protocols::aave_v3
