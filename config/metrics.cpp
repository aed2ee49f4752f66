#include "config/metrics.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace plimsoll::config {
namespace {

constexpr auto kPosition = Scope::position;
constexpr auto kBand = Scope::band;
constexpr auto kProtocol = Scope::protocol;
constexpr auto kMarket = Scope::market;
constexpr auto kChain = Scope::chain;
constexpr auto kEndpoint = Scope::endpoint;

constexpr std::array kMetrics{
    MetricSpec{Metric::health_factor, "health_factor", " hf position.health_factor ", kPosition,
               "number", 18, Margin::one_percent,
               "The contract's health factor; liquidatable is strictly below 1."},
    MetricSpec{Metric::liquidatable, "liquidatable", " position.liquidatable ", kPosition, "flag",
               0, Margin::one_percent,
               "The contract would let anyone liquidate the position at this block."},
    MetricSpec{Metric::liquidated, "liquidated", " position.liquidated liquidation ", kPosition,
               "event", 0, Margin::none,
               "A liquidation was seen on chain. `min_debt` is the debt repaid."},
    MetricSpec{Metric::activity, "activity", " position.activity watch.activity ", kPosition,
               "event", 0, Margin::none,
               "A watched account, with debt or without, did or suffered any of the following, or "
               "was liquidated. `min_usd` is its worth."},
    MetricSpec{Metric::deposited, "deposited", " deposit supplied position.deposited ", kPosition,
               "event", 0, Margin::none, "A watched account got a deposit."},
    MetricSpec{Metric::withdrawn, "withdrawn", " withdraw position.withdrawn ", kPosition, "event",
               0, Margin::none, "A watched account took out a deposit."},
    MetricSpec{Metric::borrowed, "borrowed", " borrow position.borrowed ", kPosition, "event", 0,
               Margin::none, "A watched account borrowed."},
    MetricSpec{Metric::repaid, "repaid", " repay position.repaid ", kPosition, "event", 0,
               Margin::none, "Debt of a watched account was repaid."},
    MetricSpec{Metric::transferred, "transferred", " transfer position.transferred ", kPosition,
               "event", 0, Margin::none,
               "A watched account sent a deposit to another account, or received one."},
    MetricSpec{Metric::exposure_usd, "exposure_usd", " band.exposure_usd ", kBand, "USD", 8,
               Margin::ten_percent,
               "Collateral of the positions whose liquidation price lies inside the band, in USD."},
    MetricSpec{Metric::price_above_band_pct, "price_above_band_pct", " band.price_above_band_pct ",
               kBand, "percent", 8, Margin::one_point,
               "Distance of the price from the band's upper end, in percent of that end; negative "
               "below it."},
    MetricSpec{Metric::tvl_usd, "tvl_usd", " tvl ", kProtocol, "USD", 8, Margin::ten_percent,
               "Supplied minus borrowed: what lies in the contracts.", true},
    MetricSpec{Metric::supplied_usd, "supplied_usd", " supplied_value ", kProtocol, "USD", 8,
               Margin::ten_percent, "What was supplied, with interest.", true},
    MetricSpec{Metric::borrowed_usd, "borrowed_usd", " borrowed_value ", kProtocol, "USD", 8,
               Margin::ten_percent, "What was borrowed, with interest.", true},
    MetricSpec{Metric::utilization, "utilization", " utilisation ", kProtocol, "number", 8,
               Margin::one_percent, "Borrowed over supplied, by value; 1 is all of it.", true},
    MetricSpec{Metric::tvl_drop_pct, "tvl_drop_pct", " tvl_drop market.tvl_drop ", kProtocol,
               "percent", 8, Margin::one_point,
               "By how much `tvl_usd` is below its highest value within `window`, in percent of "
               "that value. `min_usd` is the value it fell from.",
               true},
    MetricSpec{Metric::bad_debt_usd, "bad_debt_usd", " bad_debt market.bad_debt ", kProtocol, "USD",
               8, Margin::ten_percent,
               "By how much debts exceed the collateral behind them, summed, and deficits that the "
               "protocol wrote off and nobody covered."},
    MetricSpec{Metric::borrowers, "borrowers", " positions ", kProtocol, "count", 0, Margin::none,
               "Positions with debt."},
    MetricSpec{Metric::positions_at_risk, "positions_at_risk", " at_risk_positions ", kProtocol,
               "count", 0, Margin::none, "Positions with a health factor from 1 to below 1.1."},
    MetricSpec{Metric::liquidatable_positions, "liquidatable_positions", " liquidatable_count ",
               kProtocol, "count", 0, Margin::none,
               "Positions that could be liquidated at this block."},
    MetricSpec{Metric::liquidatable_debt_usd, "liquidatable_debt_usd", " liquidatable_debt ",
               kProtocol, "USD", 8, Margin::ten_percent, "What those positions owe."},
    MetricSpec{Metric::paused, "paused", " market.paused ", kMarket, "flag", 0, Margin::none,
               "Loans of the market cannot be liquidated, nor most other things be done in it."},
    MetricSpec{Metric::frozen, "frozen", " market.frozen ", kMarket, "flag", 0, Margin::none,
               "Nothing new can be supplied to the market or borrowed from it."},
    MetricSpec{Metric::price_usd, "price_usd", " price ", kMarket, "USD", 8, Margin::one_percent,
               "The price that the protocol's oracle answers, in its base currency."},
    MetricSpec{Metric::price_jump_pct, "price_jump_pct", " price_jump oracle.jump ", kMarket,
               "percent", 8, Margin::one_point,
               "How far the oracle's price is from the most different one within `window`, in "
               "percent of that one, up or down; in dollars, where the worth of what prices are "
               "stated in is known."},
    MetricSpec{Metric::oracle_age, "oracle_age", " oracle.age oracle_age_seconds ", kMarket,
               "seconds", 0, Margin::none,
               "Age of the price by the feed's own word; or, where that is longer, how long the "
               "price has not changed while another one of its group, or the same token in another "
               "protocol of the chain, has moved by 1% or more."},
    MetricSpec{Metric::oracle_down, "oracle_down", " oracle.down ", kMarket, "flag", 0,
               Margin::none,
               "The oracle answers no price: whoever holds or owes the asset cannot be valued."},
    MetricSpec{Metric::parameters_changed, "parameters_changed", " parameters market.parameters ",
               kMarket, "event", 0, Margin::none,
               "The configuration of a market or of the protocol changed. `min_debt` is the debt "
               "of the positions that become liquidatable by it."},
    MetricSpec{Metric::source_stale, "source_stale", " source.stale stale ", kChain, "flag", 0,
               Margin::none, "No new block of the chain was processed for `stale_after`."},
    MetricSpec{Metric::gap_blocks, "gap_blocks", " gap daemon.gap gap.blocks source.gap ", kChain,
               "blocks", 0, Margin::none,
               "Blocks whose logs could not be read yet and are still owed."},
    MetricSpec{Metric::source_down, "source_down", " source.down ", kChain, "flag", 0, Margin::none,
               "None of the chain's endpoints can be used."},
    MetricSpec{Metric::endpoint_down, "endpoint_down", " source.degraded endpoint.down ", kEndpoint,
               "flag", 0, Margin::none, "The endpoint cannot be used; others may."},
    MetricSpec{
        Metric::source_disagrees, "source_disagrees", " source.disagrees ", kEndpoint, "flag", 0,
        Margin::none,
        "The endpoint contradicts others about a block, its logs or its state, or answers for "
        "another chain."},
    MetricSpec{Metric::unverified, "unverified", " protocol.unverified source.unverified ",
               kProtocol, "flag", 0, Margin::none,
               "The protocol's numbers are not believed just now: an audit found a difference, or "
               "the contract's version is unknown."},
    MetricSpec{Metric::coverage, "coverage", " protocol.coverage source.coverage ", kProtocol,
               "number", 6, Margin::none,
               "Debt of the positions that are known over all debt; 1 is all of it."},
};

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
        case Scope::endpoint:
            return "endpoint";
        case Scope::protocol:
            return "protocol";
        case Scope::market:
            break;
    }
    return "market";
}

Scope scope_of(Metric metric) { return spec_of(metric).scope; }

std::optional<Scope> scope_of(const std::vector<Condition>& conditions) {
    if (conditions.empty()) return std::nullopt;
    const auto is_of = [](Scope scope) {
        return [scope](const Condition& condition) { return scope_of(condition.metric) == scope; };
    };
    const Scope first = scope_of(conditions.front().metric);
    if (std::all_of(conditions.begin(), conditions.end(), is_of(first))) return first;
    const bool fits_market =
        std::all_of(conditions.begin(), conditions.end(), [](const Condition& condition) {
            return scope_of(condition.metric) == Scope::market || is_per_market(condition.metric);
        });
    return fits_market ? std::optional(Scope::market) : std::nullopt;
}

bool is_per_market(Metric metric) { return spec_of(metric).per_market; }
unsigned decimals_of(Metric metric) { return spec_of(metric).decimals; }
Milliseconds default_keep(Scope scope) {
    return scope == Scope::band ? Milliseconds{std::chrono::minutes{2}} : Milliseconds{0};
}
std::optional<Milliseconds> default_window(Metric metric) {
    switch (metric) {
        case Metric::tvl_drop_pct:
            return Milliseconds{std::chrono::hours{24}};
        case Metric::price_jump_pct:
            return Milliseconds{std::chrono::minutes{10}};
        default:
            return std::nullopt;
    }
}
bool is_flag(Metric metric) { return spec_of(metric).form == "flag"; }
bool is_event(Metric metric) { return spec_of(metric).form == "event"; }
bool is_activity(Metric metric) {
    return is_event(metric) && scope_of(metric) == Scope::position && metric != Metric::liquidated;
}
bool is_duration(Metric metric) { return spec_of(metric).form == "seconds"; }
Margin margin_of(Metric metric) { return spec_of(metric).margin; }
bool can_be_negative(Metric metric) { return metric == Metric::price_above_band_pct; }

}  // namespace plimsoll::config
