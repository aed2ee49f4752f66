#pragma once

#include "protocols/aave_v3/model.hpp"

namespace plimsoll::protocols::aave_v3 {

/// Scaled balances to amounts and back, as the tokens book them: half up (`half_up`), or in the
/// protocol's favour (`directed`, `TokenMath` of V3.5 on). They throw where the contract reverts:
/// call them inside `as_contract`.

TokenAmount a_token_balance(TokenRules rules, const ScaledBalance& scaled, const Ray& index);
TokenAmount variable_debt_balance(TokenRules rules, const ScaledBalance& scaled, const Ray& index);

/// Scaled amount a supply adds, a withdrawal (or liquidation) or a transfer takes away. A minted or
/// burned scaled amount of 0 reverts; a transferred one does not.
ScaledBalance a_token_mint(TokenRules rules, const TokenAmount& amount, const Ray& index);
ScaledBalance a_token_burn(TokenRules rules, const TokenAmount& amount, const Ray& index);
ScaledBalance a_token_transfer(TokenRules rules, const TokenAmount& amount, const Ray& index);

/// Scaled amount a borrow adds, a repayment (or liquidation) takes away; 0 reverts.
ScaledBalance variable_debt_mint(TokenRules rules, const TokenAmount& amount, const Ray& index);
ScaledBalance variable_debt_burn(TokenRules rules, const TokenAmount& amount, const Ray& index);

/// `StableDebtToken.balanceOf` at `time`: 0 from v3_2 on, where stable debt is gone.
TokenAmount stable_debt_balance(RuleSet rules, const StableDebt& debt, BlockTime time);

}  // namespace plimsoll::protocols::aave_v3
