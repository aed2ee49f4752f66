#pragma once

#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/model.hpp"
#include "protocols/common/fixed_point.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"

#include <cstdint>
#include <random>
#include <utility>

namespace plimsoll::protocols::aave_v3 {

/// Seeded choices, the same on every platform.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    /// From `low` to `high`, both included.
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + engine_() % (high - low + 1);
    }
    bool one_in(std::uint64_t n) { return between(1, n) == 1; }
    template <class T, std::size_t N>
    const T& pick(const T (&choices)[N]) {
        return choices[between(0, N - 1)];
    }

  private:
    std::mt19937_64 engine_;
};

/// A market and one account in it.
struct SmallWorld {
    Market market;
    Account account;
};

inline constexpr BlockTime kNow = 1'750'000'000;

/// A reserve updated in this very block with both indexes at 1, so that scaled balances are
/// amounts.
inline Reserve plain_reserve(unsigned id, RuleSet rules, const ConfigFields& fields) {
    Reserve reserve;
    reserve.id = id;
    reserve.symbol = "R" + std::to_string(id);
    reserve.config = make_config(fields);
    reserve.liquidity_index = Ray::from_raw(kRayOne);
    reserve.variable_borrow_index = Ray::from_raw(kRayOne);
    reserve.last_update = kNow;
    reserve.a_token_rules = balance_rules_of(rules);
    reserve.debt_token_rules = balance_rules_of(rules);
    return reserve;
}

inline Holding holding_in(unsigned reserve, const U256& supplied = 0) {
    Holding holding;
    holding.reserve = reserve;
    holding.supplied = ScaledBalance::from_raw(supplied);
    return holding;
}

class WorldBuilder {
  public:
    explicit WorldBuilder(RuleSet rules) {
        world_.market.rules = rules;
        world_.market.time = kNow;
    }
    WorldBuilder& reserve(unsigned id, const ConfigFields& fields, const U256& price) {
        world_.market.reserves[id] = plain_reserve(id, world_.market.rules, fields);
        world_.market.prices[id] = OraclePrice::from_raw(price);
        return *this;
    }
    WorldBuilder& holds(unsigned id, const U256& supplied, const U256& debt = 0) {
        Holding holding = holding_in(id, supplied);
        holding.variable_debt = ScaledBalance::from_raw(debt);
        holding.collateral = supplied != 0;
        world_.account.holdings.push_back(holding);
        return *this;
    }
    SmallWorld take() { return std::move(world_); }

  private:
    SmallWorld world_;
};

/// A few reserves with small numbers, so that every price can be tried; often close to a health
/// factor of 1, with e-modes, group-like prices, assets held and owed at once, and dust.
inline SmallWorld random_world(Dice& dice) {
    constexpr RuleSet kRules[] = {RuleSet::v3_0, RuleSet::v3_1, RuleSet::v3_2, RuleSet::v3_3,
                                  RuleSet::v3_4, RuleSet::v3_5, RuleSet::v3_6, RuleSet::v3_7};
    constexpr unsigned kThresholds[] = {0,    1,    3333, 5000, 7800, 8000,
                                        8100, 8250, 8300, 9999, 10000};
    SmallWorld world;
    Market& market = world.market;
    market.rules = dice.pick(kRules);
    market.time = kNow;
    if (dice.one_in(2)) world.account.e_mode = 1;
    EMode category;
    category.id = 1;
    category.ltv = Bps::from_raw(9300);
    category.liquidation_threshold = Bps::from_raw(dice.pick(kThresholds));
    category.collateral_bitmap = dice.between(0, 15);
    if (dice.one_in(4)) {
        category.price_source.bytes[0] = 1;
        market.e_mode_prices[1] = OraclePrice::from_raw(dice.between(0, 300));
    }
    market.e_modes[1] = category;

    const auto count = static_cast<unsigned>(dice.between(dice.one_in(10) ? 1 : 2, 4));
    const auto size = dice.between(1, 4);  // of the balances, as a power of ten
    std::uint64_t most = 1;
    for (std::uint64_t i = 0; i < size; ++i) most *= 10;
    std::uint64_t threshold_value = 0;
    for (unsigned id = 0; id < count; ++id) {
        ConfigFields fields;
        fields.ltv = 7000;
        fields.liquidation_threshold = dice.pick(kThresholds);
        fields.decimals = static_cast<unsigned>(dice.between(0, 2));
        fields.e_mode_category = dice.one_in(2) ? 1 : 0;
        Reserve reserve = plain_reserve(id, market.rules, fields);
        if (dice.one_in(2)) {
            reserve.liquidity_index = Ray::from_raw(kRayOne + U256(dice.between(0, 1U << 30U)) *
                                                                  U256(100'000'000'000'000'000ULL));
            reserve.variable_borrow_index = reserve.liquidity_index;
        }
        const std::uint64_t price = dice.between(dice.one_in(8) ? 0 : 1, 300);
        market.prices[id] = OraclePrice::from_raw(price);
        Holding holding;
        holding.reserve = id;
        if (!dice.one_in(3)) {
            const std::uint64_t supplied = dice.between(0, most);
            holding.supplied = ScaledBalance::from_raw(supplied);
            holding.collateral = !dice.one_in(8);
            threshold_value += supplied * price * fields.liquidation_threshold / 10000 /
                               static_cast<std::uint64_t>(token_unit(fields.decimals));
        }
        market.reserves[id] = reserve;
        world.account.holdings.push_back(holding);
    }
    // Debts that bring the health factor near 1, with luck.
    for (Holding& holding : world.account.holdings) {
        if (dice.one_in(2) && world.account.holdings.size() > 1) continue;
        const auto price = static_cast<std::uint64_t>(market.prices[holding.reserve].raw());
        const auto unit = static_cast<std::uint64_t>(
            token_unit(market.reserves[holding.reserve].config.decimals()));
        const std::uint64_t even = threshold_value * unit / (price == 0 ? 1 : price);
        const std::uint64_t debt =
            dice.one_in(3) ? dice.between(0, most) : even * dice.between(900, 1100) / 1000;
        holding.variable_debt = ScaledBalance::from_raw(debt);
        if (dice.one_in(2)) threshold_value = 0;
    }
    return world;
}

}  // namespace plimsoll::protocols::aave_v3
