#include "config/default_rules.hpp"
#include "config/expression.hpp"
#include "config/hysteresis.hpp"
#include "config/scalars.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

const std::vector<std::string>& health_rules() {
    static const std::vector<std::string> names{"source-stale",     "source-down", "endpoint-down",
                                                "source-disagrees", "gap",         "unverified",
                                                "coverage"};
    return names;
}

/// `names` and the health rules, those of `without` left out.
std::vector<std::string> and_health(std::vector<std::string> names,
                                    const std::string& without = "") {
    for (const std::string& name : health_rules()) {
        if (name != without) names.push_back(name);
    }
    return names;
}

const RuleSettings& named(const Settings& settings, const std::string& name) {
    return *std::find_if(settings.rules.begin(), settings.rules.end(),
                         [&](const RuleSettings& rule) { return rule.name == name; });
}

TEST(Rules, a_file_without_any_gets_the_default_set) {
    const Settings settings = parse_good("");
    EXPECT_TRUE(settings.rules_are_default);
    EXPECT_EQ(names_of(settings.rules),
              and_health({"liquidatable", "at-risk", "liquidations", "tvl-drop", "market-tvl-drop",
                          "bad-debt", "paused", "parameters", "parameters-endanger", "price-jump",
                          "oracle-stale", "oracle-down"}));
    for (const RuleSettings& rule : settings.rules) EXPECT_TRUE(rule.is_default);
    EXPECT_EQ(named(settings, "liquidatable").severity, "critical");
    EXPECT_EQ(to_string(named(settings, "liquidatable").min_debt), "1000");
    EXPECT_EQ(to_string(named(settings, "at-risk").when), "health_factor < 1.05");
    EXPECT_EQ(to_string(named(settings, "at-risk").min_debt), "10000");
    EXPECT_EQ(named(settings, "liquidations").severity, "info");
    EXPECT_TRUE(named(settings, "liquidations").clear.empty());
    EXPECT_EQ(named(settings, "tvl-drop").window.time, Milliseconds{24 * 3'600'000});
    EXPECT_TRUE(named(settings, "tvl-drop").markets.empty());
    EXPECT_THAT(named(settings, "market-tvl-drop").markets, ElementsAre("*"));
    EXPECT_EQ(to_string(named(settings, "market-tvl-drop").min_usd), "1000000");
    EXPECT_EQ(named(settings, "price-jump").window.time, Milliseconds{600'000});
    EXPECT_EQ(named(settings, "source-stale").severity, "critical");
    EXPECT_EQ(named(settings, "gap").severity, "warning");
    EXPECT_EQ(named(settings, "unverified").severity, "critical");
}

TEST(Rules, the_default_set_watches_all_bands_if_there_are_any) {
    const Settings settings = parse_good(kBands);
    const RuleSettings& exposure = named(settings, "band-exposure");
    EXPECT_THAT(exposure.bands, ElementsAre("upper", "lower"));
    EXPECT_EQ(exposure.hold_for, Milliseconds{120'000});
    EXPECT_EQ(exposure.keep, Milliseconds{120'000});
    EXPECT_EQ(named(settings, "band-approach").clear_join, Join::any);
}

TEST(Rules, the_default_set_looks_at_watched_accounts_if_there_are_any) {
    const Settings settings = parse_good(
        "[watch.a]\naccounts = [\"0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e\"]\n"
        "[watch.b]\naccounts = [\"0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e\"]\n");
    EXPECT_THAT(named(settings, "watched-activity").watch, ElementsAre("a", "b"));
    EXPECT_THAT(named(settings, "watched-at-risk").watch, ElementsAre("a", "b"));
}

TEST(Rules, rules_of_the_file_keep_the_health_rules) {
    const Settings settings = parse_good("[rules.mine]\nwhen = \"health_factor < 1.1\"\n");
    EXPECT_FALSE(settings.rules_are_default);
    EXPECT_EQ(names_of(settings.rules), and_health({"mine"}));
}

TEST(Rules, a_rule_about_a_health_metric_stands_for_the_default) {
    const Settings settings = parse_good("[rules.mine]\nwhen = \"gap_blocks > 100\"\n");
    EXPECT_EQ(names_of(settings.rules), and_health({"mine"}, "gap"));
}

TEST(Rules, a_default_does_not_take_a_name_of_the_file) {
    const Settings settings = parse_good("[rules.gap]\nwhen = \"liquidatable\"\n");
    EXPECT_THAT(names_of(settings.rules),
                ElementsAre("gap", "source-stale", "source-down", "endpoint-down",
                            "source-disagrees", "default-gap", "unverified", "coverage"));
}

TEST(Rules, health_rules_can_be_switched_off) {
    EXPECT_THAT(names_of(parse_good("[daemon]\ndefault_health_rules = false\n"
                                    "[rules.mine]\nwhen = \"liquidatable\"\n")
                             .rules),
                ElementsAre("mine"));
    EXPECT_EQ(parse_good("[daemon]\ndefault_health_rules = false\n").rules.size(),
              parse_good("").rules.size() - health_rules().size());
}

TEST(Rules, reads_a_rule_about_markets) {
    const Settings settings = parse_good(R"(
[rules.drop]
when = "tvl_drop_pct >= 12.5%"
window = "90m"
min_usd = 5_000
markets = ["WETH", "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"]
[rules.jump]
when = "price_jump_pct >= 3 and borrowed_usd >= 1"
window = 5
[rules.both]
when = "price_jump_pct >= 3 and tvl_drop_pct >= 3"
)");
    const RuleSettings& drop = settings.rules.at(0);
    EXPECT_EQ(drop.window, (Window{Milliseconds{5'400'000}, 0}));
    EXPECT_EQ(to_string(drop.min_usd), "5000");
    EXPECT_EQ(drop.markets.size(), 2U);
    EXPECT_EQ(settings.rules.at(1).window, (Window{Milliseconds{0}, 5}));
    EXPECT_EQ(settings.rules.at(2).window.time, Milliseconds{24 * 3'600'000}) << "the longer one";
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
