#pragma once

#include "abi/word.hpp"

#include <compare>
#include <cstdint>
#include <optional>

namespace plimsoll {

/// An amount a ledger keeps, without the bulk of a `U256`. Only for keeping; arithmetic is done on
/// `U256`.
struct Compact128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend auto operator<=>(const Compact128&, const Compact128&) = default;
    bool is_zero() const { return high == 0 && low == 0; }
};

inline U256 to_u256(const Compact128& value) { return (U256(value.high) << 64U) | U256(value.low); }

/// None above 2^128 - 1, which no token that is followed can hold (Aave stores at most 128 bits).
inline std::optional<Compact128> to_compact(const U256& value) {
    if ((value >> 128U) != 0) return std::nullopt;
    const U256 low_mask{UINT64_MAX};
    return Compact128{static_cast<std::uint64_t>(value >> 64U),
                      static_cast<std::uint64_t>(value & low_mask)};
}

}  // namespace plimsoll
