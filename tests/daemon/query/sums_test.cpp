#include "daemon/query/sums.hpp"

#include <gtest/gtest.h>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr std::uint64_t kDay = 86'400;
constexpr std::uint64_t kStart = 1'769'299'200;  // 2026-01-25 00:00 UTC

Row event(std::uint64_t time, const char* side, Row collateral, Row debt) {
    return {{"block_time", time},
            {"side", side},
            {"collateral_usd", std::move(collateral)},
            {"debt_usd", std::move(debt)},
            {"bonus_usd", 0.1},
            {"bad_debt_usd", 0.0}};
}

TEST(Days, are_those_of_the_zone) {
    const auto utc = days(kStart + 10, kStart + 2 * kDay, {});
    ASSERT_EQ(utc.size(), 2U);
    EXPECT_EQ(utc[0].label, "2026-01-25");
    EXPECT_EQ(utc[0].from, kStart);
    EXPECT_EQ(utc[1].to, kStart + 2 * kDay);
    const auto east = days(kStart, kStart + 1, TimeZone::parse("+08:00").value());
    ASSERT_EQ(east.size(), 1U);
    EXPECT_EQ(east[0].from, kStart - 8 * 3600);
    EXPECT_TRUE(days(kStart, kStart, {}).empty());
    EXPECT_EQ(days(0, UINT64_MAX / 4, {}).size(), 1000U);
}

TEST(SumLiquidations, by_key_and_window) {
    const std::vector<Row> rows{
        event(kStart, "long", 10.10, 9.05), event(kStart + 1, "long", 0.20, 0.05),
        event(kStart + 2, "short", 1.0, 1.0), event(kStart + kDay, "long", 5.0, 4.0)};
    const auto sums = sum_liquidations(rows, "side", days(kStart, kStart + 2 * kDay, {}));
    ASSERT_EQ(sums.size(), 3U);
    EXPECT_EQ(sums[0].window, "2026-01-25");
    EXPECT_EQ(sums[0].key, "long");
    EXPECT_EQ(sums[0].events, 2U);
    EXPECT_EQ(sums[0].collateral_cents, 1030);
    EXPECT_EQ(sums[0].debt_cents, 910);
    EXPECT_EQ(sums[0].bonus_cents, 20);
    EXPECT_EQ(sums[1].key, "short");
    EXPECT_EQ(sums[2].window, "2026-01-26");
}

TEST(SumLiquidations, an_event_without_a_price_is_counted_and_in_no_sum) {
    const std::vector<Row> rows{event(kStart, "long", nullptr, 9.0),
                                event(kStart, "long", 3.0, nullptr)};
    const auto sums = sum_liquidations(rows, "side", {{"all", 0, UINT64_MAX}});
    ASSERT_EQ(sums.size(), 1U);
    EXPECT_EQ(sums[0].events, 2U);
    EXPECT_EQ(sums[0].unpriced, 2U);
    EXPECT_EQ(sums[0].collateral_cents, 0);
    EXPECT_EQ(sums[0].debt_cents, 0);
}

TEST(SumLiquidations, the_end_of_a_window_is_not_in_it) {
    const std::vector<Row> rows{event(kStart, "long", 1.0, 1.0)};
    EXPECT_TRUE(sum_liquidations(rows, "side", {{"w", 0, kStart}}).empty());
    EXPECT_EQ(sum_liquidations(rows, "side", {{"w", kStart, kStart + 1}}).size(), 1U);
}

TEST(ColumnOf, knows_the_four) {
    EXPECT_EQ(column_of("asset"), "collateral_asset");
    EXPECT_EQ(column_of("side"), "side");
    EXPECT_EQ(column_of("protocol"), "protocol");
    EXPECT_EQ(column_of("account"), "account");
    EXPECT_EQ(column_of("tx"), "");
}

}  // namespace
}  // namespace plimsoll::query
