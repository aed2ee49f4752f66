#include "protocols/aave_v3/interest.hpp"

#include "protocols/aave_v3/account_data.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/common/reverted.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr BlockTime kSince = 1'700'000'000;
constexpr BlockTime kYear = 31'536'000;
const Ray kTenPercent = Ray::from_raw(kRayOne / 10U);

std::string compounded(RuleSet rules, const Ray& rate, BlockTime seconds) {
    return to_decimal(compounded_interest(rules, rate, kSince, kSince + seconds).raw());
}

TEST(LinearInterest, is_floored_once) {
    const auto linear = [](const U256& rate, BlockTime seconds) {
        return to_decimal(linear_interest(Ray::from_raw(rate), kSince, kSince + seconds).raw() -
                          kRayOne);
    };
    EXPECT_EQ(linear(31'535'999, 1), "0");
    EXPECT_EQ(linear(31'536'000, 1), "1");
    EXPECT_EQ(linear(15'768'000, 3), "1");
    EXPECT_EQ(linear(kRayOne, 0), "0");
    EXPECT_EQ(linear(kRayOne, kYear), to_decimal(kRayOne));
}

TEST(CompoundedInterest, of_no_time_is_one) {
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_3, RuleSet::v3_4, RuleSet::v3_7}) {
        EXPECT_EQ(compounded(rules, kTenPercent, 0), to_decimal(kRayOne));
        EXPECT_EQ(compounded(rules, Ray::from_raw(u256_max()), 0), to_decimal(kRayOne));
    }
}

TEST(CompoundedInterest, changes_its_polynomial_with_v3_4) {
    EXPECT_EQ(compounded(RuleSet::v3_3, kTenPercent, 1), "1000000003170979198376458650");
    EXPECT_EQ(compounded(RuleSet::v3_4, kTenPercent, 1), "1000000003170979203404013194");
    EXPECT_EQ(compounded(RuleSet::v3_3, kTenPercent, 86'400), "1000274010136131111741806860");
    EXPECT_EQ(compounded(RuleSet::v3_4, kTenPercent, 86'400), "1000274010136660694348404654");
    EXPECT_EQ(compounded(RuleSet::v3_3, kTenPercent, kYear), "1105162042821782412575504000");
    EXPECT_EQ(compounded(RuleSet::v3_4, kTenPercent, kYear), "1105166666666666666666666667");
}

TEST(NormalizedIndex, is_the_stored_one_in_the_block_of_the_update) {
    Reserve reserve;
    reserve.last_update = kSince;
    reserve.liquidity_index = Ray::from_raw(kRayOne + 1U);
    reserve.variable_borrow_index = Ray::from_raw(kRayOne + 2U);
    reserve.liquidity_rate = Ray::from_raw(u256_max());
    reserve.variable_borrow_rate = Ray::from_raw(u256_max());
    EXPECT_EQ(normalized_income(RuleSet::v3_7, reserve, kSince)->raw(), kRayOne + 1U);
    EXPECT_EQ(normalized_debt(RuleSet::v3_7, reserve, kSince)->raw(), kRayOne + 2U);
    EXPECT_FALSE(normalized_income(RuleSet::v3_7, reserve, kSince + 2)) << "overflow";
    EXPECT_FALSE(normalized_debt(RuleSet::v3_7, reserve, kSince + 2)) << "overflow";
}

TEST(NormalizedIndex, of_a_time_before_the_update_reverts) {
    Reserve reserve;
    reserve.last_update = kSince;
    reserve.liquidity_index = Ray::from_raw(kRayOne);
    reserve.variable_borrow_index = Ray::from_raw(kRayOne);
    EXPECT_FALSE(normalized_income(RuleSet::v3_0, reserve, kSince - 1));
    EXPECT_FALSE(normalized_debt(RuleSet::v3_0, reserve, kSince - 1));
}

TEST(NormalizedIndex, is_half_up_in_every_release) {
    Reserve reserve;
    reserve.last_update = kSince;
    reserve.liquidity_index = Ray::from_raw(kRayOne + kRayOne / 2U);
    reserve.liquidity_rate = Ray::from_raw(31'536'000);  // one unit a second
    reserve.variable_borrow_index = Ray::from_raw(kRayOne + kRayOne / 2U);
    reserve.variable_borrow_rate = Ray::from_raw(31'536'000);
    for (const RuleSet rules : {RuleSet::v3_0, RuleSet::v3_5, RuleSet::v3_7}) {
        // 1.5 * (1 + 1e-27) = 1.5 + 1.5e-27
        EXPECT_EQ(normalized_income(rules, reserve, kSince + 1)->raw(),
                  kRayOne + kRayOne / 2U + 2U);
        EXPECT_EQ(normalized_debt(rules, reserve, kSince + 1)->raw(), kRayOne + kRayOne / 2U + 2U);
    }
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
