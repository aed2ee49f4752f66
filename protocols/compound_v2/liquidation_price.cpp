#include "protocols/compound_v2/liquidation_price.hpp"

#include "protocols/common/price_search.hpp"
#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/health_curve.hpp"

#include <algorithm>
#include <vector>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// The upward search covers this many doublings of the present price, less where the account's sums
/// would come near the 256 bits the contract has for them (times 1e18).
constexpr unsigned kDoublings = 64;
constexpr unsigned kDoublingsStep = 8;
constexpr unsigned kGreatestSumBits = 176;

bool is_member(const MovingPrices& moving, unsigned id) {
    return id == moving.leader || std::ranges::find(moving.members, id) != moving.members.end();
}

/// Whether the oracle's answer for a market follows the leader.
bool is_moving(const MovingPrices& moving, unsigned id) {
    return is_member(moving, id) != moving.moves_numeraire;
}

/// The oracle's answer for a moving market with the leader at x.
U256 moved_price(const MovingPrices& moving, unsigned id, const U256& price, const U256& leader_now,
                 const U256& x) {
    if (moving.moves_numeraire) return mul_div_down(price, leader_now, x);
    return id == moving.leader ? x : mul_div_down(price, x, leader_now);
}

std::optional<U256> price_now(const Market& market, unsigned id) {
    const auto found = market.prices.find(id);
    if (found == market.prices.end() || found->second.raw() == 0) return std::nullopt;
    return found->second.raw();
}

std::vector<AssumedPrice> assumed_prices(const Market& market, const Account& account,
                                         const MovingPrices& moving, const U256& leader_now,
                                         const U256& x) {
    std::vector<AssumedPrice> assumed;
    for (const Holding& holding : account.holdings) {
        if (!is_moving(moving, holding.market)) continue;
        const auto now = market.prices.find(holding.market);
        if (now == market.prices.end()) continue;  // its oracle reverts whatever the leader does
        const U256 price = moved_price(moving, holding.market, now->second.raw(), leader_now, x);
        assumed.push_back({.market = holding.market, .price = OraclePrice::from_raw(price)});
    }
    return assumed;
}

/// x is the leader's price.
class PriceMotion : public HealthMotion {
  public:
    PriceMotion(Rounding rounding, const ValuedAccount& account, const MovingPrices& moving,
                U256 leader_now)
        : rounding_(rounding), moving_(&moving), leader_now_(std::move(leader_now)) {
        fixed_.borrow = account.stable_debt;
        has_fixed_ = account.stable_debt != 0;
        for (const ValuedHolding& holding : account.holdings) {
            if (is_moving(moving, holding.market)) {
                add(holding);
            } else {
                holding.add_to(fixed_, rounding, holding.price);
                has_fixed_ = has_fixed_ || holding.is_relevant();
            }
        }
    }

    HealthSums at(const U256& x) const override {
        HealthSums sums = fixed_;
        for (const ValuedHolding& mover : movers_) {
            mover.add_to(sums, rounding_,
                         moved_price(*moving_, mover.market, mover.price, leader_now_, x));
        }
        return sums;
    }

    bool has_movers() const { return !movers_.empty(); }
    bool has_fixed() const { return has_fixed_; }
    /// The leader's prices at which every mover still has a price of at least 1.
    U256 least() const {
        U256 out = 1U;
        if (moving_->moves_numeraire) return out;
        for (const ValuedHolding& mover : movers_) {
            if (mover.market == moving_->leader || mover.price.is_zero()) continue;
            out = std::max(out, mul_div_up(leader_now_, U256(1U), mover.price));
        }
        return out;
    }
    std::optional<U256> greatest() const {
        if (!moving_->moves_numeraire) return std::nullopt;
        std::optional<U256> out;
        for (const ValuedHolding& mover : movers_) {
            const U256 last = mover.price * leader_now_;
            if (!out || last < *out) out = last;
        }
        return out;
    }

  private:
    void add(const ValuedHolding& mover) {
        if (!mover.is_relevant()) return;
        movers_.push_back(mover);
        // One unit of a rounded price (not the leader's own), of the denom, of the value.
        const bool is_rounded = moving_->moves_numeraire || mover.market != moving_->leader;
        const U256 denom_noise =
            (is_rounded ? mul_div_up(mover.weight, U256(1U), kExpScale) : U256(0U)) + 1U;
        if (mover.counts_as_collateral()) {
            move_collateral(mul_div_up(denom_noise, mover.c_tokens, kExpScale) + 1U);
        }
        if (mover.borrow != 0) {
            move_borrow((is_rounded ? mul_div_up(mover.borrow, U256(1U), kExpScale) : U256(0U)) +
                        1U);
        }
    }

    Rounding rounding_;
    const MovingPrices* moving_;
    U256 leader_now_;
    HealthSums fixed_;
    bool has_fixed_ = false;
    std::vector<ValuedHolding> movers_;
};

U256 reach_up(const PriceMotion& motion, const U256& now) {
    const auto is_sane = [&](const U256& x) {
        const auto sums = as_contract([&] { return motion.at(x); });
        const U256 limit = U256(1U) << kGreatestSumBits;
        return sums && sums->collateral < limit && sums->borrow < limit;
    };
    if (const auto greatest = motion.greatest()) return *greatest > now ? *greatest - now : 0U;
    for (unsigned doublings = kDoublings; doublings > 0; doublings -= kDoublingsStep) {
        const U256 far = now << doublings;
        if (is_sane(far)) return far - now;
    }
    return 0U;
}

PriceReach reach_of(const PriceMotion& motion, const HealthQuestion& question,
                    const HealthQuestion::Probe& now, bool is_inverse) {
    const U256 least = motion.least();
    PriceReach out;
    out.down = least < now.x ? now.x - least : U256(0U);
    out.up = reach_up(motion, now.x);
    // Collateral alone is liquidated where the moving prices fall, debt alone where they rise.
    const bool falls = (motion.moves_borrow() && !motion.moves_collateral()) == now.holds;
    out.expected = falls != is_inverse ? Direction::down : Direction::up;
    out.is_monotone = !question.is_mixed();
    return out;
}

std::optional<PriceEdge> find_edge(const AccruedMarket& accrued, const Account& account,
                                   const MovingPrices& moving) {
    const auto now = price_now(accrued.market(), moving.leader);
    if (!now) return std::nullopt;
    const ValuedAccount valued = valued_account(accrued, account);
    const PriceMotion motion(accrued.market().rounding, valued, moving, *now);
    if (!motion.has_movers() || !motion.has_fixed()) return std::nullopt;
    const HealthQuestion question(wad_one(), motion);
    const HealthQuestion::Probe at_now = question.probe(*now);
    const PriceReach reach = reach_of(motion, question, at_now, moving.moves_numeraire);
    return nearest_edge(question, at_now, reach, kMaxProbes);
}

}  // namespace

std::optional<bool> liquidatable_at(const AccruedMarket& market, const Account& account,
                                    const MovingPrices& moving, const OraclePrice& leader_price) {
    const auto now = price_now(market.market(), moving.leader);
    if (!now) return std::nullopt;
    const auto assumed = as_contract(
        [&] { return assumed_prices(market.market(), account, moving, *now, leader_price.raw()); });
    if (!assumed) return std::nullopt;
    const auto data = account_data(market, account, State::current, *assumed);
    if (!data || data->error != 0) return std::nullopt;
    return data->is_liquidatable();
}

std::optional<LiquidationPrice> liquidation_price(const AccruedMarket& market,
                                                  const Account& account,
                                                  const MovingPrices& moving) {
    const auto edge = as_contract([&] { return find_edge(market, account, moving); });
    return certified(edge, [&](const OraclePrice& price) {
        return liquidatable_at(market, account, moving, price);
    });
}

}  // namespace plimsoll::protocols::compound_v2
