#include "tests/daemon/rules/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::RuleSettings band_rule(const std::string& when, std::vector<std::string> bands = {"eth"}) {
    auto out = rule(when);
    out.bands = std::move(bands);
    return out;
}

Scenario started(config::RuleSettings one) {
    Scenario scenario({std::move(one)});
    EXPECT_THAT(scenario.round(99), IsEmpty());
    return scenario;
}

// ---- bands

struct BandCase {
    const char* name;
    const char* when;
    std::uint64_t exposure;
    std::uint64_t price;
    const char* type;  ///< empty: does not fire
};
class BandRules : public testing::TestWithParam<BandCase> {};

TEST_P(BandRules, hold_or_do_not) {
    Scenario scenario = started(band_rule(GetParam().when));
    scenario.bands = {band(GetParam().exposure, GetParam().price)};
    scenario.round(100);
    ASSERT_EQ(scenario.stored.empty(), std::string(GetParam().type).empty());
    for (const store::NewAlert& alert : scenario.stored) EXPECT_EQ(alert.type, GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BandRules,
    testing::Values(
        BandCase{"exposure_at", "exposure_usd > 1000000", 1'000'000, 3000, ""},
        BandCase{"exposure_over", "exposure_usd > 1000000", 1'000'001, 3000,
                 "band.exposure.firing"},
        BandCase{"near_enough", "price_above_band_pct < 5", 0, 2519, "band.approached.firing"},
        BandCase{"at_5_pct", "price_above_band_pct < 5", 0, 2520, ""},
        BandCase{"at_most_5_pct", "price_above_band_pct <= 5", 0, 2520, "band.approached.firing"},
        BandCase{"inside_is_zero", "price_above_band_pct <= 0", 0, 2300, "band.approached.firing"},
        BandCase{"inside_is_not_below", "price_above_band_pct < 0", 0, 2300, ""},
        BandCase{"below", "price_above_band_pct < 0", 0, 2199, "band.approached.firing"},
        BandCase{"below_10_pct_exactly", "price_above_band_pct <= -10", 0, 1980,
                 "band.approached.firing"},
        BandCase{"not_quite_10_pct_below", "price_above_band_pct <= -10", 0, 1981, ""},
        BandCase{"both", "exposure_usd > 1000000 and price_above_band_pct < 5", 2'000'000, 2500,
                 "band.approached.firing"},
        BandCase{"exposed_but_far", "exposure_usd > 1000000 and price_above_band_pct < 5",
                 2'000'000, 2600, ""},
        BandCase{"near_but_empty", "exposure_usd > 1000000 and price_above_band_pct < 5", 500, 2500,
                 ""}),
    [](const auto& tested) { return tested.param.name; });

TEST(BandRule, key_subject_and_label) {
    Scenario scenario = started(band_rule("exposure_usd > 1000"));
    scenario.bands = {band(2000, 3000), band(5000, 3000, "other")};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1/p/ETH");
    EXPECT_EQ(scenario.last()["data"]["subject"], "ETH");
    EXPECT_EQ(scenario.last()["data"]["labels"]["band"], "eth");
}

TEST(BandRule, several_bands_have_their_names_in_the_key) {
    Scenario scenario = started(band_rule("exposure_usd > 1000", {"eth", "low one"}));
    scenario.bands = {band(2000, 3000), band(5000, 3000, "low one")};
    EXPECT_EQ(scenario.round(100).size(), 2U);
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1/p/ETH/eth");
    EXPECT_EQ(scenario.stored[1].alert_key, "r/eip155:1/p/ETH/low%20one");
}

TEST(BandRule, clears_ten_percent_under) {
    Scenario scenario = started(band_rule("exposure_usd > 1000000"));
    scenario.bands = {band(2'000'000, 3000)};
    scenario.round(100);
    scenario.bands = {band(900'001, 3000)};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.bands = {band(900'000, 3000)};
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
}

TEST(BandRule, clears_when_any_part_does) {
    Scenario scenario = started(band_rule("exposure_usd > 1000000 and price_above_band_pct < 3"));
    scenario.bands = {band(2'000'000, 2450)};
    scenario.round(100);
    scenario.bands = {band(2'000'000, 2490)};  // 3.75 percent
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.bands = {band(2'000'000, 2496)};  // 4 percent
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
}

TEST(BandRule, updates_when_exposure_doubles_or_the_price_goes_in) {
    Scenario scenario = started(band_rule("price_above_band_pct < 3"));
    scenario.bands = {band(1000, 2450)};
    scenario.round(100);
    scenario.bands = {band(1999, 2401)};
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.bands = {band(2000, 2401)};
    EXPECT_THAT(scenario.round(102), ElementsAre("updated 100/2 @102"));
    scenario.bands = {band(2000, 2400)};
    EXPECT_THAT(scenario.round(103), ElementsAre("updated 100/3 @103"));
    scenario.bands = {band(2000, 2199)};
    EXPECT_THAT(scenario.round(104), ElementsAre("updated 100/4 @104"));
    scenario.bands = {band(2000, 2300)};
    EXPECT_THAT(scenario.round(105), IsEmpty()) << "back up is no worse";
}

TEST(BandRule, without_a_price_it_is_unknown) {
    Scenario scenario = started(band_rule("exposure_usd > 1000"));
    scenario.bands = {band(2000, 3000)};
    scenario.round(100);
    scenario.bands = {band(0, 3000)};
    scenario.bands[0].price.reset();
    EXPECT_THAT(scenario.round(101), IsEmpty());
}

TEST(BandRule, another_interval_is_another_band) {
    Scenario scenario = started(band_rule("exposure_usd > 1000"));
    scenario.bands = {band(2000, 3000)};
    scenario.round(100);
    scenario.bands[0].low = usd(2100);
    EXPECT_THAT(scenario.round(101),
                ElementsAre("resolved 100/2 @101 rule_changed", "firing 101/1 @101"));
}

TEST(BandRule, a_removed_band_ends) {
    Scenario scenario = started(band_rule("exposure_usd > 1000"));
    scenario.bands = {band(2000, 3000)};
    scenario.round(100);
    scenario.bands.clear();
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 rule_changed"));
}

// ---- the source

TEST(SourceRule, stale_fires_without_a_new_block_and_by_the_wall_clock) {
    Scenario scenario = started(rule("source_stale"));
    scenario.round(100);
    scenario.facts.source = {true, 75, 0, false, "mainnet-1", {}};
    scenario.protocol.read = false;
    scenario.facts.now += 75;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "source.stale.firing");
    EXPECT_EQ(scenario.stored[0].at, scenario.facts.now);
    const auto data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "mainnet");
    EXPECT_EQ(data["endpoint"], "mainnet-1");
    EXPECT_EQ(data["age_seconds"], 75);
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.facts.source.stale = false;
    EXPECT_THAT(scenario.round(100), ElementsAre("resolved 100/2 @100"));
    scenario.facts.source.stale = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/3 @100"))
        << "the same block: numbers go on";
}

TEST(SourceRule, for_is_wall_clock) {
    auto one = rule("source_stale");
    one.hold_for = config::Milliseconds{60'000};
    Scenario scenario = started(one);
    scenario.facts.source.stale = true;
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.facts.now += 59;
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.facts.now += 1;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
}

TEST(SourceRule, does_not_wait_for_confirmation) {
    auto one = rule("source_stale");
    one.confirm = config::Depth{config::Depth::Kind::finalized, 0};
    Scenario scenario = started(one);
    scenario.facts.source.stale = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
}

TEST(SourceRule, gap_counts_blocks) {
    Scenario scenario = started(rule("gap_blocks > 0"));
    scenario.facts.source.gap_blocks = 3;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "daemon.gap.firing");
    EXPECT_EQ(scenario.last()["data"]["gap_blocks"], 3);
    scenario.facts.source.gap_blocks = 5;
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.facts.source.gap_blocks = 6;
    EXPECT_THAT(scenario.round(102), ElementsAre("updated 100/2 @102"));
    scenario.facts.source.gap_blocks = 0;
    EXPECT_THAT(scenario.round(103), ElementsAre("resolved 100/3 @103"));
}

TEST(SourceRule, a_gap_below_the_base_is_critical_while_it_lasts) {
    Scenario scenario = started(rule("gap_blocks > 0"));
    scenario.facts.source.gap_blocks = 3;
    scenario.facts.source.is_below_base = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.last()["data"]["severity"], "critical");
    EXPECT_EQ(scenario.stored[0].severity, 2);
    EXPECT_THAT(scenario.last()["data"]["text"], testing::HasSubstr("counted as final"));
    scenario.facts.source.is_below_base = false;
    EXPECT_THAT(scenario.round(101), ElementsAre("updated 100/2 @101 severity"));
    EXPECT_EQ(scenario.last()["data"]["severity"], "warning");
}

TEST(SourceRule, a_gap_that_turns_out_to_be_below_the_base_becomes_critical) {
    Scenario scenario = started(rule("gap_blocks > 0"));
    scenario.facts.source.gap_blocks = 3;
    scenario.round(100);
    scenario.facts.source.is_below_base = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("updated 100/2 @100 severity"));
    EXPECT_EQ(scenario.last()["data"]["severity"], "critical");
}

TEST(SourceRule, other_rules_keep_their_severity_below_the_base) {
    Scenario scenario = started(rule("source_stale"));
    scenario.facts.source.stale = true;
    scenario.facts.source.is_below_base = true;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.last()["data"]["severity"], "warning");
}

// ---- endpoints

EndpointFacts endpoint(const std::string& alias, bool up) {
    EndpointFacts out;
    out.alias = alias;
    out.up = up;
    out.state = up ? "ok" : "down";
    if (!up) out.last_error = "connection refused";
    return out;
}

TEST(EndpointRule, tells_each_endpoint_that_is_down) {
    auto one = rule("endpoint_down");
    one.hold_for = config::Milliseconds{60'000};
    Scenario scenario = started(one);
    scenario.facts.source.endpoints = {endpoint("mainnet-1", true), endpoint("mainnet-2", false)};
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.facts.now += 60;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100 initial")) << "by wall clock";
    EXPECT_EQ(scenario.stored[0].type, "source.degraded.firing");
    EXPECT_EQ(scenario.stored[0].alert_key, "r/eip155:1//mainnet-2");
    const auto data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "mainnet-2");
    EXPECT_EQ(data["endpoint"], "mainnet-2");
    EXPECT_EQ(data["endpoint_state"], "down");
    EXPECT_EQ(data["error"], "connection refused");
    EXPECT_EQ(data["endpoints_up"], 1);
    EXPECT_EQ(data["endpoints"], 2);
    scenario.protocol.read = false;
    scenario.facts.source.endpoints[1].up.reset();
    EXPECT_THAT(scenario.round(100), IsEmpty()) << "nobody asked it";
    scenario.facts.source.endpoints[1] = endpoint("mainnet-2", true);
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101"));
}

TEST(SourceRule, is_down_when_no_endpoint_is_left) {
    Scenario scenario = started(rule("source_down"));
    scenario.protocol.read = false;
    scenario.facts.source.endpoints = {endpoint("a", false), endpoint("b", true)};
    EXPECT_THAT(scenario.round(99), IsEmpty()) << "one is enough";
    scenario.facts.source.endpoints[1].up.reset();
    EXPECT_THAT(scenario.round(99), IsEmpty()) << "nobody asked it yet";
    scenario.facts.source.endpoints[1] = endpoint("b", false);
    EXPECT_THAT(scenario.round(99), ElementsAre("firing 99/1 @99"));
    EXPECT_EQ(scenario.stored[0].type, "source.down.firing");
    const auto data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "mainnet");
    EXPECT_EQ(data["endpoints_up"], 0);
    EXPECT_EQ(data["endpoint_list"][0]["error"], "connection refused");
    scenario.facts.source.endpoints[0] = endpoint("a", true);
    EXPECT_THAT(scenario.round(99), ElementsAre("resolved 99/2 @99"));
}

TEST(EndpointRule, tells_one_that_answers_for_another_chain) {
    Scenario scenario = started(rule("source_disagrees"));
    scenario.facts.source.endpoints = {endpoint("a", true), endpoint("b", true)};
    scenario.round(99);
    scenario.facts.source.endpoints[1].disagrees = true;
    scenario.facts.source.endpoints[1].disagreement = "block 99 is 0xbb there and 0xaa elsewhere";
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "source.disagrees.firing");
    EXPECT_THAT(scenario.last()["data"]["text"].get<std::string>(),
                testing::HasSubstr("block 99 is 0xbb there"));
}

TEST(EndpointRule, one_that_left_the_file_ends) {
    Scenario scenario = started(rule("endpoint_down"));
    scenario.facts.source.endpoints = {endpoint("a", true), endpoint("b", false)};
    EXPECT_EQ(scenario.round(100).size(), 1U);
    scenario.facts.source.endpoints.pop_back();
    EXPECT_THAT(scenario.round(101), ElementsAre("resolved 100/2 @101 rule_changed"));
}

// ---- coverage

TEST(CoverageRule, is_about_what_is_known_of_the_debt) {
    Scenario scenario = started(rule("coverage < 0.99"));
    scenario.protocol.coverage_ppm = 990'000;
    scenario.protocol.coverage = "0.990000";
    EXPECT_THAT(scenario.round(100), IsEmpty());
    scenario.protocol.coverage_ppm = 989'999;
    scenario.protocol.coverage = "0.989999";
    EXPECT_THAT(scenario.round(101), ElementsAre("firing 101/1 @101"));
    EXPECT_EQ(scenario.stored[0].type, "source.disagrees.firing");
    EXPECT_EQ(scenario.last()["data"]["coverage"], "0.989999");
    scenario.protocol.coverage_ppm.reset();
    EXPECT_THAT(scenario.round(102), IsEmpty()) << "unknown";
    scenario.protocol.coverage_ppm = 1'000'000;
    scenario.protocol.coverage = "1.000000";
    EXPECT_THAT(scenario.round(103), ElementsAre("resolved 101/2 @103"));
}

TEST(CoverageRule, tells_again_when_twice_as_much_is_missing) {
    Scenario scenario = started(rule("coverage < 0.999"));
    const auto look = [&](BlockNumber number, std::uint64_t ppm) {
        scenario.protocol.coverage_ppm = ppm;
        return scenario.round(number);
    };
    EXPECT_THAT(look(100, 998'000), ElementsAre("firing 100/1 @100 initial"));
    EXPECT_THAT(look(101, 980'001), IsEmpty()) << "less than a percent counts as one";
    EXPECT_THAT(look(102, 980'000), ElementsAre("updated 100/2 @102"));
    EXPECT_THAT(look(103, 960'001), IsEmpty());
    EXPECT_THAT(look(104, 960'000), ElementsAre("updated 100/3 @104"));
    EXPECT_THAT(look(105, 960'000), IsEmpty());
    EXPECT_THAT(look(106, 990'000), IsEmpty()) << "better";
    EXPECT_THAT(look(107, 1'000'000), ElementsAre("resolved 100/4 @107"));
}

TEST(CoverageRule, above_all_that_there_is_it_is_the_coverage_that_grows) {
    auto one = rule("coverage > 1");
    one.update_on_milli = 1100;
    Scenario scenario = started(one);
    scenario.protocol.coverage_ppm = 1'000'001;
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100 initial"));
    scenario.protocol.coverage_ppm = 1'050'000;
    EXPECT_THAT(scenario.round(101), IsEmpty());
    scenario.protocol.coverage_ppm = 1'200'000;
    EXPECT_THAT(scenario.round(102), ElementsAre("updated 100/2 @102"));
}

// ---- unverified

TEST(UnverifiedRule, tells_both_numbers) {
    Scenario scenario = started(rule("unverified"));
    scenario.protocol.verified = false;
    scenario.protocol.unverified_reason = "1 of 12 audited accounts differs";
    scenario.differences = {{{test::address(1), {}}, "totalDebtBase", "100", "101"}};
    EXPECT_THAT(scenario.round(100), ElementsAre("firing 100/1 @100"));
    EXPECT_EQ(scenario.stored[0].type, "source.disagrees.firing");
    const auto data = scenario.last()["data"];
    EXPECT_EQ(data["subject"], "p");
    EXPECT_EQ(data["differences"][0]["ours"], "100");
    EXPECT_EQ(data["differences"][0]["contract"], "101");
    EXPECT_EQ(data["differences"][0]["field"], "totalDebtBase");
    EXPECT_EQ(data["unverified_reason"], "1 of 12 audited accounts differs");
    EXPECT_THAT(data["text"].get<std::string>(),
                testing::HasSubstr("totalDebtBase: ours 100, contract 101"));
    scenario.protocol.verified = true;
    scenario.protocol.read = false;
    EXPECT_THAT(scenario.round(101), IsEmpty()) << "not read: still unknown";
    scenario.protocol.read = true;
    scenario.differences.clear();
    EXPECT_THAT(scenario.round(102), ElementsAre("resolved 100/2 @102"));
}

TEST(UnverifiedRule, many_differences_are_cut) {
    Scenario scenario = started(rule("unverified"));
    scenario.protocol.verified = false;
    for (std::uint64_t i = 0; i < 50; ++i) {
        scenario.differences.push_back({{test::address(i), {}}, "field", "1", "2"});
    }
    scenario.round(100);
    const auto data = scenario.last()["data"];
    EXPECT_EQ(data["differences"].size(), 20U);
    EXPECT_EQ(data["more"], 30);
    EXPECT_LT(scenario.stored[0].body.size(), 20'000U);
}

}  // namespace
}  // namespace plimsoll::rules
