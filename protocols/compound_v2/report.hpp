#pragma once

#include "protocols/common/market.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"
#include "protocols/compound_v2/liquidation_price.hpp"
#include "protocols/compound_v2/valuation.hpp"

#include <optional>
#include <span>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// A ledger and its markets at one block: what questions are answered from.
struct Book {
    const Ledger& ledger;
    const Valuation& valuation;
};

/// Health of one account with every market accrued to the block. Not computable where the
/// Comptroller answers an error or reverts.
PositionHealth position_health(const Book& book, const PositionKey& key, const Account& account);

/// Everything about one position. Amounts are accrued to the block. Collateral lists what was
/// supplied and not entered too (`enabled` false).
PositionReport position_report(const Book& book, const PositionKey& key, const Account& account,
                               std::span<const AssetGroup> groups, const Wad& target);

/// The markets of a group, and how they move. None: its leader is not the underlying of any.
struct GroupMarkets {
    unsigned leader = 0;
    std::vector<unsigned> members;
    bool moves_numeraire = false;

    MovingPrices moving() const { return {leader, members, moves_numeraire}; }
};
std::optional<GroupMarkets> markets_of(const Book& book, const AssetGroup& group);

/// Counting collateral of the account in the group. Amount in the leader's smallest unit, each
/// member's rounded down; 0 where a price needed for it is missing.
Protocol::GroupExposure group_exposure(const Book& book, const Account& account,
                                       const AssetGroup& group);

/// The oracle's answer for the first market of this underlying that has one, with how to read it.
std::optional<AssetPrice> asset_price(const Valuation& valuation, const Structure& structure,
                                      const Address& underlying);

/// Every market at the block: totals, indexes and the exchange rate as the cTokens' own views
/// answer them (as last stored).
std::vector<MarketReport> market_reports(const Book& book);

/// Prices of the event's assets, and the collateral's amount by the stored exchange rate.
void price_event(const Structure& structure, const Valuation& valuation, Liquidation& event);

}  // namespace plimsoll::protocols::compound_v2
