#include "protocols/aave_v3/rule_set.hpp"

namespace plimsoll::protocols::aave_v3 {

std::optional<RuleSet> rule_set_of_pool(std::uint64_t pool_revision) {
    switch (pool_revision) {
        case 1:
        case 2:
        case 3:
            return RuleSet::v3_0;
        case 4:
            return RuleSet::v3_1;
        case 5:
        case 6:
            return RuleSet::v3_2;
        case 7:
            return RuleSet::v3_3;
        case 8:
            return RuleSet::v3_4;
        case 9:
            return RuleSet::v3_5;
        case 10:
            return RuleSet::v3_6;
        case 11:
            return RuleSet::v3_7;
        default:
            return std::nullopt;
    }
}

std::string_view to_string(RuleSet rules) {
    switch (rules) {
        case RuleSet::v3_0:
            return "v3.0";
        case RuleSet::v3_1:
            return "v3.1";
        case RuleSet::v3_2:
            return "v3.2";
        case RuleSet::v3_3:
            return "v3.3";
        case RuleSet::v3_4:
            return "v3.4";
        case RuleSet::v3_5:
            return "v3.5";
        case RuleSet::v3_6:
            return "v3.6";
        case RuleSet::v3_7:
            return "v3.7";
    }
    return "unknown";
}

std::optional<TokenRules> token_rules_of(std::uint64_t token_revision) {
    constexpr std::uint64_t kFirstDirected = 4;
    constexpr std::uint64_t kNewestKnown = 6;  // GHO's debt token of V3.7
    if (token_revision == 0 || token_revision > kNewestKnown) return std::nullopt;
    return token_revision < kFirstDirected ? TokenRules::half_up : TokenRules::directed;
}

TokenRules balance_rules_of(RuleSet rules) {
    return rules < RuleSet::v3_5 ? TokenRules::half_up : TokenRules::directed;
}

}  // namespace plimsoll::protocols::aave_v3
