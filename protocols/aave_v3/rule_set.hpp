#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::protocols::aave_v3 {

/// A released rule change of Aave V3, in order of release; SparkLend follows v3_0. Source: the tags
/// of aave-v3-core and aave-v3-origin. Chosen by the deployed Pool's `POOL_REVISION()`.
enum class RuleSet : std::uint8_t { v3_0, v3_1, v3_2, v3_3, v3_4, v3_5, v3_6, v3_7 };

/// 1 to 3: v3_0; 4: v3_1; 5 and 6: v3_2; 7: v3_3 ... 11: v3_7. None for any other revision: its
/// rules are not known, and nothing may be guessed.
std::optional<RuleSet> rule_set_of_pool(std::uint64_t pool_revision);
std::string_view to_string(RuleSet rules);

/// How a token turns amounts into scaled balances and what its events hold.
enum class TokenRules : std::uint8_t {
    half_up,   ///< up to v3_4: half-up rounding, event values are amounts
    directed,  ///< from v3_5: aToken floors, debt token ceils, event values are balance differences
};

/// By `ATOKEN_REVISION()` / `DEBT_TOKEN_REVISION()`: below 4 half_up, 4 and above directed up to
/// the newest known revision (6). None above it, nor for 0.
std::optional<TokenRules> token_rules_of(std::uint64_t token_revision);

/// The rounding a Pool of this release applies to the scaled balances it reads from the tokens.
TokenRules balance_rules_of(RuleSet rules);

}  // namespace plimsoll::protocols::aave_v3
