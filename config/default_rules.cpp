#include "config/default_rules.hpp"

#include "config/expression.hpp"
#include "config/hysteresis.hpp"
#include "config/metrics.hpp"
#include "config/scalars.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

RuleSettings built(const DefaultRule& rule, const std::vector<BandSettings>& bands) {
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
    out.is_default = true;
    if (scope_of(out.when.front().metric) == Scope::band) {
        out.keep = default_keep(Scope::band);
        for (const BandSettings& band : bands) out.bands.push_back(band.name);
    }
    return out;
}

}  // namespace

const std::vector<DefaultRule>& default_rules() {
    static const std::vector<DefaultRule> rules{
        {"liquidatable", "liquidatable", "critical", "0s", 1'000, false},
        {"at-risk", "health_factor < 1.05", "warning", "0s", 10'000, false},
        {"liquidations", "liquidated", "info", "0s", 0, false},
        {"band-exposure", "exposure_usd >= 10000000", "warning", "2m", 0, false},
        {"band-approach", "price_above_band_pct <= 3 and exposure_usd >= 1000000", "critical", "0s",
         0, false},
        {"source-stale", "source_stale", "critical", "0s", 0, true},
        {"gap", "gap_blocks > 0", "warning", "0s", 0, true},
        {"disagree", "endpoints_disagree", "critical", "0s", 0, true},
        {"unverified", "unverified", "critical", "0s", 0, true},
    };
    return rules;
}

std::vector<RuleSettings> default_rule_set(const std::vector<BandSettings>& bands,
                                           bool with_health) {
    std::vector<RuleSettings> out;
    for (const DefaultRule& rule : default_rules()) {
        RuleSettings settings = built(rule, bands);
        const bool is_about_bands = scope_of(settings.when.front().metric) == Scope::band;
        if ((rule.is_health && !with_health) || (is_about_bands && bands.empty())) continue;
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
        RuleSettings settings = built(rule, {});
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
