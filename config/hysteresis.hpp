#pragma once

#include "config/expression.hpp"
#include "config/settings.hpp"

#include <vector>

namespace plimsoll::config {

/// `when` negated with a margin, so that a value that trembles at the threshold does not ring
/// twice: 1% for ratios and prices, 10% for sums of USD, one percentage point for percents, none
/// for flags, counts, ages and coverage. The negation of several conditions is that any of them no
/// longer holds. Nothing for an event.
Expression default_clear(const std::vector<Condition>& when);

/// Whether some state satisfies all of the conditions. `liquidatable` is understood as a health
/// factor below 1; otherwise metrics are independent.
bool can_hold(const std::vector<Condition>& conditions);
/// Whether some state satisfies both; no conditions to clear are never satisfied.
bool can_overlap(const std::vector<Condition>& when, const Expression& clear);

}  // namespace plimsoll::config
