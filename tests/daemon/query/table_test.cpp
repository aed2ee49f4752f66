#include "daemon/query/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace plimsoll::query {
namespace {

TEST(WithSeparators, stand_between_thousands) {
    EXPECT_EQ(with_separators("0"), "0");
    EXPECT_EQ(with_separators("999"), "999");
    EXPECT_EQ(with_separators("1000"), "1,000");
    EXPECT_EQ(with_separators("1234567.8901"), "1,234,567.8901");
    EXPECT_EQ(with_separators("-1234"), "-1,234");
    EXPECT_EQ(with_separators("-123"), "-123");
}

TEST(Cells, say_a_dash_where_nothing_is_known) {
    EXPECT_EQ(money(view::Row()), "-");
    EXPECT_EQ(amount(view::Row(), 18, 2), "-");
    EXPECT_EQ(plain(view::Row()), "-");
    EXPECT_EQ(money(view::Row(1234567.5)), "1,234,567.50");
    EXPECT_EQ(amount(view::Row("1500000"), 6, 2), "1.5");
    EXPECT_EQ(plain(view::Row(true)), "yes");
}

TEST(PrintTable, aligns_by_characters_and_not_by_bytes) {
    const std::vector<view::Row> rows{{{"name", "é"}, {"n", "1"}}, {{"name", "ab"}, {"n", "22"}}};
    const auto cell = [](const char* key) {
        return [key](const view::Row& row) { return plain(row[key]); };
    };
    std::ostringstream out;
    print_table(out, rows, {{"name", false, cell("name")}, {"n", true, cell("n")}});
    EXPECT_EQ(out.str(), "name   n\né      1\nab    22\n");
}

TEST(UtcTime, is_readable) { EXPECT_EQ(utc_time(1'769'299'200), "2026-01-25 00:00:00"); }

}  // namespace
}  // namespace plimsoll::query
