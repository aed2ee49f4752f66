#include "protocols/compound_v2/liquidation.hpp"

#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/interest.hpp"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

namespace plimsoll::protocols::compound_v2 {

Expected<TokenAmount, Reverted> max_close(const Wad& close_factor, const TokenAmount& borrow) {
    return as_contract([&] {
        return TokenAmount::from_raw(mul_scalar_truncate(close_factor.raw(), borrow.raw()));
    });
}

namespace {

/// cTokens seized for a unit repaid, scaled by 1e18; throws where the contract reverts.
U256 seize_ratio(Rounding rounding, const Wad& incentive, const SeizePrices& prices) {
    if (prices.borrowed.raw() == 0 || prices.collateral.raw() == 0) {
        throw std::domain_error("a price is 0");
    }
    return div_exp(mul_exp(rounding, incentive.raw(), prices.borrowed.raw()),
                   mul_exp(rounding, prices.collateral.raw(), prices.exchange_rate.raw()));
}

}  // namespace

Expected<CTokens, Reverted> seize_tokens(Rounding rounding, const Wad& incentive,
                                         const SeizePrices& prices, const TokenAmount& repaid) {
    return as_contract([&] {
        const U256 ratio = seize_ratio(rounding, incentive, prices);
        return CTokens::from_raw(mul_scalar_truncate(ratio, repaid.raw()));
    });
}

CTokens protocol_share(const CTokens& seized, const Wad& share) {
    const auto out = as_contract([&] { return mul_scalar_truncate(share.raw(), seized.raw()); });
    return CTokens::from_raw(out.value_or(U256(0)));
}

namespace {

/// The largest repayment that seizes no more than the account has.
TokenAmount payable_by(const CTokens& held, const U256& ratio) {
    if (ratio == 0) return TokenAmount::from_raw(u256_max());
    // floor(ratio * repaid / 1e18) <= held
    const U512 most = ((U512(held.raw()) + 1U) * U512(kExpScale) - 1U) / U512(ratio);
    return TokenAmount::from_raw(most > U512(u256_max()) ? u256_max() : static_cast<U256>(most));
}

/// Throws where the contract reverts.
PossibleLiquidation largest_call(const AccruedMarket& accrued, const Account& account,
                                 const Holding& debt, const Holding& collateral) {
    const Market& market = accrued.market();
    const AccruedCToken& borrowed = *accrued.find(debt.market);
    const AccruedCToken& seized = *accrued.find(collateral.market);
    const Wad& rate = seized.exchange_rate(State::current);
    const Wad incentive = effective_factors(market, account.pool, seized.market())
                              .incentive.value_or(market.liquidation_incentive);
    const U256 ratio =
        seize_ratio(market.rounding, incentive, {borrowed.price(), seized.price(), rate});
    TokenAmount most =
        borrow_balance(debt.principal, debt.interest_index, borrowed.borrow_index(State::current));
    if (!is_forced(debt, borrowed.market())) {
        const auto part = max_close(market.close_factor, most);
        if (!part) throw std::domain_error("the close factor overflows");
        most = *part;
    }
    most = std::min(most, payable_by(collateral.c_tokens, ratio));
    return {debt.market, collateral.market, most,
            CTokens::from_raw(mul_scalar_truncate(ratio, most.raw())), rate};
}

/// Of Venus a liquidation is a repayment too. What a Comptroller has no switch for is not refused.
bool can_be(std::initializer_list<Action> actions, const AccruedCToken& c_token, std::uint64_t now,
            const Actions& refused) {
    const CToken& market = c_token.market();
    const bool is_paused = std::ranges::any_of(
        actions, [&](Action action) { return refused.has(action) || market.paused.has(action); });
    return !is_paused && market.is_listed && market.is_readable && can_accrue(market, now);
}

}  // namespace

std::vector<PossibleLiquidation> possible_liquidations(const AccruedMarket& accrued,
                                                       const Account& account,
                                                       const Actions& refused) {
    const Market& market = accrued.market();
    std::vector<PossibleLiquidation> out;
    const auto data = account_data(accrued, account, State::current);
    if (!data || data->error != 0) return out;
    for (const Holding& debt : account.holdings) {
        const AccruedCToken* borrowed = accrued.find(debt.market);
        if (!debt.has_debt() || borrowed == nullptr) continue;
        const bool is_allowed = data->is_liquidatable() || is_forced(debt, borrowed->market());
        const bool can_be_repaid =
            can_be({Action::liquidate, Action::repay}, *borrowed, market.now, refused);
        if (!is_allowed || !can_be_repaid) continue;
        for (const Holding& collateral : account.holdings) {
            const AccruedCToken* seized = accrued.find(collateral.market);
            const bool may_be_seized = collateral.entered || !market.skips_empty;
            const bool is_there =
                seized != nullptr && may_be_seized && collateral.c_tokens.raw() != 0;
            if (!is_there || !can_be({Action::seize}, *seized, market.now, refused)) continue;
            const auto call =
                as_contract([&] { return largest_call(accrued, account, debt, collateral); });
            if (call && call->repaid.raw() != 0) out.push_back(*call);
        }
    }
    return out;
}

}  // namespace plimsoll::protocols::compound_v2
