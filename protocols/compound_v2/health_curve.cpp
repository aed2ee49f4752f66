#include "protocols/compound_v2/health_curve.hpp"

#include "protocols/common/crossing.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

U512 difference(const U512& a, const U512& b) { return a < b ? b - a : a - b; }

}  // namespace

// ---- holdings ---------------------------------------------------------------------------------

U256 ValuedHolding::collateral_value(Rounding rounding, const U256& at_price) const {
    return mul_scalar_truncate(mul_exp(rounding, weight, at_price), c_tokens);
}

U256 ValuedHolding::borrow_value(const U256& at_price) const {
    return mul_scalar_truncate(at_price, borrow);
}

void ValuedHolding::add_to(HealthSums& sums, Rounding rounding, const U256& at_price) const {
    sums.collateral += collateral_value(rounding, at_price);
    sums.borrow += borrow_value(at_price);
}

ValuedAccount valued_account(const AccruedMarket& accrued, const Account& account) {
    const Market& market = accrued.market();
    ValuedAccount out;
    out.stable_debt = stable_debt_balance(account.stable_debt, market.stable_index).raw();
    for (const Holding& holding : account.holdings) {
        const AccruedCToken* c_token = accrued.find(holding.market);
        if (!holding.entered || c_token == nullptr) continue;
        ValuedHolding valued{.holding = &holding, .market = holding.market};
        valued.c_tokens = holding.c_tokens.raw();
        valued.borrow = borrow_balance(holding.principal, holding.interest_index,
                                       c_token->borrow_index(State::current))
                            .raw();
        if (market.skips_empty && valued.c_tokens == 0 && valued.borrow == 0) continue;
        const Wad& factor = effective_factors(market, account.pool, c_token->market()).liquidation;
        valued.weight =
            mul_exp(market.rounding, factor.raw(), c_token->exchange_rate(State::current).raw());
        valued.price = c_token->price().raw();
        out.holdings.push_back(std::move(valued));
    }
    return out;
}

// ---- motion -----------------------------------------------------------------------------------

void HealthMotion::move_collateral(const U256& noise) {
    moves_collateral_ = true;
    collateral_noise_ += noise;
}

void HealthMotion::move_borrow(const U256& noise) {
    moves_borrow_ = true;
    borrow_noise_ += noise;
}

// ---- question ---------------------------------------------------------------------------------

HealthQuestion::HealthQuestion(const Wad& target, const HealthMotion& motion)
    : target_(target.raw()),
      motion_(&motion),
      margin_(U512(motion.collateral_noise()) * U512(kExpScale) +
              U512(motion.borrow_noise()) * U512(target_)) {}

HealthQuestion::Probe HealthQuestion::probe(const U256& x) const {
    const HealthSums sums = motion_->at(x);
    Probe out{.x = x};
    out.left = U512(sums.collateral) * U512(kExpScale);
    out.right = U512(sums.borrow) * U512(target_);
    out.holds = out.left < out.right;
    return out;
}

bool HealthQuestion::is_uniform(const Probe& a, const Probe& b) const {
    if (a.holds != b.holds) return false;
    if (a.holds) {
        if (std::max(a.left, b.left) < std::min(a.right, b.right)) return true;
        return a.left + margin_ < a.right && b.left + margin_ < b.right;
    }
    if (std::min(a.left, b.left) >= std::max(a.right, b.right)) return true;
    return a.left >= a.right + margin_ && b.left >= b.right + margin_;
}

/// Where the chord of left minus right is 0, moved by the noise toward one end: so the next probe
/// most likely rules out one of the two parts.
std::optional<U256> HealthQuestion::guess(const Probe& near, const Probe& far) const {
    if (near.holds == far.holds) return std::nullopt;
    U512 near_gap = difference(near.left, near.right);
    U512 total = near_gap + difference(far.left, far.right);
    const U512 width = difference(U512(near.x), U512(far.x));
    U512 spread = std::min(margin_, total);
    if (const unsigned bits = msb(total) + msb(width) + 2U; bits > 512U) {
        near_gap >>= bits - 512U;
        total >>= bits - 512U;
        spread >>= bits - 512U;
    }
    if (total == 0) return std::nullopt;
    const U512 root = width * near_gap / total;
    const U512 wiggle = spread * width / total + 1U;
    const U512 least_step = width / 8U;
    const auto step_to = [&](const U512& step) {
        const auto by = static_cast<U256>(step);
        return near.x < far.x ? near.x + by : near.x - by;
    };
    if (root >= wiggle + least_step) return step_to(root - wiggle);
    if (root + wiggle + least_step <= width) return step_to(root + wiggle);
    return std::nullopt;
}

static_assert(CrossingQuestion<HealthQuestion>);

}  // namespace plimsoll::protocols::compound_v2
