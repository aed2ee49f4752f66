#include "daemon/rules/rule.hpp"

#include "abi/hex.hpp"
#include "abi/keccak.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using config::Comparison;
using config::Condition;
using config::Metric;
using config::RuleSettings;

Scope scope_of(Metric metric) {
    switch (metric) {
        case Metric::health_factor:
        case Metric::liquidatable:
            return Scope::position;
        case Metric::exposure_usd:
        case Metric::price_above_band_pct:
            return Scope::band;
        case Metric::liquidated:
            return Scope::event;
        case Metric::source_stale:
        case Metric::gap_blocks:
        case Metric::endpoints_disagree:
            return Scope::source;
        case Metric::unverified:
            break;
    }
    return Scope::protocol;
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
            return "position.liquidated";
        case Scope::source:
            if (asks_for(rule, Metric::source_stale)) return "source.stale";
            return asks_for(rule, Metric::endpoints_disagree) ? "source.disagrees" : "daemon.gap";
        case Scope::protocol:
            break;
    }
    return "source.disagrees";
}

void append(std::string& text, const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) {
        text += std::to_string(static_cast<int>(condition.metric)) + ' ' +
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
            to_decimal(rule.min_debt.raw()) + '\n';
    if (rule.confirm) {
        text += std::to_string(static_cast<int>(rule.confirm->kind)) + ' ' +
                std::to_string(rule.confirm->blocks);
    }
    text += '\n';
    append(text, rule.bands);
    append(text, rule.protocols);
    append(text, rule.watch);
    for (const auto& [account, label] : labels) {
        text += to_lower_hex(account);
    }
    return to_hex(keccak256(text)).substr(2, 16);
}

bool compare(Comparison comparison, int order) {
    switch (comparison) {
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

/// A condition on a number that is never negative.
bool compare(const Condition& condition, const U256& seen) {
    return compare(condition.comparison, condition.negative ? 1 : seen.compare(condition.value));
}

/// Percent of the distance against the condition's value with 8 decimals, by cross-multiplying.
std::optional<bool> compare(const Condition& condition, const bands::Distance& seen) {
    const auto order = protocols::as_contract([&] {
        const U512 left = seen.numerator * 10'000'000'000ULL;
        const U512 right = U512(condition.value) * seen.denominator;
        const bool left_below = seen.negative && left != 0;
        const bool right_below = condition.negative && right != 0;
        if (left_below != right_below) {
            return left_below ? -1 : 1;
        }
        return left_below ? right.compare(left) : left.compare(right);
    });
    return order ? std::optional(compare(condition.comparison, *order)) : std::nullopt;
}

template <class T>
std::optional<bool> compare_raw(const Condition& condition, const std::optional<T>& seen) {
    return seen ? std::optional(compare(condition, U256(*seen))) : std::nullopt;
}

template <class Unit>
std::optional<bool> compare_raw(const Condition& condition,
                                const std::optional<Fixed<Unit>>& seen) {
    return seen ? std::optional(compare(condition, seen->raw())) : std::nullopt;
}

std::optional<bool> holds(const Condition& condition, const Observation& seen) {
    switch (condition.metric) {
        case Metric::health_factor:
            return compare_raw(condition, seen.health_factor);
        case Metric::liquidatable:
            return compare_raw(condition, seen.liquidatable);
        case Metric::exposure_usd:
            return compare_raw(condition, seen.exposure);
        case Metric::price_above_band_pct:
            return seen.distance ? compare(condition, *seen.distance) : std::nullopt;
        case Metric::source_stale:
            return compare_raw(condition, seen.source_stale);
        case Metric::gap_blocks:
            return compare_raw(condition, seen.gap_blocks);
        case Metric::endpoints_disagree:
            return compare_raw(condition, seen.endpoints_disagree);
        case Metric::unverified:
            return compare_raw(condition, seen.unverified);
        case Metric::liquidated:
            break;
    }
    return std::nullopt;
}

/// None where one of them is unknown.
std::optional<bool> join(const std::vector<Condition>& conditions, config::Join how,
                         const Observation& seen) {
    const bool all = how == config::Join::all;
    bool result = all && !conditions.empty();
    for (const Condition& condition : conditions) {
        const auto one = holds(condition, seen);
        if (!one) {
            return std::nullopt;
        }
        result = all ? result && *one : result || *one;
    }
    return result;
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

}  // namespace

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

Rule make_rule(const RuleSettings& settings, const std::vector<config::WatchSettings>& watches) {
    Rule rule;
    rule.settings = settings;
    rule.scope = settings.when.empty() ? Scope::position : scope_of(settings.when.front().metric);
    rule.type = type_of(settings, rule.scope);
    rule.severity = alerts::parse_severity(settings.severity).value_or(alerts::Severity::warning);
    for (const config::WatchSettings& watch : watches) {
        const auto& names = settings.watch;
        if (std::find(names.begin(), names.end(), watch.name) == names.end()) {
            continue;
        }
        for (const Address& account : watch.accounts) {
            rule.labels.emplace(account, watch.label.empty() ? watch.name : watch.label);
        }
    }
    rule.fingerprint = fingerprint_of(settings, rule.labels);
    return rule;
}

bool is_standing(std::string_view type) {
    return type.starts_with("source.") || type.starts_with("daemon.");
}

bool may_hold(const Rule& rule, const protocols::PositionHealth& health) {
    if (!health.computable || !health.health_factor || health.debt < rule.settings.min_debt ||
        !rule.watches(health.key.account)) {
        return false;
    }
    const auto& when = rule.settings.when;
    return std::all_of(when.begin(), when.end(), [&](const Condition& condition) {
        return condition.metric == Metric::health_factor
                   ? compare(condition, health.health_factor->raw())
                   : condition.metric == Metric::liquidatable &&
                         compare(condition, U256(health.liquidatable));
    });
}

Verdict judge(const RuleSettings& rule, const Observation& seen) {
    const auto when = join(rule.when, config::Join::all, seen);
    const auto clear = rule.clear.empty() ? (when ? std::optional(!*when) : std::nullopt)
                                          : join(rule.clear, rule.clear_join, seen);
    if (!when || !clear) {
        return Verdict::unknown;
    }
    const bool limited = rule.min_debt.raw() != 0 && seen.debt.has_value();
    if (*when && (!limited || *seen.debt >= rule.min_debt)) {
        return Verdict::holds;
    }
    const bool small = limited && U512(seen.debt->raw()) * 10 < U512(rule.min_debt.raw()) * 9;
    return *clear || small ? Verdict::clear : Verdict::grey;
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
        case Scope::event:
        case Scope::protocol:
            break;
    }
    return false;
}

}  // namespace plimsoll::rules
