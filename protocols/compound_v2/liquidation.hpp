#pragma once

#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/model.hpp"

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

}  // namespace plimsoll::protocols::compound_v2
