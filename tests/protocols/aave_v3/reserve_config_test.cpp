#include "protocols/aave_v3/model.hpp"

#include <gtest/gtest.h>

namespace plimsoll::protocols::aave_v3 {
namespace {

TEST(ReserveConfig, reads_every_field_of_a_recorded_word) {
    // WETH of the recorded pool: LTV 80 %, threshold 83 %, bonus 5 %, 18 decimals.
    const ReserveConfig config(
        U256("7237005577332262213973186568751985011653213565835679157934561056207355518834"));
    EXPECT_EQ(config.ltv().raw(), 8050);
    EXPECT_EQ(config.liquidation_threshold().raw(), 8300);
    EXPECT_EQ(config.liquidation_bonus().raw(), 10500);
    EXPECT_EQ(config.decimals(), 18U);
    EXPECT_TRUE(config.is_active());
    EXPECT_FALSE(config.is_frozen());
    EXPECT_TRUE(config.is_borrowing_enabled());
    EXPECT_FALSE(config.is_paused());
    EXPECT_EQ(config.liquidation_protocol_fee().raw(), 1000);
}

TEST(ReserveConfig, takes_no_bit_of_its_neighbours) {
    const U256 one = 1;
    const auto only = [&](unsigned first, unsigned bits) {
        return ReserveConfig(((one << bits) - 1U) << first);
    };
    EXPECT_EQ(only(0, 16).ltv().raw(), 65535);
    EXPECT_EQ(only(0, 16).liquidation_threshold().raw(), 0);
    EXPECT_EQ(only(16, 16).liquidation_threshold().raw(), 65535);
    EXPECT_EQ(only(16, 16).ltv().raw(), 0);
    EXPECT_EQ(only(16, 16).liquidation_bonus().raw(), 0);
    EXPECT_EQ(only(32, 16).liquidation_bonus().raw(), 65535);
    EXPECT_EQ(only(48, 8).decimals(), 255U);
    EXPECT_EQ(only(32, 16).decimals(), 0U);
    EXPECT_TRUE(only(56, 1).is_active());
    EXPECT_TRUE(only(57, 1).is_frozen());
    EXPECT_TRUE(only(58, 1).is_borrowing_enabled());
    EXPECT_FALSE(only(59, 1).is_borrowing_enabled());
    EXPECT_FALSE(only(59, 1).is_paused());
    EXPECT_TRUE(only(60, 1).is_paused());
    EXPECT_EQ(only(152, 16).liquidation_protocol_fee().raw(), 65535);
    EXPECT_EQ(only(168, 8).liquidation_protocol_fee().raw(), 0);
}

TEST(ReserveConfig, masks_dead_bits_by_release) {
    const ReserveConfig config(u256_max());
    EXPECT_EQ(config.e_mode_category(RuleSet::v3_0), 255U);
    EXPECT_EQ(config.e_mode_category(RuleSet::v3_1), 255U);
    EXPECT_EQ(config.e_mode_category(RuleSet::v3_2), 0U);
    EXPECT_EQ(config.e_mode_category(RuleSet::v3_7), 0U);
    EXPECT_EQ(config.debt_ceiling(RuleSet::v3_6), (U256(1) << 40U) - 1U);
    EXPECT_EQ(config.debt_ceiling(RuleSet::v3_7), 0);
    EXPECT_EQ(ReserveConfig{}.decimals(), 0U);
}

TEST(RuleSetOfPool, knows_the_released_revisions_only) {
    EXPECT_EQ(rule_set_of_pool(0), std::nullopt);
    EXPECT_EQ(rule_set_of_pool(1), RuleSet::v3_0);
    EXPECT_EQ(rule_set_of_pool(3), RuleSet::v3_0);
    EXPECT_EQ(rule_set_of_pool(4), RuleSet::v3_1);
    EXPECT_EQ(rule_set_of_pool(5), RuleSet::v3_2);
    EXPECT_EQ(rule_set_of_pool(6), RuleSet::v3_2);
    EXPECT_EQ(rule_set_of_pool(7), RuleSet::v3_3);
    EXPECT_EQ(rule_set_of_pool(8), RuleSet::v3_4);
    EXPECT_EQ(rule_set_of_pool(9), RuleSet::v3_5);
    EXPECT_EQ(rule_set_of_pool(10), RuleSet::v3_6);
    EXPECT_EQ(rule_set_of_pool(11), RuleSet::v3_7);
    EXPECT_EQ(rule_set_of_pool(12), std::nullopt);
}

TEST(TokenRulesOf, changes_with_revision_4) {
    EXPECT_EQ(token_rules_of(0), std::nullopt);
    EXPECT_EQ(token_rules_of(1), TokenRules::half_up);
    EXPECT_EQ(token_rules_of(3), TokenRules::half_up);
    EXPECT_EQ(token_rules_of(4), TokenRules::directed);
    EXPECT_EQ(token_rules_of(6), TokenRules::directed);
    EXPECT_EQ(token_rules_of(7), std::nullopt);
    EXPECT_EQ(balance_rules_of(RuleSet::v3_4), TokenRules::half_up);
    EXPECT_EQ(balance_rules_of(RuleSet::v3_5), TokenRules::directed);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
