#include "daemon/bands/band.hpp"

#include "tests/support/fake_protocol.hpp"

#include <gtest/gtest.h>

#include <random>

namespace plimsoll::bands {
namespace {

using protocols::PositionKey;
using test::address;
using test::FakeProtocol;

const Address kWeth = address(1);
const Address kWsteth = address(2);
const Address kUsdc = address(3);

/// WETH at 2,500, wstETH at 3,000, USDC at 1; threshold 80 percent; prices with `oracle_decimals`.
FakeProtocol world(unsigned oracle_decimals = 8) {
    U256 unit = 1;
    for (unsigned i = 0; i < oracle_decimals; ++i) unit *= 10;
    FakeProtocol protocol;
    protocol.oracle_decimals = oracle_decimals;
    protocol.tokens = {{"WETH", kWeth, unit * 2500, 80},
                       {"wstETH", kWsteth, unit * 3000, 80},
                       {"USDC", kUsdc, unit, 80}};
    return protocol;
}

config::GroupSettings eth_group() {
    config::GroupSettings group;
    group.name = "ETH";
    group.leader = "WETH";
    group.members = {"WETH", "wstETH"};
    return group;
}

ResolvedBand resolve(const FakeProtocol& protocol, const std::string& collateral, std::uint64_t low,
                     std::uint64_t high) {
    const auto markets = protocol.markets();
    const auto groups = resolve_groups({eth_group()}, markets);
    const auto usd = [](std::uint64_t dollars) {
        return Usd8::from_raw(U256(dollars) * 100'000'000);
    };
    return resolve_band({"band", collateral, usd(low), usd(high)}, groups, markets).value();
}

BandReport evaluate(const FakeProtocol& protocol, std::uint64_t low, std::uint64_t high,
                    const std::string& collateral = "ETH") {
    return evaluate_band(protocol, resolve(protocol, collateral, low, high), protocol.healths());
}

/// 125 WETH at 80 percent against a debt of one smallest unit more than they cover at `price`
/// dollars: that is its liquidation price, to the unit.
void add(FakeProtocol& protocol, std::uint64_t account, std::uint64_t price) {
    auto& position = protocol.positions[address(account)];
    position.collateral[kWeth] = 125'000'000;
    position.debt[kUsdc] = U256(price) * 100'000'000 + 1;
}

struct Edge {
    const char* name;
    std::uint64_t liquidation_price;  ///< whole dollars
    bool belongs;
};
class BandEdges : public testing::TestWithParam<Edge> {};

TEST_P(BandEdges, both_ends_belong) {
    for (const std::uint64_t now : {2500U, 2300U, 2000U}) {  // above, inside, below
        FakeProtocol protocol = world();
        add(protocol, 10, GetParam().liquidation_price);
        protocol.tokens[0].price = U256(now) * 100'000'000;
        EXPECT_EQ(evaluate(protocol, 2200, 2400).positions, GetParam().belongs ? 1U : 0U)
            << "price now " << now;
    }
}

INSTANTIATE_TEST_SUITE_P(Table, BandEdges,
                         testing::Values(Edge{"under_low", 2199, false}, Edge{"at_low", 2200, true},
                                         Edge{"between", 2300, true}, Edge{"at_high", 2400, true},
                                         Edge{"over_high", 2401, false}),
                         [](const auto& tested) { return tested.param.name; });

TEST(EvaluateBand, one_unit_either_side_of_the_ends) {
    for (const auto& [debt, belongs] : {std::pair{220'000'000'000, false},  // safe at 2,200
                                        std::pair{220'000'000'001, true},   // not safe at 2,200
                                        std::pair{240'000'000'001, true},   // safe over 2,400
                                        std::pair{240'000'000'002, false}}) {
        FakeProtocol protocol = world();
        add(protocol, 10, 2300);
        protocol.positions[address(10)].debt[kUsdc] = U256(debt);
        EXPECT_EQ(evaluate(protocol, 2200, 2400).positions, belongs ? 1U : 0U) << debt;
    }
}

TEST(EvaluateBand, sums_and_the_largest_first) {
    FakeProtocol protocol = world();
    for (std::uint64_t i = 0; i < 25; ++i) add(protocol, 100 + i, 2300);
    protocol.positions[address(107)].collateral[kWeth] = 250'000'000;
    protocol.positions[address(107)].debt[kUsdc] *= 2;
    const BandReport report = evaluate(protocol, 2200, 2400);
    EXPECT_EQ(report.band, "band");
    EXPECT_EQ(report.collateral, "ETH");
    EXPECT_EQ(report.leader, "WETH");
    EXPECT_EQ(report.positions, 25U);
    EXPECT_EQ(report.collateral_amount, 3'250'000'000);
    EXPECT_EQ(report.collateral_usd.raw(), U256(8'125'000) * 100'000'000);
    EXPECT_EQ(report.debt_usd.raw(), U256(598'000'000'002'600));
    EXPECT_EQ(report.liquidatable, 0U);
    ASSERT_EQ(report.largest.size(), kLargest);
    EXPECT_EQ(report.largest[0].key.account, address(107));
    EXPECT_EQ(report.largest[0].collateral, 250'000'000);
    EXPECT_EQ(report.largest[1].key.account, address(100)) << "equal ones in the order of accounts";
}

TEST(EvaluateBand, members_count_in_units_of_the_leader) {
    FakeProtocol protocol = world();
    auto& position = protocol.positions[address(10)];
    position.collateral[kWsteth] = 10'000'000;    // 30,000 USD, 12 WETH
    position.debt[kUsdc] = U256(22'080'000'000);  // 80 percent of it at WETH = 2,300
    const BandReport report = evaluate(protocol, 2200, 2400);
    EXPECT_EQ(report.positions, 1U);
    EXPECT_EQ(report.collateral_amount, 12'000'000);
    EXPECT_EQ(evaluate(protocol, 2200, 2400, "WETH").positions, 0U) << "it holds no WETH itself";
}

TEST(EvaluateBand, who_is_in_no_band) {
    FakeProtocol protocol = world();
    protocol.positions[address(10)].collateral[kWeth] = 1'000'000;             // no debt
    protocol.positions[address(11)].collateral[kUsdc] = U256(30'000'000'000);  // short of WETH
    protocol.positions[address(11)].debt[kWeth] = 10'000'000;
    protocol.positions[address(12)].collateral[kUsdc] = U256(1'000'000);  // no ETH at all
    protocol.positions[address(12)].debt[kUsdc] = U256(900'000);
    EXPECT_EQ(evaluate(protocol, 2200, 2400).positions, 0U);
    EXPECT_EQ(evaluate(protocol, 1, 1'000'000).positions, 0U);
}

TEST(EvaluateBand, liquidatable_ones_stay_in_the_band_they_fell_in) {
    FakeProtocol protocol = world();
    add(protocol, 10, 2350);
    protocol.tokens[0].price = U256(2100) * 100'000'000;
    const BandReport fell_in = evaluate(protocol, 2200, 2400);
    EXPECT_EQ(fell_in.positions, 1U);
    EXPECT_EQ(fell_in.liquidatable, 1U);
    EXPECT_EQ(evaluate(protocol, 2000, 2199).positions, 0U);
}

TEST(EvaluateBand, what_cannot_be_computed_is_counted) {
    FakeProtocol protocol = world();
    add(protocol, 10, 2300);
    add(protocol, 11, 2300);
    protocol.positions[address(11)].computable = false;
    const BandReport report = evaluate(protocol, 2200, 2400);
    EXPECT_EQ(report.positions, 1U);
    EXPECT_EQ(report.not_computable, 1U);
}

TEST(EvaluateBand, without_a_price_nothing_is_known) {
    FakeProtocol protocol = world();
    add(protocol, 10, 2300);
    protocol.tokens[0].price = 0;
    const BandReport report = evaluate(protocol, 2200, 2400);
    EXPECT_FALSE(report.price);
    EXPECT_EQ(report.positions, 0U);
    EXPECT_FALSE(report.approached);
}

/// Everybody holds all there can be.
class RichProtocol : public FakeProtocol {
  public:
    explicit RichProtocol(FakeProtocol from) : FakeProtocol(std::move(from)) {}
    GroupExposure exposure(const PositionKey&, const protocols::AssetGroup&) const override {
        return {u256_max(), Usd8::from_raw(u256_max())};
    }
};

TEST(EvaluateBand, sums_beyond_256_bits_are_not_computable) {
    FakeProtocol protocol = world();
    add(protocol, 10, 2300);
    add(protocol, 11, 2300);
    const BandReport report = evaluate(RichProtocol(protocol), 2200, 2400);
    EXPECT_EQ(report.positions, 1U);
    EXPECT_EQ(report.not_computable, 1U);
    EXPECT_EQ(report.collateral_amount, u256_max());
}

/// The definition itself, by trying every price: the greatest price at which the position is
/// liquidatable lies in the band.
bool belongs_by_trying(const FakeProtocol& protocol, const ResolvedBand& band,
                       const PositionKey& key, std::uint64_t highest) {
    std::optional<std::uint64_t> greatest;
    for (std::uint64_t price = 0; price <= highest; ++price) {
        if (*protocol.liquidatable_at(key, band.group, OraclePrice::from_raw(U256(price)))) {
            greatest = price;
        }
    }
    return greatest && U256(*greatest) >= band.low_price.raw() &&
           U256(*greatest) <= band.high_price.raw();
}

TEST(EvaluateBand, equals_trying_every_price) {
    std::mt19937_64 random(20260131);  // NOLINT(cert-msc51-cpp): the same worlds every time
    const auto below = [&](std::uint64_t limit) { return random() % limit; };
    std::size_t all = 0;
    for (int round = 0; round < 40; ++round) {
        FakeProtocol protocol = world(0);  // prices are few enough to try
        protocol.tokens[0].price = 20 + below(60);
        protocol.tokens[1].price = 20 + below(60);
        for (std::uint64_t account = 10; account < 30; ++account) {
            auto& position = protocol.positions[address(account)];
            position.collateral[kWeth] = below(5) * 10'000;
            position.collateral[kWsteth] = below(5) * 10'000;
            position.collateral[kUsdc] = below(3) * 200'000;
            position.debt[kUsdc] = below(4'000'000);
            // debt in a member: its liquidation price is still one crossing from below
            position.debt[kWsteth] = below(4) == 0 ? below(8'000) : 0;
        }
        const ResolvedBand band = resolve(protocol, "ETH", 25 + below(20), 45 + below(20));
        std::size_t expected = 0;
        for (const auto& health : protocol.healths()) {
            const auto& position = protocol.positions.at(health.key.account);
            const bool has_eth =
                position.collateral.at(kWeth) != 0 || position.collateral.at(kWsteth) != 0;
            if (has_eth && health.health_factor &&
                belongs_by_trying(protocol, band, health.key, 200)) {
                ++expected;
            }
        }
        EXPECT_EQ(evaluate_band(protocol, band, protocol.healths()).positions, expected) << round;
        all += expected;
    }
    EXPECT_GT(all, 100U) << "the worlds are worth looking at";
}

struct Where {
    const char* name;
    std::uint64_t price;  ///< 8 decimals; the band is [2,200, 2,400]
    Place place;
    const char* distance;
    bool approached;
};
class BandDistance : public testing::TestWithParam<Where> {};

TEST_P(BandDistance, is_exact) {
    FakeProtocol protocol = world();
    protocol.tokens[0].price = GetParam().price;
    const BandReport report = evaluate(protocol, 2200, 2400);
    EXPECT_EQ(report.place, GetParam().place);
    EXPECT_EQ(distance_pct(report.distance), GetParam().distance);
    EXPECT_EQ(report.approached, GetParam().approached);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BandDistance,
    testing::Values(Where{"far", 480'000'000'000, Place::above, "100.00", false},
                    Where{"one_over_3_pct", 247'200'000'001, Place::above, "3.00", false},
                    Where{"at_3_pct", 247'200'000'000, Place::above, "3.00", true},
                    Where{"half_a_hundredth", 240'012'000'000, Place::above, "0.01", true},
                    Where{"one_over_high", 240'000'000'001, Place::above, "0.00", true},
                    Where{"at_high", 240'000'000'000, Place::inside, "0.00", true},
                    Where{"at_low", 220'000'000'000, Place::inside, "0.00", true},
                    Where{"one_under_low", 219'999'999'999, Place::below, "0.00", true},
                    Where{"below", 165'000'000'000, Place::below, "-25.00", true},
                    Where{"almost_zero", 1, Place::below, "-100.00", true}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace plimsoll::bands
