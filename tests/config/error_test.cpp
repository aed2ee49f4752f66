#include "config/error.hpp"

#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

const std::vector<std::string_view> kNames{"poll_every", "finality", "critical", "to", "warn"};

TEST(Nearest, forgives_typing) {
    EXPECT_EQ(nearest("pol_every", kNames), "poll_every");
    EXPECT_EQ(nearest("pollevery", kNames), "poll_every");
    EXPECT_EQ(nearest("POLL_EVERY", kNames), "poll_every");
    EXPECT_EQ(nearest("finaltiy", kNames), "finality");
    EXPECT_EQ(nearest("crit", kNames), "critical");
    EXPECT_EQ(nearest("warning", kNames), "warn");
    EXPECT_EQ(nearest("ot", kNames), "to");
}

TEST(Nearest, is_silent_when_nothing_is_near) {
    EXPECT_EQ(nearest("colour", kNames), "");
    EXPECT_EQ(nearest("", kNames), "");
    EXPECT_EQ(nearest("x", kNames), "");
    EXPECT_EQ(nearest(std::string(100, 'a'), kNames), "");
    EXPECT_EQ(nearest("a", {}), "");
}

TEST(DidYouMean, lists_the_names_when_nothing_is_near) {
    EXPECT_EQ(did_you_mean_or_list("zzz", {"a", "b"}), "one of: a, b");
    EXPECT_EQ(did_you_mean_or_list("zzz", {"evm"}), "known: evm");
    EXPECT_EQ(did_you_mean_or_list("zzz", {}), "");
    EXPECT_EQ(did_you_mean("zzz", kNames), "");
}

TEST(InQuotes, cuts_and_cleans) {
    EXPECT_EQ(in_quotes("a\nb\x7f"), "'a?b?'");
    EXPECT_EQ(in_quotes(std::string(61, 'a')), '\'' + std::string(60, 'a') + "...'");
    const std::string split = std::string(59, 'a') + "ü" + "aa";  // the 60th byte begins a letter
    EXPECT_EQ(in_quotes(split), '\'' + std::string(59, 'a') + "...'");
}

TEST(ConfigError, prints_as_file_line_column) {
    ConfigError error;
    error.file = "/etc/plimsoll.toml";
    error.at = {3, 14};
    error.message = "no";
    EXPECT_EQ(to_string(error), "/etc/plimsoll.toml:3:14: no");
    error.hint = "yes";
    EXPECT_EQ(to_string(error), "/etc/plimsoll.toml:3:14: no (yes)");
    error.at = {};
    EXPECT_EQ(to_string(error), "/etc/plimsoll.toml: no (yes)");
}

TEST(Problems, come_in_the_order_of_the_file_and_once) {
    Problems problems("f");
    problems.error({2, 1}, "b");
    problems.error({1, 5}, "a");
    problems.error({2, 1}, "b");
    const auto errors = std::move(problems).take_errors();
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0].message, "a");
    EXPECT_EQ(errors[1].message, "b");
}

TEST(Problems, leave_out_what_an_incomplete_file_cannot_tell) {
    Problems problems("f");
    problems.set_incomplete();
    problems.error_of_whole({1, 1}, "missing");
    EXPECT_TRUE(problems.ok());
}

}  // namespace
}  // namespace plimsoll::config
