#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/health_curve.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "protocols/aave_v3/liquidation_price.hpp"
#include "protocols/common/crossing.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr BlockTime kYear = BlockTime{365} * 24 * 3600;

/// x is a timestamp.
class TimeMotion : public HealthMotion {
  public:
    TimeMotion(const Market& market, const Account& account, BlockTime last)
        : market_(&market), account_(&account) {
        make_convex();
        for (const ValuedHolding& holding : valued_holdings(market, account, last)) {
            if (!holding.supplied.is_zero()) {
                move_collateral(holding.threshold, value_noise(holding, income_noise(holding)));
            }
            if (!holding.debt.is_zero()) {
                move_debt(value_noise(holding, debt_noise(holding, market, last)));
            }
        }
    }

    HealthSums at(const U256& x) const override {
        HealthSums sums;
        for (const ValuedHolding& holding :
             valued_holdings(*market_, *account_, static_cast<BlockTime>(x))) {
            holding.add_to(sums, market_->rules, holding.price);
        }
        return sums;
    }

  private:
    /// Tokens by which roundings of the index and of the balance may spread.
    static U256 income_noise(const ValuedHolding& holding) {
        const U256 of_index = div_up(holding.reserve->liquidity_index.raw(), kRayOne) + 1U;
        return mul_div_up(holding.holding->supplied.raw(), of_index, kRayOne) + 1U;
    }

    /// As above; each division inside the polynomial is worth at most the growth squared.
    static U256 debt_noise(const ValuedHolding& holding, const Market& market, BlockTime last) {
        const auto spread = [](const U256& growth) { return growth * growth * 4U + 4U; };
        const Reserve& reserve = *holding.reserve;
        const U256& index = reserve.variable_borrow_index.raw();
        const U256 growth =
            div_up(debt_index(market.rules, reserve, last).raw(), std::max(index, U256(1U)));
        const U256 of_index = spread(growth) * div_up(index, kRayOne) + 1U;
        U256 noise = mul_div_up(holding.holding->variable_debt.raw(), of_index, kRayOne) + 1U;

        const StableDebt& stable = holding.holding->stable_debt;
        if (market.rules <= RuleSet::v3_1 && !stable.principal.raw().is_zero()) {
            const U256 stable_growth = div_up(
                compounded_interest(market.rules, stable.rate, stable.last_update, last).raw(),
                kRayOne);
            noise += mul_div_up(stable.principal.raw(), spread(stable_growth), kRayOne) + 1U;
        }
        return noise;
    }

    static U256 value_noise(const ValuedHolding& holding, const U256& tokens) {
        return mul_div_up(tokens, holding.price, holding.unit) + 1U;
    }

    const Market* market_;
    const Account* account_;
};

std::optional<BlockTime> find_time(const Market& market, const Account& account) {
    const BlockTime last = market.time + kYear;
    const TimeMotion motion(market, account, last);
    const HealthQuestion question(market.rules, wad_one(), motion);
    auto now = question.probe(market.time);
    if (now.holds) return market.time;
    const auto found = first_change(question, std::move(now), question.probe(last), kMaxProbes);
    if (!found.x) return std::nullopt;
    return static_cast<BlockTime>(*found.x);
}

}  // namespace

std::optional<BlockTime> liquidation_time(const Market& market, const Account& account) {
    const auto found = as_contract([&] { return find_time(market, account); });
    if (!found || !*found) return std::nullopt;
    const BlockTime time = **found;
    const auto at = [&](BlockTime when) {
        return account_data(market, account, Assumptions{.time = when, .prices = {}});
    };
    const auto then = at(time);
    if (!then || !then->is_liquidatable()) return std::nullopt;
    if (time == market.time) return time;
    const auto before = at(time - 1);
    if (!before || before->is_liquidatable()) return std::nullopt;
    return time;
}

}  // namespace plimsoll::protocols::aave_v3
