#include "protocols/aave_v3/token_events.hpp"

#include "protocols/common/fixed_point.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>

namespace plimsoll::protocols::aave_v3 {
namespace {

std::optional<U256> half_up_after(const U256& scaled, const BalanceChange& event) {
    if (!event.is_mint) {
        return scaled - ray_div(event.value + event.balance_increase, event.index);
    }
    // A burn smaller than the interest accrued since the last touch is told as a Mint.
    if (event.value < event.balance_increase) {
        return scaled - ray_div(event.balance_increase - event.value, event.index);
    }
    return scaled + ray_div(event.value - event.balance_increase, event.index);
}

std::optional<U256> directed_after(TokenKind token, const U256& scaled,
                                   const BalanceChange& event) {
    const bool floors = token == TokenKind::a_token;
    const auto balance = [&](const U256& s) {
        return floors ? ray_mul_floor(s, event.index) : ray_mul_ceil(s, event.index);
    };
    const U256 previous = balance(scaled) - event.balance_increase;
    const U256 next = event.is_mint ? previous + event.value : previous - event.value;
    const U256 after = floors ? ray_div_ceil(next, event.index) : ray_div_floor(next, event.index);
    if (balance(after) != next) return std::nullopt;
    return after;
}

}  // namespace

std::optional<U256> scaled_after(TokenKind token, TokenRules rules, const U256& scaled,
                                 const BalanceChange& event) {
    const auto after = as_contract([&] {
        return rules == TokenRules::half_up ? half_up_after(scaled, event)
                                            : directed_after(token, scaled, event);
    });
    return after ? *after : std::nullopt;
}

U256 scaled_transfer(TokenRules rules, const BalanceTransfer& event,
                     const std::optional<Transfer>& transfer) {
    if (rules == TokenRules::directed || !transfer || transfer->from != event.from ||
        transfer->to != event.to) {
        return event.value;
    }
    return std::min(event.value, transfer->value);
}

std::optional<StableDebt> stable_after(const StableDebt& debt, const StableChange& event,
                                       BlockTime time) {
    const auto after = as_contract([&]() -> std::optional<StableDebt> {
        const U256& principal = debt.principal.raw();
        if (event.current_balance - event.balance_increase != principal) return std::nullopt;
        StableDebt out = debt;
        out.last_update = time;
        if (event.is_mint) {
            out.principal = TokenAmount::from_raw(principal + event.amount);
            out.rate = Ray::from_raw(event.new_rate);
            return out;
        }
        out.principal = TokenAmount::from_raw(principal - event.amount);
        if (out.principal.raw() == 0) return StableDebt{};
        return out;
    });
    return after ? *after : std::nullopt;
}

}  // namespace plimsoll::protocols::aave_v3
