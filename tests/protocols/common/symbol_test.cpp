#include "protocols/common/symbol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::protocols {
namespace {

struct Symbol {
    const char* name;
    std::string raw;
    std::string shown;
};

class CleanSymbol : public testing::TestWithParam<Symbol> {};

TEST_P(CleanSymbol, is_fit_to_show) { EXPECT_EQ(clean_symbol(GetParam().raw), GetParam().shown); }

INSTANTIATE_TEST_SUITE_P(
    Symbols, CleanSymbol,
    testing::Values(Symbol{"plain", "wstETH", "wstETH"}, Symbol{"empty", "", ""},
                    Symbol{"other_scripts_stay",
                           "USD\xe2\x82\xae"
                           "0",
                           "USD\xe2\x82\xae"
                           "0"},
                    Symbol{"four_bytes_stay", "\xf0\x9f\x92\xa7", "\xf0\x9f\x92\xa7"},
                    Symbol{"controls_go",
                           "A\n\x1b[2J\x7f"
                           "B\t",
                           "A[2JB"},
                    Symbol{"zero_bytes_go", std::string("A\0B", 3), "AB"},
                    Symbol{"c1_controls_go",
                           "A\xc2\x9b"
                           "31mB",
                           "A31mB"},
                    Symbol{"direction_marks_go",
                           "\xe2\x80\xae"
                           "HTE",
                           "HTE"},
                    Symbol{"isolates_go",
                           "\xe2\x81\xa6"
                           "E\xe2\x81\xa9",
                           "E"},
                    Symbol{"zero_width_goes",
                           "U\xe2\x80\x8bS\xef\xbb\xbf"
                           "D",
                           "USD"},
                    Symbol{"tags_go",
                           "\xf3\xa0\x80\x81"
                           "X",
                           "X"},
                    Symbol{"stray_bytes_are_marked",
                           "\x80"
                           "A\xff",
                           "?A?"},
                    Symbol{"a_cut_sequence_is_marked", "A\xe2\x82", "A??"},
                    Symbol{"overlong_forms_are_marked", "\xc0\x80\xe0\x80\x80", "?????"},
                    Symbol{"surrogates_are_marked", "\xed\xa0\x80", "???"},
                    Symbol{"above_unicode_is_marked", "\xf4\x90\x80\x80", "????"},
                    Symbol{"sixty_four_stay", std::string(65, 'x'), std::string(64, 'x')}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace plimsoll::protocols
