#include "daemon/rpc/range_hint.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace plimsoll::rpc {
namespace {

struct Case {
    const char* name;
    const char* words;  ///< in lower case, as the classifier hands them on
    const char* data;   ///< JSON
    std::optional<std::uint64_t> from;
    std::optional<std::uint64_t> to;
    std::optional<std::uint64_t> max_blocks;
};

class RangeHintOf : public testing::TestWithParam<Case> {};

TEST_P(RangeHintOf, the_providers_wording) {
    const Case& one = GetParam();
    const auto data = nlohmann::json::parse(one.data);
    const RangeHint hint = range_hint(one.words, &data);
    EXPECT_EQ(hint.from, one.from);
    EXPECT_EQ(hint.to, one.to);
    EXPECT_EQ(hint.max_blocks, one.max_blocks);
}

constexpr auto kNone = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Providers, RangeHintOf,
    testing::Values(
        Case{"infura",
             "query returned more than 10000 results. try with this block range [0xa, "
             "0xb].",
             "null", 10, 11, kNone},
        Case{"infura_data", "query returned more than 10000 results",
             R"({"from":"0x10","to":"0x1f","limit":10000})", 16, 31, kNone},
        Case{"infura_range", "range 1000000 exceeds limit of 10000", "null", kNone, kNone, 10'000},
        Case{"alchemy",
             "up to a 500 block range. based on your parameters, this block range "
             "should work: [0x1, 0x1f4]",
             "null", 1, 500, 500},
        Case{"alchemy_size",
             "up to a 2k block range and no limit on the response size, or any "
             "block range with a cap of 10k logs. this block range should work: "
             "[0x0, 0x5]",
             "null", 0, 5, kNone},
        Case{"quicknode", "eth_getlogs is limited to a 10,000 range", "null", kNone, kNone, 10'000},
        Case{"ankr", "maximum [from, to] blocks distance: 3000", "null", kNone, kNone, 3'000},
        Case{"ankr_wide", "block range is too wide", "null", kNone, kNone, kNone},
        Case{"publicnode", "maximum block range: 50000", "null", kNone, kNone, 50'000},
        Case{"drpc", "ranges over 10000 blocks are not supported on freetier", "null", kNone, kNone,
             10'000},
        Case{"reth_results", "query exceeds max results 20000, retry with the range 10-20", "null",
             10, 20, kNone},
        Case{"reth_range", "query exceeds max block range 100000", "null", kNone, kNone, 100'000},
        Case{"llamarpc", "eth_getlogs range is too large, max is 1k blocks", "null", kNone, kNone,
             1'000},
        Case{"cloudflare", "invalid eth_getlogs request. max range: 800", "null", kNone, kNone,
             800},
        Case{"tenderly", "range 5000 is bigger than range limit 2000", "null", kNone, kNone, 2'000},
        Case{"scroll", "block range is larger than max block range, max block range = 5000", "null",
             kNone, kNone, 5'000},
        Case{"oneinch", "eth_getlogs is limited to 0 - 10000 blocks range", "null", kNone, kNone,
             10'000},
        Case{"avalanche", "requested too many blocks from 0 to 9999, maximum is set to 2048",
             "null", kNone, kNone, 2'048},
        Case{"java_tron", "exceed max block range: 5000", "null", kNone, kNone, 5'000},
        Case{"half_a_range", "this block range should work: [0x1]", "null", kNone, kNone, kNone},
        Case{"too_large_for_64_bits", "this block range should work: [0x1, 0x10000000000000000]",
             "null", kNone, kNone, kNone},
        Case{"data_of_other_types", "range", R"({"from":[],"to":-1})", kNone, kNone, kNone},
        Case{"nothing", "", "null", kNone, kNone, kNone}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(FirstNumber, reads_separators_and_thousands) {
    EXPECT_EQ(first_number("a 10,000 b"), 10'000U);
    EXPECT_EQ(first_number("5, 6"), 5U);
    EXPECT_EQ(first_number("2k"), 2'000U);
    EXPECT_EQ(first_number("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(first_number("18446744073709551616"), std::nullopt);
    EXPECT_EQ(first_number("18446744073709551615k"), std::nullopt);
    EXPECT_EQ(first_number("none"), std::nullopt);
}

}  // namespace
}  // namespace plimsoll::rpc
