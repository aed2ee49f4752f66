#pragma once

#include "protocols/aave_v3/model.hpp"

namespace plimsoll::protocols::aave_v3 {

/// The steps of `MathUtils` and `ReserveLogic`. They throw where the contract reverts (and where
/// `until` lies before `since`, which a block never does): call them inside `as_contract`.

/// `MathUtils.calculateLinearInterest`: RAY + rate * seconds / year, floored once. All releases.
Ray linear_interest(const Ray& rate, BlockTime since, BlockTime until);

/// `MathUtils.calculateCompoundedInterest`. Up to v3_3 the binomial expansion of third order over
/// seconds, each division floored where the contract floors it; from v3_4 the Taylor expansion of
/// third order of e^x with x = rate * seconds / year.
Ray compounded_interest(RuleSet rules, const Ray& rate, BlockTime since, BlockTime until);

/// `ReserveLogic.getNormalizedIncome` and `getNormalizedDebt` at `time`: half up in every release.
Ray income_index(const Reserve& reserve, BlockTime time);
Ray debt_index(RuleSet rules, const Reserve& reserve, BlockTime time);

}  // namespace plimsoll::protocols::aave_v3
