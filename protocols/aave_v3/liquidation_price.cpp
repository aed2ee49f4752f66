#include "protocols/aave_v3/liquidation_price.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/health_curve.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/crossing.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr unsigned kMaxProbes = 200'000;
constexpr BlockTime kYear = BlockTime{365} * 24 * 3600;
/// The upward search covers this many doublings of the present price, less where the account's sums
/// would come near the 256 bits the contract has for them (times 1e18).
constexpr unsigned kDoublings = 64;
constexpr unsigned kDoublingsStep = 8;
constexpr unsigned kGreatestSumBits = 176;

U256 div_up(const U256& a, const U256& b) { return mul_div_up(a, U256(1U), b); }

bool is_moving(const MovingPrices& moving, unsigned reserve) {
    return reserve == moving.leader ||
           std::ranges::find(moving.members, reserve) != moving.members.end();
}

std::optional<U256> price_now(const Market& market, unsigned reserve) {
    const auto found = market.prices.find(reserve);
    if (found == market.prices.end()) return std::nullopt;
    return found->second.raw();
}

// ---- the exact answer at one point --------------------------------------------------------------

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

// ---- price ------------------------------------------------------------------------------------

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
            return is_leader ? U256(1U) : div_up(amount, holding.unit) + 1U;
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
        const U256 reach = direction == Direction::down ? now_.x : reach_up();
        const U256 width = within ? std::min(*within, reach) : reach;
        if (width.is_zero()) return std::nullopt;
        const U256 far = direction == Direction::down ? now_.x - width : now_.x + width;
        return first_change(question_, now_, question_.probe(far), kMaxProbes).x;
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

std::optional<Edge> find_edge(const Market& market, const Account& account,
                              const MovingPrices& moving) {
    const auto now = price_now(market, moving.leader);
    if (!now) return std::nullopt;
    const auto holdings = valued_holdings(market, account, market.time);
    const PriceMotion motion(market.rules, holdings, moving, *now);
    if (!motion.has_movers() || !motion.has_fixed()) return std::nullopt;
    const PriceSearch search(market.rules, motion, *now);
    const auto change = search.nearest();
    if (!change) return std::nullopt;
    return edge_of(*change, search.is_liquidatable_now());
}

// ---- time -------------------------------------------------------------------------------------

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

// ---- amounts ----------------------------------------------------------------------------------

bool reaches(const Expected<AccountData, Reverted>& data, const Wad& target) {
    return data && (!data->health_factor || *data->health_factor >= target);
}

/// The account with the health factor of which is asked, and the holding that changes in it.
struct Changed {
    Account account;
    std::size_t at;

    Holding& holding() { return account.holdings[at]; }
};

std::optional<Changed> changed(const Account& account, unsigned reserve) {
    const auto found = std::ranges::find(account.holdings, reserve, &Holding::reserve);
    if (found == account.holdings.end()) return std::nullopt;
    return Changed{.account = account,
                   .at = static_cast<std::size_t>(found - account.holdings.begin())};
}

/// The holding after a repayment: of variable debt first, then of stable debt.
Holding repaid(const Market& market, const Holding& holding, const U256& amount) {
    const Reserve& reserve = market.reserves.at(holding.reserve);
    const Ray index = debt_index(market.rules, reserve, market.time);
    const U256 variable =
        variable_debt_balance(reserve.debt_token_rules, holding.variable_debt, index).raw();
    Holding after = holding;
    if (amount < variable) {
        const auto rules = reserve.debt_token_rules;
        const U256 burned = rules == TokenRules::half_up ? ray_div(amount, index.raw())
                                                         : ray_div_floor(amount, index.raw());
        after.variable_debt = ScaledBalance::from_raw(holding.variable_debt.raw() - burned);
        return after;
    }
    after.variable_debt = {};
    const U256 stable = stable_debt_balance(market.rules, holding.stable_debt, market.time).raw();
    after.stable_debt.principal = TokenAmount::from_raw(stable - (amount - variable));
    after.stable_debt.last_update = market.time;
    return after;
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

    HealthSums at(const U256& x) const override {
        HealthSums sums = fixed_;
        ValuedHolding more = holding_;
        more.supplied = a_token_balance(balance_rules_of(rules_),
                                        ScaledBalance::from_raw(scaled_with(x)), index_)
                            .raw();
        sums.add_collateral(more.collateral_value(more.price), more.threshold);
        return sums;
    }

    U256 scaled_with(const U256& amount) const {
        const U256& scaled = holding_.holding->supplied.raw();
        const U256 minted = balance_rules_of(rules_) == TokenRules::half_up
                                ? ray_div(amount, index_.raw())
                                : ray_div_floor(amount, index_.raw());
        return scaled + minted;
    }

  private:
    RuleSet rules_;
    HealthSums fixed_;
    ValuedHolding holding_;
    Ray index_;
};

bool counts_as_collateral(const Market& market, const Account& account, unsigned reserve) {
    for (const ValuedHolding& holding : valued_holdings(market, account, market.time)) {
        if (holding.reserve->id == reserve) {
            return holding.holding->collateral && !holding.threshold.is_zero();
        }
    }
    return false;
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

std::optional<LiquidationPrice> liquidation_price(const Market& market, const Account& account,
                                                  const MovingPrices& moving) {
    const auto found = as_contract([&] { return find_edge(market, account, moving); });
    if (!found || !*found) return std::nullopt;
    const Edge& edge = **found;
    const auto at = [&](const OraclePrice& price) {
        return liquidatable_at(market, account, moving, price);
    };
    const bool is_certified =
        at(edge.liquidatable.price) == true && at(OraclePrice::from_raw(edge.healthy)) == false;
    if (!is_certified) return std::nullopt;
    return edge.liquidatable;
}

std::optional<BlockTime> liquidation_time(const Market& market, const Account& account) {
    const auto found = as_contract([&] { return find_time(market, account); });
    if (!found || !*found) return std::nullopt;
    const BlockTime time = **found;
    const auto at = [&](BlockTime when) {
        return is_liquidatable(
            account_data(market, account, Assumptions{.time = when, .prices = {}}));
    };
    const bool is_first = time == market.time || at(time - 1) == false;
    if (at(time) != true || !is_first) return std::nullopt;
    return time;
}

std::optional<TokenAmount> repay_to_reach(const Market& market, const Account& account,
                                          unsigned reserve, const Wad& target) {
    auto after = changed(account, reserve);
    if (!after) return std::nullopt;
    const Holding before = after->holding();
    const auto debt = debt_balance(market, before);
    if (!debt) return std::nullopt;
    const auto reaches_with = [&](const U256& amount) {
        const auto holding = as_contract([&] { return repaid(market, before, amount); });
        if (!holding) return false;
        after->holding() = *holding;
        return reaches(account_data(market, after->account), target);
    };
    if (reaches(account_data(market, account), target)) return TokenAmount{};
    U256 enough = debt->raw();
    if (enough.is_zero() || !reaches_with(enough)) return std::nullopt;
    U256 too_little = 0;
    while (enough - too_little > 1U) {
        const U256 middle = crossing::middle(too_little, enough);
        (reaches_with(middle) ? enough : too_little) = middle;
    }
    return TokenAmount::from_raw(enough);
}

std::optional<TokenAmount> add_to_reach(const Market& market, const Account& account,
                                        unsigned reserve, const Wad& target) {
    if (reaches(account_data(market, account), target)) return TokenAmount{};
    const auto found = as_contract([&]() -> std::optional<std::pair<U256, U256>> {
        if (!counts_as_collateral(market, account, reserve)) return std::nullopt;
        const SupplyMotion motion(market, account, reserve);
        const HealthQuestion question(market.rules, target, motion);
        // What the token can store (V3.4 on 120 bits, before 128), and far below an overflow.
        const U256 most = U256(1U) << 112U;
        const auto change =
            first_change(question, question.probe(U256(0U)), question.probe(most), kMaxProbes);
        if (!change.x) return std::nullopt;
        return std::pair{*change.x, motion.scaled_with(*change.x)};
    });
    if (!found || !*found) return std::nullopt;
    auto after = changed(account, reserve);
    after->holding().supplied = ScaledBalance::from_raw((*found)->second);
    if (!reaches(account_data(market, after->account), target)) return std::nullopt;
    return TokenAmount::from_raw((*found)->first);
}

}  // namespace plimsoll::protocols::aave_v3
