#include "daemon/routing/silence.hpp"

#include "tests/daemon/routing/support.hpp"

#include <gtest/gtest.h>

namespace plimsoll::routing {
namespace {

constexpr std::int64_t kAt = 1'768'478'411;

SilenceRequest request(std::vector<std::string> matchers, std::int64_t seconds = 7200) {
    return {std::move(matchers), seconds, "ana", "planned work"};
}

struct Fit {
    const char* matcher;
    bool fits;
};

class MatcherTable : public ::testing::TestWithParam<Fit> {};

TEST_P(MatcherTable, fits_as_told) {
    const auto matcher = parse_matcher(GetParam().matcher);
    ASSERT_TRUE(matcher.has_value()) << matcher.error().message;
    Made made;
    made.rule = "hf-under-1";
    made.band = "eth-upper";
    EXPECT_EQ(made.traits().fits(matcher->label, matcher->pattern), GetParam().fits);
    EXPECT_EQ(to_string(*matcher), GetParam().matcher);
}

INSTANTIATE_TEST_SUITE_P(
    Labels, MatcherTable,
    ::testing::Values(Fit{"rule=hf-*", true}, Fit{"rule=hf", false}, Fit{"rule!=hf-*", false},
                      Fit{"type=position.at_risk", true}, Fit{"type=position.*", true},
                      Fit{"type=position.at_risk.firing", true}, Fit{"type=*.resolved", false},
                      Fit{"type!=*.resolved", true}, Fit{"type!=position.at_risk", false},
                      Fit{"severity=warning", true}, Fit{"severity=critical", false},
                      Fit{"chain=eip155:1", true}, Fit{"chain=eip155:10", false},
                      Fit{"chain=ethereum", true}, Fit{"chain!=ethereum", false},
                      Fit{"protocol=*v*", true}, Fit{"subject=0xa", true},
                      Fit{"subject=0x*a", true}, Fit{"band=eth-*", true}),
    [](const auto& tested) { return "n" + std::to_string(tested.index); });

TEST(Matcher, what_is_none_is_refused) {
    for (const char* text :
         {"", "rule", "=x", "colour=red", "rule=", "rule=!x", "rule!=", "rule=a\nb", "!=x"}) {
        EXPECT_FALSE(parse_matcher(text).has_value()) << text;
    }
}

TEST(Silence, needs_matchers_author_reason_and_an_end_within_30_days) {
    EXPECT_TRUE(make_silence(request({"rule=hf-*"}), kAt).has_value());
    EXPECT_TRUE(make_silence(request({"rule=a"}, kLongestSilence), kAt).has_value());
    EXPECT_FALSE(make_silence(request({"rule=a"}, kLongestSilence + 1), kAt).has_value());
    EXPECT_FALSE(make_silence(request({"rule=a"}, 0), kAt).has_value());
    EXPECT_FALSE(make_silence(request({}), kAt).has_value());
    EXPECT_FALSE(make_silence(request({"nonsense"}), kAt).has_value());
    EXPECT_FALSE(make_silence(request(std::vector<std::string>(21, "rule=a")), kAt).has_value());
    for (const char* bad : {"", "two\nlines"}) {
        SilenceRequest wish = request({"rule=a"});
        wish.author = bad;
        EXPECT_FALSE(make_silence(wish, kAt).has_value());
        wish = request({"rule=a"});
        wish.why = bad;
        EXPECT_FALSE(make_silence(wish, kAt).has_value());
    }
}

TEST(Silence, holds_from_its_start_until_before_its_end) {
    const Silence silence = make_silence(request({"rule=a"}, 60), kAt).value();
    EXPECT_FALSE(silence.holds_at(kAt - 1));
    EXPECT_TRUE(silence.holds_at(kAt));
    EXPECT_TRUE(silence.holds_at(kAt + 59));
    EXPECT_FALSE(silence.holds_at(kAt + 60));
}

TEST(Silence, comes_back_from_the_store_as_it_was) {
    const Silence silence =
        make_silence(request({"rule=hf-*", "chain!=eip155:1", "subject=a b"}), kAt).value();
    const Silence again = from_row(to_row(silence)).value();
    EXPECT_EQ(again.matchers, silence.matchers);
    EXPECT_EQ(to_row(again), to_row(silence));
    EXPECT_FALSE(from_row({"x", "", 1, 2, "a", "b"}).has_value());
    EXPECT_FALSE(from_row({"x", "garbage", 1, 2, "a", "b"}).has_value());
}

TEST(Silence, every_one_has_an_id_of_its_own) {
    const Silence one = make_silence(request({"rule=a"}), kAt).value();
    EXPECT_NE(one.id, make_silence(request({"rule=b"}), kAt).value().id);
    EXPECT_NE(one.id, make_silence(request({"rule=a"}), kAt + 1).value().id);
    EXPECT_EQ(one.id.size(), 12U);
}

}  // namespace
}  // namespace plimsoll::routing
