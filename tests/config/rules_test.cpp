#include "config/default_rules.hpp"
#include "config/expression.hpp"
#include "config/hysteresis.hpp"
#include "config/scalars.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

using ::testing::ElementsAre;
using testing::parse_good;

constexpr const char* kBands = R"(
[bands.upper]
collateral = "ETH"
between = [2200, 2400]
[bands.lower]
collateral = "ETH"
between = [1574, 1681]
)";

std::vector<std::string> names_of(const std::vector<RuleSettings>& rules) {
    std::vector<std::string> out;
    for (const RuleSettings& rule : rules) out.push_back(rule.name);
    return out;
}

TEST(Rules, a_file_without_any_gets_the_default_set) {
    const Settings settings = parse_good("");
    EXPECT_TRUE(settings.rules_are_default);
    EXPECT_THAT(names_of(settings.rules),
                ElementsAre("liquidatable", "at-risk", "liquidations", "source-stale", "gap",
                            "disagree", "unverified"));
    for (const RuleSettings& rule : settings.rules) EXPECT_TRUE(rule.is_default);
    EXPECT_EQ(settings.rules[0].severity, "critical");
    EXPECT_EQ(to_string(settings.rules[0].min_debt), "1000");
    EXPECT_EQ(to_string(settings.rules[1].when), "health_factor < 1.05");
    EXPECT_EQ(to_string(settings.rules[1].min_debt), "10000");
    EXPECT_EQ(settings.rules[2].severity, "info");
    EXPECT_TRUE(settings.rules[2].clear.empty());
    EXPECT_EQ(settings.rules[3].severity, "critical");
    EXPECT_EQ(settings.rules[4].severity, "warning");
    EXPECT_EQ(settings.rules[5].severity, "critical");
    EXPECT_EQ(settings.rules[6].severity, "critical");
}

TEST(Rules, the_default_set_watches_all_bands_if_there_are_any) {
    const Settings settings = parse_good(kBands);
    ASSERT_EQ(settings.rules.size(), 9U);
    EXPECT_EQ(settings.rules[3].name, "band-exposure");
    EXPECT_THAT(settings.rules[3].bands, ElementsAre("upper", "lower"));
    EXPECT_EQ(settings.rules[3].hold_for, Milliseconds{120'000});
    EXPECT_EQ(settings.rules[3].keep, Milliseconds{120'000});
    EXPECT_EQ(settings.rules[4].name, "band-approach");
    EXPECT_EQ(settings.rules[4].clear_join, Join::any);
}

TEST(Rules, rules_of_the_file_keep_the_health_rules) {
    const Settings settings = parse_good("[rules.mine]\nwhen = \"health_factor < 1.1\"\n");
    EXPECT_FALSE(settings.rules_are_default);
    EXPECT_THAT(names_of(settings.rules),
                ElementsAre("mine", "source-stale", "gap", "disagree", "unverified"));
}

TEST(Rules, a_rule_about_a_health_metric_stands_for_the_default) {
    const Settings settings = parse_good("[rules.mine]\nwhen = \"gap_blocks > 100\"\n");
    EXPECT_THAT(names_of(settings.rules),
                ElementsAre("mine", "source-stale", "disagree", "unverified"));
}

TEST(Rules, a_default_does_not_take_a_name_of_the_file) {
    const Settings settings = parse_good("[rules.gap]\nwhen = \"liquidatable\"\n");
    EXPECT_THAT(names_of(settings.rules),
                ElementsAre("gap", "source-stale", "default-gap", "disagree", "unverified"));
}

TEST(Rules, health_rules_can_be_switched_off) {
    EXPECT_THAT(names_of(parse_good("[daemon]\ndefault_health_rules = false\n"
                                    "[rules.mine]\nwhen = \"liquidatable\"\n")
                             .rules),
                ElementsAre("mine"));
    EXPECT_THAT(names_of(parse_good("[daemon]\ndefault_health_rules = false\n").rules),
                ElementsAre("liquidatable", "at-risk", "liquidations"));
}

TEST(Rules, reads_a_rule_in_full) {
    const Settings settings = parse_good(std::string(kBands) + R"(
[watch.ours]
accounts = ["0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"]
[sinks.a]
kind = "jsonl"
[rules.r]
when = "health_factor < 1"
clear = "health_factor >= 1.2"
for = "30s"
keep = "1m"
min_debt = "10_000.50"
severity = "critical"
confirm = 3
repeat = "0"
update_on = "1.5"
protocols = ["aave-v3-ethereum"]
watch = ["ours"]
to = ["a"]
)");
    const RuleSettings& rule = settings.rules.at(0);
    EXPECT_EQ(rule.when_text, "health_factor < 1");
    EXPECT_EQ(to_string(rule.clear), "health_factor >= 1.2");
    EXPECT_EQ(rule.clear_join, Join::all);
    EXPECT_EQ(rule.hold_for, Milliseconds{30'000});
    EXPECT_EQ(rule.keep, Milliseconds{60'000});
    EXPECT_EQ(to_string(rule.min_debt), "10000.5");
    EXPECT_EQ(rule.confirm, (Depth{Depth::Kind::blocks, 3}));
    EXPECT_EQ(rule.repeat, Milliseconds{0});
    EXPECT_EQ(rule.update_on_milli, 1500U);
    EXPECT_THAT(rule.protocols, ElementsAre("aave-v3-ethereum"));
    EXPECT_THAT(rule.watch, ElementsAre("ours"));
    EXPECT_THAT(rule.to, ElementsAre("a"));
}

TEST(Rules, a_rule_about_bands_keeps_for_two_minutes_and_means_all_bands) {
    const Settings settings = parse_good(std::string(kBands) +
                                         "[rules.r]\nwhen = \"exposure_usd >= 5\"\n"
                                         "[rules.s]\nwhen = \"exposure_usd >= 5\"\n"
                                         "bands = [\"lower\"]\nkeep = \"0\"\n");
    EXPECT_EQ(settings.rules.at(0).keep, Milliseconds{120'000});
    EXPECT_THAT(settings.rules.at(0).bands, ElementsAre("upper", "lower"));
    EXPECT_EQ(settings.rules.at(1).keep, Milliseconds{0});
    EXPECT_THAT(settings.rules.at(1).bands, ElementsAre("lower"));
}

TEST(Rules, no_clear_overlaps_its_when) {
    for (const RuleSettings& rule : parse_good(kBands).rules) {
        EXPECT_FALSE(can_overlap(rule.when, {rule.clear, rule.clear_join})) << rule.name;
    }
}

}  // namespace
}  // namespace plimsoll::config
