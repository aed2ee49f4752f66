#pragma once

#include "abi/word.hpp"

namespace plimsoll {

/// 10^exponent, up to 10^154.
inline U512 power_of_ten(unsigned exponent) {
    return boost::multiprecision::pow(U512(10), exponent);
}

}  // namespace plimsoll
