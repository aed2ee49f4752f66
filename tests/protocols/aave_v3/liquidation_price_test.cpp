#include "protocols/aave_v3/liquidation_price.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "tests/protocols/aave_v3/small_world.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"

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

/// Whether the account is liquidatable at each leader price from 0 on; not computable counts as no.
std::vector<bool> scan(const SmallWorld& world, const MovingPrices& moving, unsigned count) {
    std::vector<bool> answers;
    for (unsigned p = 0; p < count; ++p) {
        answers.push_back(
            liquidatable_at(world.market, world.account, moving, price(p)).value_or(false));
    }
    return answers;
}

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

/// Whether something that is not in the set matters to the health factor.
bool has_fixed_part(const SmallWorld& world, const MovingPrices& moving) {
    for (const Holding& holding : world.account.holdings) {
        if (!is_held(holding)) continue;
        const Reserve& reserve = world.market.reserves.at(holding.reserve);
        const bool is_member =
            std::ranges::find(moving.members, holding.reserve) != moving.members.end();
        SmallWorld other = world;
        other.market.prices[holding.reserve] = price(123'456);
        const bool is_own = effective_price(other.market, world.account, reserve) == price(123'456);
        const Bps threshold = effective_liquidation_threshold(world.market, world.account, reserve);
        const bool is_counted = world.market.rules >= RuleSet::v3_6 ||
                                reserve.config.liquidation_threshold().raw() != 0;
        const bool matters =
            holding.has_debt() || (is_counted && holding.supplied.raw() != 0 &&
                                   (threshold.raw() != 0 || world.market.rules < RuleSet::v3_5));
        if (matters && !(is_member && is_own)) return true;
    }
    return false;
}

struct Tally {
    int found = 0;
    int none = 0;
    int beyond = 0;
    int above = 0;
};

void check_by_trying_all(const SmallWorld& world, const MovingPrices& moving, Tally& tally) {
    const auto now = static_cast<unsigned>(world.market.prices.at(moving.leader).raw());
    const auto found = liquidation_price(world.market, world.account, moving);
    const bool is_computable = account_data(world.market, world.account).has_value();
    if (!is_computable || !has_fixed_part(world, moving)) {
        EXPECT_EQ(text_of(found), "none");
        ++tally.none;
        return;
    }
    constexpr unsigned kCount = 1200;
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
    tally.above += found->side == PriceSide::above ? 1 : 0;
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
    for (std::uint64_t seed = 0; seed < 3000 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const SmallWorld world = random_world(dice);
        const auto id = static_cast<unsigned>(dice.between(0, world.account.holdings.size() - 1));
        check_by_trying_all(world, alone(id), tally);
    }
    EXPECT_GT(tally.found, 500);
    EXPECT_GT(tally.above, 100);
    EXPECT_GT(tally.none, 200);
    RecordProperty("found", tally.found);
    RecordProperty("above", tally.above);
    RecordProperty("none", tally.none);
    RecordProperty("beyond", tally.beyond);
}

TEST(LiquidationPrice, of_a_group_is_the_nearest_of_all_prices_tried) {
    Tally tally;
    for (std::uint64_t seed = 100'000; seed < 103'000 && !testing::Test::HasFailure(); ++seed) {
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
    EXPECT_GT(tally.found, 300);
    RecordProperty("found", tally.found);
    RecordProperty("above", tally.above);
    RecordProperty("none", tally.none);
    RecordProperty("beyond", tally.beyond);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
