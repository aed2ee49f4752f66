#include "daemon/rules/rule.hpp"

#include "tests/daemon/rules/scenario.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rules {
namespace {

using config::Comparison;
using config::Condition;
using config::Metric;

Observation health(std::string_view factor, std::uint64_t debt = 0) {
    Observation seen;
    seen.set(Metric::health_factor, Ratio::scaled(wad(factor).raw(), 18));
    seen.set(Metric::liquidatable, Ratio::flag(wad(factor) < wad_one()));
    seen.debt = usd(debt);
    return seen;
}

TEST(Judge, three_ways_between_when_and_clear) {
    const auto one = rule("health_factor < 1.05");
    EXPECT_EQ(judge(one, health("1.049999999999999999")), Verdict::holds);
    EXPECT_EQ(judge(one, health("1.05")), Verdict::grey);
    EXPECT_EQ(judge(one, health("1.060499999999999999")), Verdict::grey);
    EXPECT_EQ(judge(one, health("1.0605")), Verdict::clear);
    EXPECT_EQ(judge(one, Observation{}), Verdict::unknown);
}

TEST(Judge, without_clear_it_is_the_opposite) {
    auto one = rule("health_factor < 1.05");
    one.clear.clear();
    EXPECT_EQ(judge(one, health("1.049999999999999999")), Verdict::holds);
    EXPECT_EQ(judge(one, health("1.05")), Verdict::clear);
    EXPECT_EQ(judge(one, Observation{}), Verdict::unknown);
}

TEST(Judge, a_missing_part_makes_it_unknown) {
    const auto one = rule("exposure_usd > 1000 and price_above_band_pct < 5");
    Observation seen;
    seen.set(Metric::exposure_usd, Ratio::scaled(usd(2000).raw(), 8));
    EXPECT_EQ(judge(one, seen), Verdict::unknown);
    seen.set(Metric::price_above_band_pct, Ratio{});
    EXPECT_EQ(judge(one, seen), Verdict::holds);
}

TEST(Judge, metrics_of_another_scope_never_hold) {
    config::RuleSettings one;
    one.when = {{Metric::health_factor, Comparison::less, false, wad("1").raw()},
                {Metric::source_stale, Comparison::greater_equal, false, U256(1)}};
    EXPECT_EQ(judge(one, health("0.5")), Verdict::unknown);
    EXPECT_FALSE(may_hold(make_rule(one, {}), position(1, "0.5")));
}

struct DistanceCase {
    const char* name;
    bool below;
    std::uint64_t numerator, denominator;
    Comparison comparison;
    bool negative;
    std::uint64_t value;  ///< percent with 8 decimals
    bool holds;
};
class Distances : public testing::TestWithParam<DistanceCase> {};

TEST_P(Distances, compare_exactly) {
    const DistanceCase& one = GetParam();
    config::RuleSettings settings;
    settings.when = {{Metric::price_above_band_pct, one.comparison, one.negative, U256(one.value)}};
    Observation seen;
    seen.set(Metric::price_above_band_pct,
             {one.below, U512(one.numerator) * 100, U512(one.denominator)});
    EXPECT_EQ(judge(settings, seen), one.holds ? Verdict::holds : Verdict::clear);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Distances,
    testing::Values(
        DistanceCase{"third_over", false, 1, 3, Comparison::greater, false, 3'333'333'333, true},
        DistanceCase{"third_under", false, 1, 3, Comparison::less, false, 3'333'333'334, true},
        DistanceCase{"equal", false, 3, 100, Comparison::less, false, 300'000'000, false},
        DistanceCase{"equal_allowed", false, 3, 100, Comparison::less_equal, false, 300'000'000,
                     true},
        DistanceCase{"negative_is_less", true, 1, 100, Comparison::less, false, 0, true},
        DistanceCase{"negative_is_less_than_less", true, 2, 100, Comparison::less, true,
                     100'000'000, true},
        DistanceCase{"negative_is_greater", true, 1, 100, Comparison::greater, true, 200'000'000,
                     true},
        DistanceCase{"negative_equal", true, 2, 100, Comparison::less_equal, true, 200'000'000,
                     true},
        DistanceCase{"minus_zero_is_zero", true, 0, 1, Comparison::greater_equal, false, 0, true},
        DistanceCase{"zero_is_not_over_minus_zero", false, 0, 1, Comparison::greater, true, 0,
                     false}),
    [](const auto& tested) { return tested.param.name; });

TEST(MayHold, never_misses_what_judge_finds) {
    for (const char* when : {"health_factor < 1", "liquidatable", "health_factor <= 1.05",
                             "health_factor < 1.05 and health_factor >= 1"}) {
        auto settings = rule(when);
        settings.min_debt = usd(100);
        const Rule one = make_rule(settings, {});
        for (const char* factor : {"0", "0.999999999999999999", "1", "1.05", "1.06"}) {
            for (const std::uint64_t debt : {99U, 100U}) {
                const auto health_of = position(1, factor, debt);
                Observation seen = health(factor, debt);
                EXPECT_EQ(may_hold(one, health_of), judge(settings, seen) == Verdict::holds)
                    << when << " " << factor << " " << debt;
            }
        }
    }
}

TEST(MakeRule, the_fingerprint_is_what_decides) {
    const auto base = rule("health_factor < 1");
    const std::string fingerprint = make_rule(base, {}).fingerprint;
    const auto changed = [&](auto change) {
        auto other = base;
        change(other);
        return make_rule(other, {{"mine", "", {test::address(1)}, {}}}).fingerprint != fingerprint;
    };
    using Settings = config::RuleSettings;
    EXPECT_TRUE(changed([](Settings& one) { one = rule("health_factor <= 1"); }));
    EXPECT_TRUE(changed([](Settings& one) { one.hold_for = config::Milliseconds{1}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.keep = config::Milliseconds{1}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.min_debt = usd(1); }));
    EXPECT_TRUE(changed([](Settings& one) { one.confirm = config::Depth{}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.protocols = {"p"}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.bands = {"b"}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.watch = {"mine"}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.markets = {"WETH"}; }));
    EXPECT_TRUE(changed([](Settings& one) { one.min_usd = usd(1); }));
    EXPECT_TRUE(changed([](Settings& one) { one.window.blocks = 5; }));
    EXPECT_FALSE(changed([](Settings& one) { one.severity = "critical"; }));
    EXPECT_FALSE(changed([](Settings& one) { one.to = {"file"}; }));
    EXPECT_FALSE(changed([](Settings& one) { one.repeat = config::Milliseconds{5}; }));
    EXPECT_FALSE(changed([](Settings& one) { one.update_on_milli = 5; }));
    EXPECT_FALSE(changed([](Settings& one) { one.when_text = "health_factor<1"; }));
}

TEST(MayHold, a_debt_that_nothing_backs_is_old_news) {
    const Rule one = make_rule(rule("liquidatable"), {});
    auto health_of = position(1, "0", 100);
    EXPECT_TRUE(may_hold(one, health_of));
    health_of.collateral = {};
    EXPECT_FALSE(may_hold(one, health_of));
}

struct TypeCase {
    const char* when;
    const char* type;
    Scope scope;
};
void PrintTo(const TypeCase& one, std::ostream* out) { *out << one.when; }
class Types : public testing::TestWithParam<TypeCase> {};

TEST_P(Types, follow_from_what_is_asked_for) {
    const Rule one = make_rule(rule(GetParam().when), {});
    EXPECT_EQ(one.type, GetParam().type);
    EXPECT_EQ(one.scope, GetParam().scope);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Types,
    testing::Values(TypeCase{"health_factor < 1", "position.liquidatable", Scope::position},
                    TypeCase{"health_factor < 1.1", "position.at_risk", Scope::position},
                    TypeCase{"liquidated", "position.liquidated", Scope::event},
                    TypeCase{"activity", "position.activity", Scope::event},
                    TypeCase{"deposited", "position.activity", Scope::event},
                    TypeCase{"parameters_changed", "market.parameters", Scope::event},
                    TypeCase{"exposure_usd > 1", "band.exposure", Scope::band},
                    TypeCase{"tvl_drop_pct > 1", "market.tvl_drop", Scope::market},
                    TypeCase{"bad_debt_usd > 1", "market.bad_debt", Scope::market},
                    TypeCase{"paused", "market.paused", Scope::market},
                    TypeCase{"frozen", "market.paused", Scope::market},
                    TypeCase{"price_jump_pct > 1", "oracle.jump", Scope::market},
                    TypeCase{"oracle_age > 1h", "oracle.stale", Scope::market},
                    TypeCase{"oracle_down", "oracle.stale", Scope::market},
                    TypeCase{"utilization > 0.9", "market.series", Scope::market},
                    TypeCase{"coverage < 0.9 and tvl_usd > 5", "market.series", Scope::market},
                    TypeCase{"coverage < 0.9", "source.disagrees", Scope::trust},
                    TypeCase{"unverified", "source.disagrees", Scope::trust},
                    TypeCase{"source_disagrees", "source.disagrees", Scope::endpoint},
                    TypeCase{"endpoint_down", "source.degraded", Scope::endpoint},
                    TypeCase{"source_down", "source.down", Scope::source},
                    TypeCase{"source_stale", "source.stale", Scope::source},
                    TypeCase{"gap_blocks > 0", "daemon.gap", Scope::source}));

TEST(MakeRule, a_rule_about_markets_says_so_or_asks_for_what_only_markets_have) {
    EXPECT_FALSE(make_rule(rule("tvl_usd > 5"), {}).is_about_markets);
    EXPECT_TRUE(make_rule(rule("tvl_usd > 5 and price_usd > 1"), {}).is_about_markets);
    auto settings = rule("tvl_usd > 5");
    settings.markets = {"WETH", "0x00000000000000000000000000000000000000AA"};
    const Rule one = make_rule(settings, {});
    EXPECT_TRUE(one.is_about_markets);
    EXPECT_TRUE(one.covers_market("WETH", test::address(1)));
    EXPECT_TRUE(one.covers_market("other", test::address(0xaa)));
    EXPECT_FALSE(one.covers_market("weth", test::address(1)));
    settings.markets = {"*"};
    EXPECT_TRUE(make_rule(settings, {}).covers_market("weth", test::address(1)));
}

TEST(HasWorsened, a_number_grows_or_shrinks_by_the_side_it_has_to_be_on) {
    const Rule above = make_rule(rule("utilization > 0.9"), {});
    const Rule below = make_rule(rule("tvl_usd < 100"), {});
    const auto at = [](std::uint64_t value) {
        Mark mark;
        mark.value = U256(value);
        return mark;
    };
    EXPECT_TRUE(has_worsened(above, at(10), at(20)));
    EXPECT_FALSE(has_worsened(above, at(10), at(19)));
    EXPECT_FALSE(has_worsened(above, at(10), at(5)));
    EXPECT_TRUE(has_worsened(below, at(10), at(5)));
    EXPECT_TRUE(has_worsened(below, at(10), at(0)));
    EXPECT_FALSE(has_worsened(below, at(10), at(6)));
    EXPECT_FALSE(has_worsened(below, at(0), at(0)));
}

TEST(HasWorsened, a_factor_of_one_or_less_is_off) {
    auto settings = rule("liquidatable");
    settings.update_on_milli = 1000;
    const Rule one = make_rule(settings, {});
    EXPECT_FALSE(
        has_worsened(one, {usd(1), wad("0.9"), {}, {}, {}}, {usd(100), wad("0.1"), {}, {}, {}}));
    EXPECT_TRUE(has_worsened(one, {usd(1), wad("1"), {}, {}, {}},
                             {usd(1), wad("0.999999999999999999"), {}, {}, {}}))
        << "crossing 1 is always news";
}

TEST(HasWorsened, nothing_to_compare_is_not_worse) {
    const Rule one = make_rule(rule("exposure_usd > 1"), {});
    EXPECT_FALSE(has_worsened(one, {}, {}));
    EXPECT_FALSE(has_worsened(one, {{}, {}, usd(5), {}, {}}, {}));
}

}  // namespace
}  // namespace plimsoll::rules
