#pragma once

#include "config/settings.hpp"
#include "protocols/common/units.hpp"

#include <map>
#include <optional>

namespace plimsoll::rules {

/// A number as an exact fraction. The denominator is never 0.
struct Ratio {
    bool negative = false;
    U512 numerator = 0;
    U512 denominator = 1;

    static Ratio whole(const U256& value) { return {false, U512(value), 1}; }
    static Ratio flag(bool holds) { return {false, U512(holds ? 1U : 0U), 1}; }
    /// `raw` with so many decimals.
    static Ratio scaled(const U256& raw, unsigned decimals);
};

/// Negative, zero or positive: how `a` is to `b`. None: not within 512 bits.
std::optional<int> compare(const Ratio& a, const Ratio& b);
/// The number scaled by 10^decimals and cut off, without its sign; none beyond 256 bits.
std::optional<U256> scaled_value(const Ratio& value, unsigned decimals);

/// What is known of one subject, each number in its metric's unit. What is absent is unknown.
struct Observation {
    std::map<config::Metric, Ratio> values;
    std::optional<Usd8> debt;  ///< for `min_debt`; absent: not limited

    void set(config::Metric metric, Ratio value) {
        values.insert_or_assign(metric, std::move(value));
    }
};

/// Whether the condition holds for this value; none: it cannot be told.
std::optional<bool> holds(const config::Condition& condition, const Ratio& value);

/// What a rule says of a subject. `grey` is between `when` and `clear`.
enum class Verdict { unknown, holds, grey, clear, gone };

/// Exact: integers and fractions, never rounded. `min_debt` is one more condition of `when`, and
/// `clear` is also true when the debt is under nine tenths of it. A rule without `clear` clears
/// when `when` no longer holds.
Verdict judge(const config::RuleSettings& rule, const Observation& seen);

}  // namespace plimsoll::rules
