#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::protocols {

/// A token's symbol made fit to show. It was written by whoever deployed the token: invalid UTF-8
/// becomes '?', control characters, direction marks and zero-width characters are left out, and no
/// more than `max_characters` stay.
std::string clean_symbol(std::string_view raw, std::size_t max_characters = 64);

}  // namespace plimsoll::protocols
