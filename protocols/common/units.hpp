#pragma once

#include "abi/word.hpp"

#include <compare>
#include <utility>

namespace plimsoll {

/// An integer with a unit. Different units do not mix; the bare number has two named doors.
template <class Unit>
class Fixed {
  public:
    Fixed() = default;
    static Fixed from_raw(U256 raw) { return Fixed{std::move(raw)}; }
    const U256& raw() const { return raw_; }

    friend bool operator==(const Fixed& a, const Fixed& b) { return a.raw_ == b.raw_; }
    friend std::strong_ordering operator<=>(const Fixed& a, const Fixed& b) {
        const int order = a.raw_.compare(b.raw_);
        return order < 0   ? std::strong_ordering::less
               : order > 0 ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
    }

  private:
    explicit Fixed(U256 raw) : raw_(std::move(raw)) {}
    U256 raw_ = 0;
};

using Wad = Fixed<struct WadUnit>;               ///< 18 decimals: health factors, LLTV.
using Ray = Fixed<struct RayUnit>;               ///< 27 decimals: Aave indexes and rates.
using Bps = Fixed<struct BpsUnit>;               ///< 4 decimals: thresholds, close factor.
using TokenAmount = Fixed<struct TokenUnit>;     ///< A token's own smallest unit.
using ScaledBalance = Fixed<struct ScaledUnit>;  ///< A balance before its index is applied.
using OraclePrice = Fixed<struct PriceUnit>;  ///< A protocol's own oracle price of one whole token.
using Usd8 = Fixed<struct Usd8Unit>;          ///< US dollars with 8 decimals, for sums and limits.

/// Health factor 1: liquidatable is strictly below it.
inline Wad wad_one() { return Wad::from_raw(U256(1'000'000'000'000'000'000ULL)); }

}  // namespace plimsoll
