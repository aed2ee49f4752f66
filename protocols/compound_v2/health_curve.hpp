#pragma once

#include "protocols/compound_v2/accrued.hpp"
#include "protocols/compound_v2/model.hpp"

#include <optional>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// Probes after which a search gives up on being the nearest, see `first_change`.
inline constexpr unsigned kMaxProbes = 20'000;

/// The two sides of a health factor, in the Comptroller's unit.
struct HealthSums {
    U256 collateral = 0;
    U256 borrow = 0;
};

/// One holding with what decides how it counts at a price. Throws where the contract reverts.
struct ValuedHolding {
    const Holding* holding = nullptr;
    unsigned market = 0;
    U256 c_tokens = 0;
    U256 weight = 0;  ///< factor times exchange rate, a mantissa: times price it is a denom
    U256 borrow = 0;  ///< of the underlying
    U256 price = 0;

    bool counts_as_collateral() const { return c_tokens != 0 && weight != 0; }
    U256 collateral_value(Rounding rounding, const U256& at_price) const;
    U256 borrow_value(const U256& at_price) const;
    void add_to(HealthSums& sums, Rounding rounding, const U256& at_price) const;
    /// Whether its price can move the health factor.
    bool is_relevant() const { return borrow != 0 || counts_as_collateral(); }
};

/// The entered holdings by the markets' current numbers. `debt` is the account's other debt.
struct ValuedAccount {
    std::vector<ValuedHolding> holdings;
    U256 stable_debt = 0;
};
ValuedAccount valued_account(const AccruedMarket& market, const Account& account);

/// How the sums follow one integer: a price, a block, an amount.
///
/// Each sum is, but for roundings, an affine function of the integer, or of some monotone function
/// of it that both sums share; so each sum only rises or only falls. `noise` bounds the spread of a
/// sum's roundings, so that between two points the sum lies within its noise of what the two ends
/// tell.
class HealthMotion {
  public:
    virtual ~HealthMotion() = default;
    virtual HealthSums at(const U256& x) const = 0;
    const U256& collateral_noise() const { return collateral_noise_; }
    const U256& borrow_noise() const { return borrow_noise_; }
    bool moves_collateral() const { return moves_collateral_; }
    bool moves_borrow() const { return moves_borrow_; }

  protected:
    HealthMotion() = default;
    HealthMotion(const HealthMotion&) = default;
    HealthMotion& operator=(const HealthMotion&) = default;
    void move_collateral(const U256& noise);
    void move_borrow(const U256& noise);

  private:
    U256 collateral_noise_ = 0;
    U256 borrow_noise_ = 0;
    bool moves_collateral_ = false;
    bool moves_borrow_ = false;
};

/// Asks of a motion where the health factor lies below a target: a `CrossingQuestion`.
///
/// Below means collateral * 1e18 < borrow * target, in integers. An interval is ruled out when the
/// ends tell that the two sides cannot meet in it: because each only rises or only falls, or
/// because both ends are further from meeting than roundings reach.
class HealthQuestion {
  public:
    struct Probe {
        U256 x;
        U512 left = 0;
        U512 right = 0;
        bool holds = false;  ///< below the target
    };

    HealthQuestion(const Wad& target, const HealthMotion& motion);

    Probe probe(const U256& x) const;
    bool is_uniform(const Probe& a, const Probe& b) const;
    std::optional<U256> guess(const Probe& near, const Probe& far) const;
    /// Whether collateral and debt both move: then the answer need not change only once.
    bool is_mixed() const { return motion_->moves_collateral() && motion_->moves_borrow(); }

  private:
    U256 target_;
    const HealthMotion* motion_;
    U512 margin_;
};

}  // namespace plimsoll::protocols::compound_v2
