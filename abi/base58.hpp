#pragma once

#include "abi/word.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll {

/// Base58 (the alphabet without 0, O, I and l) of the payload and the first four bytes of its
/// double SHA-256.
std::string to_base58check(std::span<const std::uint8_t> payload);
/// The payload of such a text, at most 64 characters. Errors: a character outside the alphabet, a
/// checksum that does not fit; both name the text.
Expected<Bytes, ParseError> parse_base58check(std::string_view text);

}  // namespace plimsoll
