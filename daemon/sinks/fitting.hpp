#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sinks {

/// What stands for a character in a service's markup; empty: the character itself.
using Escape = std::string_view (*)(char32_t);

std::string_view escape_nothing(char32_t c);
/// `&`, `<` and `>` as entities: Slack's control characters, and all that HTML text needs.
std::string_view escape_entities(char32_t c);
/// As above and `"`: inside an HTML attribute.
std::string_view escape_attribute(char32_t c);
/// A backslash before whatever Discord's Markdown, mentions, emoji or links begin with.
std::string_view escape_markdown(char32_t c);

/// Length as the services count it: UTF-16 code units.
std::size_t units(std::string_view text);

/// The text escaped, at most `max` units of the outcome long (`max` at least 1). Longer text is cut
/// between code points, never inside an escape, and ends in "…".
std::string fit(std::string_view text, std::size_t max, Escape escape);

/// Lines that are escaped already, joined by line feeds: as many whole lines as fit into `max`
/// units; where some are left out, "…" stands for them. A line that does not fit is left out.
std::string fit_lines(const std::vector<std::string>& lines, std::size_t max);

}  // namespace plimsoll::sinks
