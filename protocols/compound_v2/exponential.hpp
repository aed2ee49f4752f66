#pragma once

#include "abi/word.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/compound_v2/rule_set.hpp"

namespace plimsoll::protocols::compound_v2 {

/// The contracts' `Exponential` library on bare words. Mantissas have 18 decimals. All throw where
/// the contract reverts (or, before Solidity 0.8, answers a math error): call them inside
/// `as_contract`.
inline constexpr U256 kExpScale = kWadOne;

/// `mulExp` / `mul_(Exp, Exp)`: mantissa times mantissa.
inline U256 mul_exp(Rounding rounding, const U256& a, const U256& b) {
    return rounding == Rounding::half_up ? mul_div_half_up(a, b, kExpScale)
                                         : mul_div_down(a, b, kExpScale);
}

/// `mul_ScalarTruncate`: mantissa times integer, an integer.
inline U256 mul_scalar_truncate(const U256& mantissa, const U256& scalar) {
    return mul_div_down(mantissa, scalar, kExpScale);
}

/// `divExp` / `getExp`: the mantissa of a / b.
inline U256 div_exp(const U256& a, const U256& b) { return mul_div_down(a, kExpScale, b); }

}  // namespace plimsoll::protocols::compound_v2
