// What is told of a round: at which block an alert may be sent, and how far its rows are believed.

#include "tests/daemon/follow/world.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace plimsoll::follow {
namespace {

using Kind = config::Depth::Kind;
using testing::Contains;
using testing::Not;

constexpr const char* kFired = "position.liquidatable.firing";

/// A daemon that waits for `confirm`, over five loans that stand well.
struct Waiting {
    World world;
    explicit Waiting(const config::Depth& confirm) {
        world.settings.chains.front().confirm = confirm;
        world.restart();
        for (std::uint64_t account = 1; account <= 5; ++account) world.open(account, 1000);
        world.mine(20);
        world.catch_up();
    }
};

void mine_and_follow(World& world, BlockNumber count = 1) {
    for (BlockNumber i = 0; i < count; ++i) {
        world.mine();
        world.catch_up();
    }
}

TEST(ConfirmSafe, is_told_when_the_block_is_safe_not_when_it_is_final) {
    Waiting waiting({Kind::safe, 0});
    World& world = waiting.world;
    world.set_price(1100);
    mine_and_follow(world, world.source.safety);
    EXPECT_THAT(world.alert_types(), Not(Contains(kFired)));
    mine_and_follow(world);
    EXPECT_THAT(world.alert_types(), Contains(kFired));
}

TEST(ConfirmSafe, asks_for_the_safe_block_only_while_something_waits) {
    Waiting waiting({Kind::safe, 0});
    World& world = waiting.world;
    world.source.calls.clear();
    mine_and_follow(world, 5);
    EXPECT_EQ(world.source.count("safe"), 0U);
    world.set_price(1100);
    mine_and_follow(world, 2);
    EXPECT_EQ(world.source.count("safe"), 1U);
    mine_and_follow(world, world.source.safety);
    world.source.calls.clear();
    mine_and_follow(world, 5);
    EXPECT_EQ(world.source.count("safe"), 0U);
}

TEST(ConfirmSafe, waits_for_the_final_block_where_no_safe_one_is_told) {
    Waiting waiting({Kind::safe, 0});
    World& world = waiting.world;
    world.source.fault = [](const std::string& call) -> std::optional<chain::Fault> {
        if (call != "safe") return std::nullopt;
        return chain::Fault{chain::FaultKind::unsupported, "no such tag"};
    };
    world.set_price(1100);
    mine_and_follow(world, world.source.finality);
    EXPECT_THAT(world.alert_types(), Not(Contains(kFired)));
    mine_and_follow(world);
    EXPECT_THAT(world.alert_types(), Contains(kFired));
}

TEST(LiquidationRows, of_the_first_round_after_a_start_are_live_like_the_round) {
    Waiting waiting({Kind::blocks, 0});
    World& world = waiting.world;
    world.restart();
    world.liquidate(1);
    world.mine(3);
    world.catch_up();
    const auto rows = world.store->liquidations("dev", 0, 10);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    const auto row = nlohmann::json::parse(rows->front().row);
    EXPECT_EQ(row["state"], "live");
    EXPECT_EQ(row["coverage"], "1.000000");
}

}  // namespace
}  // namespace plimsoll::follow
