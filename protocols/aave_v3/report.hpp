#pragma once

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/valuation.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// A ledger and its market at one block: what questions are answered from.
struct Book {
    const Ledger& ledger;
    const Valuation& valuation;
};

/// Health of one account at the block, by `account_data`.
PositionHealth position_health(const Book& book, const PositionKey& key, const Account& account);
/// The same in a market that is assumed.
PositionHealth position_health(const Structure& structure, const AccruedMarket& market,
                               const PositionKey& key, const Account& account);

/// The six words of `getUserAccountData` by name, as decimal text; the health factor of an account
/// without debt is 2^256 - 1, as the contract says it.
std::vector<std::pair<std::string, std::string>> contract_view(const AccountData& account);

/// Everything about one position. Collateral lists what is flagged as such, and what the ledger
/// knows of supplies that are not (`enabled` false). Prices are those the Pool uses for the
/// account.
PositionReport position_report(const Book& book, const PositionKey& key, const Account& account,
                               std::span<const AssetGroup> groups, const Wad& target);

/// The reserves of a group that this market has. None: its leader is not one of them.
struct GroupReserves {
    unsigned leader = 0;
    std::vector<unsigned> members;
};
std::optional<GroupReserves> reserves_of(const Structure& structure, const AssetGroup& group);

/// Counting collateral of the account in the group. Amount in the leader's smallest unit, each
/// member's rounded down; 0 where a price needed for it is missing.
Protocol::GroupExposure group_exposure(const Book& book, const Account& account,
                                       const AssetGroup& group);

/// Every reserve at the block, by reserve id.
std::vector<MarketReport> market_reports(const Book& book);

/// Every category that is set up, with the assets that count as collateral in it.
std::vector<EModeReport> e_mode_reports(const Market& market);

}  // namespace plimsoll::protocols::aave_v3
