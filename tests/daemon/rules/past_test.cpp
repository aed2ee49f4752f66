#include "daemon/rules/history.hpp"
#include "tests/daemon/rules/scenario.hpp"

#include <gtest/gtest.h>

#include <random>

namespace plimsoll::rules {
namespace {

config::Window seconds(std::int64_t count) { return {config::Milliseconds{1000 * count}, 0}; }

History made(config::Window window) {
    History out("f");
    out.set_window(window);
    return out;
}

TEST(History, knows_extremes_within_its_window_and_nothing_older) {
    History past = made(seconds(60));
    for (BlockNumber number = 100; number <= 110; ++number) {
        past.add(block(number), {{"a", U256(1000 - number)}});
    }
    const auto span = past.span("a", block(110));
    ASSERT_TRUE(span);
    EXPECT_EQ(span->low.number, 110U);
    EXPECT_EQ(span->high.number, 105U) << "60 seconds are 5 blocks";
    EXPECT_EQ(span->high.value, 895U);
    EXPECT_FALSE(past.span("b", block(110)));
}

TEST(History, a_window_of_blocks_counts_blocks) {
    History past = made({config::Milliseconds{0}, 3});
    for (BlockNumber number = 100; number <= 110; ++number) {
        past.add(block(number), {{"a", U256(number)}});
    }
    EXPECT_EQ(past.span("a", block(110))->low.number, 107U);
}

TEST(History, the_first_block_of_a_value_is_named) {
    History past = made(seconds(600));
    BlockNumber number = 100;
    for (const std::uint64_t value : {5U, 7U, 7U, 5U}) {
        past.add(block(number++), {{"a", U256(value)}});
    }
    const auto span = past.span("a", block(103));
    EXPECT_EQ(span->low.number, 100U);
    EXPECT_EQ(span->high.number, 101U);
}

TEST(History, final_blocks_become_steps_that_keep_their_extremes) {
    History past = made(seconds(64 * 120));  // steps of ten blocks
    std::mt19937 random(7);                  // NOLINT(cert-msc51-cpp): the same history every time
    std::map<BlockNumber, std::uint64_t> all;
    for (BlockNumber number = 1000; number < 2500; ++number) {
        all[number] = random() % 1000;
        past.add(block(number), {{"a", U256(all[number])}});
        past.settle(number - std::min<BlockNumber>(number, 20), block(number));
        const auto span = past.span("a", block(number));
        ASSERT_TRUE(span);
        // exact but for the step in which the window begins
        const BlockNumber first = number > 1640 ? number - 640 : 1000;
        const BlockNumber sure = std::max<BlockNumber>(first, std::min(number, first + 10));
        std::uint64_t least_sure = all[number];
        std::uint64_t least_ever = all[number];
        for (BlockNumber at = first; at <= number; ++at) {
            least_ever = std::min(least_ever, all[at]);
            if (at >= sure) least_sure = std::min(least_sure, all[at]);
        }
        EXPECT_GE(span->low.value, least_ever) << number;
        EXPECT_LE(span->low.value, least_sure) << number;
        EXPECT_EQ(all.at(span->low.number), static_cast<std::uint64_t>(span->low.value));
    }
    const auto rows = HistoryRows::difference("c", {"r", "p"}, History(), past);
    EXPECT_LE(rows.size(), 64U + 2U + 21U + 16U) << "as many rows as steps and blocks that may go";
}

TEST(History, blocks_that_left_are_forgotten) {
    History past = made(seconds(600));
    for (BlockNumber number = 100; number <= 105; ++number) {
        past.add(block(number), {{"a", U256(number)}});
    }
    past.cut_above(102);
    EXPECT_EQ(past.span("a", block(105))->high.value, 102U);
    past.add(block(103, 'b'), {{"a", U256(7)}});
    EXPECT_EQ(past.span("a", block(103, 'b'))->low.value, 7U);
}

TEST(History, a_cut_below_what_was_final_keeps_only_what_is_known_to_lie_below) {
    History past = made(seconds(64 * 1200));
    for (BlockNumber number = 100; number <= 130; ++number) {
        past.add(block(number), {{"a", U256(number)}});
    }
    past.settle(130, block(130));
    past.cut_above(105);
    const auto span = past.span("a", block(130));
    ASSERT_TRUE(span);
    EXPECT_LE(span->high.number, 105U);
}

TEST(History, tells_how_long_a_value_has_stood) {
    History past = made(seconds(64 * 24));
    const auto add = [&](BlockNumber number, std::uint64_t value) {
        past.add(block(number), {{"a", U256(value)}});
        past.settle(number - 3, block(number));
    };
    for (BlockNumber number = 100; number < 110; ++number) add(number, 5);
    for (BlockNumber number = 110; number < 140; ++number) add(number, 6);
    const auto since = past.unchanged_since("a", U256(6));
    ASSERT_TRUE(since);
    EXPECT_GE(since->number, 110U);
    EXPECT_LE(since->number, 111U) << "exact but for a step of two blocks";
    EXPECT_FALSE(past.unchanged_since("a", U256(5)));
    EXPECT_FALSE(past.unchanged_since("b", U256(5)));
}

TEST(History, survives_the_store) {
    History past = made(seconds(64 * 24));
    for (BlockNumber number = 100; number < 140; ++number) {
        past.add(block(number), {{"a", U256(number % 7)}, {"b", u256_max() - number}});
        past.settle(number - 10, block(number));
    }
    std::map<HistoryKey, History> loaded;
    const auto rows = HistoryRows::difference("c", {"r", "p"}, History(), past);
    for (const auto& row : rows) {
        EXPECT_FALSE(row.erased);
        EXPECT_TRUE(HistoryRows::load(row, "c", loaded));
        EXPECT_TRUE(HistoryRows::load(row, "other", loaded)) << "another chain's, and left alone";
    }
    ASSERT_EQ(loaded.size(), 1U);
    History& again = loaded.begin()->second;
    EXPECT_EQ(again.fingerprint(), "f");
    again.set_window(seconds(64 * 24));
    for (const char* name : {"a", "b"}) {
        EXPECT_EQ(again.span(name, block(139)), past.span(name, block(139)));
    }
    EXPECT_EQ(HistoryRows::difference("c", {"r", "p"}, past, History()).size(), rows.size());
    for (const auto& row : HistoryRows::difference("c", {"r", "p"}, past, History())) {
        EXPECT_TRUE(row.erased);
    }
}

TEST(History, rows_that_do_not_read_make_it_shorter) {
    std::map<HistoryKey, History> loaded;
    store::RuleStateRow row;
    row.rule = "r";
    row.state = kHistoryState;
    for (const char* value : {"", "[]", "{\"chain\":\"c\"}", "{\"chain\":\"c\",\"protocol\":1}",
                              "{\"chain\":\"c\",\"protocol\":\"p\",\"fingerprint\":\"f\","
                              "\"number\":\"x\",\"time\":1,\"values\":{}}"}) {
        row.value = value;
        EXPECT_TRUE(HistoryRows::load(row, "c", loaded)) << value;
    }
    for (const auto& [key, past] : loaded) EXPECT_FALSE(past.span("a", block(1)));
    row.state = "firing";
    EXPECT_FALSE(HistoryRows::load(row, "c", loaded));
}

}  // namespace
}  // namespace plimsoll::rules
