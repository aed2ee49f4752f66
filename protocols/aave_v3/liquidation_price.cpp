#include "protocols/aave_v3/liquidation_price.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/health_curve.hpp"
#include "protocols/common/crossing.hpp"
#include "protocols/common/fixed_point.hpp"

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

enum class Direction { down, up };

/// A change of the answer on the way from the present price.
struct Change {
    U256 x;
    Direction direction;
};

/// Finds the changes around the present price.
class PriceSearch {
  public:
    PriceSearch(RuleSet rules, const PriceMotion& motion, const U256& now)
        : question_(rules, wad_one(), motion),
          motion_(&motion),
          rules_(rules),
          now_(question_.probe(now)) {}

    bool is_liquidatable_now() const { return now_.holds; }

    /// The nearest change in either direction; of two equally near the one expected of the assets.
    std::optional<Change> nearest() const {
        const Direction first = expected_direction();
        const std::optional<U256> found = find(first, std::nullopt);
        if (!found) return is_monotone() ? std::nullopt : change(opposite(first), std::nullopt);
        const Change change_found{.x = *found, .direction = first};
        if (is_monotone()) return change_found;
        const U256 away = crossing::distance(*found, now_.x);
        return change(opposite(first), away - 1U).value_or(change_found);
    }

  private:
    static Direction opposite(Direction direction) {
        return direction == Direction::down ? Direction::up : Direction::down;
    }

    /// Collateral alone is liquidated below, debt alone above.
    Direction expected_direction() const {
        const bool is_debt = motion_->moving_collateral().empty();
        return is_debt != now_.holds ? Direction::up : Direction::down;
    }

    /// Whether the answer changes once at most, in the expected direction. With averaged thresholds
    /// it does not even for collateral alone.
    bool is_monotone() const {
        return !question_.is_mixed() &&
               (rules_ >= RuleSet::v3_5 || motion_->moving_collateral().empty());
    }

    std::optional<Change> change(Direction direction, const std::optional<U256>& within) const {
        const auto x = find(direction, within);
        if (!x) return std::nullopt;
        return Change{.x = *x, .direction = direction};
    }

    std::optional<U256> find(Direction direction, const std::optional<U256>& within) const {
        const U256 reach = direction == Direction::down ? reach_down() : reach_up();
        const U256 width = within ? std::min(*within, reach) : reach;
        if (width.is_zero()) return std::nullopt;
        const U256 far = direction == Direction::down ? now_.x - width : now_.x + width;
        return first_change(question_, now_, question_.probe(far), kMaxProbes).x;
    }

    U256 reach_down() const {
        const U256 least = motion_->least();
        return least < now_.x ? now_.x - least : U256(0U);
    }

    U256 reach_up() const {
        for (unsigned doublings = kDoublings; doublings > 0; doublings -= kDoublingsStep) {
            const U256 far = std::max(now_.x, U256(1U)) << doublings;
            if (is_sane(far)) return far - now_.x;
        }
        return U256(0U);
    }

    bool is_sane(const U256& x) const {
        const auto sums = as_contract([&] { return motion_->at(x); });
        const U256 limit = U256(1U) << kGreatestSumBits;
        return sums && sums->weighted < limit && sums->collateral < limit && sums->debt < limit;
    }

    HealthQuestion question_;
    const PriceMotion* motion_;
    RuleSet rules_;
    HealthQuestion::Probe now_;
};

/// The price on the liquidatable side of a change, the price next to it on the healthy side.
struct Edge {
    LiquidationPrice liquidatable;
    U256 healthy;
};

Edge edge_of(const Change& change, bool is_liquidatable_now) {
    const bool is_down = change.direction == Direction::down;
    const U256 before = is_down ? change.x + 1U : change.x - 1U;
    const U256& liquidatable = is_liquidatable_now ? before : change.x;
    const U256& healthy = is_liquidatable_now ? change.x : before;
    return Edge{
        .liquidatable = {.price = OraclePrice::from_raw(liquidatable),
                         .side = liquidatable < healthy ? PriceSide::below : PriceSide::above},
        .healthy = healthy};
}

std::optional<Edge> find_edge(const Market& market, const std::vector<ValuedHolding>& holdings,
                              const MovingPrices& moving) {
    const auto now = price_now(market, moving.leader);
    if (!now) return std::nullopt;
    const PriceMotion motion(market.rules, holdings, moving, *now);
    if (!motion.has_movers() || !motion.has_fixed()) return std::nullopt;
    const PriceSearch search(market.rules, motion, *now);
    const auto change = search.nearest();
    if (!change) return std::nullopt;
    return edge_of(*change, search.is_liquidatable_now());
}

/// The liquidatable price of an edge, when the whole calculation confirms both its sides.
/// `is_liquidatable_at` answers for a leader's price.
template <class At>
std::optional<LiquidationPrice> certified(const Expected<std::optional<Edge>, Reverted>& edge,
                                          const At& is_liquidatable_at) {
    if (!edge || !*edge) return std::nullopt;
    const LiquidationPrice& found = (*edge)->liquidatable;
    if (is_liquidatable_at(found.price) != true) return std::nullopt;
    if (is_liquidatable_at(OraclePrice::from_raw((*edge)->healthy)) != false) return std::nullopt;
    return found;
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
