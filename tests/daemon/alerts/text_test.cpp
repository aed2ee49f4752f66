#include "daemon/alerts/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::alerts {
namespace {

using namespace std::string_literals;

const std::string kBad = "\xEF\xBF\xBD";

struct Case {
    const char* name;
    std::string text;
    std::string expected;
};

class CleanText : public ::testing::TestWithParam<Case> {};

TEST_P(CleanText, as_tabled) {
    EXPECT_EQ(clean_text(GetParam().text), GetParam().expected);
    EXPECT_EQ(clean_text(GetParam().expected), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CleanText,
    ::testing::Values(
        Case{"empty", "", ""}, Case{"ascii", "a b~", "a b~"}, Case{"line_feed", "a\nb", "a\nb"},
        Case{"nul", "a\0b"s, "a" + kBad + "b"}, Case{"tab", "\t", kBad},
        Case{"carriage_return", "\r\n", kBad + "\n"}, Case{"escape", "\x1B[31m", kBad + "[31m"},
        Case{"unit_separator", "\x1F", kBad}, Case{"delete_character", "\x7F", kBad},
        Case{"c1_first", "\xC2\x80", kBad}, Case{"c1_last", "\xC2\x9F", kBad},
        Case{"no_break_space_stays", "\xC2\xA0", "\xC2\xA0"},
        Case{"line_separator", "\xE2\x80\xA8", kBad},
        Case{"paragraph_separator", "\xE2\x80\xA9", kBad},
        Case{"left_to_right_mark", "\xE2\x80\x8E", kBad},
        Case{"right_to_left_mark", "\xE2\x80\x8F", kBad},
        Case{"right_to_left_override", "\xE2\x80\xAE", kBad},
        Case{"embedding_first", "\xE2\x80\xAA", kBad}, Case{"isolate_first", "\xE2\x81\xA6", kBad},
        Case{"isolate_last", "\xE2\x81\xA9", kBad}, Case{"arabic_letter_mark", "\xD8\x9C", kBad},
        Case{"narrow_space_stays", "\xE2\x80\xAF", "\xE2\x80\xAF"}, Case{"two_bytes", "é", "é"},
        Case{"three_bytes", "≤", "≤"}, Case{"four_bytes", "🌊", "🌊"},
        Case{"largest", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        Case{"above_largest", "\xF4\x90\x80\x80", kBad + kBad + kBad + kBad},
        Case{"lone_continuation", "\x80", kBad}, Case{"never_a_byte", "\xFF", kBad},
        Case{"overlong_slash", "\xC0\xAF", kBad + kBad},
        Case{"overlong_three", "\xE0\x80\xAF", kBad + kBad + kBad},
        Case{"high_surrogate", "\xED\xA0\x80", kBad + kBad + kBad},
        Case{"truncated_two", "\xC3", kBad}, Case{"truncated_three", "\xE2\x89", kBad},
        Case{"truncated_four", "\xF0\x9F\x8C", kBad},
        Case{"broken_in_the_middle", "\xE2\x89z", kBad + "z"},
        Case{"replacement_stays", kBad, kBad}),
    [](const auto& case_info) { return case_info.param.name; });

TEST(CutText, counts_code_points_not_bytes) {
    EXPECT_EQ(cut_text("🌊🌊🌊", 3), "🌊🌊🌊");
    EXPECT_EQ(cut_text("🌊🌊🌊🌊", 3), "🌊🌊…");
}

TEST(CutText, one_either_side_of_the_limit) {
    EXPECT_EQ(cut_text("", 1), "");
    EXPECT_EQ(cut_text("a", 1), "a");
    EXPECT_EQ(cut_text("ab", 1), "…");
    EXPECT_EQ(cut_text(std::string(120, 'x'), 120), std::string(120, 'x'));
    std::string long_text(121, 'x');
    const std::string cut = cut_text(long_text, 120);
    EXPECT_TRUE(cut.ends_with("x…"));
    EXPECT_EQ(cut.size(), 119 + std::string_view("…").size());
}

TEST(CutText, cleans_before_it_counts) {
    EXPECT_EQ(cut_text("\xED\xA0\x80", 3), kBad + kBad + kBad);
    EXPECT_EQ(cut_text("\xED\xA0\x80", 2), kBad + "…");
}

}  // namespace
}  // namespace plimsoll::alerts
