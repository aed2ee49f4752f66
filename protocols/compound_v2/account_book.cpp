#include "protocols/compound_v2/account_book.hpp"

namespace plimsoll::protocols::compound_v2 {

bool has_debt(const AccountHead& head, std::span<const HoldingState> holdings) {
    if (head.stable && !head.stable->is_none()) return true;
    return std::ranges::any_of(holdings, &HoldingState::has_debt);
}

HoldingState& holding_in(AccountState& state, unsigned market) {
    const auto place = std::ranges::find_if(
        state.holdings, [market](const HoldingState& holding) { return holding.market >= market; });
    if (place != state.holdings.end() && place->market == market) return *place;
    HoldingState fresh;
    fresh.market = static_cast<std::uint16_t>(market);
    return *state.holdings.insert(place, fresh);
}

Account account_of(const AccountView& view) {
    Account out;
    out.pool = view.head->pool;
    if (view.head->stable) out.stable_debt = *view.head->stable;
    out.holdings.reserve(view.holdings.size());
    for (const HoldingState& state : view.holdings) {
        Holding holding;
        holding.market = state.market;
        holding.c_tokens = CTokens::from_raw(to_u256(state.c_tokens));
        holding.principal = TokenAmount::from_raw(to_u256(state.principal));
        holding.interest_index = Wad::from_raw(to_u256(state.interest_index));
        holding.entered = state.entered;
        holding.is_forced = state.is_forced;
        out.holdings.push_back(std::move(holding));
    }
    return out;
}

}  // namespace plimsoll::protocols::compound_v2
