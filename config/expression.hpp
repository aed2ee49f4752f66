#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

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

/// `metric [op number] { and metric [op number] }` with op one of < <= > >=. All metrics are about
/// the same thing, an event stands alone, and there is a state in which all conditions hold.
Expected<std::vector<Condition>, ExpressionError> parse_when(std::string_view text);
/// As above; joined by `or` as well (not both), and flags may be negated: `not source_stale`.
Expected<Expression, ExpressionError> parse_clear(std::string_view text);

std::string_view to_string(Comparison comparison);
/// The text that parses to the same conditions.
std::string to_string(const Condition& condition);
std::string to_string(const std::vector<Condition>& conditions, Join join = Join::all);

}  // namespace plimsoll::config
