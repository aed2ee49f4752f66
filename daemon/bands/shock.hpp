#pragma once

#include "daemon/bands/band.hpp"
#include "daemon/bands/groups.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace plimsoll::bands {

/// What a sudden move of a group's price, or another threshold, would do, at one block.
struct Shock {
    OraclePrice price;                     ///< of the leader, before
    OraclePrice shocked;                   ///< and after
    std::vector<BandPosition> endangered;  ///< liquidatable then and not now; largest debt first
    Usd8 collateral_usd;                   ///< of the endangered, in the group, at present prices
    Usd8 debt_usd;                         ///< of the endangered
    std::size_t already = 0;               ///< liquidatable now and then
    std::size_t relieved = 0;              ///< liquidatable now and not then
    std::size_t not_computable = 0;        ///< each might belong to any of them
};

/// Moves the leader to `shocked` and all members of the group by the same factor, all else as it
/// is. Exact: one evaluation of the contract's own health for every position. `price` is the
/// present one.
Shock evaluate_shock(const protocols::Protocol& protocol, const protocols::AssetGroup& group,
                     const OraclePrice& price, const OraclePrice& shocked,
                     std::span<const protocols::PositionHealth> healths);

/// The same for another liquidation threshold, exact in the same way; prices stand still.
/// `supposed` is a `SupposedThreshold` of the one asset that is the group, or a
/// `SupposedCategoryThreshold` of the category whose assets are. Where the protocol has no such
/// asset or category nobody is endangered, or nobody is computable.
Shock evaluate_threshold(const protocols::Protocol& protocol, const protocols::AssetGroup& group,
                         std::shared_ptr<const protocols::BeforeChange> supposed,
                         std::span<const protocols::PositionHealth> healths);

}  // namespace plimsoll::bands
