#pragma once

#include "config/settings.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::config {

/// Whether no inhibition and no silence holds alerts of this type back: realised liquidations of
/// positions, and whatever the daemon says of itself.
bool is_never_muted(std::string_view type);

/// The inhibitions that hold unless `[daemon] default_inhibits` is off.
std::vector<InhibitSettings> default_inhibits();

/// Indexes of inhibitions of which each holds back alerts that the next one waits for, the last
/// such alerts of the first; empty where there is no such circle. Alerts of a circle could hold
/// each other back, so that nobody is told of any. What alerts there can be is told by the rules.
std::vector<std::size_t> find_circle(std::span<const InhibitSettings> inhibits,
                                     std::span<const RuleSettings> rules);

/// Whether an alert may fit the patterns: one that these rules raise, or one about the daemon.
bool may_be_raised(const std::map<std::string, std::string>& patterns,
                   std::span<const RuleSettings> rules);

/// "{ type = "oracle.stale" }".
std::string to_string(const std::map<std::string, std::string>& patterns);

}  // namespace plimsoll::config
