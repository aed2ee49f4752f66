#pragma once

#include "protocols/aave_v3/reads.hpp"
#include "protocols/aave_v3/structure.hpp"

#include <map>
#include <optional>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// What every round reads of a reserve. Each is missing where its call reverted: one broken feed or
/// token does not hide the others.
struct ReserveRound {
    std::optional<OraclePrice> price;        ///< `AaveOracle.getAssetPrice`
    std::optional<U256> scaled_debt;         ///< `scaledTotalSupply` of the variable debt token
    std::optional<TokenAmount> supplied;     ///< `totalSupply` of the aToken
    std::optional<TokenAmount> cash;         ///< underlying held by the aToken
    std::optional<Ray> income;               ///< `getReserveNormalizedIncome`
    std::optional<Ray> debt_index;           ///< `getReserveNormalizedVariableDebt`
    std::optional<TokenAmount> stable_debt;  ///< `totalSupply` of the stable debt token
    std::optional<TokenAmount> deficit;      ///< `getReserveDeficit`, from v3_3 on
    /// `latestRoundData().updatedAt` of the asset's price source; adapters often have none.
    std::optional<BlockTime> price_updated_at;
};

/// The reads of one round: prices, and totals against which the ledger is checked.
struct Round {
    BlockRef at;
    std::map<unsigned, ReserveRound> reserves;
    /// By category id, where it has a price source (up to v3_1) that answers.
    std::map<unsigned, OraclePrice> e_mode_prices;
    /// `PriceOracleSentinel.isLiquidationAllowed`, up to v3_6; true where there is no sentinel.
    bool liquidation_allowed = true;
};

/// Six calls a reserve, one more each for stable debt, deficits and the price source where there
/// are such things, one an e-mode price source, one for the sentinel. No number of accounts changes
/// that.
std::vector<Call> round_calls(const Structure& structure);
/// The results of exactly `round_calls` of this structure.
Reply<Round> decode_round(const Structure& structure, Results results, const BlockRef& at);

}  // namespace plimsoll::protocols::aave_v3
