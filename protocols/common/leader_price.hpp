#pragma once

#include "protocols/common/market.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

namespace plimsoll::protocols {

/// The decimals of `entry.group`, which is a price of the group's leader: an oracle may state
/// prices of tokens with other decimals with other decimals. `markets` is asked only where that may
/// be so.
inline unsigned leader_price_decimals(const AssetEntry& entry, std::span<const AssetGroup> groups,
                                      const std::function<std::vector<MarketReport>()>& markets) {
    const auto group = std::ranges::find_if(
        groups, [&](const AssetGroup& one) { return one.contains(entry.token); });
    if (group == groups.end() || group->leader == entry.token) return entry.price_decimals;
    for (const MarketReport& market : markets()) {
        if (market.token == group->leader) return market.price_decimals;
    }
    return entry.price_decimals;
}

}  // namespace plimsoll::protocols
