#include "protocols/aave_v3/health_curve.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/e_mode.hpp"
#include "protocols/common/crossing.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// Debt below it (20 billion USD) needs no correction for the half added before division.
constexpr U256 kSimpleDebt = kWadOne * U256(2U);
/// How often a bound of the averaged threshold is loosened by 1 bp before a coarse one is taken.
constexpr int kTries = 4;

U256 difference(const U256& a, const U256& b) { return a < b ? b - a : a - b; }

template <class AnyReserve>
U256 debt_amount(RuleSet rules, const Holding& holding, const AnyReserve& reserve, BlockTime time) {
    U256 amount = stable_debt_balance(rules, holding.stable_debt, time).raw();
    if (!holding.variable_debt.raw().is_zero()) {
        amount +=
            variable_debt_balance(balance_rules_of(rules), holding.variable_debt, reserve.debt())
                .raw();
    }
    return amount;
}

/// `find` answers the reserve with an id, or nothing.
template <class Find>
std::vector<ValuedHolding> value_holdings(const Market& market, const Account& account,
                                          BlockTime time, const Find& find) {
    const RuleSet rules = market.rules;
    const AccountEMode e_mode(market, account.e_mode);
    const auto e_mode_price = e_mode.price();
    std::vector<ValuedHolding> out;
    out.reserve(account.holdings.size());
    for (const Holding& holding : account.holdings) {
        const auto reserve = find(holding.reserve);
        if (!reserve) continue;
        ValuedHolding valued{.holding = &holding, .reserve = &reserve->reserve()};
        valued.debt = debt_amount(rules, holding, *reserve, time);
        if (!holding.collateral && valued.debt.is_zero()) continue;

        const bool in_e_mode = e_mode.contains(reserve->id(), reserve->e_mode_category());
        valued.is_own_price = !(e_mode_price && in_e_mode);
        valued.price = valued.is_own_price ? reserve->price().raw() : e_mode_price->raw();
        valued.unit = reserve->unit();
        const U256 base_threshold = reserve->liquidation_threshold();
        if (holding.collateral && (rules >= RuleSet::v3_6 || !base_threshold.is_zero())) {
            valued.threshold = e_mode.liquidation_threshold(in_e_mode, base_threshold);
            valued.supplied =
                a_token_balance(balance_rules_of(rules), holding.supplied, reserve->income()).raw();
        }
        out.push_back(std::move(valued));
    }
    return out;
}

}  // namespace

// ---- holdings ---------------------------------------------------------------------------------

U256 debt_value(RuleSet rules, const U256& amount, const U256& price, const U256& unit) {
    return rules < RuleSet::v3_5 ? mul_div_down(amount, price, unit)
                                 : mul_div_up(amount, price, unit);
}

U256 ValuedHolding::debt_value(RuleSet rules, const U256& at_price) const {
    return aave_v3::debt_value(rules, debt, at_price, unit);
}

void ValuedHolding::add_to(HealthSums& sums, RuleSet rules, const U256& at_price) const {
    if (!supplied.is_zero()) sums.add_collateral(collateral_value(at_price), threshold);
    if (!debt.is_zero()) sums.debt += debt_value(rules, at_price);
}

bool ValuedHolding::is_relevant(RuleSet rules) const {
    // From v3_5 on collateral with a threshold of 0 is in no formula of the health factor.
    const bool counts = !threshold.is_zero() || rules < RuleSet::v3_5;
    return !debt.is_zero() || (counts && !supplied.is_zero());
}

std::vector<ValuedHolding> valued_holdings(const Market& market, const Account& account,
                                           BlockTime time) {
    return value_holdings(market, account, time, [&](unsigned id) -> std::optional<LiveReserve> {
        const auto found = market.reserves.find(id);
        if (found == market.reserves.end()) return std::nullopt;
        return LiveReserve(market, found->second, time, {});
    });
}

std::vector<ValuedHolding> valued_holdings(const AccruedMarket& market, const Account& account) {
    return value_holdings(market.market(), account, market.market().time,
                          [&](unsigned id) { return market.reserve(id); });
}

// ---- motion -----------------------------------------------------------------------------------

void HealthMotion::move_collateral(const U256& threshold, const U256& noise) {
    collateral_.push_back({.threshold = threshold, .noise = noise});
}

void HealthMotion::move_debt(const U256& noise) {
    moves_debt_ = true;
    debt_noise_ += noise;
}

// ---- question ---------------------------------------------------------------------------------

HealthQuestion::HealthQuestion(RuleSet rules, const Wad& target, const HealthMotion& motion)
    : is_averaged_(rules < RuleSet::v3_5),
      target_(target.raw()),
      motion_(&motion),
      is_mixed_(motion.moves_debt() && !motion.moving_collateral().empty()) {
    for (const HealthMotion::Part& part : motion.moving_collateral()) {
        collateral_noise_ += part.noise;
        weighted_noise_ += part.threshold * part.noise;
        greatest_threshold_ = std::max(greatest_threshold_, part.threshold);
        least_threshold_ = std::min(least_threshold_, part.threshold);
    }
}

bool HealthQuestion::is_simple_debt(const U256& debt) const {
    return target_ == kWadOne && debt < kSimpleDebt;
}

/// H1: `wadDiv(m, debt) < target` exactly where m < (target * debt - debt / 2) / 1e18, up.
/// H2: `wadDiv(weighted, debt) / 10000 < target` where weighted < (10000 * target * debt - debt /
/// 2) / 1e18, up. Without debt nothing is below.
U256 HealthQuestion::right(const U256& debt) const {
    if (is_simple_debt(debt)) return debt * kPercentageFactor;
    if (debt.is_zero() || target_.is_zero()) return U256(0U);
    const U256 half = debt / 2U;
    const U256 round_up = kWadOne - 1U;
    if (is_averaged_) return (target_ * debt - half + round_up) / kWadOne * kPercentageFactor;
    return (kPercentageFactor * target_ * debt - half + round_up) / kWadOne;
}

/// H1: `percentMul(collateral, average) < m` exactly where collateral * average + 5000 < 10000 * m.
U256 HealthQuestion::left(const HealthSums& sums, const U256& average) const {
    return is_averaged_ ? sums.collateral * average + 5'000U : sums.weighted;
}

HealthQuestion::Probe HealthQuestion::probe(const U256& x) const {
    Probe probe{.x = x, .sums = motion_->at(x)};
    if (is_averaged_ && !probe.sums.collateral.is_zero()) {
        probe.average = probe.sums.weighted / probe.sums.collateral;
    }
    probe.left = left(probe.sums, probe.average);
    probe.right = right(probe.sums.debt);
    probe.holds = probe.left < probe.right;
    return probe;
}

/// Of left minus right over an interval in which the averaged threshold is taken as constant.
U256 HealthQuestion::noise(const U256& average, const U256& greatest_debt) const {
    const U256 of_left = is_averaged_ ? average * collateral_noise_ : weighted_noise_;
    const U256& of_debt = motion_->debt_noise();
    if (is_simple_debt(greatest_debt)) return of_left + kPercentageFactor * of_debt;
    return of_left + mul_div_up(kPercentageFactor * target_, of_debt, kWadOne) + 20'001U;
}

/// Of weighted - average * collateral: 0 where all moving parts push it the same way.
U256 HealthQuestion::average_noise(const U256& average) const {
    if (least_threshold_ >= average || greatest_threshold_ <= average) return U256(0U);
    U256 noise = 0;
    for (const HealthMotion::Part& part : motion_->moving_collateral()) {
        noise += difference(part.threshold, average) * part.noise;
    }
    return noise;
}

/// A threshold the average does not fall below between the two.
U256 HealthQuestion::least_average(const Probe& low, const Probe& high) const {
    if (motion_->moving_collateral().empty()) return low.average;
    if (low.sums.collateral.is_zero()) return least_threshold_;
    const U256 coarse = low.sums.weighted / high.sums.collateral;
    U256 average = std::min(low.average, high.average);
    for (int tries = 0; tries < kTries && average > coarse; ++tries, --average) {
        const U256 noise = average_noise(average);
        if (low.sums.weighted >= average * low.sums.collateral + noise &&
            high.sums.weighted >= average * high.sums.collateral + noise) {
            return average;
        }
    }
    return coarse;
}

/// A threshold the average does not rise above between the two.
U256 HealthQuestion::greatest_average(const Probe& low, const Probe& high) const {
    if (motion_->moving_collateral().empty()) return low.average;
    if (low.sums.collateral.is_zero()) return greatest_threshold_;
    const U256 coarse = high.sums.weighted / low.sums.collateral;
    U256 average = std::max(low.average, high.average);
    for (int tries = 0; tries < kTries && average < coarse; ++tries, ++average) {
        const U256 above = average + 1U;
        const U256 noise = average_noise(above);
        if (low.sums.weighted + noise < above * low.sums.collateral &&
            high.sums.weighted + noise < above * high.sums.collateral) {
            return average;
        }
    }
    return coarse;
}

bool HealthQuestion::is_above_throughout(const Probe& low, const Probe& high) const {
    const U256 average = is_averaged_ ? least_average(low, high) : U256(0U);
    const U256 low_left = left(low.sums, average);
    if (low_left >= high.right) return true;
    if (!is_mixed_) return false;
    const U256 margin = noise(average, high.sums.debt);
    return low_left >= low.right + margin && left(high.sums, average) >= high.right + margin;
}

bool HealthQuestion::is_below_throughout(const Probe& low, const Probe& high) const {
    const U256 average = is_averaged_ ? greatest_average(low, high) : U256(0U);
    const U256 high_left = left(high.sums, average);
    if (high_left < low.right) return true;
    if (!is_mixed_ || !motion_->is_affine()) return false;
    const U256 margin = noise(average, high.sums.debt);
    return left(low.sums, average) + margin < low.right && high_left + margin < high.right;
}

bool HealthQuestion::is_uniform(const Probe& a, const Probe& b) const {
    if (a.holds != b.holds) return false;
    const Probe& low = a.x < b.x ? a : b;
    const Probe& high = a.x < b.x ? b : a;
    return a.holds ? is_below_throughout(low, high) : is_above_throughout(low, high);
}

/// Where the chord of left minus right is 0, moved by the noise toward one end: so the next probe
/// most likely rules out one of the two parts.
std::optional<U256> HealthQuestion::guess(const Probe& near, const Probe& far) const {
    if (near.holds == far.holds) return std::nullopt;
    U256 near_gap = difference(near.left, near.right);
    U256 total = near_gap + difference(far.left, far.right);
    U256 spread =
        noise(std::max(near.average, far.average), std::max(near.sums.debt, far.sums.debt));
    if (near.average != far.average) {
        spread += std::max(near.sums.collateral, far.sums.collateral);
    }
    const U256 width = difference(near.x, far.x);
    if (const unsigned bits = msb(total) + msb(width) + 2U; bits > 256U) {
        near_gap >>= bits - 256U;
        total >>= bits - 256U;
        spread >>= bits - 256U;
    }
    const U256 root = width * near_gap / total;
    const U256 wiggle = std::min(spread, total) * width / total + 1U;
    const U256 least_step = width / 8U;
    const auto step_to = [&](const U256& step) {
        return near.x < far.x ? near.x + step : near.x - step;
    };
    if (root >= wiggle + least_step) return step_to(root - wiggle);
    if (root + wiggle + least_step <= width) return step_to(root + wiggle);
    return std::nullopt;
}

static_assert(CrossingQuestion<HealthQuestion>);

}  // namespace plimsoll::protocols::aave_v3
