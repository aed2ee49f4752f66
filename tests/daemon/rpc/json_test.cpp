#include "daemon/rpc/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace plimsoll::rpc {
namespace {

TEST(ParseJson, reads_values_of_every_type) {
    const auto value = parse_json(R"({"a":[1,-2,"x",true,null,{"b":1.5}],"c":{}})");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->dump(), R"({"a":[1,-2,"x",true,null,{"b":1.5}],"c":{}})");
}

struct BadJson {
    const char* name;
    const char* text;
};
class ParseJsonRefuses : public testing::TestWithParam<BadJson> {};
TEST_P(ParseJsonRefuses, broken_text) { EXPECT_FALSE(parse_json(GetParam().text)); }
INSTANTIATE_TEST_SUITE_P(
    Texts, ParseJsonRefuses,
    testing::Values(BadJson{"empty", ""}, BadJson{"blank", "  "}, BadJson{"cut", R"({"a":)"},
                    BadJson{"trailing", "{} {}"}, BadJson{"key_twice", R"({"a":1,"a":1})"},
                    BadJson{"inner_key_twice", R"([{"x":{"k":1,"k":2}}])"},
                    BadJson{"bad_utf8", "\"\xff\xfe\""}, BadJson{"html", "<html></html>"},
                    BadJson{"comment", "/* */ 1"}, BadJson{"huge_exponent", "1e999"},
                    BadJson{"nan", "NaN"}, BadJson{"leading_zero", "01"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(ParseJson, depth_is_bounded) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_json(nested(64)));
    EXPECT_FALSE(parse_json(nested(65)));
    EXPECT_FALSE(parse_json(nested(1'000'000)));
}

TEST(ParseJson, values_are_bounded) {
    const JsonLimits limits{.depth = 64, .nodes = 4};
    EXPECT_TRUE(parse_json("[1,2,3]", limits));
    EXPECT_FALSE(parse_json("[1,2,3,4]", limits));
    EXPECT_FALSE(parse_json(R"({"a":1,"b":2})", limits));
    std::string zeros = "[";
    for (int i = 0; i < 5'000'000; ++i) zeros += "0,";
    EXPECT_FALSE(parse_json(zeros + "0]"));
}

TEST(Integer, is_whole_and_within_64_bits) {
    const auto read = [](const char* text) { return integer(*parse_json(text)); };
    EXPECT_EQ(read("0"), 0);
    EXPECT_EQ(read("-32005"), -32005);
    EXPECT_EQ(read("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(read("9223372036854775808"), std::nullopt);
    EXPECT_EQ(read("18446744073709551616"), std::nullopt);
    EXPECT_EQ(read("1.0"), std::nullopt);
    EXPECT_EQ(read("1e2"), std::nullopt);
    EXPECT_EQ(read("\"1\""), std::nullopt);
}

TEST(Member, is_null_where_there_is_none) {
    const auto value = parse_json(R"({"a":1})");
    EXPECT_NE(member(*value, "a"), nullptr);
    EXPECT_EQ(member(*value, "b"), nullptr);
    EXPECT_EQ(member(*parse_json("[1]"), "a"), nullptr);
    EXPECT_EQ(text(*parse_json("1")), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::rpc
