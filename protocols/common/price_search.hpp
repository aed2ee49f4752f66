#pragma once

#include "protocols/common/crossing.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <optional>

namespace plimsoll::protocols {

enum class Direction { down, up };

/// Where to look for the price at which a position becomes liquidatable, or healthy again.
struct PriceReach {
    U256 down;  ///< how far below the present price
    U256 up;    ///< how far above
    /// Where collateral (below) or debt (above) alone would have it.
    Direction expected = Direction::down;
    bool is_monotone = false;  ///< the answer changes once at most, in the expected direction
};

/// The price on the liquidatable side of a change of the answer, and the price next to it on the
/// healthy side.
struct PriceEdge {
    LiquidationPrice liquidatable;
    U256 healthy;
};

/// The change of the question's answer ("liquidatable") nearest to the present price, in either
/// direction; of two equally near the one in the expected direction. None: there is no change in
/// reach.
template <CrossingQuestion Q>
std::optional<PriceEdge> nearest_edge(const Q& question, const typename Q::Probe& now,
                                      const PriceReach& reach, unsigned max_probes);

/// The liquidatable price of an edge, when the whole calculation confirms both its sides.
/// `is_liquidatable_at` answers for a price, none where it cannot be computed.
template <class At>
std::optional<LiquidationPrice> certified(const Expected<std::optional<PriceEdge>, Reverted>& edge,
                                          const At& is_liquidatable_at);

// ---- implementation ---------------------------------------------------------------------------

namespace price_search {

inline Direction opposite(Direction direction) {
    return direction == Direction::down ? Direction::up : Direction::down;
}

template <class Q>
std::optional<U256> find(const Q& question, const typename Q::Probe& now, Direction direction,
                         const U256& width, unsigned max_probes) {
    if (width.is_zero()) return std::nullopt;
    const U256 far = direction == Direction::down ? now.x - width : now.x + width;
    return first_change(question, now, question.probe(far), max_probes).x;
}

inline PriceEdge edge_at(const U256& change, Direction direction, bool is_liquidatable_now) {
    const U256 before = direction == Direction::down ? change + 1U : change - 1U;
    const U256& liquidatable = is_liquidatable_now ? before : change;
    const U256& healthy = is_liquidatable_now ? change : before;
    return PriceEdge{
        .liquidatable = {.price = OraclePrice::from_raw(liquidatable),
                         .side = liquidatable < healthy ? PriceSide::below : PriceSide::above},
        .healthy = healthy};
}

}  // namespace price_search

template <CrossingQuestion Q>
std::optional<PriceEdge> nearest_edge(const Q& question, const typename Q::Probe& now,
                                      const PriceReach& reach, unsigned max_probes) {
    using price_search::edge_at;
    const auto width = [&](Direction direction) {
        return direction == Direction::down ? reach.down : reach.up;
    };
    const Direction other = price_search::opposite(reach.expected);
    const auto first =
        price_search::find(question, now, reach.expected, width(reach.expected), max_probes);
    if (reach.is_monotone) {
        if (!first) return std::nullopt;
        return edge_at(*first, reach.expected, now.holds);
    }
    U256 other_width = width(other);
    if (first) {
        other_width = std::min(other_width, crossing::distance(*first, now.x) - 1U);
    }
    const auto second = price_search::find(question, now, other, other_width, max_probes);
    if (second) return edge_at(*second, other, now.holds);
    if (!first) return std::nullopt;
    return edge_at(*first, reach.expected, now.holds);
}

template <class At>
std::optional<LiquidationPrice> certified(const Expected<std::optional<PriceEdge>, Reverted>& edge,
                                          const At& is_liquidatable_at) {
    if (!edge || !*edge) return std::nullopt;
    const LiquidationPrice& found = (*edge)->liquidatable;
    if (is_liquidatable_at(found.price) != true) return std::nullopt;
    if (is_liquidatable_at(OraclePrice::from_raw((*edge)->healthy)) != false) return std::nullopt;
    return found;
}

}  // namespace plimsoll::protocols
