#include "config/default_rules.hpp"

#include "config/expression.hpp"
#include "config/hysteresis.hpp"
#include "config/metrics.hpp"
#include "config/scalars.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

RuleSettings built(const DefaultRule& rule, const std::vector<BandSettings>& bands,
                   const std::vector<WatchSettings>& watches) {
    RuleSettings out;
    out.name = std::string(rule.name);
    out.when_text = std::string(rule.when);
    out.when = parse_when(rule.when).value();  // a test builds every one
    Expression clear = default_clear(out.when);
    out.clear = std::move(clear.conditions);
    out.clear_join = clear.join;
    out.hold_for = parse_duration(rule.hold_for).value();
    out.severity = std::string(rule.severity);
    out.min_debt = Usd8::from_raw(U256(rule.min_debt_usd) * 100'000'000U);
    out.min_usd = Usd8::from_raw(U256(rule.min_usd) * 100'000'000U);
    out.window.time = default_window(out.when.front().metric).value_or(Milliseconds{0});
    if (rule.every_market) out.markets = {"*"};
    out.is_default = true;
    if (scope_of(out.when) == Scope::band) {
        out.keep = default_keep(Scope::band);
        for (const BandSettings& band : bands) out.bands.push_back(band.name);
    }
    if (rule.is_about_watched) {
        for (const WatchSettings& watch : watches) out.watch.push_back(watch.name);
    }
    return out;
}

}  // namespace

const std::vector<DefaultRule>& default_rules() {
    static const std::vector<DefaultRule> rules{
        {.name = "liquidatable",
         .when = "liquidatable",
         .severity = "critical",
         .min_debt_usd = 1'000},
        {.name = "at-risk",
         .when = "health_factor < 1.05",
         .severity = "warning",
         .min_debt_usd = 10'000},
        {.name = "liquidations", .when = "liquidated", .severity = "info"},
        {.name = "watched-at-risk",
         .when = "health_factor < 1.25",
         .severity = "warning",
         .is_about_watched = true},
        {.name = "watched-activity",
         .when = "activity",
         .severity = "info",
         .is_about_watched = true},
        {.name = "band-exposure",
         .when = "exposure_usd >= 10000000",
         .severity = "warning",
         .hold_for = "2m"},
        {.name = "band-approach",
         .when = "price_above_band_pct <= 3 and exposure_usd >= 1000000",
         .severity = "critical"},
        {.name = "tvl-drop", .when = "tvl_drop_pct >= 20", .severity = "warning"},
        {.name = "market-tvl-drop",
         .when = "tvl_drop_pct >= 50",
         .severity = "warning",
         .min_usd = 1'000'000,
         .every_market = true},
        {.name = "bad-debt", .when = "bad_debt_usd >= 100000", .severity = "warning"},
        {.name = "paused", .when = "paused", .severity = "warning"},
        {.name = "parameters", .when = "parameters_changed", .severity = "info"},
        {.name = "parameters-endanger",
         .when = "parameters_changed",
         .severity = "critical",
         .min_debt_usd = 1'000},
        {.name = "price-jump", .when = "price_jump_pct >= 10", .severity = "warning"},
        {.name = "oracle-stale", .when = "oracle_age > 25h", .severity = "warning"},
        {.name = "oracle-down", .when = "oracle_down", .severity = "critical"},
        {.name = "source-stale", .when = "source_stale", .severity = "critical", .is_health = true},
        {.name = "source-down",
         .when = "source_down",
         .severity = "critical",
         .hold_for = "30s",
         .is_health = true},
        {.name = "endpoint-down",
         .when = "endpoint_down",
         .severity = "warning",
         .hold_for = "5m",
         .is_health = true},
        {.name = "source-disagrees",
         .when = "source_disagrees",
         .severity = "critical",
         .is_health = true},
        {.name = "gap", .when = "gap_blocks > 0", .severity = "warning", .is_health = true},
        {.name = "unverified", .when = "unverified", .severity = "critical", .is_health = true},
        {.name = "coverage",
         .when = "coverage < 0.99",
         .severity = "warning",
         .hold_for = "10m",
         .is_health = true},
    };
    return rules;
}

std::vector<RuleSettings> default_rule_set(const std::vector<BandSettings>& bands,
                                           const std::vector<WatchSettings>& watches,
                                           bool with_health) {
    std::vector<RuleSettings> out;
    for (const DefaultRule& rule : default_rules()) {
        RuleSettings settings = built(rule, bands, watches);
        const bool is_about_bands = scope_of(settings.when) == Scope::band;
        const bool has_no_subject =
            (is_about_bands && bands.empty()) || (rule.is_about_watched && watches.empty());
        if (has_no_subject || (rule.is_health && !with_health)) continue;
        out.push_back(std::move(settings));
    }
    return out;
}

std::vector<RuleSettings> missing_health_rules(const std::vector<RuleSettings>& rules) {
    std::vector<RuleSettings> out;
    const auto is_taken = [&](const std::string& name) {
        return std::any_of(rules.begin(), rules.end(),
                           [&](const RuleSettings& rule) { return rule.name == name; });
    };
    for (const DefaultRule& rule : default_rules()) {
        if (!rule.is_health) continue;
        RuleSettings settings = built(rule, {}, {});
        const Metric metric = settings.when.front().metric;
        const bool is_asked_for =
            std::any_of(rules.begin(), rules.end(), [&](const RuleSettings& given) {
                return std::any_of(given.when.begin(), given.when.end(),
                                   [&](const Condition& c) { return c.metric == metric; });
            });
        if (is_asked_for) continue;
        while (is_taken(settings.name)) settings.name.insert(0, "default-");
        out.push_back(std::move(settings));
    }
    return out;
}

}  // namespace plimsoll::config
