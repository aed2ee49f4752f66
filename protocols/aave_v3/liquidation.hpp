#pragma once

#include "protocols/aave_v3/model.hpp"
#include "protocols/common/reverted.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// One pair of collateral and debt of an account as `LiquidationLogic` sees it: the inputs of its
/// amounts. Balances are the tokens' `balanceOf`; units are 10^decimals.
struct LiquidationTerms {
    TokenAmount collateral_balance;
    TokenAmount debt_balance;
    OraclePrice collateral_price;
    OraclePrice debt_price;
    U256 collateral_unit = 1;
    U256 debt_unit = 1;
    Bps bonus;         ///< 10500 is 5 %; the e-mode's where the collateral is in it
    Bps protocol_fee;  ///< part of the bonus that goes to the treasury
    Wad health_factor;
    U256 total_collateral_base = 0;  ///< of the whole account
    U256 total_debt_base = 0;
    ScaledBalance scaled_collateral;  ///< used from v3_7 on
    Ray liquidity_index;              ///< normalized; used from v3_7 on
};

/// What one liquidation call moves.
struct LiquidationAmounts {
    TokenAmount debt_to_cover;  ///< `LiquidationCall.debtToCover`: what the liquidator pays
    TokenAmount collateral;     ///< `.liquidatedCollateralAmount`: what he gets, without the fee
    TokenAmount protocol_fee;   ///< taken from the borrower's collateral besides
    /// Debt and collateral would both be left, and one of them worth less than 1000 USD: the call
    /// reverts (v3_3 on).
    bool leaves_dust = false;
    /// The account's last collateral goes: all debt left is written off (v3_3 on; before, such an
    /// account stays with a health factor of 0).
    bool takes_last_collateral = false;

    friend bool operator==(const LiquidationAmounts&, const LiquidationAmounts&) = default;
};

/// The most debt of this reserve one call may repay: up to v3_2 the close factor of its debt (half
/// above a health factor of 0.95); from v3_3 on all of it, but at most half of the account's whole
/// debt where health factor, collateral and debt are all large.
Expected<TokenAmount, Reverted> max_liquidatable_debt(RuleSet rules, const LiquidationTerms& terms);

/// What a call that offers `debt_to_cover` moves. Does not ask whether the call is allowed. Source:
/// `executeLiquidationCall` and `_calculateAvailableCollateralToLiquidate`.
Expected<LiquidationAmounts, Reverted> liquidation_amounts(RuleSet rules,
                                                           const LiquidationTerms& terms,
                                                           const TokenAmount& debt_to_cover);

/// Why `validateLiquidationCall` refuses a pair, in the contract's order of questions.
enum class LiquidationRefusal {
    reserve_inactive,
    reserve_paused,
    sentinel,      ///< the price oracle sentinel holds liquidations of 0.95 and above (to v3_6)
    grace_period,  ///< of either reserve (v3_1 on)
    healthy,
    not_collateral,
    no_debt,
};
std::string_view to_string(LiquidationRefusal refusal);

/// None: a liquidator (who is not the account itself) is let in. `Reverted`: the account's data is
/// not computable, and no liquidation possible.
Expected<std::optional<LiquidationRefusal>, Reverted> liquidation_refusal(
    const Market& market, const Account& account, unsigned collateral_reserve,
    unsigned debt_reserve);

/// The terms of one pair at `market.time`. `Reverted` also where the account holds neither.
Expected<LiquidationTerms, Reverted> liquidation_terms(const Market& market, const Account& account,
                                                       unsigned collateral_reserve,
                                                       unsigned debt_reserve);

/// The most a liquidator may take now from one pair in one call that does not revert.
struct PossibleLiquidation {
    unsigned collateral_reserve = 0;
    unsigned debt_reserve = 0;
    LiquidationAmounts amounts;
};

/// Every pair that can be liquidated now, by collateral and then debt reserve id. Empty: none.
Expected<std::vector<PossibleLiquidation>, Reverted> possible_liquidations(const Market& market,
                                                                           const Account& account);

}  // namespace plimsoll::protocols::aave_v3
