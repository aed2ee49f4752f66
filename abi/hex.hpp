#pragma once

#include "abi/word.hpp"

#include <span>
#include <string>
#include <string_view>

namespace plimsoll {

/// `0x` and two lower-case digits a byte; empty is `0x`.
std::string to_hex(std::span<const std::uint8_t> bytes);
std::string to_hex(const Bytes32& word);
/// The digits alone, without `0x`.
std::string to_hex_digits(std::span<const std::uint8_t> bytes);

/// DATA of JSON-RPC: `0x` and an even number of hex digits, either case. `0X`, blanks and odd
/// digits are errors. The caller bounds the length of `text`.
Expected<Bytes, ParseError> parse_hex(std::string_view text);
/// Exactly 32 bytes of DATA.
Expected<Bytes32, ParseError> parse_bytes32(std::string_view text);

}  // namespace plimsoll
