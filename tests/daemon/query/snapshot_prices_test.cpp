#include "daemon/query/snapshot_prices.hpp"

#include <gtest/gtest.h>

namespace plimsoll::query {
namespace {

using view::Row;

const std::vector<GroupName> kGroups{{"ETH", "WETH", {"WETH", "wstETH"}}};
const CollateralName kEth = resolve_name("ETH", kGroups);

Usd8 usd(std::uint64_t dollars) { return Usd8::from_raw(U256(dollars) * 100'000'000); }

std::string raw(std::uint64_t dollars) { return std::to_string(dollars) + "00000000"; }

Row price(std::uint64_t dollars, const char* side, const char* leader = nullptr) {
    Row out{{"price_raw", raw(dollars)}, {"side", side}};
    if (leader != nullptr) out["leader"] = leader;
    return out;
}

/// One unit of an asset with 18 decimals.
Row entry(const char* asset, std::uint64_t dollars, Row alone, Row group) {
    return {{"asset", asset},
            {"token", "0x0000000000000000000000000000000000000001"},
            {"decimals", 18},
            {"amount_raw", "1000000000000000000"},
            {"price_raw", raw(dollars)},
            {"price_decimals", 8},
            {"usd", dollars},
            {"enabled", true},
            {"liquidation_price", {{"alone", std::move(alone)}, {"group", std::move(group)}}}};
}

Row position(const char* account, Row collateral, double debt, bool liquidatable = false) {
    return {{"protocol", "lend"},
            {"block", 7},
            {"account", account},
            {"computable", true},
            {"health_factor", "1100000000000000000"},
            {"liquidatable", liquidatable},
            {"collateral_usd", 3000.0},
            {"debt_usd", debt},
            {"collateral", Row::array({std::move(collateral)})},
            {"debt", Row::array()}};
}

/// One long position of WETH at 2,500 USD, liquidated at 2,000 with its group.
Row long_position(const char* account = "0xa", std::uint64_t at = 2000, double debt = 1500.5) {
    return position(account,
                    entry("WETH", 2500, price(at - 10, "below"), price(at, "below", "WETH")), debt,
                    at >= 2500);
}

http::HeatRange range(std::uint64_t low, std::uint64_t high, std::uint64_t step) {
    return {usd(low), usd(high), usd(step)};
}

TEST(HeatFromPositions, a_position_stands_in_its_step) {
    const auto rows = heat_from_positions({long_position()}, kEth, range(1900, 2200, 100));
    ASSERT_TRUE(rows) << rows.error();
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[1]["low"], "2000");
    EXPECT_EQ((*rows)[1]["high"], "2100");
    EXPECT_EQ((*rows)[1]["positions"], 1);
    EXPECT_EQ((*rows)[1]["debt_usd"], 1500.5);
    EXPECT_EQ((*rows)[1]["collateral_raw"], "1000000000000000000");
    EXPECT_EQ((*rows)[1]["leader"], "WETH");
    EXPECT_EQ((*rows)[1]["price"], "2500");
    EXPECT_EQ((*rows)[0]["positions"], 0);
    EXPECT_EQ((*rows)[1]["block"], 7);
}

TEST(HeatFromPositions, one_asset_alone_has_its_own_price) {
    const auto rows = heat_from_positions({long_position()}, resolve_name("WETH", kGroups),
                                          range(1900, 2200, 100));
    ASSERT_TRUE(rows) << rows.error();
    EXPECT_EQ((*rows)[0]["positions"], 1);  // at 1,990
    EXPECT_EQ((*rows)[1]["positions"], 0);
}

TEST(HeatFromPositions, a_rising_price_endangers_on_the_other_side) {
    Row row = long_position();
    row["debt"].push_back(entry("WETH", 2500, nullptr, price(2600, "above", "WETH")));
    row["collateral"] = Row::array({entry("USDC", 1, nullptr, nullptr)});
    const auto rows = heat_from_positions({row}, kEth, range(2500, 2700, 100));
    ASSERT_TRUE(rows) << rows.error();
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[1]["side"], "above");
    EXPECT_EQ((*rows)[1]["low"], "2500");  // reached at its high end
    EXPECT_EQ((*rows)[1]["collateral_usd"], 3000.0);
    EXPECT_EQ((*rows)[1]["collateral_raw"], "0");
}

TEST(HeatFromPositions, a_member_leads_where_the_leader_is_not_listed) {
    const Row row = position(
        "0xa", entry("wstETH", 3000, price(1, "below"), price(2400, "below", "wstETH")), 100);
    const auto rows = heat_from_positions({row}, kEth, range(2400, 2500, 100));
    ASSERT_TRUE(rows) << rows.error();
    EXPECT_EQ((*rows)[0]["leader"], "wstETH");
    EXPECT_EQ((*rows)[0]["positions"], 1);
}

TEST(HeatFromPositions, says_what_is_wrong) {
    EXPECT_FALSE(heat_from_positions({}, kEth, {}));
    EXPECT_FALSE(heat_from_positions({long_position()}, resolve_name("DOGE", kGroups), {}));
    EXPECT_FALSE(heat_from_positions({long_position()}, kEth, range(2200, 1900, 100)));
    EXPECT_TRUE(heat_from_positions({long_position()}, kEth, {}));
}

TEST(HeatFromPositions, unknown_is_counted) {
    Row unknown = long_position("0xb");
    unknown["computable"] = false;
    unknown["debt_usd"] = nullptr;
    const auto rows = heat_from_positions({long_position(), unknown}, kEth, range(1900, 2200, 100));
    EXPECT_EQ((*rows)[1]["positions"], 1);
    EXPECT_EQ((*rows)[1]["not_computable"], 1);
}

TEST(ShockFromPositions, tells_who_is_endangered_already_and_relieved) {
    const std::vector<Row> rows{long_position("0xa", 2000, 10), long_position("0xb", 2001, 20),
                                long_position("0xc", 1999, 30), long_position("0xd", 2600, 40)};
    const auto fall = shock_from_positions(rows, kEth, "2000", "");
    ASSERT_TRUE(fall) << fall.error();
    ASSERT_EQ(fall->rows.size(), 2U);
    EXPECT_EQ(fall->rows[0]["account"], "0xb");  // the larger debt first
    EXPECT_EQ(fall->rows[1]["account"], "0xa");
    EXPECT_EQ(fall->summary[0]["already"], 1);
    EXPECT_EQ(fall->summary[0]["debt_usd"], 30.0);
    const auto rise = shock_from_positions(rows, kEth, "", "+10");
    ASSERT_TRUE(rise) << rise.error();
    EXPECT_EQ(rise->summary[0]["shocked_price"], "2750");
    EXPECT_EQ(rise->summary[0]["relieved"], 1);
    EXPECT_TRUE(rise->rows.empty());
    EXPECT_FALSE(shock_from_positions(rows, kEth, "0", ""));
    EXPECT_FALSE(shock_from_positions(rows, kEth, "", "-100"));
    EXPECT_FALSE(shock_from_positions(rows, kEth, "", ""));
}

}  // namespace
}  // namespace plimsoll::query
