#pragma once

#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/accrued.hpp"
#include "protocols/compound_v2/model.hpp"

#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// The most of a debt that one call of `liquidateBorrow` may repay: closeFactor times the borrow
/// balance after accrual, rounded down. 0 for a debt of one unit: nobody can liquidate it.
Expected<TokenAmount, Reverted> max_close(const Wad& close_factor, const TokenAmount& borrow);

/// Prices and rate by which collateral is seized.
struct SeizePrices {
    OraclePrice borrowed;
    OraclePrice collateral;
    Wad exchange_rate;  ///< of the collateral, accrued
};

/// `liquidateCalculateSeizeTokens`: what a repayment takes from the borrower, in cTokens of the
/// collateral. Errors: `Reverted` where a price is 0 or the arithmetic reverts.
Expected<CTokens, Reverted> seize_tokens(Rounding rounding, const Wad& incentive,
                                         const SeizePrices& prices, const TokenAmount& repaid);

/// Of seized cTokens, what goes to the reserves.
CTokens protocol_share(const CTokens& seized, const Wad& share);

/// The most that one call of `liquidateBorrow` may do now: the close factor of the debt (all of it
/// where the liquidation is forced), or as much as the collateral's cTokens pay for.
struct PossibleLiquidation {
    unsigned debt_market = 0;
    unsigned collateral_market = 0;
    TokenAmount repaid;
    CTokens seized;       ///< protocol share included
    Wad collateral_rate;  ///< underlying of a cToken
};

/// Every pair that may be liquidated now, by debt and then collateral; both are accrued, as the
/// call does first. `refused`: what is refused in all markets. A pair that is paused, delisted,
/// cannot accrue or has no price is none. What was supplied and not entered may be seized as well,
/// but on Venus from 10.0 on.
std::vector<PossibleLiquidation> possible_liquidations(const AccruedMarket& accrued,
                                                       const Account& account,
                                                       const Actions& refused);

}  // namespace plimsoll::protocols::compound_v2
