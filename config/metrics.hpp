#pragma once

#include "config/settings.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// What a metric is a number of, and thereby what a rule that asks for it watches.
enum class Scope { position, band, chain, endpoint, protocol, market };

std::string_view to_string(Metric metric);
std::string_view to_string(Scope scope);
Scope scope_of(Metric metric);
/// What all the conditions together are about; none where they do not fit together. Metrics of a
/// protocol that its markets have as well go with those of a market.
std::optional<Scope> scope_of(const std::vector<Condition>& conditions);
/// A number of a protocol that each of its markets has as well.
bool is_per_market(Metric metric);
/// How many decimals a condition's value has.
unsigned decimals_of(Metric metric);
/// How long `clear` must hold where the file does not say.
Milliseconds default_keep(Scope scope);
/// How far back the metric looks where the file does not say; nothing where it does not look back.
std::optional<Milliseconds> default_window(Metric metric);
bool is_flag(Metric metric);      ///< 0 or 1, written without a comparison
bool is_event(Metric metric);     ///< happens at a block and has no end
bool is_activity(Metric metric);  ///< an event of a watched account
bool is_duration(Metric metric);  ///< seconds, also written as a duration

/// By how much a value has to leave a threshold before an alert ends, where the file does not say.
enum class Margin { none, one_percent, ten_percent, one_point };
Margin margin_of(Metric metric);
/// Whether its number can be below zero.
bool can_be_negative(Metric metric);

/// One metric as people know it.
struct MetricSpec {
    Metric metric;
    std::string_view name;
    std::string_view aliases;  ///< other spellings that are read, each between blanks
    Scope scope;
    std::string_view form;  ///< "flag", "event", or the unit of its number
    unsigned decimals;
    Margin margin;
    std::string_view help;
    bool per_market = false;
};
std::span<const MetricSpec> metric_specs();
/// By its name or another spelling; none when it is unknown.
const MetricSpec* find_metric(std::string_view name);

}  // namespace plimsoll::config
