#pragma once

#include "protocols/compound_v2/model.hpp"

namespace plimsoll::protocols::compound_v2 {

/// What a cToken computes from what it stores. All throw where it reverts: call them inside
/// `as_contract`. The same in every generation; everything is rounded down.
/// Source: `CToken.exchangeRateStoredInternal`, `borrowBalanceStoredInternal`.

/// `exchangeRateStored`: scaled by 1e18, underlying units per cToken unit.
Wad exchange_rate(const MarketState& state);
/// `borrowBalanceStored` of a pair of principal and index at the market's `borrow_index`.
TokenAmount borrow_balance(const TokenAmount& principal, const Wad& interest_index,
                           const Wad& borrow_index);
/// `balanceOfUnderlying`.
TokenAmount underlying_of(const CTokens& c_tokens, const Wad& rate);
/// cTokens minted for an amount of the underlying.
CTokens c_tokens_for(const TokenAmount& amount, const Wad& rate);
/// `VAIController.getVAIRepayAmount` at an index.
TokenAmount stable_debt_balance(const StableDebt& debt, const Wad& index);

}  // namespace plimsoll::protocols::compound_v2
