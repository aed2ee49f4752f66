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
    std::string_view hold_for;
    std::uint64_t min_debt_usd = 0;
    bool is_health = false;  ///< about the daemon's own eyes
};
const std::vector<DefaultRule>& default_rules();

/// The rules that apply to a file without any, over these bands.
std::vector<RuleSettings> default_rule_set(const std::vector<BandSettings>& bands,
                                           bool with_health);
/// The default health rules for the metrics that none of `rules` asks for, under names that none
/// of them has.
std::vector<RuleSettings> missing_health_rules(const std::vector<RuleSettings>& rules);

}  // namespace plimsoll::config
