#include "protocols/common/crossing.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/health_curve.hpp"
#include "protocols/compound_v2/liquidation_price.hpp"

#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

Expected<AccountData, Reverted> data_at(const Market& market, const Account& account,
                                        std::uint64_t when) {
    return account_data(AccruedMarket(market, when), account, State::current);
}

/// x is a block, or a second. Simple interest: every accrued number is affine in it but for
/// roundings, each of which is one unit of what it rounds.
class TimeMotion : public HealthMotion {
  public:
    TimeMotion(const Market& market, const Account& account) : market_(&market) {
        const AccruedMarket now(market);
        const ValuedAccount valued = valued_account(now, account);
        for (const Holding& holding : account.holdings) {
            if (holding.entered) entered_.holdings.push_back(holding);
        }
        entered_.pool = account.pool;
        entered_.stable_debt = account.stable_debt;
        for (const ValuedHolding& holding : valued.holdings) {
            const CToken& c_token = market.markets.at(holding.market);
            if (holding.counts_as_collateral()) move_collateral(noise_of(c_token, holding));
            if (holding.borrow == 0) continue;
            // One unit of the index, of the balance, of the value.
            const U256 of_balance =
                div_up(holding.holding->principal.raw(), holding.holding->interest_index.raw()) +
                1U;
            move_borrow(mul_div_up(of_balance, holding.price, kExpScale) + 1U);
        }
    }

    HealthSums at(const U256& x) const override {
        const auto data = data_at(*market_, entered_, static_cast<std::uint64_t>(x));
        if (!data || data->error != 0) throw std::domain_error("not computable");
        return {data->collateral, data->borrow};
    }

  private:
    /// Two units of what the market owns (borrows, reserves), then of rate, factor, denom, value.
    static U256 noise_of(const CToken& c_token, const ValuedHolding& holding) {
        const U256& supply = c_token.stored.total_supply.raw();
        const U256 of_rate = supply == 0 ? U256(1U) : mul_div_up(U256(2U), kExpScale, supply) + 1U;
        const U256 of_weight = of_rate + 1U;  // a factor is at most 1
        const U256 of_denom = mul_div_up(of_weight, holding.price, kExpScale) + 1U;
        return mul_div_up(of_denom, holding.c_tokens, kExpScale) + 1U;
    }

    const Market* market_;
    Account entered_;
};

std::optional<std::uint64_t> find_moment(const Market& market, const Account& account,
                                         std::uint64_t horizon) {
    const TimeMotion motion(market, account);
    const HealthQuestion question(wad_one(), motion);
    auto now = question.probe(U256(market.now));
    if (now.holds) return market.now;
    const U256 last = U256(market.now) + U256(horizon);
    const auto found = first_change(question, std::move(now), question.probe(last), kMaxProbes);
    if (!found.x) return std::nullopt;
    return static_cast<std::uint64_t>(*found.x);
}

}  // namespace

std::optional<std::uint64_t> liquidation_moment(const Market& market, const Account& account,
                                                std::uint64_t horizon) {
    if (market.now > UINT64_MAX - horizon) return std::nullopt;
    const auto found = as_contract([&] { return find_moment(market, account, horizon); });
    if (!found || !*found) return std::nullopt;
    const std::uint64_t moment = **found;
    const auto then = data_at(market, account, moment);
    if (!then || !then->is_liquidatable()) return std::nullopt;
    if (moment == market.now) return moment;
    const auto before = data_at(market, account, moment - 1);
    if (!before || before->error != 0 || before->is_liquidatable()) return std::nullopt;
    return moment;
}

}  // namespace plimsoll::protocols::compound_v2
