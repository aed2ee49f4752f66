#pragma once

#include "protocols/aave_v3/events.hpp"
#include "protocols/aave_v3/model.hpp"

#include <optional>

namespace plimsoll::protocols::aave_v3 {

enum class TokenKind : std::uint8_t { a_token, variable_debt };

/// The account's scaled balance after a `Mint` or `Burn`, given the one before.
///
/// half_up (up to v3_4): the event's numbers give the input amount back, which the token divided by
/// the index half up. directed (v3_5 on): they are differences of rounded balances; the balance
/// after is known exactly, and from it the scaled balance, because the index is at least RAY.
/// None: the event does not fit the balance before (negative, or no scaled balance has the balance
/// that the event implies): the balance before was wrong.
/// Source: `ScaledBalanceTokenBase._mintScaled`, `_burnScaled`.
std::optional<U256> scaled_after(TokenKind token, TokenRules rules, const U256& scaled,
                                 const BalanceChange& event);

/// The scaled amount a `BalanceTransfer` moves. From aave-v3-core 1.17 on (V3.0.1) it is the
/// event's value. Before, `value` was the unscaled amount while the `Transfer` before it had the
/// scaled one; an index is at least RAY, so the scaled amount is the lesser of the two. `transfer`
/// is the `Transfer` that preceded, when it was seen.
U256 scaled_transfer(TokenRules rules, const BalanceTransfer& event,
                     const std::optional<Transfer>& transfer);

/// The account's stable debt after a `Mint` or `Burn` in a block of this time. None: the event's
/// principal before is not ours. Source: `StableDebtToken.mint`, `burn` of V3.0 and V3.1.
std::optional<StableDebt> stable_after(const StableDebt& debt, const StableChange& event,
                                       BlockTime time);

}  // namespace plimsoll::protocols::aave_v3
