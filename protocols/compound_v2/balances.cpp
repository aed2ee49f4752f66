#include "protocols/compound_v2/balances.hpp"

#include "protocols/compound_v2/exponential.hpp"

namespace plimsoll::protocols::compound_v2 {

Wad exchange_rate(const MarketState& state) {
    if (state.total_supply.raw() == 0) return state.initial_exchange_rate;
    const U256 owned = state.cash.raw() + state.total_borrows.raw() - state.total_reserves.raw();
    return Wad::from_raw(div_exp(owned, state.total_supply.raw()));
}

TokenAmount borrow_balance(const TokenAmount& principal, const Wad& interest_index,
                           const Wad& borrow_index) {
    if (principal.raw() == 0) return {};
    return TokenAmount::from_raw(
        mul_div_down(principal.raw(), borrow_index.raw(), interest_index.raw()));
}

TokenAmount underlying_of(const CTokens& c_tokens, const Wad& rate) {
    return TokenAmount::from_raw(mul_scalar_truncate(rate.raw(), c_tokens.raw()));
}

CTokens c_tokens_for(const TokenAmount& amount, const Wad& rate) {
    return CTokens::from_raw(div_exp(amount.raw(), rate.raw()));
}

TokenAmount stable_debt_balance(const StableDebt& debt, const Wad& index) {
    if (debt.is_none()) return {};
    const U256 bearing = debt.minted.raw() - debt.past_interest.raw();
    const U256 interest = mul_scalar_truncate(index.raw() - debt.index.raw(), bearing);
    return TokenAmount::from_raw(debt.minted.raw() + interest);
}

}  // namespace plimsoll::protocols::compound_v2
