#include "protocols/aave_v3/interest.hpp"

#include "protocols/common/fixed_point.hpp"

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr U256 kSecondsPerYear{365U * 24U * 3600U};
constexpr U256 kSecondsPerYearSquared = kSecondsPerYear * kSecondsPerYear;

U256 seconds_between(BlockTime since, BlockTime until) { return U256(until) - U256(since); }

/// V3.0 to V3.3: (1 + rate / year)^n cut after the third power.
U256 compounded_binomial(const U256& rate, const U256& exp) {
    if (exp.is_zero()) return kRayOne;
    const U256 exp_minus_one = exp - 1U;
    const U256 exp_minus_two = exp > 2U ? exp - 2U : U256(0U);
    const U256 base_power_two = ray_mul(rate, rate) / kSecondsPerYearSquared;
    const U256 base_power_three = ray_mul(base_power_two, rate) / kSecondsPerYear;
    const U256 second_term = exp * exp_minus_one * base_power_two / 2U;
    const U256 third_term = exp * exp_minus_one * exp_minus_two * base_power_three / 6U;
    return kRayOne + rate * exp / kSecondsPerYear + second_term + third_term;
}

/// V3.4 on: e^x cut after the third power. The contract's outer arithmetic is unchecked but cannot
/// wrap for the rates (128 bits) and times (40 bits) it stores.
U256 compounded_taylor(const U256& rate, const U256& exp) {
    if (exp.is_zero()) return kRayOne;
    const U256 x = rate * exp / kSecondsPerYear;
    return kRayOne + x + ray_mul(x, x / 2U + ray_mul(x, x / 6U));
}

}  // namespace

Ray linear_interest(const Ray& rate, BlockTime since, BlockTime until) {
    return Ray::from_raw(kRayOne + rate.raw() * seconds_between(since, until) / kSecondsPerYear);
}

Ray compounded_interest(RuleSet rules, const Ray& rate, BlockTime since, BlockTime until) {
    const U256 exp = seconds_between(since, until);
    return Ray::from_raw(rules < RuleSet::v3_4 ? compounded_binomial(rate.raw(), exp)
                                               : compounded_taylor(rate.raw(), exp));
}

Ray income_index(const Reserve& reserve, BlockTime time) {
    if (time == reserve.last_update) return reserve.liquidity_index;
    const Ray interest = linear_interest(reserve.liquidity_rate, reserve.last_update, time);
    return Ray::from_raw(ray_mul(interest.raw(), reserve.liquidity_index.raw()));
}

Ray debt_index(RuleSet rules, const Reserve& reserve, BlockTime time) {
    if (time == reserve.last_update) return reserve.variable_borrow_index;
    const Ray interest =
        compounded_interest(rules, reserve.variable_borrow_rate, reserve.last_update, time);
    return Ray::from_raw(ray_mul(interest.raw(), reserve.variable_borrow_index.raw()));
}

}  // namespace plimsoll::protocols::aave_v3
