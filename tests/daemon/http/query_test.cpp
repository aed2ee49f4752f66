#include "daemon/http/heat_range.hpp"
#include "daemon/http/params.hpp"
#include "daemon/http/target.hpp"

#include <gtest/gtest.h>

namespace plimsoll::http {
namespace {

TEST(ParseFixed, is_exact) {
    EXPECT_EQ(parse_fixed("1", 18).value(), U256("1000000000000000000"));
    EXPECT_EQ(parse_fixed("1.05", 18).value(), U256("1050000000000000000"));
    EXPECT_EQ(parse_fixed("0.000000000000000001", 18).value(), U256(1));
    EXPECT_EQ(parse_fixed("0", 18).value(), U256(0));
    EXPECT_EQ(parse_fixed("007.5", 2).value(), U256(750));
}

TEST(ParseFixed, refuses_what_it_would_have_to_round_or_guess) {
    for (const char* text : {"", "x", "1.2.3", "-1", "1e3", "0.0000000000000000001", " 1"}) {
        EXPECT_FALSE(parse_fixed(text, 18)) << text;
    }
}

Request request(std::multimap<std::string, std::string> query) { return {"/", std::move(query)}; }

TEST(Params, tell_missing_from_wrong) {
    const Request given = request({{"limit", "12"}, {"since", "-1"}});
    Params params(given, {"limit", "since", "until"});
    EXPECT_EQ(params.number("limit", 100, 1, 1000), 12U);
    EXPECT_EQ(params.number("until", 7, 0, 1000), 7U);
    EXPECT_TRUE(params.ok());
    EXPECT_EQ(params.number("since", 5, 0, 1000), 5U);
    EXPECT_EQ(params.problem(), "since: a whole number from 0 to 1000, not '-1'");
}

TEST(Params, refuse_what_nobody_knows_and_what_comes_twice) {
    const Request unknown = request({{"acount", "0x"}});
    EXPECT_EQ(Params(unknown, {"account", "limit"}).problem(),
              "unknown parameter 'acount'; known: account, limit");
    EXPECT_EQ(Params(unknown, {}).problem(), "unknown parameter 'acount'; this path takes none");
    const Request twice = request({{"limit", "1"}, {"limit", "2"}});
    EXPECT_EQ(Params(twice, {"limit"}).problem(), "limit: given more than once");
}

TEST(Params, keep_the_first_problem_and_bound_what_they_show) {
    const Request given = request({{"a", std::string(5000, 'x')}, {"b", "?"}});
    Params params(given, {"a", "b"});
    EXPECT_FALSE(params.flag("a"));
    EXPECT_FALSE(params.flag("b"));
    EXPECT_TRUE(params.problem().starts_with("a: true or false, not 'xxx"));
    EXPECT_LT(params.problem().size(), 150U);
}

TEST(Params, list_the_choices) {
    const Request given = request({{"protocol", "aave"}});
    Params params(given, {"protocol"});
    const std::vector<std::string> names{"aave-v3", "spark"};
    EXPECT_EQ(params.one_of("protocol", names), "");
    EXPECT_EQ(params.problem(),
              "protocol: 'aave' is not known; did you mean 'aave-v3'? known: aave-v3, spark");
}

TEST(Target, decodes_path_and_parameters) {
    const auto target = parse_target("/v1/a%2Fb?x=1&y=a+b%26c&&z&x=2");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/v1/a/b");
    const std::multimap<std::string, std::string> expected{
        {"x", "1"}, {"x", "2"}, {"y", "a b&c"}, {"z", ""}};
    EXPECT_EQ(target->query, expected);
}

TEST(Target, refuses_what_is_none) {
    for (const char* text : {"", "v1", "http://a/", "*", "/a#b", "/%", "/%1", "/%zz", "/a%00b",
                             "/?a=%0d%0aSet-Cookie", "/\x7f", "/?a=%"}) {
        EXPECT_FALSE(parse_target(text)) << text;
    }
    std::string many = "/?";
    for (int i = 0; i < 33; ++i) many += "a=1&";
    EXPECT_FALSE(parse_target(many));
}

Usd8 usd(const char* text) { return Usd8::from_raw(parse_fixed(text, 8).value()); }

TEST(HeatRange, follows_the_price_with_round_steps) {
    const auto range = complete({}, usd("2503.7"));
    ASSERT_TRUE(range) << range.error();
    EXPECT_EQ(range->step, usd("100"));
    EXPECT_EQ(range->low, usd("1200"));
    EXPECT_EQ(range->high, usd("3800"));
}

TEST(HeatRange, keeps_what_is_given) {
    const auto range = complete({usd("1574"), usd("2400"), usd("33.5")}, usd("2500"));
    ASSERT_TRUE(range) << range.error();
    EXPECT_EQ(range->low, usd("1574"));
    EXPECT_EQ(range->high, usd("2400"));
    EXPECT_EQ(range->step, usd("33.5"));
    const auto half = complete({usd("1000"), {}, usd("300")}, usd("2500"));
    ASSERT_TRUE(half) << half.error();
    EXPECT_EQ(half->high, usd("3900"));
}

TEST(HeatRange, says_what_is_wrong) {
    EXPECT_EQ(complete({{}, {}, usd("0")}, usd("1")).error(), "step: must be above 0");
    EXPECT_EQ(complete({usd("0"), {}, {}}, usd("1")).error(), "low: must be above 0");
    EXPECT_EQ(complete({usd("3"), usd("3"), {}}, usd("1")).error(),
              "low and high: low must be below high");
    EXPECT_EQ(complete({usd("1"), usd("1002"), usd("1")}, usd("1")).error(),
              "step: too small, the range would have more than 1000 steps");
    EXPECT_FALSE(complete({}, Usd8{}));
}

TEST(HeatRange, holds_for_the_smallest_and_largest_prices) {
    const auto tiny = complete({}, Usd8::from_raw(1));
    EXPECT_TRUE(!tiny || tiny->low.raw() > 0);
    const auto huge = complete({}, Usd8::from_raw(u256_max()));
    EXPECT_TRUE(!huge || huge->low < huge->high);
}

TEST(PriceChange, moves_a_price_by_percent) {
    const auto price = OraclePrice::from_raw(250'000'000'000U);
    EXPECT_EQ(parse_change("-20")->of(price)->raw(), U256(200'000'000'000U));
    EXPECT_EQ(parse_change("+12.5%")->of(price)->raw(), U256(281'250'000'000U));
    EXPECT_EQ(parse_change("0.000001")->of(price)->raw(), U256(250'000'002'500U));
    EXPECT_EQ(parse_change("-99.999999")->of(price)->raw(), U256(2'500U));
    EXPECT_FALSE(parse_change("-99.9")->of(OraclePrice::from_raw(1)));
    EXPECT_FALSE(parse_change("100")->of(OraclePrice::from_raw(u256_max())));
    for (const char* text : {"", "-", "x", "--1", "-100", "-101", "1.0000001", "1e3"}) {
        EXPECT_FALSE(parse_change(text)) << text;
    }
}

}  // namespace
}  // namespace plimsoll::http
