#pragma once

#include "abi/expected.hpp"

#include <cstdint>
#include <ctime>
#include <string_view>

namespace plimsoll::query {

/// A point in time as people give it: unix seconds, a duration back from `now` ("90s", "15m",
/// "24h", "7d"), or a UTC day ("2026-02-05").
Expected<std::uint64_t, ParseError> parse_since(std::string_view text, std::time_t now);

}  // namespace plimsoll::query
