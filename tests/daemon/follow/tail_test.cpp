#include "daemon/follow/tail.hpp"

#include <gtest/gtest.h>

namespace plimsoll::follow {
namespace {

BlockRef block(BlockNumber number, std::uint8_t fork = 0) {
    BlockRef out;
    out.number = number;
    out.hash.bytes[31] = static_cast<std::uint8_t>(number);
    out.hash.bytes[0] = fork;
    return out;
}

TailEntry round_of(std::initializer_list<BlockNumber> numbers) {
    TailEntry out;
    for (const BlockNumber number : numbers) out.blocks.push_back(block(number));
    return out;
}

class TailTest : public testing::Test {
  protected:
    void SetUp() override {
        tail.reset(block(10));
        tail.push(round_of({11}));
        tail.push(round_of({12, 13, 14}));
        tail.push(round_of({15}));
    }
    Tail tail;
};

TEST_F(TailTest, knows_every_block_from_the_base_on) {
    for (BlockNumber number = 10; number <= 15; ++number) {
        ASSERT_TRUE(tail.at(number)) << number;
        EXPECT_EQ(tail.at(number)->hash, block(number).hash);
    }
    EXPECT_FALSE(tail.at(9));
    EXPECT_FALSE(tail.at(16));
    EXPECT_EQ(tail.tip().number, 15U);
}

TEST_F(TailTest, a_round_that_reaches_over_the_ancestor_goes_whole) {
    tail.cut_above(13);
    EXPECT_EQ(tail.tip().number, 11U);
    EXPECT_FALSE(tail.at(12));
}

TEST_F(TailTest, cutting_at_the_end_of_a_round_keeps_it) {
    tail.cut_above(14);
    EXPECT_EQ(tail.tip().number, 14U);
}

TEST_F(TailTest, cutting_everything_leaves_the_base) {
    tail.cut_above(10);
    EXPECT_TRUE(tail.empty());
    EXPECT_EQ(tail.tip(), tail.base());
}

TEST_F(TailTest, only_whole_rounds_become_final) {
    EXPECT_FALSE(tail.pop_final(10));
    ASSERT_TRUE(tail.pop_final(13));
    EXPECT_EQ(tail.base().number, 11U);
    EXPECT_FALSE(tail.pop_final(13));
    ASSERT_TRUE(tail.pop_final(14));
    EXPECT_EQ(tail.base().number, 14U);
    EXPECT_EQ(tail.at(14)->number, 14U);
    EXPECT_FALSE(tail.at(13));
}

protocols::Log log_at(BlockNumber number, std::uint32_t index) {
    protocols::Log out;
    out.block = number;
    out.index = index;
    return out;
}

std::string places(const TailEntry& entry) {
    std::string out;
    for (const auto& log : entry.logs) {
        out += std::to_string(log.block) + "." + std::to_string(log.index) + " ";
    }
    return out;
}

TEST_F(TailTest, logs_of_a_protocol_that_joined_later_find_their_places) {
    tail.reset(block(10));
    TailEntry first = round_of({11});
    first.logs = {log_at(11, 2), log_at(11, 5)};
    tail.push(std::move(first));
    TailEntry second = round_of({12, 13});
    second.logs = {log_at(13, 0)};
    tail.push(std::move(second));
    tail.join_logs(
        {log_at(10, 9), log_at(11, 1), log_at(11, 5), log_at(12, 7), log_at(13, 1), log_at(14, 0)},
        {}, 10);
    EXPECT_EQ(places(tail.entries()[0]), "11.1 11.2 11.5 ");
    EXPECT_EQ(places(tail.entries()[1]), "12.7 13.0 13.1 ");
}

TEST_F(TailTest, a_log_is_late_where_its_emitter_was_asked_about) {
    const protocols::Log log = log_at(11, 2);
    EXPECT_TRUE(tail.add_late({log}).empty()) << "a market that was listed later";
    tail.join_logs({}, {&log.address, 1}, 11);
    EXPECT_TRUE(tail.add_late({log}).empty()) << "it joined at that block";
    tail.join_logs({}, {&log.address, 1}, 10);
    EXPECT_EQ(tail.add_late({log}).size(), 1U);
    EXPECT_TRUE(tail.add_late({log}).empty()) << "known by now";
    EXPECT_EQ(places(tail.entries()[0]), "11.2 ");
}

TEST(TailReset, forgets_the_rounds) {
    Tail tail;
    tail.reset(block(10));
    tail.push(round_of({11}));
    tail.reset(block(20));
    EXPECT_TRUE(tail.empty());
    EXPECT_EQ(tail.tip().number, 20U);
}

}  // namespace
}  // namespace plimsoll::follow
