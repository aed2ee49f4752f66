#include "daemon/query/table.hpp"

#include "daemon/query/columns.hpp"

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

TEST(PriceText, shows_four_digits_that_tell_something) {
    const auto of = [](const char* raw, unsigned digits) {
        return price_text({{"price_raw", raw}}, 8, digits);
    };
    EXPECT_EQ(of("421", 4), "0.00000421");
    EXPECT_EQ(of("1", 2), "0.00000001");
    EXPECT_EQ(of("99984121", 4), "0.9998");
    EXPECT_EQ(of("140997681", 2), "1.409");
    EXPECT_EQ(of("8895433000000", 2), "88,954.33");
    EXPECT_EQ(of("300000000000", 4), "3,000");
    EXPECT_EQ(of("0", 4), "0");
    EXPECT_EQ(price_text({{"price_raw", nullptr}}, 8, 4), "-");
}

std::string table(const std::vector<view::Row>& rows, const Style& style = {}) {
    Column second = text("n", "n");
    second.right = true;
    second.tone = [](const view::Row& row) {
        return plain(row["n"]) == "1" ? Tone::bad : Tone::plain;
    };
    std::ostringstream out;
    print_table(out, rows, {text("name", "name"), second}, style);
    return out.str();
}

TEST(PrintTable, aligns_by_characters_and_not_by_bytes) {
    EXPECT_EQ(table({{{"name", "é"}, {"n", "1"}}, {{"name", "ab"}, {"n", "22"}}}),
              "name   n\né      1\nab    22\n");
}

TEST(PrintTable, a_wide_character_takes_two_columns) {
    EXPECT_EQ(table({{{"name", "稳定币"}, {"n", "1"}}, {{"name", "abcdef"}, {"n", "2"}}}),
              "name    n\n稳定币  1\nabcdef  2\n");
}

TEST(PrintTable, colours_do_not_move_columns) {
    EXPECT_EQ(table({{{"name", "a"}, {"n", "1"}}, {{"name", "b"}, {"n", "22"}}}, {true}),
              "\x1b[1mname\x1b[0m   \x1b[1mn\x1b[0m\na      \x1b[1;31m1\x1b[0m\nb     22\n");
}

TEST(PrintTable, nothing_of_a_cell_reaches_the_terminal_as_a_command) {
    EXPECT_EQ(table({{{"name", "a\x1b[2J\r\n"}, {"n", "\u202e1"}}}), "name      n\na?[2J??  ?1\n");
}

TEST(DisplayWidth, knows_wide_and_combining_characters) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("中文"), 4U);
    EXPECT_EQ(display_width("ＡＢ"), 4U);
    EXPECT_EQ(display_width("한글"), 4U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(display_width("█"), 1U);
    EXPECT_EQ(display_width("\xff\xfe"), 2U);  // not UTF-8: shown as two replacement characters
}

TEST(FitToShow, replaces_what_is_no_text) {
    EXPECT_EQ(fit_to_show("a\tb\x7f"), "a?b?");
    EXPECT_EQ(fit_to_show("\xc2\x9b"
                          "31m"),
              "?31m");
    EXPECT_EQ(fit_to_show("\xe4\xb8"), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(fit_to_show("中"), "中");
}

TEST(UtcTime, is_readable) { EXPECT_EQ(utc_time(1'769'299'200), "2026-01-25 00:00:00"); }

}  // namespace
}  // namespace plimsoll::query
