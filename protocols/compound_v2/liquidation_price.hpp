#pragma once

#include "protocols/common/position.hpp"
#include "protocols/compound_v2/accrued.hpp"
#include "protocols/compound_v2/model.hpp"

#include <optional>
#include <span>

namespace plimsoll::protocols::compound_v2 {

/// Prices of several markets that move by one factor.
struct MovingPrices {
    unsigned leader = 0;                ///< market id
    std::span<const unsigned> members;  ///< market ids; may or may not hold the leader
    /// The prices are stated in a coin that is one of the members. Its own price is a constant of
    /// the oracle, so a move of the group by p / (leader's price now) is told by every other
    /// market's price moving the opposite way: floor(price now * leader's price now / p). Where
    /// false, members move: floor(price now * p / leader's price now), the leader to p.
    bool moves_numeraire = false;
};

/// Whether the account is liquidatable by the markets' current numbers with the leader at
/// `leader_price`. None: not computable there.
std::optional<bool> liquidatable_at(const AccruedMarket& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price);

/// The crossing nearest to the present price; exact, and certified by evaluating the account at the
/// price and one unit to its healthy side. Looked for in both directions where collateral and debt
/// both move. Down to the least price at which the oracle still answers all of them, and up to 2^64
/// times the present price or until the sums reach 2^176.
///
/// None: no price of these assets makes the account liquidatable (or healthy again, when it is
/// liquidatable now); it has no debt, or is not computable; the leader has no present price; or all
/// that counts for the health factor moves together, or nothing of it.
///
/// Where collateral and debt of the set outweigh each other so nearly that roundings decide over
/// very many prices, the search stops after 20,000 of them with a certified crossing that may not
/// be the nearest.
std::optional<LiquidationPrice> liquidation_price(const AccruedMarket& market,
                                                  const Account& account,
                                                  const MovingPrices& moving);

/// The first block (or second, where the markets count time) from `market.now` on, at most
/// `horizon` later, at which interest alone makes the account liquidatable with prices and rates as
/// they are; `market.now` when it is already. Judged with every market accrued to it at once.
std::optional<std::uint64_t> liquidation_moment(const Market& market, const Account& account,
                                                std::uint64_t horizon);

/// The least amount of the market's debt to repay (of its underlying to supply) that brings the
/// health factor to `target` or above at `market.now`; 0 where it is there already. None: not by
/// this asset alone, or the holding is not (debt, entered collateral) of this kind.
std::optional<TokenAmount> repay_to_reach(const AccruedMarket& market, const Account& account,
                                          unsigned id, const Wad& target);
std::optional<TokenAmount> add_to_reach(const AccruedMarket& market, const Account& account,
                                        unsigned id, const Wad& target);

}  // namespace plimsoll::protocols::compound_v2
