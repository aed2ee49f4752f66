#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace plimsoll::config {

/// A shipped rule as a person would write it.
struct DefaultRule {
    std::string_view name;
    std::string_view when;
    std::string_view severity;
    std::string_view hold_for = "0s";
    std::uint64_t min_debt_usd = 0;
    std::uint64_t min_usd = 0;
    bool every_market = false;
    bool is_about_watched = false;
    bool is_health = false;  ///< about the daemon's own eyes
};
const std::vector<DefaultRule>& default_rules();

/// The rules that apply to a file without any, over these bands and watch lists.
std::vector<RuleSettings> default_rule_set(const std::vector<BandSettings>& bands,
                                           const std::vector<WatchSettings>& watches,
                                           bool with_health);
/// The default health rules for the metrics that none of `rules` asks for, under names that none
/// of them has.
std::vector<RuleSettings> missing_health_rules(const std::vector<RuleSettings>& rules);

}  // namespace plimsoll::config
