#include "protocols/aave_v3/balances.hpp"

#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/fixed_point.hpp"

#include <stdexcept>

namespace plimsoll::protocols::aave_v3 {
namespace {

using RayFunction = U256 (*)(const U256&, const U256&);

U256 by(TokenRules rules, RayFunction half_up, RayFunction directed, const U256& a, const U256& b) {
    return rules == TokenRules::half_up ? half_up(a, b) : directed(a, b);
}

/// `require(amountScaled != 0)` of `_mintScaled` and `_burnScaled`.
ScaledBalance not_zero(U256 scaled) {
    if (scaled.is_zero()) throw std::domain_error("scaled amount is zero");
    return ScaledBalance::from_raw(std::move(scaled));
}

}  // namespace

TokenAmount a_token_balance(TokenRules rules, const ScaledBalance& scaled, const Ray& index) {
    return TokenAmount::from_raw(by(rules, ray_mul, ray_mul_floor, scaled.raw(), index.raw()));
}

TokenAmount variable_debt_balance(TokenRules rules, const ScaledBalance& scaled, const Ray& index) {
    return TokenAmount::from_raw(by(rules, ray_mul, ray_mul_ceil, scaled.raw(), index.raw()));
}

ScaledBalance a_token_mint(TokenRules rules, const TokenAmount& amount, const Ray& index) {
    return not_zero(by(rules, ray_div, ray_div_floor, amount.raw(), index.raw()));
}

ScaledBalance a_token_burn(TokenRules rules, const TokenAmount& amount, const Ray& index) {
    return not_zero(by(rules, ray_div, ray_div_ceil, amount.raw(), index.raw()));
}

ScaledBalance a_token_transfer(TokenRules rules, const TokenAmount& amount, const Ray& index) {
    return ScaledBalance::from_raw(by(rules, ray_div, ray_div_ceil, amount.raw(), index.raw()));
}

ScaledBalance variable_debt_mint(TokenRules rules, const TokenAmount& amount, const Ray& index) {
    return not_zero(by(rules, ray_div, ray_div_ceil, amount.raw(), index.raw()));
}

ScaledBalance variable_debt_burn(TokenRules rules, const TokenAmount& amount, const Ray& index) {
    return not_zero(by(rules, ray_div, ray_div_floor, amount.raw(), index.raw()));
}

TokenAmount stable_debt_balance(RuleSet rules, const StableDebt& debt, BlockTime time) {
    if (rules > RuleSet::v3_1 || debt.principal.raw().is_zero()) return {};
    const Ray interest = compounded_interest(rules, debt.rate, debt.last_update, time);
    return TokenAmount::from_raw(ray_mul(debt.principal.raw(), interest.raw()));
}

}  // namespace plimsoll::protocols::aave_v3
