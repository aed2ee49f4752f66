#pragma once

#include "protocols/aave_v3/accrued.hpp"
#include "protocols/aave_v3/model.hpp"
#include "protocols/common/position.hpp"

#include <optional>
#include <span>

namespace plimsoll::protocols::aave_v3 {

/// Prices of several reserves that move by one factor: every member's price is
/// floor(price now * p / leader price now), the leader's is p.
struct MovingPrices {
    unsigned leader = 0;                ///< reserve id
    std::span<const unsigned> members;  ///< reserve ids; may or may not hold the leader
};

/// Whether the account is liquidatable (health factor < 1) with the leader at `leader_price`. An
/// account for which an e-mode's price source stands in for the oracle does not feel the price.
/// None: not computable there.
std::optional<bool> liquidatable_at(const Market& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price);
std::optional<bool> liquidatable_at(const AccruedMarket& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price);

/// The crossing nearest to the present price; exact, and certified by evaluating the account at the
/// price and one unit to its healthy side. Looked for in both directions, since rounding (H1) and
/// assets that are held and owed make both possible; of two equally near the one on the side that
/// collateral (below) or debt (above) has by nature. Down to 0, and up to 2^64 times the present
/// price or until the account's sums reach 2^176, near which the contract begins to revert.
///
/// None: no price of these assets makes the account liquidatable (or healthy again, when it is
/// liquidatable now); it has no debt, or is not computable; the leader has no present price; or all
/// that counts for the health factor moves together (not price-sensitive) or does not move (e-mode
/// price source).
///
/// Where collateral and debt of the set outweigh each other so nearly that roundings decide over
/// very many prices, the search stops after 20,000 of them with a certified crossing that may not
/// be the nearest.
std::optional<LiquidationPrice> liquidation_price(const Market& market, const Account& account,
                                                  const MovingPrices& moving);
std::optional<LiquidationPrice> liquidation_price(const AccruedMarket& market,
                                                  const Account& account,
                                                  const MovingPrices& moving);

/// The first second from `market.time` on, at most a year later, at which interest alone makes the
/// account liquidatable with prices and rates as they are; `market.time` when it is already.
std::optional<BlockTime> liquidation_time(const Market& market, const Account& account);

/// The least amount of the holding's debt to repay (of its collateral to supply) that brings the
/// health factor to `target` or above at `market.time`, as the Pool would book it; 0 where it is
/// there already. Variable debt is repaid before stable debt. None: not by this asset alone, or the
/// holding is not (debt, enabled collateral) of this kind.
std::optional<TokenAmount> repay_to_reach(const Market& market, const Account& account,
                                          unsigned reserve, const Wad& target);
std::optional<TokenAmount> add_to_reach(const Market& market, const Account& account,
                                        unsigned reserve, const Wad& target);

}  // namespace plimsoll::protocols::aave_v3
