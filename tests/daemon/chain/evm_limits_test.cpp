#include "daemon/chain/evm_limits.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::chain {
namespace {

rpc::RangeHint suggested(std::uint64_t from, std::uint64_t to) {
    return {.from = from, .to = to, .max_blocks = std::nullopt};
}
rpc::RangeHint most(std::uint64_t blocks) {
    return {.from = std::nullopt, .to = std::nullopt, .max_blocks = blocks};
}

struct Refusal {
    const char* name;
    BlockNumber from;
    BlockNumber to;
    rpc::RangeHint hint;
    std::uint64_t blocks;  ///< of the next range
};

class LogSpanRefused : public testing::TestWithParam<Refusal> {};

TEST_P(LogSpanRefused, shrinks) {
    LogSpan span(2'000, std::nullopt);
    span.refused(GetParam().from, GetParam().to, GetParam().hint);
    EXPECT_EQ(span.blocks(), GetParam().blocks);
}

INSTANTIATE_TEST_SUITE_P(
    Hints, LogSpanRefused,
    testing::Values(Refusal{"halves_without_a_hint", 0, 1'999, {}, 1'000},
                    Refusal{"halves_an_odd_span", 0, 2, {}, 1},
                    Refusal{"stays_at_one_block", 5, 5, {}, 1},
                    Refusal{"takes_a_smaller_suggestion", 100, 2'099, suggested(100, 149), 50},
                    Refusal{"ignores_the_same_range", 100, 2'099, suggested(100, 2'099), 1'000},
                    Refusal{"ignores_a_range_outside", 100, 2'099, suggested(99, 149), 1'000},
                    Refusal{"ignores_a_range_beyond", 100, 2'099, suggested(2'000, 2'100), 1'000},
                    Refusal{"ignores_a_reversed_range", 100, 2'099, suggested(149, 100), 1'000},
                    Refusal{"takes_a_limit", 0, 1'999, most(500), 500},
                    Refusal{"ignores_a_limit_that_fits", 0, 1'999, most(2'000), 1'000},
                    Refusal{"ignores_a_limit_of_nothing", 0, 1'999, most(0), 1'000},
                    Refusal{"survives_the_largest_numbers", UINT64_MAX - 9, UINT64_MAX, {}, 5}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(LogSpan, starts_within_the_configured_limit) {
    EXPECT_EQ(LogSpan(2'000, 10).blocks(), 10U);
    EXPECT_EQ(LogSpan(2'000, std::nullopt).blocks(), 2'000U);
    EXPECT_EQ(LogSpan(0, std::nullopt).blocks(), 1U);
    EXPECT_EQ(LogSpan(2'000, 0).blocks(), 1U);
}

TEST(LogSpan, grows_by_a_quarter_after_full_spans) {
    LogSpan span(100, std::nullopt);
    span.succeeded(99);
    EXPECT_EQ(span.blocks(), 100U);
    span.succeeded(100);
    EXPECT_EQ(span.blocks(), 125U);
    LogSpan one(1, std::nullopt);
    one.succeeded(1);
    EXPECT_EQ(one.blocks(), 2U);
}

TEST(LogSpan, a_named_limit_holds_for_good) {
    LogSpan span(2'000, std::nullopt);
    span.refused(0, 1'999, most(500));
    for (int i = 0; i < 1'000; ++i) span.succeeded(span.blocks());
    EXPECT_EQ(span.blocks(), 500U);
}

TEST(LogSpan, a_found_limit_is_tried_again_after_many_successes) {
    LogSpan span(100, std::nullopt);
    span.refused(0, 99, {});
    int successes = 0;
    while (span.blocks() < 100) {
        span.succeeded(span.blocks());
        ASSERT_LT(++successes, 100);
    }
    EXPECT_GE(successes, 32);
}

TEST(LogSpan, grows_to_the_largest_number_and_no_further) {
    LogSpan span(UINT64_MAX - 1, std::nullopt);
    for (int i = 0; i < 10; ++i) span.succeeded(span.blocks());
    EXPECT_EQ(span.blocks(), UINT64_MAX);
}

TEST(ChunkSize, halves_and_doubles) {
    ChunkSize size(200);
    size.refused(200);
    EXPECT_EQ(size.get(), 100U);
    size.refused(7);
    EXPECT_EQ(size.get(), 3U);
    size.refused(1);
    EXPECT_EQ(size.get(), 1U);
    for (int i = 0; i < 16; ++i) size.succeeded(1);
    EXPECT_EQ(size.get(), 2U);
    for (int i = 0; i < 1'000; ++i) size.succeeded(size.get());
    EXPECT_EQ(size.get(), 200U);
}

TEST(SeenBlocks, forgets_the_oldest) {
    SeenBlocks seen;
    const auto hash = [](std::uint64_t i) { return to_bytes32(U256(i)); };
    for (std::uint64_t i = 0; i <= 4'096; ++i) {
        seen.add(hash(i));
        seen.add(hash(i));
    }
    EXPECT_FALSE(seen.has(hash(0)));
    EXPECT_TRUE(seen.has(hash(1)));
    EXPECT_TRUE(seen.has(hash(4'096)));
}

}  // namespace
}  // namespace plimsoll::chain
