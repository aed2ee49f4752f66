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

bool reaches(const Expected<AccountData, Reverted>& data, const Wad& target) {
    return data && (!data->health_factor || *data->health_factor >= target);
}

const Holding* find_holding(const Account& account, unsigned reserve) {
    const auto found = std::ranges::find(account.holdings, reserve, &Holding::reserve);
    return found != account.holdings.end() ? &*found : nullptr;
}

/// The account with one of its holdings replaced.
Account with(const Account& account, const Holding& holding) {
    Account out = account;
    *std::ranges::find(out.holdings, holding.reserve, &Holding::reserve) = holding;
    return out;
}

/// x is what is left of the holding's debt after a repayment.
class RepayMotion : public HealthMotion {
  public:
    RepayMotion(const Market& market, const Account& account, unsigned reserve)
        : rules_(market.rules), time_(market.time) {
        for (const ValuedHolding& holding : valued_holdings(market, account, market.time)) {
            if (holding.reserve->id == reserve) {
                holding_ = holding;
            } else {
                holding.add_to(fixed_, rules_, holding.price);
            }
        }
        if (!has_debt()) return;
        if (!holding_.supplied.is_zero()) {
            fixed_.add_collateral(holding_.collateral_value(holding_.price), holding_.threshold);
        }
        index_ = debt_index(rules_, *holding_.reserve, time_);
        stable_ = stable_debt_balance(rules_, holding_.holding->stable_debt, time_).raw();
        variable_ = variable_debt_balance(holding_.reserve->debt_token_rules,
                                          holding_.holding->variable_debt, index_)
                        .raw();
        const U256 tokens = div_up(index_.raw(), kRayOne) + 2U;
        move_debt(mul_div_up(tokens, holding_.price, holding_.unit) + 1U);
    }

    bool has_debt() const { return !holding_.debt.is_zero(); }
    U256 total() const { return variable_ + stable_; }

    HealthSums at(const U256& x) const override {
        const Holding left = holding_with(x);
        const U256 amount =
            variable_debt_balance(balance_rules_of(rules_), left.variable_debt, index_).raw() +
            stable_debt_balance(rules_, left.stable_debt, time_).raw();
        HealthSums sums = fixed_;
        sums.debt += debt_value(rules_, amount, holding_.price, holding_.unit);
        return sums;
    }

    /// Variable debt is repaid first, then stable debt.
    Holding holding_with(const U256& left) const {
        Holding after = *holding_.holding;
        if (left > stable_) {
            const U256 burned = burned_by(total() - left);
            after.variable_debt =
                ScaledBalance::from_raw(holding_.holding->variable_debt.raw() - burned);
            return after;
        }
        after.variable_debt = {};
        after.stable_debt.principal = TokenAmount::from_raw(left);
        after.stable_debt.last_update = time_;
        return after;
    }

  private:
    /// `variable_debt_burn` where 0 stands for what reverts: it pays nothing.
    U256 burned_by(const U256& paid) const {
        return holding_.reserve->debt_token_rules == TokenRules::half_up
                   ? ray_div(paid, index_.raw())
                   : ray_div_floor(paid, index_.raw());
    }

    RuleSet rules_;
    BlockTime time_;
    HealthSums fixed_;
    ValuedHolding holding_;
    Ray index_;
    U256 variable_ = 0;
    U256 stable_ = 0;
};

/// An amount and the holding it leads to.
struct Booked {
    U256 amount;
    Holding after;
};

std::optional<Booked> find_repayment(const Market& market, const Account& account, unsigned reserve,
                                     const Wad& target) {
    const RepayMotion motion(market, account, reserve);
    if (!motion.has_debt()) return std::nullopt;
    const HealthQuestion question(market.rules, target, motion);
    const auto change = first_change(question, question.probe(motion.total()),
                                     question.probe(U256(0U)), kMaxProbes);
    if (!change.x) return std::nullopt;
    return Booked{.amount = motion.total() - *change.x, .after = motion.holding_with(*change.x)};
}

/// x is an amount supplied on top.
class SupplyMotion : public HealthMotion {
  public:
    SupplyMotion(const Market& market, const Account& account, unsigned reserve)
        : rules_(market.rules) {
        for (const ValuedHolding& holding : valued_holdings(market, account, market.time)) {
            if (holding.reserve->id != reserve) {
                holding.add_to(fixed_, rules_, holding.price);
                continue;
            }
            if (!holding.debt.is_zero()) fixed_.debt += holding.debt_value(rules_, holding.price);
            index_ = income_index(*holding.reserve, market.time);
            holding_ = holding;
            const U256 tokens = div_up(index_.raw(), kRayOne) + 2U;
            move_collateral(holding.threshold,
                            mul_div_up(tokens, holding.price, holding.unit) + 1U);
        }
    }

    bool counts() const { return !holding_.threshold.is_zero(); }

    HealthSums at(const U256& x) const override {
        HealthSums sums = fixed_;
        const U256 supplied =
            a_token_balance(balance_rules_of(rules_), holding_with(x).supplied, index_).raw();
        sums.add_collateral(mul_div_down(supplied, holding_.price, holding_.unit),
                            holding_.threshold);
        return sums;
    }

    /// `a_token_mint` where 0 stands for what reverts: it adds nothing.
    Holding holding_with(const U256& amount) const {
        Holding after = *holding_.holding;
        const U256 minted = holding_.reserve->a_token_rules == TokenRules::half_up
                                ? ray_div(amount, index_.raw())
                                : ray_div_floor(amount, index_.raw());
        after.supplied = ScaledBalance::from_raw(after.supplied.raw() + minted);
        return after;
    }

  private:
    RuleSet rules_;
    HealthSums fixed_;
    ValuedHolding holding_;
    Ray index_;
};

std::optional<Booked> find_supply(const Market& market, const Account& account, unsigned reserve,
                                  const Wad& target) {
    const SupplyMotion motion(market, account, reserve);
    if (!motion.counts()) return std::nullopt;
    const HealthQuestion question(market.rules, target, motion);
    // Below what the token can store (V3.4 on 120 bits, before 128), and far below an overflow.
    const U256 most = U256(1U) << 112U;
    const auto change =
        first_change(question, question.probe(U256(0U)), question.probe(most), kMaxProbes);
    if (!change.x) return std::nullopt;
    return Booked{.amount = *change.x, .after = motion.holding_with(*change.x)};
}

/// The amount, when the whole calculation confirms what it leads to.
std::optional<TokenAmount> certified(const Market& market, const Account& account,
                                     const Expected<std::optional<Booked>, Reverted>& booked,
                                     const Wad& target) {
    if (!booked || !*booked) return std::nullopt;
    if (!reaches(account_data(market, with(account, (*booked)->after)), target)) {
        return std::nullopt;
    }
    return TokenAmount::from_raw((*booked)->amount);
}

}  // namespace

std::optional<TokenAmount> repay_to_reach(const Market& market, const Account& account,
                                          unsigned reserve, const Wad& target) {
    const Holding* holding = find_holding(account, reserve);
    if (holding == nullptr || !holding->has_debt()) return std::nullopt;
    if (reaches(account_data(market, account), target)) return TokenAmount{};
    return certified(market, account,
                     as_contract([&] { return find_repayment(market, account, reserve, target); }),
                     target);
}

std::optional<TokenAmount> add_to_reach(const Market& market, const Account& account,
                                        unsigned reserve, const Wad& target) {
    const Holding* holding = find_holding(account, reserve);
    if (holding == nullptr || !holding->collateral) return std::nullopt;
    if (reaches(account_data(market, account), target)) return TokenAmount{};
    return certified(market, account,
                     as_contract([&] { return find_supply(market, account, reserve, target); }),
                     target);
}

}  // namespace plimsoll::protocols::aave_v3
