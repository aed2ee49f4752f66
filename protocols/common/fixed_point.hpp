#pragma once

#include "abi/word.hpp"

namespace plimsoll::protocols {

/// The integer arithmetic of the lending contracts on bare words, one function per Solidity
/// function, the rounding in the name. Everything above this header uses the unit types.
///
/// Every function throws where the contract reverts (`U256` is checked): call them inside
/// `as_contract`. Source: `WadRayMath`, `PercentageMath` and `MathUtils` of Aave V3.0 to V3.7; the
/// half-up functions are the same in all of them.

inline constexpr U256 kWadOne{1'000'000'000'000'000'000ULL};
inline constexpr U256 kRayOne = kWadOne * U256{1'000'000'000U};
inline constexpr U256 kWadRayRatio{1'000'000'000U};
/// 100 % in basis points.
inline constexpr U256 kPercentageFactor{10'000U};

/// a * b / c. The product must fit 256 bits, as the contracts form it: it is not widened.
U256 mul_div_down(const U256& a, const U256& b, const U256& c);
U256 mul_div_up(const U256& a, const U256& b, const U256& c);
/// a / b, rounded up.
U256 div_up(const U256& a, const U256& b);
/// (a * b + c / 2) / c, the addition checked too.
U256 mul_div_half_up(const U256& a, const U256& b, const U256& c);

/// `wadMul`, `wadDiv`: half up.
U256 wad_mul(const U256& a, const U256& b);
U256 wad_div(const U256& a, const U256& b);

/// `rayMul`, `rayDiv`: half up. The others exist from V3.5 on.
U256 ray_mul(const U256& a, const U256& b);
U256 ray_div(const U256& a, const U256& b);
U256 ray_mul_floor(const U256& a, const U256& b);
U256 ray_mul_ceil(const U256& a, const U256& b);
U256 ray_div_floor(const U256& a, const U256& b);
U256 ray_div_ceil(const U256& a, const U256& b);

/// Half up at the ninth digit; never reverts (V2 reverted within 5e8 of 2^256).
U256 ray_to_wad(const U256& a);
U256 wad_to_ray(const U256& a);

/// `percentMul`, `percentDiv`: half up. The others exist from V3.5 on, `percentDivFloor` from V3.7.
U256 percent_mul(const U256& value, const U256& percentage);
U256 percent_div(const U256& value, const U256& percentage);
U256 percent_mul_floor(const U256& value, const U256& percentage);
U256 percent_mul_ceil(const U256& value, const U256& percentage);
U256 percent_div_floor(const U256& value, const U256& percentage);
U256 percent_div_ceil(const U256& value, const U256& percentage);

/// `unchecked { 10 ** decimals }`: wraps modulo 2^256 as the contract does (above 77 decimals).
U256 token_unit(unsigned decimals);

}  // namespace plimsoll::protocols
