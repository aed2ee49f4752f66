#pragma once

#include <span>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

/// `<noun>.<condition>` of every type there is: "position.liquidatable".
std::span<const std::string> conditions();
/// Whether a type may begin so, cut at a point: "position", "position.liquidatable",
/// "position.liquidatable.firing".
bool may_be_type(std::string_view text);

}  // namespace plimsoll::alerts
