#pragma once

#include "daemon/wording/language.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::wording {

/// What a protocol can be told to refuse, of a list of such: "supply", "供应". Those that are not
/// known are left out.
std::vector<std::string_view> switch_words(const nlohmann::json& actions, Language language);
/// A parameter as protocols name it, such as "liquidation_threshold" or "borrowable_in_e_mode_2".
/// One that is not known is told by its name.
std::string parameter_word(std::string_view name, Language language);
/// "true" and "false" in the language; anything else as it is.
std::string_view flag_word(std::string_view value, Language language);

}  // namespace plimsoll::wording
