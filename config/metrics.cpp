#include "config/metrics.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace plimsoll::config {
namespace {

constexpr std::array<MetricSpec, 9> kMetrics{{
    {Metric::health_factor, "health_factor", " hf position.health_factor ", Scope::position,
     "number", 18, Margin::one_percent,
     "The contract's health factor; liquidatable is strictly below 1."},
    {Metric::liquidatable, "liquidatable", " position.liquidatable ", Scope::position, "flag", 0,
     Margin::one_percent, "The contract would let anyone liquidate the position at this block."},
    {Metric::liquidated, "liquidated", " position.liquidated liquidation ", Scope::position,
     "event", 0, Margin::none, "A liquidation was seen on chain. `min_debt` is the debt repaid."},
    {Metric::exposure_usd, "exposure_usd", " band.exposure_usd ", Scope::band, "USD", 8,
     Margin::ten_percent,
     "Collateral of the positions whose liquidation price lies inside the band, in USD."},
    {Metric::price_above_band_pct, "price_above_band_pct", " band.price_above_band_pct ",
     Scope::band, "percent", 8, Margin::one_point,
     "Distance of the price from the band's upper end, in percent of that end; negative below it."},
    {Metric::source_stale, "source_stale", " source.stale stale ", Scope::chain, "flag", 0,
     Margin::none, "No new block of the chain was processed for `stale_after`."},
    {Metric::gap_blocks, "gap_blocks", " gap daemon.gap gap.blocks source.gap ", Scope::chain,
     "blocks", 0, Margin::none, "Blocks whose logs could not be read yet and are still owed."},
    {Metric::endpoints_disagree, "endpoints_disagree", " source.disagrees disagree ", Scope::chain,
     "flag", 0, Margin::none,
     "Endpoints of the chain contradict each other about a block, its logs or its state."},
    {Metric::unverified, "unverified", " protocol.unverified source.unverified ", Scope::protocol,
     "flag", 0, Margin::none,
     "The protocol's numbers are not believed just now: an audit found a difference, or the "
     "contract's version is unknown."},
}};

const MetricSpec& spec_of(Metric metric) {
    return *std::find_if(kMetrics.begin(), kMetrics.end(),
                         [&](const MetricSpec& spec) { return spec.metric == metric; });
}

}  // namespace

std::span<const MetricSpec> metric_specs() { return kMetrics; }

const MetricSpec* find_metric(std::string_view name) {
    const std::string padded = ' ' + std::string(name) + ' ';
    const auto* const found =
        std::find_if(kMetrics.begin(), kMetrics.end(), [&](const MetricSpec& spec) {
            return spec.name == name || spec.aliases.find(padded) != std::string_view::npos;
        });
    return found == kMetrics.end() ? nullptr : found;
}

std::string_view to_string(Metric metric) { return spec_of(metric).name; }

std::string_view to_string(Scope scope) {
    switch (scope) {
        case Scope::position:
            return "position";
        case Scope::band:
            return "band";
        case Scope::chain:
            return "chain";
        case Scope::protocol:
            break;
    }
    return "protocol";
}

Scope scope_of(Metric metric) { return spec_of(metric).scope; }
unsigned decimals_of(Metric metric) { return spec_of(metric).decimals; }
Milliseconds default_keep(Scope scope) {
    return scope == Scope::band ? Milliseconds{std::chrono::minutes{2}} : Milliseconds{0};
}
bool is_flag(Metric metric) { return spec_of(metric).form == "flag"; }
bool is_event(Metric metric) { return spec_of(metric).form == "event"; }
Margin margin_of(Metric metric) { return spec_of(metric).margin; }
bool can_be_negative(Metric metric) { return metric == Metric::price_above_band_pct; }

}  // namespace plimsoll::config
