#include "daemon/sinks/fitting.hpp"

#include "daemon/alerts/text.hpp"
#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>

namespace plimsoll::sinks {
namespace {

TEST(Fit, leaves_what_fits) {
    EXPECT_EQ(fit("", 5, escape_nothing), "");
    EXPECT_EQ(fit("12345", 5, escape_nothing), "12345");
    EXPECT_EQ(fit("价格下跌了", 5, escape_nothing), "价格下跌了");
    EXPECT_EQ(fit("a<b", 6, escape_entities), "a&lt;b");
}

TEST(Fit, cuts_on_a_code_point_and_ends_in_an_ellipsis) {
    EXPECT_EQ(fit("123456", 5, escape_nothing), "1234…");
    EXPECT_EQ(fit("价格下跌了吗", 5, escape_nothing), "价格下跌…");
    EXPECT_EQ(fit("🌊🌊🌊", 5, escape_nothing), "🌊🌊…") << "a wave is two units";
    EXPECT_EQ(fit("🌊🌊🌊", 4, escape_nothing), "🌊…");
    EXPECT_EQ(fit("ab", 1, escape_nothing), "…");
}

TEST(Fit, never_cuts_inside_an_escape) {
    EXPECT_EQ(fit("a<b", 5, escape_entities), "a…");
    EXPECT_EQ(fit("ab<", 6, escape_entities), "ab&lt;");
    EXPECT_EQ(fit("ab<c", 6, escape_entities), "ab…");
    EXPECT_EQ(fit("***", 5, escape_markdown), "\\*\\*…");
}

TEST(Fit, every_length_is_kept_to) {
    const std::string& name = testing::kHostileName;
    for (const Escape escape :
         {escape_nothing, escape_entities, escape_attribute, escape_markdown}) {
        for (std::size_t max = 1; max < 200; ++max) {
            const std::string text = fit(alerts::clean_text(name), max, escape);
            EXPECT_LE(units(text), max);
            EXPECT_EQ(text, alerts::clean_text(text)) << "still good UTF-8";
        }
    }
}

TEST(Escape, entities_and_markdown) {
    EXPECT_EQ(fit("<a href=\"x\">&", 100, escape_entities), "&lt;a href=\"x\"&gt;&amp;");
    EXPECT_EQ(fit("\"'&", 100, escape_attribute), "&quot;'&amp;");
    EXPECT_EQ(fit("<@1> @everyone [a](b) *_~`|>#-+:\\", 200, escape_markdown),
              "\\<\\@1\\> \\@everyone \\[a\\]\\(b\\) \\*\\_\\~\\`\\|\\>\\#\\-\\+\\:\\\\");
}

TEST(FitLines, keeps_whole_lines_in_order) {
    EXPECT_EQ(fit_lines({"one", "two"}, 7), "one\ntwo");
    EXPECT_EQ(fit_lines({"one", "two"}, 6), "one\n…");
    EXPECT_EQ(fit_lines({"one", "two", "three"}, 9), "one\ntwo\n…");
    EXPECT_EQ(fit_lines({"one", "two", "three"}, 13), "one\ntwo\nthree");
    EXPECT_EQ(fit_lines({"a very long line"}, 5), "…");
    EXPECT_EQ(fit_lines({}, 5), "");
    for (std::size_t max = 2; max < 30; ++max) {
        EXPECT_LE(units(fit_lines({"one", "二", "three", "🌊🌊", "five"}, max)), max);
    }
}

}  // namespace
}  // namespace plimsoll::sinks
