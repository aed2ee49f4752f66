#include "daemon/bands/heatmap.hpp"

#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::bands {
namespace {

using protocols::PositionHealth;
using protocols::Protocol;

/// The least oracle price of each step, and that of the range's end behind them.
using Edges = std::vector<OraclePrice>;

Edges edges_of(const HeatMap& map, const ResolvedBand& range) {
    Edges out;
    const auto edge = [&](const Usd8& usd) {
        return to_oracle_price(usd, range.price_decimals, range.quote, true);
    };
    for (const HeatStep& step : map.steps) out.push_back(edge(step.low));
    out.push_back(edge(map.steps.back().high));
    return out;
}

/// Adds one position; false when the sums leave 256 bits, with nothing changed.
bool add(HeatSum& sum, const Protocol::GroupExposure& exposure, const PositionHealth& health) {
    const auto sums = protocols::as_contract([&] {
        return std::array<U256, 3>{sum.collateral + exposure.amount,
                                   sum.collateral_usd.raw() + exposure.usd.raw(),
                                   sum.debt_usd.raw() + health.debt.raw()};
    });
    if (!sums) return false;
    sum.collateral = (*sums)[0];
    sum.collateral_usd = Usd8::from_raw((*sums)[1]);
    sum.debt_usd = Usd8::from_raw((*sums)[2]);
    ++sum.positions;
    sum.liquidatable += health.liquidatable ? 1U : 0U;
    return true;
}

/// Puts one position where it belongs; false: that cannot be computed.
bool place(HeatMap& map, const Edges& edges, const Protocol& protocol, const ResolvedBand& range,
           const PositionHealth& health) {
    const auto at = [&](std::size_t edge) {
        return protocol.liquidatable_at(health.key, range.group, edges[edge]);
    };
    const auto at_low = at(0);
    const auto at_high = at(edges.size() - 1);
    if (!at_low || !at_high) return false;
    if (*at_low == *at_high) return true;
    std::size_t first = 0;
    std::size_t last = edges.size() - 1;
    while (last - first > 1) {  // at `first` as at the low end, at `last` as at the high one
        const std::size_t middle = first + (last - first) / 2;
        const auto there = at(middle);
        if (!there) return false;
        (*there == *at_low ? first : last) = middle;
    }
    HeatStep& step = map.steps[first];
    if (*at_low) return add(step.below, protocol.exposure(health.key, range.group), health);
    return add(step.above, {0, health.collateral}, health);
}

}  // namespace

std::optional<std::size_t> heat_steps(const Usd8& low, const Usd8& high, const Usd8& step,
                                      std::size_t most) {
    if (step.raw() == 0 || low.raw() == 0 || low >= high) return std::nullopt;
    const U256 width = high.raw() - low.raw();
    const U256 steps = width / step.raw() + (width % step.raw() == 0 ? 0 : 1);
    if (steps > most) return std::nullopt;
    return steps.convert_to<std::size_t>();
}

HeatMap evaluate_heatmap(const Protocol& protocol, const ResolvedBand& range, const Usd8& step,
                         std::span<const PositionHealth> healths) {
    HeatMap map;
    map.price = protocol.price(range.group.leader);
    if (!map.price) return map;
    for (U256 low = range.low.raw(); low < range.high.raw(); low += step.raw()) {
        const U256 left = range.high.raw() - low;
        HeatStep& one = map.steps.emplace_back();
        one.low = Usd8::from_raw(low);
        one.high = Usd8::from_raw(low + std::min(left, step.raw()));
        if (left <= step.raw()) break;
    }
    const Edges edges = edges_of(map, range);
    for (const PositionHealth& health : healths) {
        if (health.computable && !health.health_factor) continue;
        const bool is_placed = health.computable && place(map, edges, protocol, range, health);
        map.not_computable += is_placed ? 0U : 1U;
    }
    return map;
}

}  // namespace plimsoll::bands
