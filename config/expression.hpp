#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// What a metric is a number of, and thereby what a rule that asks for it watches.
enum class Scope { position, band, chain, protocol };

std::string_view to_string(Metric metric);
std::string_view to_string(Comparison comparison);
std::string_view to_string(Scope scope);
Scope scope_of(Metric metric);
/// How many decimals a condition's value has.
unsigned decimals_of(Metric metric);
/// How long `clear` must hold where the file does not say.
Milliseconds default_keep(Scope scope);
bool is_flag(Metric metric);   ///< 0 or 1, written without a comparison
bool is_event(Metric metric);  ///< happens at a block and has no end

/// One metric as the reference page shows it.
struct MetricHelp {
    std::string_view name;
    std::string_view form;  ///< "flag", "event", or the unit of its number
    std::string_view scope;
    std::string_view help;
};
std::vector<MetricHelp> metric_help();

/// Where in the text, and what about it.
struct ExpressionError {
    std::size_t offset = 0;
    std::string message;
    std::string hint;
};

struct Expression {
    std::vector<Condition> conditions;
    Join join = Join::all;

    friend bool operator==(const Expression&, const Expression&) = default;
};

/// `metric [op number] { and metric [op number] }` with op one of < <= > >=. All metrics are of one
/// scope, an event stands alone, and there is a state in which all conditions hold.
Expected<std::vector<Condition>, ExpressionError> parse_when(std::string_view text);
/// As above; joined by `or` as well (not both), and flags may be negated: `not source_stale`.
Expected<Expression, ExpressionError> parse_clear(std::string_view text);

/// The text that parses to the same conditions.
std::string to_string(const Condition& condition);
std::string to_string(const std::vector<Condition>& conditions, Join join = Join::all);

/// `when` negated with a margin, so that a value that trembles at the threshold does not ring
/// twice: 1% for ratios, 10% for sums of USD, one percentage point for distances in percent, none
/// for flags and counts. The negation of several conditions is that any of them no longer holds.
/// Nothing for an event.
Expression default_clear(const std::vector<Condition>& when);

/// Whether some state satisfies all of the conditions. `liquidatable` is understood as a health
/// factor below 1; otherwise metrics are independent.
bool can_hold(const std::vector<Condition>& conditions);
/// Whether some state satisfies both.
bool can_overlap(const std::vector<Condition>& when, const Expression& clear);

}  // namespace plimsoll::config
