#include "daemon/bands/groups.hpp"

#include "tests/support/fake_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::bands {
namespace {

using config::BandSettings;
using config::GroupSettings;
using protocols::AssetGroup;
using protocols::MarketReport;
using test::address;
using ::testing::ElementsAre;

std::vector<MarketReport> markets(const std::vector<std::string>& symbols) {
    std::vector<MarketReport> out;
    for (const std::string& symbol : symbols) {
        MarketReport market;
        market.asset = symbol;
        market.token = address(out.size() + 1);
        market.decimals = 18;
        market.price_decimals = 8;
        out.push_back(market);
    }
    return out;
}

GroupSettings group(std::string name, std::string leader, std::vector<std::string> members) {
    GroupSettings settings;
    settings.name = std::move(name);
    settings.leader = std::move(leader);
    settings.members = std::move(members);
    return settings;
}

BandSettings band(std::string collateral, std::uint64_t low, std::uint64_t high) {
    return {"b", std::move(collateral), Usd8::from_raw(U256(low)), Usd8::from_raw(U256(high))};
}

std::vector<std::string> names(const std::vector<AssetGroup>& groups) {
    std::vector<std::string> out;
    for (const AssetGroup& one : groups) out.push_back(one.name);
    return out;
}

TEST(ResolveGroups, nothing_configured_gives_groups_of_one) {
    const auto groups = resolve_groups({}, markets({"WETH", "USDC"}));
    EXPECT_THAT(names(groups), ElementsAre("WETH", "USDC"));
    EXPECT_EQ(groups[1].leader, address(2));
    EXPECT_EQ(groups[1].leader_symbol, "USDC");
    EXPECT_THAT(groups[1].members, ElementsAre(address(2)));
}

TEST(ResolveGroups, members_in_their_order_and_the_rest_alone) {
    const auto groups = resolve_groups({group("ETH", "WETH", {"WETH", "wstETH"})},
                                       markets({"USDC", "wstETH", "WETH"}));
    ASSERT_THAT(names(groups), ElementsAre("ETH", "USDC"));
    EXPECT_EQ(groups[0].leader, address(3));
    EXPECT_THAT(groups[0].members, ElementsAre(address(3), address(2)));
}

TEST(ResolveGroups, the_leader_is_a_member_even_when_the_list_forgets_it) {
    const auto groups =
        resolve_groups({group("ETH", "WETH", {"wstETH"})}, markets({"wstETH", "WETH"}));
    ASSERT_THAT(names(groups), ElementsAre("ETH"));
    EXPECT_EQ(groups[0].leader_symbol, "WETH");
    EXPECT_EQ(groups[0].members.size(), 2U);
}

TEST(ResolveGroups, without_its_leader_the_first_present_member_leads) {
    const auto groups = resolve_groups({group("ETH", "WETH", {"WETH", "weETH", "wstETH"})},
                                       markets({"wstETH", "weETH"}));
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_EQ(groups[0].leader_symbol, "weETH");
}

TEST(ResolveGroups, a_group_without_members_is_left_out) {
    EXPECT_THAT(names(resolve_groups({group("BTC", "WBTC", {"WBTC"})}, markets({"WETH"}))),
                ElementsAre("WETH"));
}

TEST(ResolveGroups, symbols_tell_upper_from_lower_case) {
    EXPECT_THAT(names(resolve_groups({group("ETH", "weth", {"weth"})}, markets({"WETH"}))),
                ElementsAre("WETH"));
}

TEST(ResolveGroups, a_member_named_by_address) {
    const auto groups =
        resolve_groups({group("ETH", to_checksum(address(2)), {})}, markets({"USDC", "x"}));
    ASSERT_THAT(names(groups), ElementsAre("ETH", "USDC"));
    EXPECT_EQ(groups[0].leader, address(2));
    EXPECT_EQ(groups[0].leader_symbol, "x");
}

TEST(ResolveGroups, an_asset_of_two_groups_belongs_to_the_first) {
    const auto groups =
        resolve_groups({group("A", "WETH", {"WETH"}), group("B", "WETH", {"WETH", "DAI"})},
                       markets({"WETH", "DAI"}));
    ASSERT_THAT(names(groups), ElementsAre("A", "B"));
    EXPECT_EQ(groups[1].leader_symbol, "DAI");
    EXPECT_EQ(groups[1].members.size(), 1U);
}

TEST(ResolveGroups, a_token_listed_in_several_markets_counts_once) {
    auto list = markets({"WETH", "WETH"});
    list[1].token = list[0].token;
    const auto groups = resolve_groups({}, list);
    EXPECT_EQ(groups.size(), 1U);
}

TEST(ResolveBand, a_groups_name_is_the_whole_group) {
    const auto list = markets({"WETH", "wstETH"});
    const auto groups = resolve_groups({group("ETH", "WETH", {"wstETH"})}, list);
    const auto resolved = resolve_band(band("ETH", 220'000'000'000, 240'000'000'000), groups, list);
    ASSERT_TRUE(resolved);
    EXPECT_EQ(resolved->group.members.size(), 2U);
    EXPECT_EQ(resolved->leader_decimals, 18U);
    EXPECT_EQ(resolved->low_price.raw(), 220'000'000'000);
    EXPECT_EQ(resolved->high_price.raw(), 240'000'000'000);
}

TEST(ResolveBand, a_symbol_is_that_asset_alone) {
    const auto list = markets({"WETH", "wstETH"});
    const auto groups = resolve_groups({group("ETH", "WETH", {"wstETH"})}, list);
    for (const std::string& name : {std::string("wstETH"), to_checksum(address(2))}) {
        const auto resolved = resolve_band(band(name, 1, 2), groups, list);
        ASSERT_TRUE(resolved) << name;
        EXPECT_THAT(resolved->group.members, ElementsAre(address(2)));
        EXPECT_EQ(resolved->group.leader_symbol, "wstETH");
        EXPECT_EQ(resolved->collateral, name);
    }
}

struct Scaling {
    const char* name;
    unsigned price_decimals;
    std::uint64_t low, high;
    std::uint64_t low_price, high_price;
};
class BandScaling : public testing::TestWithParam<Scaling> {};

TEST_P(BandScaling, keeps_the_oracle_prices_inside) {
    auto list = markets({"WETH"});
    list[0].price_decimals = GetParam().price_decimals;
    const auto resolved =
        resolve_band(band("WETH", GetParam().low, GetParam().high), resolve_groups({}, list), list);
    ASSERT_TRUE(resolved);
    EXPECT_EQ(resolved->low_price.raw(), GetParam().low_price);
    EXPECT_EQ(resolved->high_price.raw(), GetParam().high_price);
}

INSTANTIATE_TEST_SUITE_P(Table, BandScaling,
                         testing::Values(Scaling{"same", 8, 100, 200, 100, 200},
                                         Scaling{"zero_low", 8, 0, 1, 0, 1},
                                         Scaling{"finer", 10, 100, 200, 10'000, 20'000},
                                         Scaling{"coarser_exact", 6, 100, 200, 1, 2},
                                         Scaling{"coarser_low_up", 6, 101, 200, 2, 2},
                                         Scaling{"coarser_high_down", 6, 100, 299, 1, 2},
                                         Scaling{"no_decimals", 0, 100'000'000, 299'999'999, 1, 2}),
                         [](const auto& tested) { return tested.param.name; });

/// Oracle prices in a coin worth a quarter of a dollar: a dollar is four of them.
TEST(ResolveBand, dollars_become_prices_in_the_coin_the_oracle_uses) {
    auto list = markets({"ETHB"});
    list[0].price_decimals = 6;
    list[0].quote = {"TRX", 1, 4};
    const auto groups = resolve_groups({}, list);
    const auto resolved = resolve_band(band("ETHB", 100'000'000, 200'000'001), groups, list);
    ASSERT_TRUE(resolved);
    EXPECT_EQ(resolved->low_price.raw(), 4'000'000U);
    EXPECT_EQ(resolved->high_price.raw(), 8'000'000U);
    EXPECT_EQ(resolved->quote.name, "TRX");
    list[0].quote.numerator = 0;
    EXPECT_FALSE(resolve_band(band("ETHB", 100'000'000, 200'000'000), groups, list))
        << "what the coin is worth is not known";
}

TEST(ResolveBand, what_is_no_band) {
    const auto list = markets({"WETH"});
    const auto groups = resolve_groups({}, list);
    EXPECT_FALSE(resolve_band(band("DAI", 1, 2), groups, list)) << "not listed";
    EXPECT_FALSE(resolve_band(band("WETH", 2, 1), groups, list)) << "low over high";
    EXPECT_FALSE(resolve_band(band("WETH", 0, 0), groups, list)) << "high zero";
    BandSettings huge = band("WETH", 1, 2);
    huge.high = Usd8::from_raw(u256_max());
    EXPECT_FALSE(resolve_band(huge, groups, list)) << "no price over high";
    EXPECT_TRUE(resolve_band(band("WETH", 1, 1), groups, list)) << "a single price";
}

}  // namespace
}  // namespace plimsoll::bands
