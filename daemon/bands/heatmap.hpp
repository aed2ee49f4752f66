#pragma once

#include "daemon/bands/groups.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll::bands {

/// Positions that become liquidatable in one step of the price, on one side.
struct HeatSum {
    std::size_t positions = 0;
    std::size_t liquidatable = 0;  ///< those among them that are liquidatable already
    U256 collateral = 0;           ///< in the group; leader's smallest units
    Usd8 collateral_usd;           ///< at present prices
    Usd8 debt_usd;                 ///< the whole debt of these positions
};

/// One interval of the leader's price, [low, high).
struct HeatStep {
    Usd8 low;
    Usd8 high;
    HeatSum below;  ///< a falling price makes them liquidatable: at `low`, but not yet at `high`
    HeatSum above;  ///< a rising one does: at `high`, but not yet at `low`
};

struct HeatMap {
    std::optional<OraclePrice> price;  ///< of the leader; none: nothing below is known
    std::vector<HeatStep> steps;       ///< ascending
    std::size_t not_computable = 0;    ///< in the protocol; each might belong anywhere
};

/// How many steps of this size the range has; the last one may be shorter. None: the step is 0, the
/// range is empty or begins at 0, or there would be more than `most` steps.
std::optional<std::size_t> heat_steps(const Usd8& low, const Usd8& high, const Usd8& step,
                                      std::size_t most);

/// Which debt and collateral becomes liquidatable at which price of the group's leader, all members
/// moving by one factor. A step holds exactly the positions that a band over [low, high) holds
/// (`evaluate_band`), and besides those that a rising price endangers. Exact: the contract's own
/// health at the ends of the range, and a bisection over the steps for those that it separates.
///
/// `range` as `heat_steps` accepts it.
HeatMap evaluate_heatmap(const protocols::Protocol& protocol, const ResolvedBand& range,
                         const Usd8& step, std::span<const protocols::PositionHealth> healths);

}  // namespace plimsoll::bands
