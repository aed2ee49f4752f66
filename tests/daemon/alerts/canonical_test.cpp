#include "daemon/alerts/canonical.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <string>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;
using Kind = CanonicalError::Kind;

TEST(CanonicalJson, sorts_keys_by_byte_and_writes_no_blanks) {
    const json value = {
        {"b", 1}, {"a_b", json::array({true, false, nullptr})}, {"a", "x"}, {"_", json::object()}};
    EXPECT_EQ(canonical_json(value).value(), R"({"_":{},"a":"x","a_b":[true,false,null],"b":1})");
}

TEST(CanonicalJson, escapes_quote_backslash_and_line_feed_only) {
    EXPECT_EQ(canonical_json("\"\\\n/é\x7F").value(), "\"\\\"\\\\\\n/é\xEF\xBF\xBD\"");
}

TEST(CanonicalJson, integers_up_to_two_to_the_53_minus_one) {
    EXPECT_EQ(canonical_json(std::int64_t{9'007'199'254'740'991}).value(), "9007199254740991");
    EXPECT_EQ(canonical_json(std::int64_t{-9'007'199'254'740'991}).value(), "-9007199254740991");
    EXPECT_EQ(canonical_json(std::uint64_t{9'007'199'254'740'991}).value(), "9007199254740991");
    EXPECT_EQ(canonical_json(0).value(), "0");
}

struct Refusal {
    const char* name;
    json value;
    Kind kind;
};

json nested(unsigned depth) {
    json value = json::array();
    for (unsigned i = 1; i < depth; ++i) value = json::array({std::move(value)});
    return value;
}

class CanonicalRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(CanonicalRefusal, as_tabled) {
    const auto text = canonical_json(GetParam().value);
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().kind, GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CanonicalRefusal,
    ::testing::Values(
        Refusal{"one_above", std::int64_t{9'007'199'254'740'992}, Kind::integer_range},
        Refusal{"one_below", std::int64_t{-9'007'199'254'740'992}, Kind::integer_range},
        Refusal{"unsigned_above", std::uint64_t{9'007'199'254'740'992}, Kind::integer_range},
        Refusal{"largest", std::numeric_limits<std::uint64_t>::max(), Kind::integer_range},
        Refusal{"smallest", std::numeric_limits<std::int64_t>::min(), Kind::integer_range},
        Refusal{"fraction", 1.5, Kind::floating_point},
        Refusal{"whole_float", 1.0, Kind::floating_point},
        Refusal{"not_a_number", std::numeric_limits<double>::quiet_NaN(), Kind::floating_point},
        Refusal{"deep_inside", json{{"a", json::array({json{{"b", 0.5}}})}}, Kind::floating_point},
        Refusal{"key_empty", json{{"", 1}}, Kind::key},
        Refusal{"key_digit_first", json{{"1a", 1}}, Kind::key},
        Refusal{"key_upper", json{{"Ab", 1}}, Kind::key},
        Refusal{"key_quote", json{{"a\"", 1}}, Kind::key},
        Refusal{"key_not_ascii", json{{"é", 1}}, Kind::key},
        Refusal{"binary", json::binary({1, 2}), Kind::not_json},
        Refusal{"discarded", json(json::value_t::discarded), Kind::not_json},
        Refusal{"too_deep", nested(65), Kind::depth}),
    [](const auto& case_info) { return case_info.param.name; });

TEST(CanonicalJson, sixty_four_levels_are_enough_for_anybody) {
    EXPECT_EQ(canonical_json(nested(64)).value(), std::string(64, '[') + std::string(64, ']'));
}

TEST(CanonicalJson, error_names_the_member) {
    const json value = {{"data", {{"list", json::array({json{{"x", 1.5}}})}}}};
    EXPECT_EQ(canonical_json(value).error().message, "member 'data.list.x' is no integer");
}

}  // namespace
}  // namespace plimsoll::alerts
