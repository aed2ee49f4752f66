#include "daemon/bands/heatmap.hpp"

#include "daemon/bands/band.hpp"
#include "daemon/bands/shock.hpp"
#include "tests/support/fake_protocol.hpp"

#include <gtest/gtest.h>

#include <random>

namespace plimsoll::bands {
namespace {

using test::address;
using test::FakeProtocol;

const Address kWeth = address(1);
const Address kWsteth = address(2);
const Address kUsdc = address(3);

FakeProtocol world() {
    FakeProtocol protocol;
    protocol.tokens = {{"WETH", kWeth, U256(2500) * 100'000'000, 80},
                       {"wstETH", kWsteth, U256(3000) * 100'000'000, 80},
                       {"USDC", kUsdc, U256(100'000'000), 80}};
    return protocol;
}

Usd8 usd(std::uint64_t dollars) { return Usd8::from_raw(U256(dollars) * 100'000'000); }

OraclePrice price(std::uint64_t dollars) {
    return OraclePrice::from_raw(U256(dollars) * 100'000'000);
}

ResolvedBand resolve(const FakeProtocol& protocol, const Usd8& low, const Usd8& high) {
    config::GroupSettings group;
    group.name = "ETH";
    group.leader = "WETH";
    group.members = {"WETH", "wstETH"};
    const auto markets = protocol.markets();
    return resolve_band({"", "ETH", low, high}, resolve_groups({group}, markets), markets).value();
}

HeatMap heat(const FakeProtocol& protocol, std::uint64_t low, std::uint64_t high,
             std::uint64_t step) {
    return evaluate_heatmap(protocol, resolve(protocol, usd(low), usd(high)), usd(step),
                            protocol.healths());
}

/// Liquidatable exactly at `dollars` and under: 125 WETH at 80 percent.
void add_long(FakeProtocol& protocol, std::uint64_t account, std::uint64_t dollars) {
    auto& position = protocol.positions[address(account)];
    position.collateral[kWeth] = 125'000'000;
    position.debt[kUsdc] = U256(dollars) * 100'000'000 + 1;
}

/// Liquidatable exactly from `dollars` on: 1 WETH of debt.
void add_short(FakeProtocol& protocol, std::uint64_t account, std::uint64_t dollars) {
    auto& position = protocol.positions[address(account)];
    position.collateral[kUsdc] = U256(dollars) * 1'250'000 - 1;
    position.debt[kWeth] = 1'000'000;
}

TEST(HeatSteps, counts_whole_and_partial_steps) {
    EXPECT_EQ(heat_steps(usd(100), usd(200), usd(50), 10), 2U);
    EXPECT_EQ(heat_steps(usd(100), usd(201), usd(50), 10), 3U);
    EXPECT_EQ(heat_steps(usd(100), usd(600), usd(50), 10), 10U);
    EXPECT_FALSE(heat_steps(usd(100), usd(601), usd(50), 10));
    EXPECT_FALSE(heat_steps(usd(100), usd(200), usd(0), 10));
    EXPECT_FALSE(heat_steps(usd(200), usd(200), usd(1), 10));
    EXPECT_FALSE(heat_steps(usd(0), usd(200), usd(50), 10));
}

TEST(HeatMap, a_position_stands_in_the_step_that_its_price_lies_in) {
    FakeProtocol protocol = world();
    add_long(protocol, 10, 2000);  // at the low end of its step
    add_long(protocol, 11, 2099);
    add_long(protocol, 12, 2100);  // in the next one
    add_long(protocol, 13, 1999);  // below the range
    add_long(protocol, 14, 2300);  // above it: a range ends before its high end
    const HeatMap map = heat(protocol, 2000, 2300, 100);
    ASSERT_EQ(map.steps.size(), 3U);
    EXPECT_EQ(map.steps[0].below.positions, 2U);
    EXPECT_EQ(map.steps[0].below.collateral, U256(250'000'000));
    EXPECT_EQ(map.steps[0].below.collateral_usd, usd(2 * 125 * 2500));
    EXPECT_EQ(map.steps[1].below.positions, 1U);
    EXPECT_EQ(map.steps[2].below.positions, 0U);
    EXPECT_EQ(map.steps[0].above.positions, 0U);
}

TEST(HeatMap, a_short_position_stands_on_the_other_side) {
    FakeProtocol protocol = world();
    add_short(protocol, 10, 2650);
    add_short(protocol, 11, 2700);  // liquidatable at the end of [2600, 2700): crossed there
    add_short(protocol, 12, 2701);
    const HeatMap map = heat(protocol, 2500, 2800, 100);
    ASSERT_EQ(map.steps.size(), 3U);
    EXPECT_EQ(map.steps[0].above.positions, 0U);
    EXPECT_EQ(map.steps[1].above.positions, 2U);
    EXPECT_EQ(map.steps[2].above.positions, 1U);
    EXPECT_EQ(map.steps[1].below.positions, 0U);
    EXPECT_EQ(map.steps[1].above.collateral, U256(0));
    EXPECT_GT(map.steps[1].above.collateral_usd, usd(0));
}

TEST(HeatMap, what_is_liquidatable_already_is_told) {
    FakeProtocol protocol = world();
    add_long(protocol, 10, 2600);
    const HeatMap map = heat(protocol, 2500, 2700, 100);
    EXPECT_EQ(map.steps[1].below.positions, 1U);
    EXPECT_EQ(map.steps[1].below.liquidatable, 1U);
}

TEST(HeatMap, unknown_is_counted_and_no_debt_is_not) {
    FakeProtocol protocol = world();
    protocol.positions[address(10)].collateral[kWeth] = 1;
    add_long(protocol, 11, 2000);
    protocol.positions[address(11)].computable = false;
    EXPECT_EQ(heat(protocol, 1000, 3000, 500).not_computable, 1U);
}

TEST(HeatMap, without_a_price_nothing_is_known) {
    FakeProtocol protocol = world();
    protocol.tokens[0].price = 0;
    const HeatMap map = heat(protocol, 1000, 3000, 500);
    EXPECT_FALSE(map.price);
    EXPECT_TRUE(map.steps.empty());
}

/// Every step is what a band over the same prices is, on random books.
TEST(HeatMap, agrees_with_bands) {
    std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): the same book every time
    for (int round = 0; round < 20; ++round) {
        FakeProtocol protocol = world();
        for (std::uint64_t account = 10; account < 60; ++account) {
            auto& position = protocol.positions[address(account)];
            position.collateral[random() % 2 == 0 ? kWeth : kWsteth] = 1'000'000 + random() % 9'000;
            if (random() % 3 == 0) position.collateral[kUsdc] = random() % 500'000'000;
            position.debt[random() % 4 == 0 ? kWeth : kUsdc] = random() % 3'000'000'000;
        }
        const HeatMap map = heat(protocol, 900, 3333, 137);
        for (const HeatStep& step : map.steps) {
            ResolvedBand band = resolve(protocol, step.low, step.high);
            band.high_price = OraclePrice::from_raw(band.high_price.raw() - 1);
            const BandReport report = evaluate_band(protocol, band, protocol.healths());
            EXPECT_EQ(step.below.positions, report.positions);
            EXPECT_EQ(step.below.liquidatable, report.liquidatable);
            EXPECT_EQ(step.below.collateral, report.collateral_amount);
            EXPECT_EQ(step.below.collateral_usd, report.collateral_usd);
            EXPECT_EQ(step.below.debt_usd, report.debt_usd);
        }
    }
}

TEST(Shock, tells_who_is_endangered_who_was_already_and_who_is_relieved) {
    FakeProtocol protocol = world();
    add_long(protocol, 10, 2000);
    add_long(protocol, 11, 2001);   // larger debt: comes first
    add_long(protocol, 12, 1999);   // stays healthy
    add_long(protocol, 13, 2600);   // was already
    add_short(protocol, 14, 2400);  // was, and is not at 2,000
    add_long(protocol, 15, 2000);
    protocol.positions[address(15)].computable = false;
    const auto band = resolve(protocol, usd(1), usd(2));
    const Shock shock =
        evaluate_shock(protocol, band.group, price(2500), price(2000), protocol.healths());
    ASSERT_EQ(shock.endangered.size(), 2U);
    EXPECT_EQ(shock.endangered[0].key.account, address(11));
    EXPECT_EQ(shock.endangered[1].key.account, address(10));
    EXPECT_EQ(shock.already, 1U);
    EXPECT_EQ(shock.relieved, 1U);
    EXPECT_EQ(shock.not_computable, 1U);
    EXPECT_EQ(shock.collateral_usd, usd(2 * 125 * 2500));
}

TEST(Shock, a_rise_endangers_short_positions) {
    FakeProtocol protocol = world();
    add_short(protocol, 10, 2600);
    const auto band = resolve(protocol, usd(1), usd(2));
    const Shock shock =
        evaluate_shock(protocol, band.group, price(2500), price(2600), protocol.healths());
    ASSERT_EQ(shock.endangered.size(), 1U);
    EXPECT_EQ(shock.endangered[0].collateral, U256(0));
}

}  // namespace
}  // namespace plimsoll::bands
