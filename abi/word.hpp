#pragma once

#include "abi/expected.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// The EVM word as a number. Checked: overflow, underflow and division by zero throw, as a checked
/// contract reverts. The unchecked type is not used anywhere.
using U256 = boost::multiprecision::checked_uint256_t;
/// For intermediate products that the contract itself never forms.
using U512 = boost::multiprecision::checked_uint512_t;

using Bytes = std::vector<std::uint8_t>;

/// 2^256 - 1.
inline const U256& u256_max() {
    static const U256 value = (std::numeric_limits<U256>::max)();
    return value;
}

/// 32 bytes as they stand on the wire: a hash, a topic, a storage word.
struct Bytes32 {
    std::array<std::uint8_t, 32> bytes{};

    friend auto operator<=>(const Bytes32&, const Bytes32&) = default;
    bool is_zero() const { return *this == Bytes32{}; }
};

/// Big-endian, as the EVM stores a word.
Bytes32 to_bytes32(const U256& value);
U256 to_u256(const Bytes32& word);
/// Big-endian bytes, at most 32 of them.
U256 to_u256(std::span<const std::uint8_t> big_endian);

/// Decimal digits only, no sign, no leading zero but "0" itself, at most 2^256 - 1.
Expected<U256, ParseError> parse_decimal(std::string_view text);
std::string to_decimal(const U256& value);

}  // namespace plimsoll

template <>
struct std::hash<plimsoll::Bytes32> {
    std::size_t operator()(const plimsoll::Bytes32& value) const noexcept;
};
