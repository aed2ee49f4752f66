#pragma once

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

/// Whether the account is liquidatable (health factor < 1) with the leader at `leader_price`.
/// None: not computable there.
std::optional<bool> liquidatable_at(const Market& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price);

/// The crossing nearest to the present price; exact, and certified by evaluating the account at the
/// price and one unit to its healthy side. None: no price of these assets makes the account
/// liquidatable (or healthy again, when it is liquidatable now), or the account has no debt.
/// Also none where all of the account's priced holdings move together (not price-sensitive).
std::optional<LiquidationPrice> liquidation_price(const Market& market, const Account& account,
                                                  const MovingPrices& moving);

/// The first second from `market.time` on, at most a year later, at which interest alone makes the
/// account liquidatable with prices and rates as they are; `market.time` when it is already.
std::optional<BlockTime> liquidation_time(const Market& market, const Account& account);

/// The least amount of the holding's debt to repay (of its collateral to supply) that brings the
/// health factor to `target` or above at `market.time`, as the Pool would book it. None: not by
/// this asset alone.
std::optional<TokenAmount> repay_to_reach(const Market& market, const Account& account,
                                          unsigned reserve, const Wad& target);
std::optional<TokenAmount> add_to_reach(const Market& market, const Account& account,
                                        unsigned reserve, const Wad& target);

}  // namespace plimsoll::protocols::aave_v3
