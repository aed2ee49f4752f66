#include "daemon/wording/language.hpp"

#include <gtest/gtest.h>

namespace plimsoll::wording {
namespace {

using alerts::Amount;

TEST(Language, figures_in_both) {
    const Amount dollars{U256(125'000'099'999'999), 8};
    EXPECT_EQ(usd(dollars, Language::en), "1,250,000.99 USD");
    EXPECT_EQ(usd(dollars, Language::zh), "1,250,000.99 美元");
    EXPECT_EQ(price({U256(1234), 8}, Language::en), "0.00001234 USD");
    EXPECT_EQ(price({U256(231'259'000'000), 8}, Language::zh), "2,312.59 美元");
    EXPECT_EQ(health({parse_decimal("999999999999999999").value(), 18}), "0.9999");
    EXPECT_EQ(token_amount({U256(1'234'567'890'001), 6}, "USDC"), "1,234,567.89 USDC");
    EXPECT_EQ(token_amount({U256(1'234'567'890'001), 6}, "USDC", true), "1,234,567.8901 USDC");
    EXPECT_EQ(token_amount({U256(5), 0}, ""), "5 ?");
    EXPECT_EQ(token_amount({U256(5), 0}, "A\n✓ B"), "5 A ✓ B") << "a name stays on its line";
}

TEST(Language, times) {
    EXPECT_EQ(time_text(1'768'478'411), "2026-01-15 12:00:11 UTC");
    EXPECT_EQ(duration_text(0, Language::en), "0 s");
    EXPECT_EQ(duration_text(59, Language::en), "59 s");
    EXPECT_EQ(duration_text(4000, Language::en), "1 h 6 min");
    EXPECT_EQ(duration_text(3601, Language::en), "1 h");
    EXPECT_EQ(duration_text(200'000, Language::zh), "2 天 7 小时");
}

TEST(Language, fractions_as_percent) {
    EXPECT_EQ(percent("0.999812"), "99.9812%");
    EXPECT_EQ(percent("1.000000"), "100.0000%");
    EXPECT_EQ(percent("0.000100"), "0.0100%");
    EXPECT_EQ(percent("12.345678"), "1234.5678%");
    for (const char* other : {"", "1", ".5", "a.bc", "1.2.3", "0.1"}) {
        EXPECT_EQ(percent(other), other);
    }
}

TEST(Language, names) {
    EXPECT_EQ(parse_language("en"), Language::en);
    EXPECT_EQ(parse_language("zh"), Language::zh);
    EXPECT_EQ(parse_language("de"), std::nullopt);
    EXPECT_EQ(one_line("a\nb\x01"), "a b\xEF\xBF\xBD");
}

}  // namespace
}  // namespace plimsoll::wording
