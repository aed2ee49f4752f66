#include "config/inhibits.hpp"

#include "config/pattern.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace plimsoll::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Fit {
    const char* pattern;
    const char* text;
    bool fits;
};

class PatternFits : public ::testing::TestWithParam<Fit> {};

TEST_P(PatternFits, as_tabled) {
    EXPECT_EQ(fits(GetParam().pattern, GetParam().text), GetParam().fits)
        << GetParam().pattern << " " << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PatternFits,
    ::testing::Values(Fit{"", "", true}, Fit{"", "a", false}, Fit{"a", "a", true},
                      Fit{"a", "ab", false}, Fit{"*", "", true}, Fit{"*", "abc", true},
                      Fit{"a*", "a", true}, Fit{"a*", "abc", true}, Fit{"a*", "ba", false},
                      Fit{"*c", "abc", true}, Fit{"*c", "cab", false}, Fit{"a*c", "abcbc", true},
                      Fit{"a*c", "abcb", false}, Fit{"*a*b*", "xaxbx", true},
                      Fit{"*a*b*", "ba", false}, Fit{"**a", "a", true}, Fit{"!a", "a", false},
                      Fit{"!a", "b", true}, Fit{"!*", "b", false}, Fit{"!a*", "ba", true},
                      Fit{"*aab", "aaaaab", true}, Fit{"a?c", "abc", false}),
    [](const auto& tested) { return "n" + std::to_string(tested.index); });

struct Pair {
    const char* a;
    const char* b;
    bool overlap;
};

class PatternsOverlap : public ::testing::TestWithParam<Pair> {};

TEST_P(PatternsOverlap, as_tabled_and_both_ways) {
    EXPECT_EQ(overlap(GetParam().a, GetParam().b), GetParam().overlap)
        << GetParam().a << " " << GetParam().b;
    EXPECT_EQ(overlap(GetParam().b, GetParam().a), GetParam().overlap)
        << GetParam().b << " " << GetParam().a;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PatternsOverlap,
    ::testing::Values(Pair{"a", "a", true}, Pair{"a", "b", false}, Pair{"*", "", true},
                      Pair{"a*", "*b", true}, Pair{"a*", "b*", false}, Pair{"*a", "*b", false},
                      Pair{"a*c", "ab*", true}, Pair{"a*c", "*d", false}, Pair{"", "a*", false},
                      Pair{"!a", "a", false}, Pair{"!a", "a*", true}, Pair{"!a*", "ab*", false},
                      Pair{"!a*", "*b", true}, Pair{"!a", "!b", true}, Pair{"!*", "a", false}),
    [](const auto& tested) { return "n" + std::to_string(tested.index); });

/// The overlap of patterns is what trying all short texts says.
TEST(PatternsOverlap, agrees_with_trying_texts) {
    std::vector<std::string> texts{""};
    for (std::size_t i = 0; texts[i].size() < 5; ++i) {
        for (const char c : {'a', 'b'}) texts.push_back(texts[i] + c);
    }
    const std::vector<std::string> patterns{"a",   "b",    "*",   "a*",   "*a",  "b*", "*b",
                                            "a*b", "*ab*", "aba", "a*a*", "*bb", "ab", "b*a"};
    for (const std::string& a : patterns) {
        for (const std::string& b : patterns) {
            const bool tried = std::any_of(texts.begin(), texts.end(), [&](const auto& text) {
                return fits(a, text) && fits(b, text);
            });
            EXPECT_EQ(overlap(a, b), tried) << a << " " << b;
        }
    }
}

InhibitSettings rule(std::map<std::string, std::string> when,
                     std::map<std::string, std::string> mute) {
    InhibitSettings out;
    out.when = std::move(when);
    out.mute = std::move(mute);
    return out;
}

RuleSettings raising(const char* name, Metric metric, const char* severity = "warning") {
    RuleSettings out;
    out.name = name;
    out.severity = severity;
    out.when.emplace_back().metric = metric;
    return out;
}

const std::vector<RuleSettings>& rules() {
    static const std::vector<RuleSettings> all{
        raising("hf-warn", Metric::health_factor),
        raising("hf-under-1", Metric::liquidatable, "critical"),
        raising("bands", Metric::exposure_usd),
        raising("stale", Metric::source_stale),
        raising("gaps", Metric::gap_blocks),
        raising("doubt", Metric::unverified)};
    return all;
}

TEST(Inhibits, shipped_ones_have_no_circle) {
    EXPECT_THAT(find_circle(default_inhibits(), rules()), IsEmpty());
    EXPECT_EQ(default_inhibits().size(), 5U);
}

TEST(Inhibits, circles_are_found_where_the_rules_can_raise_such_alerts) {
    const auto first = rule({{"type", "source.*"}}, {{"type", "band.*"}});
    const auto second = rule({{"type", "band.exposure"}}, {{"rule", "hf-*"}});
    const auto third = rule({{"type", "position.at_risk"}}, {{"type", "source.stale"}});
    EXPECT_THAT(find_circle(std::vector{first, second}, rules()), IsEmpty());
    EXPECT_THAT(find_circle(std::vector{first, second, third}, rules()), ElementsAre(0U, 1U, 2U));
    const auto itself = rule({{"rule", "hf-*"}}, {{"rule", "hf-*"}});
    EXPECT_THAT(find_circle(std::vector{itself}, rules()), ElementsAre(0U));
    EXPECT_THAT(find_circle(std::vector{itself}, {}), IsEmpty());
    EXPECT_THAT(
        find_circle(std::vector{rule({{"severity", "critical"}}, {{"severity", "!critical"}})},
                    rules()),
        IsEmpty());
    EXPECT_THAT(
        find_circle(std::vector{rule({{"type", "oracle.stale"}}, {{"rule", "hf-*"}})}, rules()),
        IsEmpty());
    EXPECT_THAT(find_circle(std::vector{rule({{"rule", "hf-*"}, {"chain", "eip155:1"}},
                                             {{"rule", "hf-*"}, {"chain", "eip155:10"}})},
                            rules()),
                IsEmpty());
}

TEST(Inhibits, what_is_never_muted_closes_no_circle) {
    EXPECT_THAT(
        find_circle(std::vector{rule({{"type", "daemon.*"}}, {{"type", "daemon.gap"}})}, rules()),
        IsEmpty());
    EXPECT_TRUE(is_never_muted("daemon.gap"));
    EXPECT_TRUE(is_never_muted("position.liquidated"));
    EXPECT_FALSE(is_never_muted("position.liquidatable"));
}

TEST(Inhibits, of_the_file_stand_before_the_shipped_ones) {
    const Settings settings = testing::parse_good(
        "[[inhibit]]\nwhen = { type = \"oracle.stale\" }\nmute = { rule = \"hf-*\" }\n"
        "equal = [\"chain\"]\n");
    ASSERT_EQ(settings.inhibits.size(), 1 + default_inhibits().size());
    EXPECT_FALSE(settings.inhibits.front().is_default);
    EXPECT_TRUE(settings.inhibits.back().is_default);
    EXPECT_EQ(testing::parse_good("[daemon]\ndefault_inhibits = false\n").inhibits.size(), 0U);
}

TEST(Inhibits, a_circle_is_an_error_that_names_it) {
    const auto parsed =
        testing::parse(std::string(testing::kLeast) +
                       std::string("[rules.a]\nwhen = \"liquidatable\"\n[rules.b]\n"
                                   "when = \"health_factor < 1.1\"\n"
                                   "[[inhibit]]\nwhen = { rule = \"a\" }\n"
                                   "mute = { rule = \"b\" }\n[[inhibit]]\n"
                                   "when = { rule = \"b\" }\nmute = { rule = \"a\" }\n"));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_THAT(testing::joined(parsed.error()),
                HasSubstr("alerts could hold each other back: { rule = \"a\" } mutes"));
}

TEST(Grouping, people_are_told_in_groups_and_programs_are_not) {
    const Settings settings = testing::parse_good(
        "[sinks.team]\nkind = \"slack\"\nurl = \"https://a.example\"\n"
        "[sinks.desk]\nkind = \"discord\"\nurl = \"https://a.example\"\ngroup_by = []\n"
        "max_age = \"2h\"\n"
        "[sinks.page]\nkind = \"pagerduty\"\nrouting_key = \"0123456789abcdef0123456789abcdef\"\n"
        "group_by = [\"protocol\"]\ngroup_wait = \"0s\"\ngroup_interval = \"5m\"\n"
        "max_alerts = 3\n"
        "[sinks.hook]\nkind = \"webhook\"\nurl = \"https://a.example\"\n");
    const auto named = [&](const char* name) {
        return *std::find_if(settings.sinks.begin(), settings.sinks.end(),
                             [&](const SinkSettings& sink) { return sink.name == name; });
    };
    EXPECT_THAT(named("team").group_by, ElementsAre("rule", "chain", "protocol"));
    EXPECT_EQ(named("team").group_wait, Milliseconds{10'000});
    EXPECT_EQ(named("team").group_interval, Milliseconds{60'000});
    EXPECT_THAT(named("desk").group_by, IsEmpty());
    EXPECT_EQ(named("desk").max_age, Milliseconds{7'200'000});
    EXPECT_THAT(named("page").group_by, ElementsAre("protocol"));
    EXPECT_EQ(named("page").max_alerts, 3U);
    EXPECT_THAT(named("hook").group_by, IsEmpty());
    EXPECT_FALSE(named("hook").max_age.has_value());
}

}  // namespace
}  // namespace plimsoll::config
