#pragma once

#include "abi/word.hpp"

#include <span>
#include <string_view>

namespace plimsoll {

/// Keccak-256 as the EVM has it (the padding of the Keccak submission, not that of SHA-3).
Bytes32 keccak256(std::span<const std::uint8_t> bytes);
Bytes32 keccak256(std::string_view text);

}  // namespace plimsoll
