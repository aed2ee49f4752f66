#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::http {

/// The names there are, with the one that `given` most likely meant before them: "did you mean
/// 'hook'? known: hook, team".
std::string known_names(std::string_view given, std::span<const std::string> known);

/// What to tell a person who named a `what`, such as "sink", that is none of the known; none when
/// it is one.
std::optional<std::string> unknown_name(std::string_view what, std::string_view given,
                                        std::span<const std::string> known);

}  // namespace plimsoll::http
