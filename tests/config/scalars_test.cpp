#include "config/scalars.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace plimsoll::config {
namespace {

struct DurationCase {
    const char* text;
    std::int64_t milliseconds;  ///< -1: an error
    const char* printed = "";
};
void PrintTo(const DurationCase& tested, std::ostream* out) { *out << '"' << tested.text << '"'; }

class Duration : public ::testing::TestWithParam<DurationCase> {};

TEST_P(Duration, is_read_and_printed) {
    const DurationCase& tested = GetParam();
    const auto parsed = parse_duration(tested.text);
    ASSERT_EQ(parsed.has_value(), tested.milliseconds >= 0);
    if (!parsed) return;
    EXPECT_EQ(parsed->count(), tested.milliseconds);
    EXPECT_EQ(to_string(*parsed), tested.printed);
}

INSTANTIATE_TEST_SUITE_P(
    Good, Duration,
    ::testing::Values(DurationCase{"0", 0, "0s"}, DurationCase{"0s", 0, "0s"},
                      DurationCase{"12s", 12'000, "12s"}, DurationCase{"200ms", 200, "200ms"},
                      DurationCase{"2m", 120'000, "2m"}, DurationCase{"4h", 14'400'000, "4h"},
                      DurationCase{"400d", 34'560'000'000, "400d"},
                      DurationCase{"90s", 90'000, "90s"}, DurationCase{"60s", 60'000, "1m"},
                      DurationCase{"24h", 86'400'000, "1d"},
                      DurationCase{"1h30m", 5'400'000, "90m"},
                      DurationCase{"1s500ms", 1'500, "1500ms"},
                      DurationCase{"36500d", 3'153'600'000'000, "36500d"}));

INSTANTIATE_TEST_SUITE_P(
    Bad, Duration,
    ::testing::Values(DurationCase{"", -1}, DurationCase{"12", -1}, DurationCase{"s", -1},
                      DurationCase{"12 s", -1}, DurationCase{" 12s", -1}, DurationCase{"12s ", -1},
                      DurationCase{"-12s", -1}, DurationCase{"1.5s", -1}, DurationCase{"12S", -1},
                      DurationCase{"2w", -1}, DurationCase{"1m1h", -1}, DurationCase{"1s1s", -1},
                      DurationCase{"36501d", -1}, DurationCase{"36500d1ms", -1},
                      DurationCase{"9999999999999d", -1}, DurationCase{"1_000ms", -1}));

struct DecimalCase {
    const char* text;
    unsigned decimals;
    const char* magnitude;  ///< decimal digits; empty: an error
    bool negative = false;
    const char* printed = "";
};
void PrintTo(const DecimalCase& tested, std::ostream* out) { *out << '"' << tested.text << '"'; }

class DecimalText : public ::testing::TestWithParam<DecimalCase> {};

TEST_P(DecimalText, is_read_exactly) {
    const DecimalCase& tested = GetParam();
    const auto parsed = parse_decimal_text(tested.text, tested.decimals);
    ASSERT_EQ(parsed.has_value(), *tested.magnitude != '\0');
    if (!parsed) return;
    EXPECT_EQ(to_decimal(parsed->magnitude), tested.magnitude);
    EXPECT_EQ(parsed->negative, tested.negative);
    EXPECT_EQ(format_decimal(parsed->magnitude, tested.decimals, parsed->negative), tested.printed);
}

INSTANTIATE_TEST_SUITE_P(
    Good, DecimalText,
    ::testing::Values(DecimalCase{"0", 8, "0", false, "0"},
                      DecimalCase{"1574.5", 8, "157450000000", false, "1574.5"},
                      DecimalCase{"10_000", 8, "1000000000000", false, "10000"},
                      DecimalCase{"0.00000001", 8, "1", false, "0.00000001"},
                      DecimalCase{"1.25", 18, "1250000000000000000", false, "1.25"},
                      DecimalCase{"1.000000000000000001", 18, "1000000000000000001", false,
                                  "1.000000000000000001"},
                      DecimalCase{"-3", 8, "300000000", true, "-3"},
                      DecimalCase{"-0.5", 8, "50000000", true, "-0.5"},
                      DecimalCase{"-0", 8, "0", false, "0"},
                      DecimalCase{"5.50", 2, "550", false, "5.5"},
                      DecimalCase{"7", 0, "7", false, "7"},
                      DecimalCase{"1_0.2_5", 3, "10250", false, "10.25"}));

INSTANTIATE_TEST_SUITE_P(
    Bad, DecimalText,
    ::testing::Values(DecimalCase{"", 8, ""}, DecimalCase{".", 8, ""}, DecimalCase{".5", 8, ""},
                      DecimalCase{"5.", 8, ""}, DecimalCase{"-", 8, ""}, DecimalCase{"+1", 8, ""},
                      DecimalCase{"1e6", 8, ""}, DecimalCase{"0x10", 8, ""},
                      DecimalCase{"1__0", 8, ""}, DecimalCase{"_1", 8, ""},
                      DecimalCase{"1_", 8, ""}, DecimalCase{"1_.5", 8, ""},
                      DecimalCase{"1._5", 8, ""}, DecimalCase{"01", 8, ""},
                      DecimalCase{"1.2.3", 8, ""}, DecimalCase{"1,5", 8, ""},
                      DecimalCase{" 1", 8, ""}, DecimalCase{"$1", 8, ""},
                      DecimalCase{"0.000000001", 8, ""}, DecimalCase{"1.0", 0, ""},
                      DecimalCase{"1157920892373161954235709850086879078532699846656405640394575840"
                                  "07913129639936",
                                  0, ""}));

TEST(Depth, is_a_word_or_a_number_of_blocks) {
    EXPECT_EQ(parse_depth("finalized").value(), (Depth{Depth::Kind::finalized, 0}));
    EXPECT_EQ(parse_depth("safe").value(), (Depth{Depth::Kind::safe, 0}));
    EXPECT_EQ(parse_depth("latest").value(), (Depth{Depth::Kind::blocks, 0}));
    EXPECT_EQ(parse_depth("0").value(), (Depth{Depth::Kind::blocks, 0}));
    EXPECT_EQ(parse_depth("64").value(), (Depth{Depth::Kind::blocks, 64}));
    for (const char* const bad : {"", "Safe", "-1", "1.5", "pending", "1000000", "1 "}) {
        EXPECT_FALSE(parse_depth(bad).has_value()) << bad;
    }
}

TEST(Depth, prints_what_it_reads) {
    for (const char* const text : {"finalized", "safe", "latest", "64"}) {
        EXPECT_EQ(to_string(parse_depth(text).value()), text);
    }
}

TEST(WebhookSecret, holds_24_to_64_bytes) {
    const auto of_bytes = [](const std::string& groups, const char* last) {
        return check_webhook_secret("whsec_" + groups + last).has_value();
    };
    EXPECT_FALSE(of_bytes(std::string(28, 'A'), "AAA="));  // 23 bytes
    EXPECT_TRUE(of_bytes(std::string(28, 'A'), "AAAA"));   // 24
    EXPECT_TRUE(of_bytes(std::string(84, 'A'), "AA=="));   // 64
    EXPECT_FALSE(of_bytes(std::string(84, 'A'), "AAA="));  // 65
}

TEST(WebhookSecret, is_canonical_base64) {
    const std::string body(28, 'A');
    EXPECT_FALSE(check_webhook_secret(body + "AAAA").has_value());            // no prefix
    EXPECT_FALSE(check_webhook_secret("whsec_" + body + "AAA").has_value());  // no padding
    EXPECT_FALSE(check_webhook_secret("whsec_" + body + "AAA-").has_value());
    EXPECT_FALSE(check_webhook_secret("whsec_" + body + "A===").has_value());
    EXPECT_FALSE(check_webhook_secret("whsec_" + body + "AAAAAAB=").has_value());  // stray bits
    EXPECT_FALSE(check_webhook_secret("whsec_").has_value());
}

TEST(SigningKey, is_a_number_from_1_to_the_order_less_1) {
    const std::string zeros(63, '0');
    const std::string order = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD036414";
    EXPECT_FALSE(check_signing_key(zeros + '0').has_value());
    EXPECT_TRUE(check_signing_key(zeros + '1').has_value());
    EXPECT_TRUE(check_signing_key("0x" + zeros + '1').has_value());
    EXPECT_TRUE(check_signing_key(order + '0').has_value());
    EXPECT_FALSE(check_signing_key(order + '1').has_value());
    EXPECT_FALSE(check_signing_key(zeros).has_value());
    EXPECT_FALSE(check_signing_key(zeros + 'g').has_value());
    EXPECT_FALSE(check_signing_key("").has_value());
}

}  // namespace
}  // namespace plimsoll::config
