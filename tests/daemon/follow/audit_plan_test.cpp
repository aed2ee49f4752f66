#include "daemon/follow/audit.hpp"

#include <gtest/gtest.h>

namespace plimsoll::follow {
namespace {

using protocols::PositionHealth;
using protocols::PositionKey;

PositionKey key(std::uint8_t number) {
    PositionKey out;
    out.account.bytes[19] = number;
    return out;
}

/// `thousandths`: the health factor times 1,000; 0 for no debt.
PositionHealth health(std::uint8_t number, unsigned thousandths) {
    PositionHealth out;
    out.key = key(number);
    out.computable = true;
    if (thousandths != 0) {
        out.health_factor = Wad::from_raw(U256(thousandths) * U256(1'000'000'000'000'000ULL));
    }
    return out;
}

std::vector<PositionHealth> many(std::size_t count, unsigned thousandths) {
    std::vector<PositionHealth> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(health(static_cast<std::uint8_t>(i), thousandths));
    }
    return out;
}

TEST(PlanAudit, asks_no_more_for_many_positions_than_for_few) {
    Audit audit;
    EXPECT_EQ(plan_audit(audit, many(30, 2000), 24).size(), 24U);
    EXPECT_EQ(plan_audit(audit, many(200, 2000), 24).size(), 24U);
    EXPECT_EQ(plan_audit(audit, many(200, 1010), 24).size() <= 24U, true);
}

TEST(PlanAudit, nothing_to_ask_without_positions) {
    Audit audit;
    EXPECT_TRUE(plan_audit(audit, {}, 24).empty());
}

TEST(PlanAudit, everybody_gets_a_turn) {
    Audit audit;
    const auto healths = many(100, 2000);
    std::set<PositionKey> asked;
    for (int round = 0; round < 5; ++round) {
        for (const auto& one : plan_audit(audit, healths, 24)) asked.insert(one);
    }
    EXPECT_EQ(asked.size(), 100U);
}

TEST(PlanAudit, those_nearest_to_one_come_first_on_either_side) {
    Audit audit;
    std::vector<PositionHealth> healths = many(100, 2000);
    healths[50] = health(50, 999);
    healths[60] = health(60, 1001);
    healths[70] = health(70, 1040);  // outside the edge
    const auto asked = plan_audit(audit, healths, 4);
    EXPECT_TRUE(std::ranges::count(asked, key(50)) == 1);
    EXPECT_TRUE(std::ranges::count(asked, key(60)) == 1);
    EXPECT_TRUE(std::ranges::count(asked, key(70)) == 0);
}

TEST(PlanAudit, suspects_are_asked_besides) {
    Audit audit;
    audit.suspect(key(250));
    audit.suspect(key(251));
    const auto asked = plan_audit(audit, many(100, 2000), 24);
    EXPECT_EQ(asked.size(), 26U);
}

TEST(PlanAudit, suspects_take_turns) {
    Audit audit;
    for (std::uint8_t i = 100; i < 160; ++i) audit.suspect(key(i));
    std::set<PositionKey> asked;
    for (int round = 0; round < 3; ++round) {
        const auto chosen = plan_audit(audit, {}, 24);
        EXPECT_EQ(chosen.size(), 24U);
        asked.insert(chosen.begin(), chosen.end());
    }
    EXPECT_EQ(asked.size(), 60U);
}

TEST(Suspect, is_read_anew_at_once_and_then_ever_more_rarely) {
    Audit audit;
    std::string read;
    for (int turn = 0; turn < 20; ++turn) read += audit.suspect(key(1)) ? 'x' : '.';
    EXPECT_EQ(read, "xx.x..x....x........");
    int times = 0;
    for (int turn = 0; turn < 2600; ++turn) times += audit.suspect(key(1)) ? 1 : 0;
    EXPECT_GT(times, 10);
    EXPECT_LT(times, 20);
}

}  // namespace
}  // namespace plimsoll::follow
