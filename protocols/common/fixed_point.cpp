#include "protocols/common/fixed_point.hpp"

#include <array>

namespace plimsoll::protocols {

U256 mul_div_down(const U256& a, const U256& b, const U256& c) { return a * b / c; }

U256 mul_div_up(const U256& a, const U256& b, const U256& c) {
    U256 quotient;
    U256 remainder;
    boost::multiprecision::divide_qr(a * b, c, quotient, remainder);
    if (!remainder.is_zero()) ++quotient;
    return quotient;
}

U256 div_up(const U256& a, const U256& b) { return mul_div_up(a, U256(1U), b); }

U256 mul_div_half_up(const U256& a, const U256& b, const U256& c) {
    U256 product = a * b;
    product += c / 2U;
    return product / c;
}

U256 wad_mul(const U256& a, const U256& b) { return mul_div_half_up(a, b, kWadOne); }
U256 wad_div(const U256& a, const U256& b) { return mul_div_half_up(a, kWadOne, b); }

U256 ray_mul(const U256& a, const U256& b) { return mul_div_half_up(a, b, kRayOne); }
U256 ray_div(const U256& a, const U256& b) { return mul_div_half_up(a, kRayOne, b); }
U256 ray_mul_floor(const U256& a, const U256& b) { return mul_div_down(a, b, kRayOne); }
U256 ray_mul_ceil(const U256& a, const U256& b) { return mul_div_up(a, b, kRayOne); }
U256 ray_div_floor(const U256& a, const U256& b) { return mul_div_down(a, kRayOne, b); }
U256 ray_div_ceil(const U256& a, const U256& b) { return mul_div_up(a, kRayOne, b); }

U256 ray_to_wad(const U256& a) {
    U256 wad = a / kWadRayRatio;
    if (a % kWadRayRatio >= kWadRayRatio / 2U) ++wad;
    return wad;
}

U256 wad_to_ray(const U256& a) { return a * kWadRayRatio; }

U256 percent_mul(const U256& value, const U256& percentage) {
    return mul_div_half_up(value, percentage, kPercentageFactor);
}
U256 percent_div(const U256& value, const U256& percentage) {
    return mul_div_half_up(value, kPercentageFactor, percentage);
}
U256 percent_mul_floor(const U256& value, const U256& percentage) {
    return mul_div_down(value, percentage, kPercentageFactor);
}
U256 percent_mul_ceil(const U256& value, const U256& percentage) {
    return mul_div_up(value, percentage, kPercentageFactor);
}
U256 percent_div_floor(const U256& value, const U256& percentage) {
    return mul_div_down(value, kPercentageFactor, percentage);
}
U256 percent_div_ceil(const U256& value, const U256& percentage) {
    return mul_div_up(value, kPercentageFactor, percentage);
}

namespace {

/// 10^n modulo 2^256 for the 8 bits the configuration has for decimals.
std::array<U256, 256> make_powers_of_ten() {
    const U512 modulus = U512(1U) << 256U;
    std::array<U256, 256> powers;
    U512 power = 1U;
    for (U256& entry : powers) {
        entry = static_cast<U256>(power);
        power = power * 10U % modulus;
    }
    return powers;
}

}  // namespace

U256 token_unit(unsigned decimals) {
    static const std::array<U256, 256> powers = make_powers_of_ten();
    return powers.at(decimals);
}

}  // namespace plimsoll::protocols
