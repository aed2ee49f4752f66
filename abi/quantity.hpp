#pragma once

#include "abi/word.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// A JSON-RPC QUANTITY in its canonical form: `0x0`, or `0x` and hex digits without leading zeros.
std::string to_quantity(std::uint64_t value);

/// Parses a QUANTITY. Leading zeros are accepted (some nodes send them), `0x` alone is not; more
/// than 64 significant digits is an error, never a wrap-around.
Expected<U256, ParseError> parse_quantity(std::string_view text);
/// As above for the fields that are 64 bits wide: block numbers, timestamps, log indexes.
Expected<std::uint64_t, ParseError> parse_quantity64(std::string_view text);

}  // namespace plimsoll
