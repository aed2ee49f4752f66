#pragma once

#include "protocols/compound_v2/reads.hpp"
#include "protocols/compound_v2/structure.hpp"

#include <map>
#include <optional>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// What every round reads of a market.
struct MarketRound {
    std::optional<OraclePrice> price;  ///< `getUnderlyingPrice`; none: the oracle reverts
    std::optional<MarketState> state;  ///< none: a part of it could not be read
    std::optional<Wad> exchange_rate;  ///< `exchangeRateStored`; none: it reverts
};

/// The reads of one round: prices, and the moving state of every market, since donations and
/// reserves change it without a log.
struct Round {
    BlockRef at;
    std::map<unsigned, MarketRound> markets;
    Wad stable_index;
};

/// Nine calls a market, one more where the deployment has a stablecoin. No number of accounts
/// changes that.
std::vector<Call> round_calls(const Structure& structure);
/// The results of exactly `round_calls` of this structure.
Reply<Round> decode_round(const Structure& structure, Results results, const BlockRef& at);

/// How prices are stated, found out from a round's answers: the native coin's own price is exactly
/// 10^18 or 10^27, or a dollar coin's lies within 5 % of 10^(36 - decimals). Unknown where neither
/// holds, or both.
PriceScale detect_scale(const Structure& structure, const Round& round);
/// What was found stays while the oracle does, as long as it is not contradicted: a dollar coin may
/// leave its peg, the native coin's price may not leave its constant.
PriceScale updated_scale(const Structure& structure, const Round& round);

/// The oracle's price of a market; none where it reverts or is 0.
std::optional<U256> price_of(const Round& round, unsigned id);

/// The market whose underlying counts as one dollar where prices are stated in the native coin: the
/// most used dollar coin that was listed when the unit was found out, whether it has a price or
/// not. Another one never takes its place, since nothing would say whether that one is near a
/// dollar. Null: none is listed.
const CToken* dollar_market(const Structure& structure);

}  // namespace plimsoll::protocols::compound_v2
