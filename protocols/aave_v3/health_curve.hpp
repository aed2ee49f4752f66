#pragma once

#include "protocols/aave_v3/accrued.hpp"
#include "protocols/aave_v3/model.hpp"

#include <optional>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// Probes after which a search gives up on being the nearest, see `first_change`.
inline constexpr unsigned kMaxProbes = 20'000;

/// The sums a health factor is made of, in the oracle's base currency.
struct HealthSums {
    U256 collateral = 0;
    U256 weighted = 0;  ///< collateral times threshold in bps
    U256 debt = 0;

    void add_collateral(const U256& value, const U256& threshold) {
        collateral += value;
        weighted += value * threshold;
    }
};

/// One holding with its amounts at a time, its price, and what decides how it counts. Throws where
/// the contract reverts.
struct ValuedHolding {
    const Holding* holding = nullptr;
    const Reserve* reserve = nullptr;
    U256 supplied = 0;  ///< 0 where it does not count as collateral
    U256 debt = 0;
    U256 threshold = 0;  ///< in effect, bps
    U256 unit = 1;
    U256 price = 0;
    bool is_own_price = true;  ///< false: an e-mode's price source stands in for the oracle

    U256 collateral_value(const U256& at_price) const { return supplied * at_price / unit; }
    U256 debt_value(RuleSet rules, const U256& at_price) const;
    void add_to(HealthSums& sums, RuleSet rules, const U256& at_price) const;
    /// Whether its price can move the health factor.
    bool is_relevant(RuleSet rules) const;
};

/// The holdings the Pool looks at, as it looks at them at `time`.
std::vector<ValuedHolding> valued_holdings(const Market& market, const Account& account,
                                           BlockTime time);
std::vector<ValuedHolding> valued_holdings(const AccruedMarket& market, const Account& account);
/// An amount's worth of debt, rounded as the release does.
U256 debt_value(RuleSet rules, const U256& amount, const U256& price, const U256& unit);

/// How the sums follow one integer: a price, a time, an amount. No sum ever falls when it rises.
///
/// Each part of a sum is a smooth function of the integer with roundings on top: affine for
/// collateral, affine or convex for debt. `noise` bounds the spread of a part's roundings, so that
/// between two points a part lies within its noise of the chord (below it, where convex).
class HealthMotion {
  public:
    struct Part {
        U256 threshold;
        U256 noise;
    };

    virtual ~HealthMotion() = default;
    virtual HealthSums at(const U256& x) const = 0;
    const std::vector<Part>& moving_collateral() const { return collateral_; }
    const U256& debt_noise() const { return debt_noise_; }
    bool moves_debt() const { return moves_debt_; }
    /// False: some debt is convex.
    bool is_affine() const { return is_affine_; }

  protected:
    HealthMotion() = default;
    HealthMotion(const HealthMotion&) = default;
    HealthMotion& operator=(const HealthMotion&) = default;
    void move_collateral(const U256& threshold, const U256& noise);
    void move_debt(const U256& noise);
    void make_convex() { is_affine_ = false; }

  private:
    std::vector<Part> collateral_;
    U256 debt_noise_ = 0;
    bool moves_debt_ = false;
    bool is_affine_ = true;
};

/// Asks of a motion where the health factor lies below a target: a `CrossingQuestion`.
///
/// "Below" is brought to `left < right` with integers alone: up to v3_4 (H1) left is
/// collateral * floor(weighted / collateral) + 5000, from v3_5 on (H2) it is `weighted`; right
/// grows with the debt. An interval is ruled out when the ends tell that left and right cannot meet
/// in it: because both only grow, or because both stay within their noise of the chord. Under H1
/// the averaged threshold is bounded over the interval the same way.
class HealthQuestion {
  public:
    struct Probe {
        U256 x;
        HealthSums sums;
        U256 average = 0;  ///< averaged threshold, bps; H1 only
        U256 left = 0;
        U256 right = 0;
        bool holds = false;  ///< below the target
    };

    HealthQuestion(RuleSet rules, const Wad& target, const HealthMotion& motion);

    Probe probe(const U256& x) const;
    bool is_uniform(const Probe& a, const Probe& b) const;
    std::optional<U256> guess(const Probe& near, const Probe& far) const;
    /// Whether collateral and debt both move: then the answer need not change only once.
    bool is_mixed() const { return is_mixed_; }

  private:
    bool is_simple_debt(const U256& debt) const;
    U256 right(const U256& debt) const;
    U256 left(const HealthSums& sums, const U256& average) const;
    U256 noise(const U256& average, const U256& greatest_debt) const;
    U256 average_noise(const U256& average) const;
    U256 least_average(const Probe& low, const Probe& high) const;
    U256 greatest_average(const Probe& low, const Probe& high) const;
    bool is_above_throughout(const Probe& low, const Probe& high) const;
    bool is_below_throughout(const Probe& low, const Probe& high) const;

    bool is_averaged_;  ///< H1
    U256 target_;
    const HealthMotion* motion_;
    bool is_mixed_;
    U256 collateral_noise_ = 0;           ///< sum over the parts
    U256 weighted_noise_ = 0;             ///< sum over the parts, times threshold
    U256 greatest_threshold_ = 0;         ///< of the moving parts
    U256 least_threshold_ = U256(65535);  ///< of the moving parts
};

}  // namespace plimsoll::protocols::aave_v3
