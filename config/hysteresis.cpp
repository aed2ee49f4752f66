#include "config/hysteresis.hpp"

#include "config/metrics.hpp"
#include "config/scalars.hpp"

#include <algorithm>
#include <map>

namespace plimsoll::config {
namespace {

/// Integers from `low` to `high`, both included, moved up so that the most negative is above zero.
struct Interval {
    U512 low;
    U512 high;
};

const U512& origin() {
    static const U512 value = U512(1) << 300;
    return value;
}

U512 moved(const Condition& condition) {
    const U512 magnitude(condition.value);
    return condition.negative ? origin() - magnitude : origin() + magnitude;
}

void intersect(Interval& interval, const Condition& condition) {
    const U512 value = moved(condition);
    switch (condition.comparison) {
        case Comparison::less:
            interval.high = std::min<U512>(interval.high, value - 1);
            break;
        case Comparison::less_equal:
            interval.high = std::min(interval.high, value);
            break;
        case Comparison::greater:
            interval.low = std::max<U512>(interval.low, value + 1);
            break;
        case Comparison::greater_equal:
            interval.low = std::max(interval.low, value);
            break;
    }
}

/// `liquidatable` said with the health factor.
Condition without_flag(const Condition& condition) {
    if (condition.metric != Metric::liquidatable) return condition;
    return Condition{.metric = Metric::health_factor,
                     .comparison = condition.comparison == Comparison::less
                                       ? Comparison::greater_equal
                                       : Comparison::less,
                     .value = wad_one().raw()};
}

Comparison negation(Comparison comparison) {
    switch (comparison) {
        case Comparison::less:
            return Comparison::greater_equal;
        case Comparison::less_equal:
            return Comparison::greater;
        case Comparison::greater:
            return Comparison::less_equal;
        case Comparison::greater_equal:
            break;
    }
    return Comparison::less;
}

/// `value` and a share of it more, or less; the margin is rounded away from `value`, and the result
/// stays within 256 bits.
U256 with_margin(const U256& value, unsigned percent, bool up) {
    const U512 whole = U512(value) * (up ? 100U + percent : 100U - percent);
    const U512 out = (up ? whole + 99U : whole) / 100U;
    return static_cast<U256>(std::min<U512>(out, U512(u256_max())));
}

/// Up or down by 1, across zero if need be.
void move_one_point(Condition& condition, bool up) {
    const U256 step = boost::multiprecision::pow(U256(10), decimals_of(condition.metric));
    if (condition.negative != up) {
        condition.value += step;
    } else if (condition.value >= step) {
        condition.value -= step;
    } else {
        condition.value = step - condition.value;
        condition.negative = !condition.negative;
    }
    if (condition.value.is_zero()) condition.negative = false;
}

/// `condition` no longer holds, and not by a hair.
Condition cleared(const Condition& original) {
    Condition out = without_flag(original);
    const bool up = out.comparison == Comparison::less || out.comparison == Comparison::less_equal;
    out.comparison = negation(out.comparison);
    switch (margin_of(out.metric)) {
        case Margin::none:
            break;
        case Margin::one_percent:
            out.value = with_margin(out.value, 1, up);
            break;
        case Margin::ten_percent:
            out.value = with_margin(out.value, 10, up);
            break;
        case Margin::one_point:
            move_one_point(out, up);
            break;
    }
    return out;
}

}  // namespace

Expression default_clear(const std::vector<Condition>& when) {
    Expression out;
    out.join = when.size() > 1 ? Join::any : Join::all;
    for (const Condition& condition : when) {
        if (!is_event(condition.metric)) out.conditions.push_back(cleared(condition));
    }
    return out;
}

bool can_hold(const std::vector<Condition>& conditions) {
    std::map<Metric, Interval> intervals;
    for (const Condition& original : conditions) {
        const Condition condition = without_flag(original);
        const U512 widest(u256_max());
        Interval whole{can_be_negative(condition.metric) ? origin() - widest : origin(),
                       origin() + widest};
        Interval& interval = intervals.emplace(condition.metric, std::move(whole)).first->second;
        intersect(interval, condition);
        if (interval.low > interval.high) return false;
    }
    return true;
}

bool can_overlap(const std::vector<Condition>& when, const Expression& clear) {
    const auto holds_with = [&](auto begin, auto end) {
        std::vector<Condition> both = when;
        both.insert(both.end(), begin, end);
        return can_hold(both);
    };
    const auto& list = clear.conditions;
    if (list.empty()) return false;  // never true
    if (clear.join == Join::all) return holds_with(list.begin(), list.end());
    for (auto at = list.begin(); at != list.end(); ++at) {
        if (holds_with(at, at + 1)) return true;
    }
    return false;
}

}  // namespace plimsoll::config
