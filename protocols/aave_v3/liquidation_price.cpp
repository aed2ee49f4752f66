#include "protocols/aave_v3/liquidation_price.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/health_curve.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/common/price_search.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// The upward search covers this many doublings of the present price, less where the account's sums
/// would come near the 256 bits the contract has for them (times 1e18).
constexpr unsigned kDoublings = 64;
constexpr unsigned kDoublingsStep = 8;
constexpr unsigned kGreatestSumBits = 176;

bool is_moving(const MovingPrices& moving, unsigned reserve) {
    return reserve == moving.leader ||
           std::ranges::find(moving.members, reserve) != moving.members.end();
}

std::optional<U256> price_now(const Market& market, unsigned reserve) {
    const auto found = market.prices.find(reserve);
    if (found == market.prices.end()) return std::nullopt;
    return found->second.raw();
}

/// The oracle's answers for the account's reserves with the leader at `leader_price`.
std::vector<AssumedPrice> assumed_prices(const Market& market, const Account& account,
                                         const MovingPrices& moving, const U256& leader_price) {
    std::vector<AssumedPrice> assumed;
    for (const Holding& holding : account.holdings) {
        if (!is_moving(moving, holding.reserve)) continue;
        U256 price = leader_price;
        if (holding.reserve != moving.leader) {
            const auto now = price_now(market, holding.reserve);
            if (!now) continue;  // its oracle reverts whatever the leader does
            price = mul_div_down(*now, leader_price,
                                 price_now(market, moving.leader).value_or(U256(0U)));
        }
        assumed.push_back({.reserve = holding.reserve, .price = OraclePrice::from_raw(price)});
    }
    return assumed;
}

std::optional<bool> is_liquidatable(const Expected<AccountData, Reverted>& data) {
    if (!data) return std::nullopt;
    return data->is_liquidatable();
}

/// x is the leader's price.
class PriceMotion : public HealthMotion {
  public:
    PriceMotion(RuleSet rules, const std::vector<ValuedHolding>& holdings,
                const MovingPrices& moving, U256 leader_now)
        : rules_(rules), leader_now_(std::move(leader_now)) {
        for (const ValuedHolding& holding : holdings) {
            const unsigned id = holding.reserve->id;
            if (holding.is_own_price && is_moving(moving, id)) {
                add(holding, id == moving.leader);
            } else {
                holding.add_to(fixed_, rules, holding.price);
                has_fixed_ = has_fixed_ || holding.is_relevant(rules);
            }
        }
    }

    HealthSums at(const U256& x) const override {
        HealthSums sums = fixed_;
        for (const Mover& mover : movers_) {
            mover.holding.add_to(sums, rules_, price_of(mover, x));
        }
        return sums;
    }

    /// The lowest leader's price at which every mover still has a price: the oracle takes an answer
    /// of 0 for none, and the Pool reverts.
    U256 least() const {
        U256 out = 1U;
        for (const Mover& mover : movers_) {
            if (mover.is_leader || mover.holding.price.is_zero()) continue;
            out = std::max(out, mul_div_up(leader_now_, U256(1U), mover.holding.price));
        }
        return out;
    }
    bool has_movers() const { return !movers_.empty(); }
    bool has_fixed() const { return has_fixed_; }

  private:
    struct Mover {
        ValuedHolding holding;
        bool is_leader;
    };

    U256 price_of(const Mover& mover, const U256& x) const {
        return mover.is_leader ? x : mul_div_down(mover.holding.price, x, leader_now_);
    }

    void add(const ValuedHolding& holding, bool is_leader) {
        if (!holding.is_relevant(rules_)) return;
        movers_.push_back({.holding = holding, .is_leader = is_leader});
        // One unit from rounding the value, and what one unit of a rounded price is worth.
        const auto noise = [&](const U256& amount) {
            return is_leader ? U256(1U) : mul_div_up(amount, U256(1U), holding.unit) + 1U;
        };
        if (!holding.supplied.is_zero()) {
            move_collateral(holding.threshold, noise(holding.supplied));
        }
        if (!holding.debt.is_zero()) move_debt(noise(holding.debt));
    }

    RuleSet rules_;
    U256 leader_now_;
    HealthSums fixed_;
    bool has_fixed_ = false;
    std::vector<Mover> movers_;
};

/// How far to look around the present price, and what to expect.
class PriceScope {
  public:
    PriceScope(RuleSet rules, const PriceMotion& motion, const HealthQuestion& question,
               const HealthQuestion::Probe& now)
        : rules_(rules), motion_(&motion), question_(&question), now_(&now) {}

    PriceReach reach() const {
        return {.down = reach_down(),
                .up = reach_up(),
                .expected = expected_direction(),
                .is_monotone = is_monotone()};
    }

  private:
    /// Collateral alone is liquidated below, debt alone above.
    Direction expected_direction() const {
        const bool is_debt = motion_->moving_collateral().empty();
        return is_debt != now_->holds ? Direction::up : Direction::down;
    }

    /// With averaged thresholds the answer may change more than once even for collateral alone.
    bool is_monotone() const {
        return !question_->is_mixed() &&
               (rules_ >= RuleSet::v3_5 || motion_->moving_collateral().empty());
    }

    U256 reach_down() const {
        const U256 least = motion_->least();
        return least < now_->x ? now_->x - least : U256(0U);
    }

    U256 reach_up() const {
        for (unsigned doublings = kDoublings; doublings > 0; doublings -= kDoublingsStep) {
            const U256 far = std::max(now_->x, U256(1U)) << doublings;
            if (is_sane(far)) return far - now_->x;
        }
        return U256(0U);
    }

    bool is_sane(const U256& x) const {
        const auto sums = as_contract([&] { return motion_->at(x); });
        const U256 limit = U256(1U) << kGreatestSumBits;
        return sums && sums->weighted < limit && sums->collateral < limit && sums->debt < limit;
    }

    RuleSet rules_;
    const PriceMotion* motion_;
    const HealthQuestion* question_;
    const HealthQuestion::Probe* now_;
};

std::optional<PriceEdge> find_edge(const Market& market, const std::vector<ValuedHolding>& holdings,
                                   const MovingPrices& moving) {
    const auto now = price_now(market, moving.leader);
    if (!now) return std::nullopt;
    const PriceMotion motion(market.rules, holdings, moving, *now);
    if (!motion.has_movers() || !motion.has_fixed()) return std::nullopt;
    const HealthQuestion question(market.rules, wad_one(), motion);
    const HealthQuestion::Probe at_now = question.probe(*now);
    const PriceReach reach = PriceScope(market.rules, motion, question, at_now).reach();
    return nearest_edge(question, at_now, reach, kMaxProbes);
}

}  // namespace

std::optional<bool> liquidatable_at(const Market& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price) {
    const auto assumed =
        as_contract([&] { return assumed_prices(market, account, moving, leader_price.raw()); });
    if (!assumed) return std::nullopt;
    return is_liquidatable(
        account_data(market, account, Assumptions{.time = market.time, .prices = *assumed}));
}

std::optional<bool> liquidatable_at(const AccruedMarket& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price) {
    const auto assumed = as_contract(
        [&] { return assumed_prices(market.market(), account, moving, leader_price.raw()); });
    if (!assumed) return std::nullopt;
    return is_liquidatable(account_data(market, account, *assumed));
}

std::optional<LiquidationPrice> liquidation_price(const Market& market, const Account& account,
                                                  const MovingPrices& moving) {
    const auto edge = as_contract(
        [&] { return find_edge(market, valued_holdings(market, account, market.time), moving); });
    return certified(edge, [&](const OraclePrice& price) {
        return liquidatable_at(market, account, moving, price);
    });
}

std::optional<LiquidationPrice> liquidation_price(const AccruedMarket& market,
                                                  const Account& account,
                                                  const MovingPrices& moving) {
    const auto edge = as_contract(
        [&] { return find_edge(market.market(), valued_holdings(market, account), moving); });
    return certified(edge, [&](const OraclePrice& price) {
        return liquidatable_at(market, account, moving, price);
    });
}

}  // namespace plimsoll::protocols::aave_v3
