#include "daemon/query/csv.hpp"

#include "daemon/query/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace plimsoll::query {
namespace {

using view::Row;

std::string csv(const std::vector<Row>& rows) {
    std::ostringstream out;
    print_rows(out, rows, Format::csv);
    return out.str();
}

TEST(Csv, has_the_members_of_all_rows_in_their_order) {
    EXPECT_EQ(csv({{{"asset", "WETH"}, {"price_raw", "250000000000"}},
                   {{"asset", "DAI"}, {"frozen", true}, {"price_raw", nullptr}}}),
              "asset,price_raw,frozen\n"
              "WETH,250000000000,\n"
              "DAI,,true\n");
}

TEST(Csv, is_empty_for_no_rows) { EXPECT_EQ(csv({}), ""); }

TEST(Csv, quotes_what_would_break_a_line_or_a_field) {
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"so\""), "\"say \"\"so\"\"\"");
    EXPECT_EQ(csv_field("two\r\nlines"), "\"two\r\nlines\"");
    EXPECT_EQ(csv({{{"a,b", 1}}}), "\"a,b\"\n1\n");
}

TEST(Csv, keeps_lists_and_objects_as_json) {
    EXPECT_EQ(csv_field(Row{{"target", "1"}}), "\"{\"\"target\"\":\"\"1\"\"}\"");
    EXPECT_EQ(csv_field(Row::array({1, 2})), "\"[1,2]\"");
    EXPECT_EQ(csv_field(Row::array()), "[]");
}

TEST(Csv, keeps_every_digit_of_exact_values) {
    const std::string digits(78, '9');
    EXPECT_EQ(csv_field(digits), digits);
    EXPECT_EQ(csv_field(12956520.12), "12956520.12");
}

TEST(Csv, hands_no_formula_to_a_spreadsheet) {
    for (const char* text : {"=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx"}) {
        EXPECT_EQ(csv_field(text), std::string("'") + text) << text;
    }
    EXPECT_EQ(csv_field("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    EXPECT_EQ(csv_field("-12.5"), "-12.5");
    EXPECT_EQ(csv_field("+8"), "+8");
    EXPECT_EQ(csv_field("-"), "'-");
}

}  // namespace
}  // namespace plimsoll::query
