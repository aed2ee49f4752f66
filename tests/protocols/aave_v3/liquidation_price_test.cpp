#include "protocols/aave_v3/liquidation_price.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "protocols/common/fixed_point.hpp"
#include "tests/protocols/aave_v3/small_world.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

OraclePrice price(const U256& raw) { return OraclePrice::from_raw(raw); }

MovingPrices alone(const unsigned& id) { return {.leader = id, .members = {&id, 1}}; }

std::string text_of(const std::optional<LiquidationPrice>& found) {
    if (!found) return "none";
    return to_decimal(found->price.raw()) + (found->side == PriceSide::below ? " below" : " above");
}

// ---- the definition, by trying every price ----------------------------------------------------

struct CrossingsAround {
    std::optional<LiquidationPrice> below_now;  ///< the nearest crossing towards 0
    std::optional<LiquidationPrice> above_now;
};

LiquidationPrice crossing_between(const std::vector<bool>& answers, unsigned low) {
    return answers[low] ? LiquidationPrice{.price = price(low), .side = PriceSide::below}
                        : LiquidationPrice{.price = price(low + 1), .side = PriceSide::above};
}

CrossingsAround crossings_around(const std::vector<bool>& answers, unsigned now) {
    CrossingsAround out;
    for (unsigned low = now; low-- > 0 && !out.below_now;) {
        if (answers[low] != answers[low + 1]) out.below_now = crossing_between(answers, low);
    }
    for (unsigned low = now; low + 1 < answers.size() && !out.above_now; ++low) {
        if (answers[low] != answers[low + 1]) out.above_now = crossing_between(answers, low);
    }
    return out;
}

/// Steps from the present price to the first price with another answer.
U256 steps(const LiquidationPrice& crossing, bool is_liquidatable_now, unsigned now) {
    const U256& p = crossing.price.raw();
    const bool is_towards_zero = p < now || (p == now && crossing.side == PriceSide::above);
    if (is_towards_zero) return now - p + (is_liquidatable_now ? 1U : 0U);
    return p - now + (is_liquidatable_now ? 1U : 0U);
}

bool is_held(const Holding& holding) {
    return (holding.collateral && holding.supplied.raw() != 0) || holding.has_debt();
}

/// Whether the account's health factor depends on what it holds there.
bool matters(const SmallWorld& world, const Holding& holding) {
    if (!is_held(holding)) return false;
    if (holding.has_debt()) return true;
    const Reserve& reserve = world.market.reserves.at(holding.reserve);
    const Bps threshold = effective_liquidation_threshold(world.market, world.account, reserve);
    const bool is_counted =
        world.market.rules >= RuleSet::v3_6 || reserve.config.liquidation_threshold().raw() != 0;
    return is_counted && (threshold.raw() != 0 || world.market.rules < RuleSet::v3_5);
}

/// Whether its price is one of those that move.
bool moves(const SmallWorld& world, const MovingPrices& moving, const Holding& holding) {
    if (std::ranges::find(moving.members, holding.reserve) == moving.members.end()) return false;
    const Reserve& reserve = world.market.reserves.at(holding.reserve);
    SmallWorld other = world;
    other.market.prices[holding.reserve] = price(123'456);
    return effective_price(other.market, world.account, reserve) == price(123'456);
}

/// Whether something that is not in the set matters to the health factor.
bool has_fixed_part(const SmallWorld& world, const MovingPrices& moving) {
    return std::ranges::any_of(world.account.holdings, [&](const Holding& holding) {
        return matters(world, holding) && !moves(world, moving, holding);
    });
}

/// The lowest leader's price at which nothing that moves has a price of 0, which is none.
unsigned least_price(const SmallWorld& world, const MovingPrices& moving) {
    const U256 leader = world.market.prices.at(moving.leader).raw();
    unsigned least = 1;
    for (const Holding& holding : world.account.holdings) {
        if (!matters(world, holding) || !moves(world, moving, holding)) continue;
        if (holding.reserve == moving.leader) continue;
        const U256& own = world.market.prices.at(holding.reserve).raw();
        while (own * least < leader) ++least;
    }
    return least;
}

/// Whether the account is liquidatable at each leader price; not computable counts as no. Below the
/// lowest price there is no other answer than there.
std::vector<bool> scan(const SmallWorld& world, const MovingPrices& moving, unsigned count) {
    const AccruedMarket market(world.market);
    std::vector<bool> answers;
    const unsigned least = least_price(world, moving);
    for (unsigned p = least; p < count; ++p) {
        const auto answer = liquidatable_at(market, world.account, moving, price(p));
        answers.push_back(answer.value_or(false));
        if (p % 100 == 0) {
            EXPECT_EQ(liquidatable_at(world.market, world.account, moving, price(p)), answer);
        }
    }
    answers.insert(answers.begin(), least, answers.front());
    return answers;
}

struct Tally {
    unsigned found = 0;
    unsigned none = 0;
    unsigned beyond = 0;
    unsigned above = 0;
};

void check_by_trying_all(const SmallWorld& world, const MovingPrices& moving, Tally& tally) {
    const auto now = static_cast<unsigned>(world.market.prices.at(moving.leader).raw());
    const auto found = liquidation_price(world.market, world.account, moving);
    EXPECT_EQ(text_of(liquidation_price(AccruedMarket(world.market), world.account, moving)),
              text_of(found));
    const bool is_computable = account_data(world.market, world.account).has_value();
    if (!is_computable || !has_fixed_part(world, moving)) {
        EXPECT_EQ(text_of(found), "none");
        ++tally.none;
        return;
    }
    constexpr unsigned kCount = 800;
    const auto answers = scan(world, moving, kCount);
    const CrossingsAround expected = crossings_around(answers, now);
    if (found && found->price.raw() >= kCount - 1) {  // beyond what was tried
        EXPECT_FALSE(expected.above_now);
        ++tally.beyond;
        const U256& p = found->price.raw();
        const U256 beside = found->side == PriceSide::below ? p + 1U : p - 1U;
        EXPECT_EQ(liquidatable_at(world.market, world.account, moving, price(p)), true);
        EXPECT_EQ(liquidatable_at(world.market, world.account, moving, price(beside)), false);
        if (expected.below_now) {
            EXPECT_LE(steps(*found, answers[now], now),
                      steps(*expected.below_now, answers[now], now));
        }
        return;
    }
    if (!expected.below_now && !expected.above_now) {
        EXPECT_EQ(text_of(found), "none");
        ++tally.none;
        return;
    }
    ASSERT_TRUE(found) << text_of(expected.below_now) << " or " << text_of(expected.above_now);
    ++tally.found;
    tally.above += found->side == PriceSide::above ? 1U : 0U;
    const bool is_now = answers[now];
    const auto distance = [&](const std::optional<LiquidationPrice>& crossing) {
        return crossing ? steps(*crossing, is_now, now) : U256(1'000'000U);
    };
    const U256 nearest = std::min(distance(expected.below_now), distance(expected.above_now));
    EXPECT_EQ(steps(*found, is_now, now), nearest);
    const std::string text = text_of(found);
    EXPECT_TRUE(text == text_of(expected.below_now) || text == text_of(expected.above_now))
        << text << " instead of " << text_of(expected.below_now) << " or "
        << text_of(expected.above_now);
}

TEST(LiquidationPrice, of_one_asset_is_the_nearest_of_all_prices_tried) {
    Tally tally;
    for (std::uint64_t seed = 0; seed < test::effort(3000) && !testing::Test::HasFailure();
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = random_world(dice);
        const auto id = static_cast<unsigned>(dice.between(0, world.account.holdings.size() - 1));
        check_by_trying_all(world, alone(id), tally);
    }
    EXPECT_GT(tally.found, test::effort(500));
    EXPECT_GT(tally.above, test::effort(100));
    EXPECT_GT(tally.none, test::effort(200));
}

TEST(LiquidationPrice, of_a_group_is_the_nearest_of_all_prices_tried) {
    Tally tally;
    for (std::uint64_t seed = 100'000;
         seed < 100'000 + test::effort(3000) && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = random_world(dice);
        std::vector<unsigned> members;
        for (const Holding& holding : world.account.holdings) {
            if (!dice.one_in(3)) members.push_back(holding.reserve);
        }
        if (members.empty()) continue;
        const MovingPrices moving{.leader = members[dice.between(0, members.size() - 1)],
                                  .members = members};
        if (world.market.prices.at(moving.leader).raw() == 0) continue;
        check_by_trying_all(world, moving, tally);
    }
    EXPECT_GT(tally.found, test::effort(300));
}

/// Two collaterals of nearly equal worth whose thresholds lie around one whole basis point: their
/// roundings decide, at every price anew, on which side of it the averaged threshold falls.
SmallWorld balanced_world(Dice& dice) {
    constexpr RuleSet kRules[] = {RuleSet::v3_0, RuleSet::v3_4};
    WorldBuilder builder(dice.pick(kRules));
    const auto middle = static_cast<unsigned>(dice.between(20, 90) * 10);
    const auto apart = static_cast<unsigned>(dice.between(1, 9));
    const std::uint64_t one = dice.between(1, 99);
    const std::uint64_t other = dice.between(1, 99);
    builder.reserve(0, {.liquidation_threshold = middle - apart, .decimals = 1}, one * 3);
    builder.reserve(1, {.liquidation_threshold = middle + apart, .decimals = 1}, other * 3);
    builder.reserve(2, {.decimals = 0}, 1);
    const std::uint64_t size = dice.between(1, 30);
    builder.holds(0, other * size).holds(1, one * size);
    const std::uint64_t power = one * other * 3 * size * 2 / 10 * middle / 10'000;
    builder.holds(2, 0, power * dice.between(50, 150) / 100 + dice.between(0, 2));
    return builder.take();
}

TEST(LiquidationPrice, of_a_group_whose_average_wavers_is_the_nearest_of_all_prices_tried) {
    Tally tally;
    for (std::uint64_t seed = 0; seed < test::effort(3000) && !testing::Test::HasFailure();
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = balanced_world(dice);
        const std::array<unsigned, 2> members = {0, 1};
        const auto leader = static_cast<unsigned>(dice.between(0, 1));
        check_by_trying_all(world, {.leader = leader, .members = members}, tally);
    }
    EXPECT_GT(tally.found, test::effort(1500));
}

// ---- averaged thresholds: health goes up and down
// ------------------------------------------------

/// Up to v3_4 this account is healthy at 118, 126, 133-135, 140-143, 148-152, 155-161 and from 163
/// on: the price of its collateral with the low threshold also lowers the averaged threshold, which
/// is cut to whole basis points. 162 is the greatest unhealthy price, and what the recorded vectors
/// call the liquidation price; the nearest crossing is another one from most places.
SmallWorld sawtooth() {
    return WorldBuilder(RuleSet::v3_0)
        .reserve(0, {.liquidation_threshold = 300, .decimals = 0}, 100)
        .reserve(1, {.liquidation_threshold = 2200, .decimals = 0}, 1)
        .reserve(2, {.decimals = 0}, 1)
        .holds(0, 8)
        .holds(1, 127'600)
        .holds(2, 0, 28'100)
        .take();
}

struct SawtoothCase {
    const char* name;
    unsigned now;
    const char* expected;
};

class Sawtooth : public testing::TestWithParam<SawtoothCase> {};

TEST_P(Sawtooth, nearest_crossing) {
    SmallWorld world = sawtooth();
    world.market.prices[0] = price(GetParam().now);
    EXPECT_EQ(text_of(liquidation_price(world.market, world.account, alone(0))),
              GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    LiquidationPrice, Sawtooth,
    testing::Values(SawtoothCase{"far_above_it_is_the_greatest_unhealthy", 200, "162 below"},
                    SawtoothCase{"just_above", 163, "162 below"},
                    SawtoothCase{"liquidatable_for_one_unit_prefers_below", 162, "162 below"},
                    SawtoothCase{"healthy_with_the_nearer_one_above", 160, "162 above"},
                    SawtoothCase{"healthy_with_both_near", 151, "153 above"},
                    SawtoothCase{"healthy_next_to_the_lower", 148, "147 below"},
                    SawtoothCase{"equally_near_prefers_below", 126, "125 below"},
                    SawtoothCase{"liquidatable_with_the_nearer_one_above", 138, "139 below"},
                    SawtoothCase{"liquidatable_with_the_nearer_one_below", 137, "136 above"},
                    SawtoothCase{"far_below", 100, "117 below"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(LiquidationPrice, is_the_last_price_below_1_and_exactly_1_is_safe) {
    const SmallWorld world = WorldBuilder(RuleSet::v3_7)
                                 .reserve(0, {.liquidation_threshold = 8000, .decimals = 0}, 300)
                                 .reserve(1, {.decimals = 0}, 1)
                                 .holds(0, 10)
                                 .holds(1, 0, 1600)
                                 .take();
    EXPECT_EQ(liquidatable_at(world.market, world.account, alone(0), price(200)), false);
    EXPECT_EQ(liquidatable_at(world.market, world.account, alone(0), price(199)), true);
    EXPECT_EQ(text_of(liquidation_price(world.market, world.account, alone(0))), "199 below");
    EXPECT_EQ(text_of(liquidation_price(world.market, world.account, alone(1))), "2 above");
}

TEST(LiquidationPrice, of_an_asset_held_and_owed_is_on_the_side_that_outweighs) {
    WorldBuilder builder(RuleSet::v3_7);
    builder.reserve(0, {.liquidation_threshold = 8000, .decimals = 0}, 300);
    builder.reserve(1, {.liquidation_threshold = 8000, .decimals = 0}, 1);
    SmallWorld held = builder.holds(0, 10, 2).holds(1, 0, 1000).take();
    EXPECT_EQ(text_of(liquidation_price(held.market, held.account, alone(0))), "166 below");
    held.account.holdings[0].variable_debt = ScaledBalance::from_raw(10);
    held.account.holdings[1].supplied = ScaledBalance::from_raw(1000);
    held.account.holdings[1].collateral = true;
    held.account.holdings[1].variable_debt = {};
    EXPECT_EQ(text_of(liquidation_price(held.market, held.account, alone(0))), "401 above");
}

TEST(LiquidationPrice, is_none_where_no_price_decides) {
    WorldBuilder builder(RuleSet::v3_7);
    builder.reserve(0, {.liquidation_threshold = 8000, .decimals = 0}, 300);
    builder.reserve(1, {.liquidation_threshold = 8000, .decimals = 0}, 100);
    const SmallWorld world = builder.holds(0, 10).holds(1, 0, 20).take();
    const std::array<unsigned, 2> both = {0, 1};
    EXPECT_TRUE(liquidation_price(world.market, world.account, alone(0)));
    EXPECT_FALSE(liquidation_price(world.market, world.account, {.leader = 0, .members = both}))
        << "all moves together";
    EXPECT_FALSE(liquidation_price(world.market, world.account, alone(7))) << "no such reserve";

    SmallWorld no_debt = world;
    no_debt.account.holdings[1].variable_debt = {};
    EXPECT_FALSE(liquidation_price(no_debt.market, no_debt.account, alone(0)));

    SmallWorld no_price = world;
    no_price.market.prices.erase(1);
    EXPECT_FALSE(liquidation_price(no_price.market, no_price.account, alone(0)));
    EXPECT_EQ(liquidatable_at(no_price.market, no_price.account, alone(0), price(1)), std::nullopt);

    SmallWorld stopped = world;  // an index that overflows
    stopped.market.reserves[0].liquidity_index = Ray::from_raw(u256_max());
    EXPECT_FALSE(liquidation_price(stopped.market, stopped.account, alone(0)));
}

TEST(LiquidationPrice, does_not_feel_an_oracle_that_an_e_mode_replaces) {
    WorldBuilder builder(RuleSet::v3_0);
    builder.reserve(0, {.liquidation_threshold = 8000, .decimals = 0, .e_mode_category = 1}, 300);
    builder.reserve(1, {.decimals = 0}, 1);
    SmallWorld world = builder.holds(0, 10).holds(1, 0, 1600).take();
    EXPECT_EQ(text_of(liquidation_price(world.market, world.account, alone(0))), "199 below");

    world.account.e_mode = 1;
    EMode category;
    category.id = 1;
    category.liquidation_threshold = Bps::from_raw(9000);
    category.price_source.bytes[19] = 1;
    world.market.e_modes[1] = category;
    world.market.e_mode_prices[1] = price(250);
    EXPECT_FALSE(liquidation_price(world.market, world.account, alone(0)));
    EXPECT_EQ(liquidatable_at(world.market, world.account, alone(0), price(1)), false);
    EXPECT_EQ(text_of(liquidation_price(world.market, world.account, alone(1))), "2 above");

    world.market.e_mode_prices[1] = price(0);  // answers 0: the asset's own price again
    EXPECT_EQ(text_of(liquidation_price(world.market, world.account, alone(0))), "177 below");
}

TEST(LiquidationPrice, of_the_greatest_holdings_does_not_overflow_the_search) {
    const U256 most = (U256(1U) << 112U) - 1U;
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_7}) {
        const SmallWorld world =
            WorldBuilder(rules)
                .reserve(0, {.liquidation_threshold = 8000, .decimals = 18}, 239'112'345'678)
                .reserve(1, {.decimals = 6}, 99'987'654)
                .holds(0, most)
                .holds(1, 0, most / U256(1'000'000'000'000'000ULL))
                .take();
        const auto below = liquidation_price(world.market, world.account, alone(0));
        ASSERT_TRUE(below);
        EXPECT_EQ(below->side, PriceSide::below);
        const auto above = liquidation_price(world.market, world.account, alone(1));
        ASSERT_TRUE(above);
        EXPECT_EQ(above->side, PriceSide::above);
    }
}

// ---- time ---------------------------------------------------------------------------------------

SmallWorld world_with_interest(Dice& dice) {
    SmallWorld world = random_world(dice);
    for (auto& [id, reserve] : world.market.reserves) {
        // Up to 100,000 % a year, so that seconds matter.
        const U256 most_rate = kRayOne * U256(1000U) / U256(1'000'000U);
        reserve.liquidity_rate = Ray::from_raw(most_rate * dice.between(0, 1'000'000));
        reserve.variable_borrow_rate = Ray::from_raw(most_rate * dice.between(0, 1'000'000));
        if (dice.one_in(2)) reserve.last_update -= dice.between(0, 1000);
    }
    // Debts grown until little is missing.
    const auto data = account_data(world.market, world.account);
    if (data && data->health_factor && *data->health_factor > wad_one()) {
        for (Holding& holding : world.account.holdings) {
            const U256& debt = holding.variable_debt.raw();
            holding.variable_debt =
                ScaledBalance::from_raw(mul_div_down(debt, data->health_factor->raw(), kWadOne));
        }
    }
    return world;
}

TEST(LiquidationTime, is_the_first_of_all_seconds_tried) {
    constexpr BlockTime kTried = 700;
    unsigned found = 0;
    for (std::uint64_t seed = 0; seed < test::effort(3000) && !testing::Test::HasFailure();
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = world_with_interest(dice);
        const auto ours = liquidation_time(world.market, world.account);
        std::optional<BlockTime> first;
        for (BlockTime time = kNow; time < kNow + kTried && !first; ++time) {
            const auto data =
                account_data(world.market, world.account, Assumptions{.time = time, .prices = {}});
            if (!data) break;
            if (data->is_liquidatable()) first = time;
        }
        if (first || (ours && *ours < kNow + kTried)) {
            EXPECT_EQ(ours, first);
        }
        found += first && *first != kNow ? 1U : 0U;
    }
    EXPECT_GT(found, test::effort(100));
}

TEST(LiquidationTime, of_a_slow_loan_is_certified_and_within_a_year) {
    WorldBuilder builder(RuleSet::v3_7);
    builder.reserve(0, {.liquidation_threshold = 8000}, 200'000'000'000);
    builder.reserve(1, {.decimals = 6}, 100'000'000);
    SmallWorld world = builder.holds(0, kWadOne * 10U).holds(1, 0, 15'500'000'000).take();
    EXPECT_EQ(liquidation_time(world.market, world.account), std::nullopt) << "no interest";
    world.market.reserves[1].variable_borrow_rate = Ray::from_raw(kRayOne / 20U);
    const auto time = liquidation_time(world.market, world.account);
    ASSERT_TRUE(time);
    const auto health_at = [&](BlockTime when) {
        return account_data(world.market, world.account, Assumptions{.time = when, .prices = {}})
            ->is_liquidatable();
    };
    EXPECT_TRUE(health_at(*time));
    EXPECT_FALSE(health_at(*time - 1));
    EXPECT_EQ(*time - kNow, 20'024'566U);
    world.market.reserves[1].variable_borrow_rate = Ray::from_raw(kRayOne / 40U);
    EXPECT_EQ(liquidation_time(world.market, world.account), std::nullopt) << "later than a year";
    world.market.prices[0] = price(100'000'000'000);
    EXPECT_EQ(liquidation_time(world.market, world.account), kNow) << "already";
}

// ---- amounts
// --------------------------------------------------------------------------------------

bool reaches(const Market& market, const Account& account, const Wad& target) {
    const auto data = account_data(market, account);
    return data && (!data->health_factor || *data->health_factor >= target);
}

Holding& holding_of(Account& account, unsigned reserve) {
    return *std::ranges::find(account.holdings, reserve, &Holding::reserve);
}

/// The account after a repayment of `amount`; none where the token reverts.
std::optional<Account> after_repaying(const SmallWorld& world, unsigned id, const U256& amount) {
    Account after = world.account;
    Holding& holding = holding_of(after, id);
    const Reserve& reserve = world.market.reserves.at(id);
    const auto burned = as_contract([&] {
        return variable_debt_burn(reserve.debt_token_rules, TokenAmount::from_raw(amount),
                                  debt_index(world.market.rules, reserve, kNow));
    });
    if (!burned) return std::nullopt;
    holding.variable_debt = ScaledBalance::from_raw(holding.variable_debt.raw() - burned->raw());
    return after;
}

std::optional<Account> after_supplying(const SmallWorld& world, unsigned id, const U256& amount) {
    Account after = world.account;
    Holding& holding = holding_of(after, id);
    const Reserve& reserve = world.market.reserves.at(id);
    const auto minted = as_contract([&] {
        return a_token_mint(reserve.a_token_rules, TokenAmount::from_raw(amount),
                            income_index(reserve, kNow));
    });
    if (!minted) return std::nullopt;
    holding.supplied = ScaledBalance::from_raw(holding.supplied.raw() + minted->raw());
    return after;
}

using After = std::optional<Account> (*)(const SmallWorld&, unsigned, const U256&);

std::optional<U256> least_by_trying(const SmallWorld& world, unsigned id, const Wad& target,
                                    const U256& most, After after) {
    for (U256 amount = 1; amount <= most; ++amount) {
        const auto account = after(world, id, amount);
        if (account && reaches(world.market, *account, target)) return amount;
    }
    return std::nullopt;
}

std::string amount_text(const std::optional<TokenAmount>& amount) {
    return amount ? to_decimal(amount->raw()) : "none";
}

std::string amount_text(const std::optional<U256>& amount) {
    return amount ? to_decimal(*amount) : "none";
}

TEST(RepayToReach, is_the_least_of_all_amounts_tried) {
    unsigned found = 0;
    for (std::uint64_t seed = 0; seed < test::effort(3000) && !testing::Test::HasFailure();
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = random_world(dice);
        const Wad target = Wad::from_raw(kWadOne * dice.between(50, 150) / 100U);
        const auto id = static_cast<unsigned>(dice.between(0, world.account.holdings.size() - 1));
        const auto debt = debt_balance(world.market, world.account.holdings[id]);
        if (!debt || debt->raw() == 0 || debt->raw() > 3000) continue;
        const auto ours = repay_to_reach(world.market, world.account, id, target);
        if (!account_data(world.market, world.account)) {
            EXPECT_EQ(amount_text(ours), "none");
            continue;
        }
        if (reaches(world.market, world.account, target)) {
            EXPECT_EQ(amount_text(ours), "0");
            continue;
        }
        EXPECT_EQ(amount_text(ours),
                  amount_text(least_by_trying(world, id, target, debt->raw(), after_repaying)));
        found += ours ? 1U : 0U;
    }
    EXPECT_GT(found, test::effort(100));
}

TEST(RepayToReach, repays_variable_debt_before_stable_debt) {
    SmallWorld world = WorldBuilder(RuleSet::v3_0)
                           .reserve(0, {.liquidation_threshold = 8000, .decimals = 0}, 100)
                           .reserve(1, {.decimals = 0}, 1)
                           .holds(0, 10)
                           .holds(1, 0, 300)
                           .take();
    StableDebt& stable = world.account.holdings[1].stable_debt;
    stable.principal = TokenAmount::from_raw(700);
    stable.last_update = kNow;
    EXPECT_EQ(amount_text(repay_to_reach(world.market, world.account, 1, wad_one())), "200");
    const Wad two = Wad::from_raw(kWadOne * 2U);
    EXPECT_EQ(amount_text(repay_to_reach(world.market, world.account, 1, two)), "600");
    EXPECT_EQ(amount_text(repay_to_reach(world.market, world.account, 0, two)), "none");
    EXPECT_EQ(amount_text(repay_to_reach(world.market, world.account, 9, two)), "none");
}

TEST(AddToReach, is_the_least_of_all_amounts_tried) {
    unsigned found = 0;
    for (std::uint64_t seed = 0; seed < test::effort(3000) && !testing::Test::HasFailure();
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = random_world(dice);
        const Wad target = Wad::from_raw(kWadOne * dice.between(50, 150) / 100U);
        const auto id = static_cast<unsigned>(dice.between(0, world.account.holdings.size() - 1));
        if (!world.account.holdings[id].collateral) continue;
        const auto ours = add_to_reach(world.market, world.account, id, target);
        if (!account_data(world.market, world.account)) {
            EXPECT_EQ(amount_text(ours), "none");
            continue;
        }
        if (reaches(world.market, world.account, target)) {
            EXPECT_EQ(amount_text(ours), "0");
            continue;
        }
        constexpr unsigned kTried = 500;
        const auto least = least_by_trying(world, id, target, kTried, after_supplying);
        if (least || (ours && ours->raw() <= kTried)) {
            EXPECT_EQ(amount_text(ours), amount_text(least));
        } else if (ours) {
            const auto enough = after_supplying(world, id, ours->raw());
            const auto less = after_supplying(world, id, ours->raw() - 1U);
            EXPECT_TRUE(enough && reaches(world.market, *enough, target));
            EXPECT_FALSE(less && reaches(world.market, *less, target));
        }
        found += ours ? 1U : 0U;
    }
    EXPECT_GT(found, test::effort(100));
}

// ---- the closed forms of the specification, with numbers of real size
// -----------------------------

using S512 = boost::multiprecision::checked_int512_t;

S512 floor_div(const S512& a, const S512& b) {
    const S512 quotient = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}
S512 ceil_div(const S512& a, const S512& b) { return -floor_div(-a, b); }

/// One collateral asset that moves among fixed collateral and debt.
struct ClosedForm {
    S512 balance = 0;  ///< of the moving asset, as are unit and threshold
    S512 unit = 1;
    S512 threshold = 0;
    S512 fixed_collateral = 0;  ///< of the others
    S512 fixed_weighted = 0;
    S512 debt = 0;  ///< base currency

    S512 worth(const S512& p) const { return balance * p / unit; }
    S512 greatest_price_of(const S512& w) const { return (unit * (w + 1) - 1) / balance; }

    std::optional<S512> price_h2() const {
        const S512 wad("1000000000000000000");
        const S512 least = ceil_div(wad * 10000 * debt - debt / 2, wad);
        if (fixed_weighted >= least || threshold == 0) return std::nullopt;
        return greatest_price_of(ceil_div(least - fixed_weighted, threshold) - 1);
    }

    /// The greatest unhealthy price: from run to run of equal averaged threshold, downwards.
    std::optional<S512> price_h1() const {
        const S512 wad("1000000000000000000");
        const S512 k = 10000 * ceil_div(wad * debt - debt / 2, wad) - 5000;
        S512 w = ceil_div(k - 1 - fixed_weighted + fixed_collateral, threshold - 1) - 1;
        while (w >= 0) {
            const S512 p = greatest_price_of(w);
            w = worth(p);
            const S512 c = fixed_collateral + w;
            const S512 t = fixed_weighted + threshold * w;
            const S512 a = c == 0 ? S512(0) : t / c;
            if (c * a < k) return p;
            const S512 last = ceil_div(k, a) - 1 - fixed_collateral;
            S512 low =
                threshold <= a
                    ? floor_div(fixed_weighted - (a + 1) * fixed_collateral, (a + 1) - threshold) +
                          1
                    : ceil_div(a * fixed_collateral - fixed_weighted, threshold - a);
            if (low < 0) low = 0;
            w = last >= low ? last : low - 1;
        }
        return std::nullopt;
    }
};

U256 random_amount(Dice& dice, unsigned decimals) {
    const U256 digits = dice.between(1, 999'999'999);
    U256 amount = digits * token_unit(decimals) / 10'000U;
    if (dice.one_in(4)) amount /= U256(1'000'000U);
    return amount + dice.between(0, 9);
}

TEST(LiquidationPrice, of_one_collateral_equals_the_closed_forms) {
    unsigned found = 0;
    for (std::uint64_t seed = 0; seed < test::effort(3000) && !testing::Test::HasFailure();
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const RuleSet rules = dice.one_in(2) ? RuleSet::v3_4 : RuleSet::v3_7;
        constexpr unsigned kDecimals[] = {6, 8, 18};
        ClosedForm form;
        WorldBuilder builder(rules);
        const unsigned decimals = dice.pick(kDecimals);
        const auto threshold = static_cast<unsigned>(dice.between(2, 9800));
        const U256 balance = random_amount(dice, decimals);
        form.balance = S512(balance);
        form.unit = S512(token_unit(decimals));
        form.threshold = threshold;
        builder.reserve(0, {.liquidation_threshold = threshold, .decimals = decimals}, 1);
        builder.holds(0, balance);
        U256 borrowing_power = 0;
        for (unsigned id = 1; id < 4; ++id) {
            const unsigned digits = dice.pick(kDecimals);
            const U256 p = dice.between(1, 1'000'000'000'000);
            const auto other = static_cast<unsigned>(dice.between(1, 9800));
            builder.reserve(id, {.liquidation_threshold = other, .decimals = digits}, p);
            const U256 amount = random_amount(dice, digits);
            const U256 value = amount * p / token_unit(digits);
            if (id < 3) {
                builder.holds(id, amount);
                form.fixed_collateral += S512(value);
                form.fixed_weighted += S512(value * other);
                borrowing_power += value * other / 10'000U;
            } else {
                const U256 debt = (borrowing_power + balance * dice.between(1, 1'000'000'000'000) /
                                                         token_unit(decimals)) *
                                  token_unit(digits) / p;
                builder.holds(id, 0, debt);
                form.debt += rules == RuleSet::v3_7
                                 ? S512(mul_div_up(debt, p, token_unit(digits)))
                                 : S512(mul_div_down(debt, p, token_unit(digits)));
            }
        }
        if (form.debt == 0) continue;
        const auto expected = rules == RuleSet::v3_7 ? form.price_h2() : form.price_h1();
        SmallWorld world = builder.take();
        world.market.prices[0] =
            price(expected ? static_cast<U256>(*expected) * 3U + 5U : U256(1'000'000U));
        const auto ours = liquidation_price(world.market, world.account, alone(0));
        EXPECT_EQ(text_of(ours), expected ? expected->str() + " below" : "none");
        found += expected ? 1U : 0U;
    }
    EXPECT_GT(found, test::effort(1500));
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
