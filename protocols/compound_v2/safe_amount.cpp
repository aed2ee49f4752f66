#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/health_curve.hpp"
#include "protocols/compound_v2/liquidation_price.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// The account's sums with one market apart.
struct Apart {
    HealthSums others;
    ValuedHolding own;
};

std::optional<Apart> set_apart(const AccruedMarket& market, const Account& account, unsigned id) {
    const ValuedAccount valued = valued_account(market, account);
    std::optional<Apart> out;
    HealthSums others;
    others.borrow = valued.stable_debt;
    for (const ValuedHolding& holding : valued.holdings) {
        if (holding.market == id) {
            out = Apart{.others = {}, .own = holding};
        } else {
            holding.add_to(others, market.market().rounding, holding.price);
        }
    }
    if (out) out->others = others;
    return out;
}

bool reaches(const AccruedMarket& market, const Account& account, const Wad& target) {
    const auto data = account_data(market, account, State::current);
    if (!data || data->error != 0) return false;
    const auto health = data->health_factor();
    return !health || *health >= target;
}

U256 narrowed(const U512& value) {
    if (value > U512(u256_max())) throw std::overflow_error("above 256 bits");
    return static_cast<U256>(value);
}

/// The most debt value that keeps collateral * 1e18 >= target * borrow.
U256 greatest_borrow(const U256& collateral, const Wad& target) {
    return narrowed(U512(collateral) * U512(kExpScale) / U512(target.raw()));
}

/// What may be left of the debt: the greatest amount whose value still fits.
std::optional<U256> greatest_left(const AccruedMarket& market, const Apart& apart,
                                  const Wad& target) {
    const ValuedHolding& own = apart.own;
    const U256 collateral =
        apart.others.collateral + own.collateral_value(market.market().rounding, own.price);
    const U256 most = greatest_borrow(collateral, target);
    if (most < apart.others.borrow || own.price == 0) return std::nullopt;
    const U512 value = most - apart.others.borrow + 1U;
    return std::min(own.borrow, narrowed((value * U512(kExpScale) - 1U) / U512(own.price)));
}

/// The cTokens needed in all for the health factor to reach the target.
std::optional<U256> least_c_tokens(const AccruedMarket& market, const Apart& apart,
                                   const Wad& target) {
    const ValuedHolding& own = apart.own;
    const U256 denom = mul_exp(market.market().rounding, own.weight, own.price);
    if (denom == 0) return std::nullopt;
    const U256 borrow = apart.others.borrow + own.borrow_value(own.price);
    const U512 needed =
        (U512(borrow) * U512(target.raw()) + U512(kExpScale) - 1U) / U512(kExpScale);
    const U512 own_needed =
        needed > U512(apart.others.collateral) ? needed - U512(apart.others.collateral) : 0;
    return narrowed((own_needed * U512(kExpScale) + U512(denom) - 1U) / U512(denom));
}

/// The account with one of its holdings replaced.
Account with(const Account& account, const Holding& holding) {
    Account out = account;
    *std::ranges::find(out.holdings, holding.market, &Holding::market) = holding;
    return out;
}

struct Booked {
    U256 amount;
    Holding after;
};

std::optional<Booked> find_repayment(const AccruedMarket& market, const Account& account,
                                     unsigned id, const Wad& target) {
    const auto apart = set_apart(market, account, id);
    if (!apart || apart->own.borrow == 0) return std::nullopt;
    const auto left = greatest_left(market, *apart, target);
    if (!left) return std::nullopt;
    Holding after = *apart->own.holding;
    after.principal = TokenAmount::from_raw(*left);
    after.interest_index = market.find(id)->borrow_index(State::current);
    return Booked{.amount = apart->own.borrow - *left, .after = after};
}

std::optional<Booked> find_supply(const AccruedMarket& market, const Account& account, unsigned id,
                                  const Wad& target) {
    const auto apart = set_apart(market, account, id);
    if (!apart) return std::nullopt;
    const auto c_tokens = least_c_tokens(market, *apart, target);
    if (!c_tokens) return std::nullopt;
    const U256& held = apart->own.c_tokens;
    const U256 minted = *c_tokens > held ? *c_tokens - held : U256(0);
    const Wad& rate = market.find(id)->exchange_rate(State::current);
    const U256 amount = mul_div_up(minted, rate.raw(), kExpScale);
    Holding after = *apart->own.holding;
    after.c_tokens =
        CTokens::from_raw(held + c_tokens_for(TokenAmount::from_raw(amount), rate).raw());
    return Booked{.amount = amount, .after = after};
}

/// The amount, when the whole calculation confirms what it leads to.
std::optional<TokenAmount> certified(const AccruedMarket& market, const Account& account,
                                     const Expected<std::optional<Booked>, Reverted>& booked,
                                     const Wad& target) {
    if (!booked || !*booked) return std::nullopt;
    if (!reaches(market, with(account, (*booked)->after), target)) return std::nullopt;
    return TokenAmount::from_raw((*booked)->amount);
}

}  // namespace

/// A repayment is taken off the balance to the unit, and the rest becomes the new principal.
std::optional<TokenAmount> repay_to_reach(const AccruedMarket& market, const Account& account,
                                          unsigned id, const Wad& target) {
    return certified(market, account,
                     as_contract([&] { return find_repayment(market, account, id, target); }),
                     target);
}

std::optional<TokenAmount> add_to_reach(const AccruedMarket& market, const Account& account,
                                        unsigned id, const Wad& target) {
    return certified(market, account,
                     as_contract([&] { return find_supply(market, account, id, target); }), target);
}

}  // namespace plimsoll::protocols::compound_v2
