#include "daemon/rules/observation.hpp"

#include "abi/power_of_ten.hpp"
#include "config/metrics.hpp"
#include "protocols/common/reverted.hpp"

#include <vector>

namespace plimsoll::rules {

namespace {

using config::Comparison;
using config::Condition;

bool fits(Comparison comparison, int order) {
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

/// None where one of them is unknown.
std::optional<bool> join(const std::vector<Condition>& conditions, config::Join how,
                         const Observation& seen) {
    const bool all = how == config::Join::all;
    bool result = all && !conditions.empty();
    for (const Condition& condition : conditions) {
        const auto value = seen.values.find(condition.metric);
        const auto one =
            value == seen.values.end() ? std::nullopt : holds(condition, value->second);
        if (!one) return std::nullopt;
        result = all ? result && *one : result || *one;
    }
    return result;
}

}  // namespace

Ratio Ratio::scaled(const U256& raw, unsigned decimals) {
    return {false, U512(raw), power_of_ten(decimals)};
}

std::optional<int> compare(const Ratio& a, const Ratio& b) {
    const auto order = protocols::as_contract([&] {
        const bool a_below = a.negative && a.numerator != 0;
        const bool b_below = b.negative && b.numerator != 0;
        if (a_below != b_below) return a_below ? -1 : 1;
        const U512 left = a.numerator * b.denominator;
        const U512 right = b.numerator * a.denominator;
        return a_below ? right.compare(left) : left.compare(right);
    });
    return order ? std::optional(*order) : std::nullopt;
}

std::optional<U256> scaled_value(const Ratio& value, unsigned decimals) {
    const auto out = protocols::as_contract(
        [&] { return U256(value.numerator * power_of_ten(decimals) / value.denominator); });
    return out ? std::optional(*out) : std::nullopt;
}

std::optional<bool> holds(const Condition& condition, const Ratio& value) {
    Ratio threshold = Ratio::scaled(condition.value, config::decimals_of(condition.metric));
    threshold.negative = condition.negative;
    const auto order = compare(value, threshold);
    return order ? std::optional(fits(condition.comparison, *order)) : std::nullopt;
}

Verdict judge(const config::RuleSettings& rule, const Observation& seen) {
    const auto when = join(rule.when, config::Join::all, seen);
    const auto clear = rule.clear.empty() ? (when ? std::optional(!*when) : std::nullopt)
                                          : join(rule.clear, rule.clear_join, seen);
    if (!when || !clear) return Verdict::unknown;
    const bool limited = rule.min_debt.raw() != 0 && seen.debt.has_value();
    if (*when && (!limited || *seen.debt >= rule.min_debt)) return Verdict::holds;
    const bool small = limited && U512(seen.debt->raw()) * 10 < U512(rule.min_debt.raw()) * 9;
    return *clear || small ? Verdict::clear : Verdict::grey;
}

}  // namespace plimsoll::rules
