// Every search against the plainest way to find the same: trying all prices, blocks and amounts.
#include "protocols/compound_v2/liquidation_price.hpp"

#include "protocols/common/crossing.hpp"
#include "protocols/compound_v2/account_data.hpp"
#include "tests/protocols/compound_v2/small_market.hpp"
#include "tests/support/effort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::uint64_t kOne = 1'000'000'000'000'000'000ULL;

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::uint64_t up_to(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(engine_);
    }

  private:
    std::mt19937_64 engine_;
};

/// Prices of a few hundred units and amounts near 1e18, so that every rounding shows.
SmallMarket random_world(Random& random) {
    SmallMarket out;
    out.market.rounding = random.up_to(1) == 0 ? Rounding::truncate : Rounding::half_up;
    const std::uint64_t assets = 2 + random.up_to(2);
    for (std::uint64_t i = 0; i < assets; ++i) {
        EnteredAsset asset;
        const std::uint64_t role = random.up_to(2);
        if (role != 1) asset.c_tokens = CTokens::from_raw(random.up_to(6 * kOne));
        if (role != 0) asset.borrow = TokenAmount::from_raw(random.up_to(3 * kOne));
        asset.exchange_rate = mantissa(kOne / 2 + random.up_to(kOne));
        asset.factor = mantissa(random.up_to(9) * (kOne / 10));
        asset.price = OraclePrice::from_raw(1 + random.up_to(300));
        out.add(asset);
    }
    return out;
}

struct Brute {
    std::optional<U256> price;
    bool is_liquidatable_now = false;
};

/// The liquidatable price nearest to the present one that has a healthy neighbour, if there is a
/// change within `reach`.
Brute brute_force(const SmallMarket& world, const MovingPrices& moving, std::uint64_t reach) {
    const AccruedMarket accrued(world.market);
    const auto now = static_cast<std::uint64_t>(world.market.prices.at(moving.leader).raw());
    const auto at = [&](std::uint64_t x) {
        return liquidatable_at(accrued, world.account, moving, OraclePrice::from_raw(x));
    };
    Brute out;
    out.is_liquidatable_now = at(now).value_or(false);
    for (std::uint64_t away = 1; away <= reach && !out.price; ++away) {
        for (const bool down : {true, false}) {
            if (down && away >= now) continue;
            const std::uint64_t x = down ? now - away : now + away;
            const auto answer = at(x);
            if (!answer || *answer == out.is_liquidatable_now) continue;
            if (!at(down ? x + 1 : x - 1)) continue;
            out.price = U256(out.is_liquidatable_now ? (down ? x + 1 : x - 1) : x);
        }
    }
    return out;
}

/// Whether something counts for the health factor besides what moves: else no price matters.
bool has_fixed_part(const SmallMarket& world, const MovingPrices& moving) {
    for (const Holding& holding : world.account.holdings) {
        const bool is_member =
            holding.market == moving.leader ||
            std::ranges::find(moving.members, holding.market) != moving.members.end();
        const bool counts =
            holding.has_debt() ||
            (holding.c_tokens.raw() != 0 &&
             world.market.markets.at(holding.market).factors.liquidation.raw() != 0);
        if (counts && is_member == moving.moves_numeraire) return true;
    }
    return false;
}

void compare(const SmallMarket& world, const MovingPrices& moving, unsigned seed, unsigned& found) {
    constexpr std::uint64_t kReach = 1500;
    if (!has_fixed_part(world, moving)) return;
    const AccruedMarket accrued(world.market);
    const Brute brute = brute_force(world, moving, kReach);
    const auto ours = liquidation_price(accrued, world.account, moving);
    const U256 now = world.market.prices.at(moving.leader).raw();
    if (!brute.price) {
        if (ours) {
            EXPECT_GE(crossing::distance(ours->price.raw(), now) + 1U, kReach) << "seed " << seed;
        }
        return;
    }
    ++found;
    ASSERT_TRUE(ours) << "seed " << seed << ", brute force " << *brute.price;
    EXPECT_EQ(crossing::distance(ours->price.raw(), now), crossing::distance(*brute.price, now))
        << "seed " << seed;
}

TEST(LiquidationPrice, nearest_of_all_prices_when_one_asset_moves) {
    unsigned found = 0;
    for (unsigned seed = 1; seed <= test::effort(300); ++seed) {
        Random random(seed);
        const SmallMarket world = random_world(random);
        compare(world, {.leader = 0, .members = {}}, seed, found);
    }
    EXPECT_GT(found, test::effort(40) / 2);
}

TEST(LiquidationPrice, nearest_of_all_prices_when_a_group_moves) {
    unsigned found = 0;
    for (unsigned seed = 1; seed <= test::effort(100); ++seed) {
        Random random(1000 + seed);
        const SmallMarket world = random_world(random);
        const std::array<unsigned, 2> members{0, 1};
        compare(world, {.leader = 0, .members = members}, seed, found);
    }
    EXPECT_GT(found, test::effort(10) / 2);
}

/// Stated in a coin: the others' prices move the opposite way.
TEST(LiquidationPrice, nearest_of_all_prices_when_the_numeraire_moves) {
    unsigned found = 0;
    for (unsigned seed = 1; seed <= test::effort(100); ++seed) {
        Random random(2000 + seed);
        SmallMarket world = random_world(random);
        world.market.prices[0] = OraclePrice::from_raw(200);
        const std::array<unsigned, 1> members{0};
        compare(world, {.leader = 0, .members = members, .moves_numeraire = true}, seed, found);
    }
    EXPECT_GT(found, test::effort(10) / 2);
}

TEST(LiquidationPrice, falling_coin_endangers_who_holds_it_and_owes_others) {
    SmallMarket world;
    EnteredAsset coin{.c_tokens = CTokens::from_raw(U256(1'000) * kOne),
                      .borrow = {},
                      .exchange_rate = wad_one(),
                      .factor = mantissa(kOne / 2),
                      .price = OraclePrice::from_raw(kOne)};
    EnteredAsset dollars{.c_tokens = {},
                         .borrow = TokenAmount::from_raw(U256(100) * kOne),
                         .exchange_rate = wad_one(),
                         .factor = mantissa(kOne / 2),
                         .price = OraclePrice::from_raw(U256(4) * kOne)};
    world.add(coin);
    world.add(dollars);
    const std::array<unsigned, 1> members{0};
    const MovingPrices moving{.leader = 0, .members = members, .moves_numeraire = true};
    const auto price = liquidation_price(AccruedMarket(world.market), world.account, moving);
    ASSERT_TRUE(price);
    EXPECT_EQ(price->side, PriceSide::below);
    // 500 coins of borrowing power against 100 dollars: safe down to 5 coins a dollar, 4/5 of now.
    EXPECT_EQ(price->price.raw(), U256(kOne / 5 * 4) - 1U);
}

TEST(LiquidationPrice, account_whose_price_is_zero_has_none) {
    SmallMarket world;
    world.add({.c_tokens = CTokens::from_raw(kOne),
               .borrow = {},
               .exchange_rate = wad_one(),
               .factor = wad_one(),
               .price = OraclePrice::from_raw(100)});
    world.add({.c_tokens = {},
               .borrow = TokenAmount::from_raw(kOne),
               .exchange_rate = wad_one(),
               .factor = wad_one(),
               .price = OraclePrice::from_raw(0)});
    const AccruedMarket accrued(world.market);
    EXPECT_FALSE(liquidation_price(accrued, world.account, {.leader = 0, .members = {}}));
    EXPECT_FALSE(liquidatable_at(accrued, world.account, {.leader = 0, .members = {}},
                                 OraclePrice::from_raw(1)));
}

TEST(LiquidationMoment, first_of_all_blocks) {
    constexpr std::uint64_t kHorizon = 3000;
    unsigned found = 0;
    for (unsigned seed = 1; seed <= test::effort(120); ++seed) {
        Random random(3000 + seed);
        SmallMarket world = random_world(random);
        for (auto& [id, c_token] : world.market.markets) {
            c_token.stored.total_supply = CTokens::from_raw(1 + random.up_to(1000));
            c_token.stored.cash = TokenAmount::from_raw(random.up_to(500));
            c_token.stored.total_borrows = TokenAmount::from_raw(random.up_to(500));
            c_token.stored.borrow_rate = mantissa(random.up_to(100'000'000'000'000ULL) / 20);
            c_token.stored.accrued_at = random.up_to(50);
            c_token.reserve_factor = mantissa(kOne / 10);
        }
        world.market.now = 50;
        // Brought to the edge: a health factor of 1 and up to a hundredth.
        const Wad edge = mantissa(kOne + random.up_to(kOne / 100));
        for (Holding& holding : world.account.holdings) {
            const auto amount =
                repay_to_reach(AccruedMarket(world.market), world.account, holding.market, edge);
            if (amount && amount->raw() < holding.principal.raw()) {
                holding.principal = TokenAmount::from_raw(holding.principal.raw() - amount->raw());
            }
        }
        const auto at = [&](std::uint64_t block) {
            const auto data =
                account_data(AccruedMarket(world.market, block), world.account, State::current);
            return data && data->is_liquidatable();
        };
        std::optional<std::uint64_t> brute;
        for (std::uint64_t block = 50; block <= 50 + kHorizon && !brute; ++block) {
            if (at(block)) brute = block;
        }
        const auto ours = liquidation_moment(world.market, world.account, kHorizon);
        EXPECT_EQ(ours, brute) << "seed " << seed;
        found += brute && *brute > 50;
    }
    EXPECT_GT(found, test::effort(4) / 2);
}

TEST(SafeAmount, least_that_reaches_the_target) {
    int repaid = 0;
    int added = 0;
    const Wad target = mantissa(kOne + kOne / 4);
    for (unsigned seed = 1; seed <= 120; ++seed) {
        Random random(4000 + seed);
        SmallMarket world = random_world(random);
        for (Holding& holding : world.account.holdings) {
            holding.c_tokens = CTokens::from_raw(holding.c_tokens.raw() / 1'000'000'000'000'000U);
            holding.principal =
                TokenAmount::from_raw(holding.principal.raw() / 1'000'000'000'000'000U);
        }
        for (auto& [id, price] : world.market.prices)
            price = OraclePrice::from_raw(price.raw() * kOne);
        const AccruedMarket accrued(world.market);
        const auto reaches = [&](const Account& account) {
            const auto data = account_data(accrued, account, State::current);
            const auto health = data->health_factor();
            return !health || *health >= target;
        };
        for (std::size_t i = 0; i < world.account.holdings.size(); ++i) {
            const unsigned id = world.account.holdings[i].market;
            if (const auto amount = repay_to_reach(accrued, world.account, id, target)) {
                Account after = world.account;
                U256 principal = after.holdings[i].principal.raw() - amount->raw();
                after.holdings[i].principal = TokenAmount::from_raw(principal);
                EXPECT_TRUE(reaches(after)) << seed;
                if (amount->raw() > 0) {
                    ++repaid;
                    after.holdings[i].principal = TokenAmount::from_raw(principal + 1U);
                    EXPECT_FALSE(reaches(after)) << seed;
                }
            }
            if (const auto amount = add_to_reach(accrued, world.account, id, target)) {
                const auto with = [&](const U256& supplied) {
                    Account after = world.account;
                    const U256& rate = accrued.find(id)->exchange_rate(State::current).raw();
                    after.holdings[i].c_tokens = CTokens::from_raw(
                        after.holdings[i].c_tokens.raw() + supplied * U256(kOne) / rate);
                    return after;
                };
                EXPECT_TRUE(reaches(with(amount->raw()))) << seed;
                if (amount->raw() > 0) {
                    ++added;
                    EXPECT_FALSE(reaches(with(amount->raw() - 1U))) << seed;
                }
            }
        }
    }
    EXPECT_GT(repaid, 10);
    EXPECT_GT(added, 10);
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
