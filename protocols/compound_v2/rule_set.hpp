#pragma once

#include <cstdint>
#include <string_view>

namespace plimsoll::protocols::compound_v2 {

/// How the Comptroller forms the product of two mantissas. It is read off the deployed contract's
/// own answers and never assumed, see `detection.hpp`.
enum class Rounding : std::uint8_t {
    truncate,  ///< Compound since December 2020, Venus: floor(a * b / 1e18)
    half_up,   ///< up to then, and what forked from it (JustLend): floor((a * b + 5e17) / 1e18)
};

/// What a market's interest is counted in: `accrualBlockNumber` and its rate are in this unit.
enum class AccrualClock : std::uint8_t { block, timestamp };

/// What the oracle's prices are stated in.
enum class PriceUnit : std::uint8_t {
    unknown,
    usd,     ///< price = USD * 10^(36 - decimals)
    native,  ///< the native coin's own price is a constant, all others are stated in the coin
};

constexpr std::string_view to_string(Rounding rounding) {
    return rounding == Rounding::half_up ? "half up" : "truncating";
}

constexpr std::string_view to_string(PriceUnit unit) {
    switch (unit) {
        case PriceUnit::usd:
            return "USD";
        case PriceUnit::native:
            return "native coin";
        case PriceUnit::unknown:
            break;
    }
    return "unknown";
}

}  // namespace plimsoll::protocols::compound_v2
