#include "protocols/common/price.hpp"

#include <gtest/gtest.h>

namespace plimsoll::protocols {
namespace {

AssetPrice price_of(const U256& raw, unsigned decimals) {
    return {OraclePrice::from_raw(raw), decimals, {}};
}

TEST(UsdValue, counts_in_dollars_of_8_decimals_rounded_down) {
    const AssetPrice price = price_of(U256(230'000'000'000U), 8);  // 2,300 dollars
    EXPECT_EQ(usd_value(TokenAmount::from_raw(1'000'000U), 6, price)->raw(), 230'000'000'000U);
    EXPECT_EQ(usd_value(TokenAmount::from_raw(1), 18, price)->raw(), 0U);
    EXPECT_EQ(usd_price(price)->raw(), 230'000'000'000U);
}

TEST(UsdValue, takes_the_quote_at_what_it_is_worth) {
    AssetPrice price = price_of(U256(3'000'000U), 6);  // 3 coins
    price.quote = {"TRX", 1, 4};                       // of a quarter of a dollar
    EXPECT_FALSE(price.quote.is_usd());
    EXPECT_EQ(usd_price(price)->raw(), 75'000'000U);
    price.quote.numerator = 0;
    EXPECT_FALSE(usd_price(price));  // not known is not worthless
}

TEST(UsdValue, is_none_beyond_256_bits_and_never_wraps) {
    const AssetPrice most{OraclePrice::from_raw(u256_max()), 0, {"X", u256_max(), 1}};
    EXPECT_FALSE(usd_value(TokenAmount::from_raw(u256_max()), 0, most));
    const AssetPrice least{OraclePrice::from_raw(1), 77, {"X", 1, u256_max()}};
    EXPECT_EQ(usd_value(TokenAmount::from_raw(1), 77, least)->raw(), 0U);
    const AssetPrice worthless{OraclePrice::from_raw(1), 0, {"X", 1, 0}};
    EXPECT_FALSE(usd_value(TokenAmount::from_raw(1), 0, worthless));
}

}  // namespace
}  // namespace plimsoll::protocols
