#include "daemon/http/query.hpp"

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

TEST(QueryNumber, tells_missing_from_wrong) {
    Request request;
    request.query = {{"limit", "12"}, {"since", "-1"}, {"cursor", "1x"}};
    EXPECT_EQ(query_number(request, "limit", 100), 12U);
    EXPECT_EQ(query_number(request, "offset", 100), 100U);
    EXPECT_FALSE(query_number(request, "since", 0));
    EXPECT_FALSE(query_number(request, "cursor", 0));
}

}  // namespace
}  // namespace plimsoll::http
