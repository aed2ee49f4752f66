#pragma once

#include <map>
#include <string>
#include <string_view>

namespace plimsoll::config {

/// Patterns of labels: `*` stands for any text, none too; a leading `!` turns the pattern round.
/// Everything else stands for itself.

bool fits(std::string_view pattern, std::string_view text);

/// Whether some text fits both.
bool overlap(std::string_view a, std::string_view b);

/// A pattern for each label; an alert matches when every one fits.
using Patterns = std::map<std::string, std::string>;

}  // namespace plimsoll::config
