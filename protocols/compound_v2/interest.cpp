#include "protocols/compound_v2/interest.hpp"

#include "protocols/compound_v2/exponential.hpp"

#include <stdexcept>

namespace plimsoll::protocols::compound_v2 {

Expected<MarketState, Reverted> accrue_interest(const MarketState& state, const Wad& reserve_factor,
                                                std::uint64_t now) {
    if (now == state.accrued_at) return state;
    return as_contract([&] {
        if (state.borrow_rate.raw() > kMaxBorrowRate) {
            throw std::domain_error("borrow rate is absurdly high");
        }
        const U256 elapsed = U256(now) - U256(state.accrued_at);
        const U256 interest_factor = state.borrow_rate.raw() * elapsed;
        const U256 interest = mul_scalar_truncate(interest_factor, state.total_borrows.raw());
        MarketState out = state;
        out.total_borrows = TokenAmount::from_raw(state.total_borrows.raw() + interest);
        out.total_reserves = TokenAmount::from_raw(
            state.total_reserves.raw() + mul_scalar_truncate(reserve_factor.raw(), interest));
        out.borrow_index =
            Wad::from_raw(state.borrow_index.raw() +
                          mul_scalar_truncate(interest_factor, state.borrow_index.raw()));
        out.accrued_at = now;
        return out;
    });
}

MarketState accrued_or_stored(const CToken& market, std::uint64_t now) {
    return compound_v2::accrue_interest(market.stored, market.reserve_factor, now)
        .value_or(market.stored);
}

bool can_accrue(const CToken& market, std::uint64_t now) {
    return compound_v2::accrue_interest(market.stored, market.reserve_factor, now).has_value();
}

}  // namespace plimsoll::protocols::compound_v2
