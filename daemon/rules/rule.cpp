#include "daemon/rules/rule.hpp"

#include "abi/hex.hpp"
#include "abi/keccak.hpp"
#include "config/metrics.hpp"
#include "config/scalars.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using config::Comparison;
using config::Condition;
using config::Metric;
using config::RuleSettings;

bool is_trust(Metric metric) { return metric == Metric::unverified || metric == Metric::coverage; }

Scope scope_of(const RuleSettings& rule) {
    const Metric first = rule.when.front().metric;
    if (config::is_event(first)) return Scope::event;
    switch (config::scope_of(first)) {
        case config::Scope::position:
            return Scope::position;
        case config::Scope::band:
            return Scope::band;
        case config::Scope::chain:
            return Scope::source;
        case config::Scope::endpoint:
            return Scope::endpoint;
        case config::Scope::protocol:
        case config::Scope::market:
            break;
    }
    const bool is_about_trust =
        std::all_of(rule.when.begin(), rule.when.end(),
                    [](const Condition& condition) { return is_trust(condition.metric); });
    return is_about_trust ? Scope::trust : Scope::market;
}

bool asks_for(const RuleSettings& rule, Metric metric) {
    return std::any_of(rule.when.begin(), rule.when.end(),
                       [&](const Condition& condition) { return condition.metric == metric; });
}

bool is_below_one(const Condition& condition) {
    return condition.metric == Metric::liquidatable ||
           (condition.metric == Metric::health_factor && condition.comparison == Comparison::less &&
            condition.value == wad_one().raw());
}

/// The gravest of what a rule about a market asks for names it.
std::string type_of_market(const RuleSettings& rule) {
    using Named = std::pair<Metric, const char*>;
    for (const auto& [metric, type] :
         {Named{Metric::oracle_down, "oracle.stale"}, Named{Metric::oracle_age, "oracle.stale"},
          Named{Metric::price_jump_pct, "oracle.jump"}, Named{Metric::paused, "market.paused"},
          Named{Metric::frozen, "market.paused"}, Named{Metric::bad_debt_usd, "market.bad_debt"},
          Named{Metric::tvl_drop_pct, "market.tvl_drop"}}) {
        if (asks_for(rule, metric)) return type;
    }
    return "market.series";
}

std::string type_of(const RuleSettings& rule, Scope scope) {
    switch (scope) {
        case Scope::position:
            return std::any_of(rule.when.begin(), rule.when.end(), is_below_one)
                       ? "position.liquidatable"
                       : "position.at_risk";
        case Scope::band:
            return asks_for(rule, Metric::price_above_band_pct) ? "band.approached"
                                                                : "band.exposure";
        case Scope::event:
            if (asks_for(rule, Metric::parameters_changed)) return "market.parameters";
            return asks_for(rule, Metric::liquidated) ? "position.liquidated" : "position.activity";
        case Scope::market:
            return type_of_market(rule);
        case Scope::source:
            if (asks_for(rule, Metric::source_down)) return "source.down";
            return asks_for(rule, Metric::source_stale) ? "source.stale" : "daemon.gap";
        case Scope::endpoint:
            return asks_for(rule, Metric::endpoint_down) ? "source.degraded" : "source.disagrees";
        case Scope::trust:
            break;
    }
    return "source.disagrees";
}

void append(std::string& text, const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) {
        text += std::string(config::to_string(condition.metric)) + ' ' +
                std::to_string(static_cast<int>(condition.comparison)) +
                (condition.negative ? " -" : " ") + to_decimal(condition.value) + ';';
    }
    text += '\n';
}

void append(std::string& text, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        text += std::to_string(name.size()) + ':' + name;
    }
    text += '\n';
}

std::string fingerprint_of(const RuleSettings& rule, const std::map<Address, std::string>& labels) {
    std::string text;
    append(text, rule.when);
    append(text, rule.clear);
    text += std::to_string(static_cast<int>(rule.clear_join)) + '\n' +
            std::to_string(rule.hold_for.count()) + ' ' + std::to_string(rule.keep.count()) + ' ' +
            to_decimal(rule.min_debt.raw()) + ' ' + to_decimal(rule.min_usd.raw()) + ' ' +
            config::to_string(rule.window) + '\n';
    if (rule.confirm) {
        text += std::to_string(static_cast<int>(rule.confirm->kind)) + ' ' +
                std::to_string(rule.confirm->blocks);
    }
    text += '\n';
    append(text, rule.bands);
    append(text, rule.protocols);
    append(text, rule.markets);
    append(text, rule.watch);
    for (const auto& [account, label] : labels) {
        text += to_lower_hex(account);
    }
    return to_hex(keccak256(text)).substr(2, 16);
}

/// A condition on a number that is never negative, without fractions: the cheap form of `holds`.
bool compare_raw(const Condition& condition, const U256& seen) {
    const int order = condition.negative ? 1 : seen.compare(condition.value);
    switch (condition.comparison) {
        case Comparison::less:
            return order < 0;
        case Comparison::less_equal:
            return order <= 0;
        case Comparison::greater:
            return order > 0;
        case Comparison::greater_equal:
            break;
    }
    return order >= 0;
}

/// now * 1000 >= told * factor, in thousandths.
bool has_grown(const U256& told, const U256& now, std::uint64_t factor_milli) {
    return now > told && U512(now) * 1000 >= U512(told) * factor_milli;
}

bool health_has_worsened(const U256& told, const U256& now, std::uint64_t factor_milli) {
    const U256 one = wad_one().raw();
    const bool was_below = told < one;
    const bool is_below = now < one;
    if (was_below != is_below) {
        return is_below;
    }
    if (factor_milli <= 1000) {
        return false;
    }
    if (is_below) {
        const U256 from = std::max<U256>(one - told, one / 100);
        return has_grown(from, one - now, factor_milli);
    }
    const U256 distance = now - one;
    return distance >= one / 200 && has_grown(distance, told - one, factor_milli);
}

/// The side a number has to be on says which way is worse.
bool value_has_worsened(const RuleSettings& rule, const U256& told, const U256& now,
                        std::uint64_t factor_milli) {
    const Comparison comparison = rule.when.front().comparison;
    const bool grows = comparison == Comparison::greater || comparison == Comparison::greater_equal;
    return grows ? has_grown(told, now, factor_milli) : has_grown(now, told, factor_milli);
}

/// In millionths. What is missing decides: from 0.98 to 0.96 twice as much is not known.
bool coverage_has_worsened(const RuleSettings& rule, const U256& told, const U256& now,
                           std::uint64_t factor_milli) {
    const Comparison comparison = rule.when.front().comparison;
    if (comparison == Comparison::greater || comparison == Comparison::greater_equal) {
        return has_grown(told, now, factor_milli);
    }
    const U256 all(1'000'000);
    const auto missing = [&all](const U256& covered) {
        return covered < all ? all - covered : U256(0);
    };
    return has_grown(std::max<U256>(missing(told), all / 100), missing(now), factor_milli);
}

}  // namespace

config::Metric Rule::metric() const {
    return settings.when.empty() ? Metric::health_factor : settings.when.front().metric;
}

bool Rule::asks_for(config::Metric metric) const {
    const auto is_it = [&](const Condition& condition) { return condition.metric == metric; };
    return std::any_of(settings.when.begin(), settings.when.end(), is_it) ||
           std::any_of(settings.clear.begin(), settings.clear.end(), is_it);
}

bool Rule::covers(const std::string& protocol) const {
    const auto& names = settings.protocols;
    return names.empty() || std::find(names.begin(), names.end(), protocol) != names.end();
}

bool Rule::watches(const Address& account) const {
    return settings.watch.empty() || labels.contains(account);
}

bool Rule::covers_band(const std::string& band) const {
    const auto& names = settings.bands;
    return names.empty() || std::find(names.begin(), names.end(), band) != names.end();
}

bool Rule::covers_market(const std::string& asset, const Address& token) const {
    const auto& names = settings.markets;
    return names.empty() || tokens.contains(token) ||
           std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return name == "*" || name == asset; });
}

Rule make_rule(const RuleSettings& settings, const std::vector<config::WatchSettings>& watches) {
    Rule rule;
    rule.settings = settings;
    rule.scope = settings.when.empty() ? Scope::position : scope_of(settings);
    rule.is_about_markets =
        rule.scope == Scope::market &&
        (!settings.markets.empty() || config::scope_of(settings.when) == config::Scope::market);
    for (const std::string& name : settings.markets) {
        if (const auto token = parse_address(name)) rule.tokens.insert(*token);
    }
    rule.type = type_of(settings, rule.scope);
    rule.severity = alerts::parse_severity(settings.severity).value_or(alerts::Severity::warning);
    const bool means_all_lists = settings.watch.empty() && config::is_activity(rule.metric());
    for (const config::WatchSettings& watch : watches) {
        const auto& names = settings.watch;
        const bool is_meant = std::find(names.begin(), names.end(), watch.name) != names.end();
        if (!is_meant && !means_all_lists) continue;
        for (const Address& account : watch.accounts) {
            rule.labels.emplace(account, watch.label.empty() ? watch.name : watch.label);
        }
    }
    rule.fingerprint = fingerprint_of(settings, rule.labels);
    return rule;
}

config::Depth depth_of(const Rule& rule, const config::Depth& of_chain) {
    const config::Depth latest{config::Depth::Kind::blocks, 0};
    return rule.settings.confirm.value_or(rule.scope == Scope::event ? latest : of_chain);
}

bool is_standing(std::string_view type) {
    return type.starts_with("source.") || type.starts_with("daemon.");
}

bool is_event(std::string_view type) {
    return type == "position.liquidated" || type == "position.activity" ||
           type == "market.parameters";
}

bool may_hold(const Rule& rule, const protocols::PositionHealth& health) {
    if (!health.computable || !health.health_factor || health.debt < rule.settings.min_debt ||
        health.collateral.raw() == 0 || !rule.watches(health.key.account)) {
        return false;
    }
    const auto& when = rule.settings.when;
    return std::all_of(when.begin(), when.end(), [&](const Condition& condition) {
        return condition.metric == Metric::health_factor
                   ? compare_raw(condition, health.health_factor->raw())
                   : condition.metric == Metric::liquidatable &&
                         compare_raw(condition, U256(health.liquidatable));
    });
}

bool has_worsened(const Rule& rule, const Mark& told, const Mark& now) {
    const std::uint64_t factor = rule.settings.update_on_milli;
    const bool by_factor = factor > 1000;
    switch (rule.scope) {
        case Scope::position:
            return (by_factor && has_grown(told.debt.raw(), now.debt.raw(), factor)) ||
                   (told.health_factor && now.health_factor &&
                    health_has_worsened(told.health_factor->raw(), now.health_factor->raw(),
                                        factor));
        case Scope::band:
            if (by_factor && told.exposure && now.exposure &&
                has_grown(told.exposure->raw(), now.exposure->raw(), factor)) {
                return true;
            }
            return asks_for(rule.settings, Metric::price_above_band_pct) && told.place &&
                   now.place && *now.place > *told.place;
        case Scope::source:
            return by_factor && told.gap_blocks && now.gap_blocks &&
                   has_grown(U256(*told.gap_blocks), U256(*now.gap_blocks), factor);
        case Scope::market:
            return by_factor && told.value && now.value &&
                   value_has_worsened(rule.settings, *told.value, *now.value, factor);
        case Scope::trust:
            return by_factor && told.value && now.value &&
                   coverage_has_worsened(rule.settings, *told.value, *now.value, factor);
        case Scope::event:
        case Scope::endpoint:
            break;
    }
    return false;
}

}  // namespace plimsoll::rules
