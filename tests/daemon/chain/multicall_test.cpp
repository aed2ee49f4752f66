#include "daemon/chain/multicall.hpp"

#include "abi/hex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace plimsoll::chain {
namespace {

using protocols::Call;
using protocols::CallResult;

std::string word(const std::string& hex) { return std::string(64 - hex.size(), '0') + hex; }
/// Bytes filled up with zeros on the right.
std::string bytes(const std::string& hex) { return hex + std::string(64 - hex.size(), '0'); }

Bytes data_of(const std::vector<std::string>& words) {
    std::string hex = "0x";
    for (const std::string& one : words) hex += one;
    return parse_hex(hex).value();
}

const std::string kMulticall = "ca11bde05977b3631167028862be2a173976ca11";

TEST(EncodeAggregate3, has_the_layout_of_the_abi) {
    const std::array<Call, 2> calls = {Call{canonical_multicall(), {0x42, 0xcb, 0xb1, 0x5c}},
                                       Call{canonical_multicall(), {}}};
    const std::string expected = "0x82ad56cb" + word("20") + word("2") + word("40") + word("e0") +
                                 word(kMulticall) + word("1") + word("60") + word("4") +
                                 bytes("42cbb15c") + word(kMulticall) + word("1") + word("60") +
                                 word("0");
    EXPECT_EQ(to_hex(encode_aggregate3(calls)), expected);
}

TEST(EncodeAggregate3, sizes_add_up) {
    for (const std::size_t length : {0U, 1U, 31U, 32U, 33U, 68U}) {
        const std::vector<Call> calls(3, Call{canonical_multicall(), Bytes(length, 1)});
        EXPECT_EQ(encode_aggregate3(calls).size(), 4 + 64 + 3 * encoded_size(calls[0])) << length;
    }
}

TEST(DecodeAggregate3, reads_successes_and_failures) {
    const auto results = decode_aggregate3(
        data_of({word("20"), word("2"), word("40"), word("c0"), word("1"), word("40"), word("20"),
                 word("3"), word("0"), word("40"), word("0")}),
        2);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_TRUE((*results)[0].success);
    EXPECT_EQ(to_hex((*results)[0].data), "0x" + word("3"));
    EXPECT_FALSE((*results)[1].success);
    EXPECT_TRUE((*results)[1].data.empty());
}

TEST(DecodeAggregate3, reads_an_empty_list) {
    const auto results = decode_aggregate3(data_of({word("20"), word("0")}), 0);
    ASSERT_TRUE(results);
    EXPECT_TRUE(results->empty());
}

struct Broken {
    const char* name;
    std::vector<std::string> words;
};

class DecodeAggregate3Refuses : public testing::TestWithParam<Broken> {};

TEST_P(DecodeAggregate3Refuses, what_breaks_the_abi) {
    EXPECT_FALSE(decode_aggregate3(data_of(GetParam().words), 1));
}

INSTANTIATE_TEST_SUITE_P(
    Replies, DecodeAggregate3Refuses,
    testing::Values(
        Broken{"nothing", {}}, Broken{"offset_only", {word("20")}},
        Broken{"list_outside", {word("40"), word("1")}},
        Broken{"list_far_outside", {word("100000000"), word("1")}},
        Broken{"list_beyond_64_bits", {word("10000000000000020"), word("1")}},
        Broken{"fewer", {word("20"), word("0")}},
        Broken{"more",
               {word("20"), word("2"), word("40"), word("40"), word("1"), word("40"), word("0")}},
        Broken{"tuple_outside", {word("20"), word("1"), word("20")}},
        Broken{"tuple_far_outside",
               {word("20"), word("1"), word("ffffffff"), word("1"), word("40"), word("0")}},
        Broken{"bool_is_two",
               {word("20"), word("1"), word("20"), word("2"), word("40"), word("0")}},
        Broken{"bool_is_huge",
               {word("20"), word("1"), word("20"), std::string(64, 'f'), word("40"), word("0")}},
        Broken{"bytes_outside",
               {word("20"), word("1"), word("20"), word("1"), word("60"), word("0")}},
        Broken{"bytes_far_outside",
               {word("20"), word("1"), word("20"), word("1"), std::string(64, 'f'), word("0")}},
        Broken{"length_past_the_end",
               {word("20"), word("1"), word("20"), word("1"), word("40"), word("1")}},
        Broken{"length_past_64_bits",
               {word("20"), word("1"), word("20"), word("1"), word("40"), std::string(64, 'f')}},
        Broken{"cut_in_a_word", {word("20"), word("1"), word("20"), word("1"), word("40"), "00"}}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(DecodeAggregate3, results_may_not_share_bytes) {
    // Two results that both point at the same three words.
    const auto shared = decode_aggregate3(
        data_of({word("20"), word("3"), word("60"), word("60"), word("60"), word("1"), word("40"),
                 word("80"), word("1"), word("2"), word("3"), word("4")}),
        3);
    ASSERT_FALSE(shared);
    EXPECT_EQ(shared.error().message, "results of a multicall overlap");
}

const BlockRef kBlock{7, parse_bytes32("0x" + std::string(64, '1')).value(),
                      parse_bytes32("0x" + std::string(64, '2')).value(), 1'700'000'000};

CallResult told(const std::string& hex) { return {true, parse_hex("0x" + hex).value()}; }

TEST(SnapshotProof, asks_number_time_and_parent) {
    const auto calls = proof_calls(canonical_multicall(), SnapshotProof::full);
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(to_hex(calls[0].data), "0x42cbb15c");
    EXPECT_EQ(to_hex(calls[1].data), "0x0f28c97d");
    EXPECT_EQ(to_hex(calls[2].data), "0x27e86d6e");
}

TEST(SnapshotProof, fits_only_its_block) {
    const CallResult number = told(word("7"));
    const CallResult time = told(word("6553f100"));
    const CallResult parent = told(std::string(64, '2'));
    const auto check = [](std::vector<CallResult> results) {
        const auto checked = check_proof(results, kBlock, SnapshotProof::full);
        return checked ? std::string("fits") : checked.error().message;
    };
    EXPECT_EQ(check({number, time, parent}), "fits");
    EXPECT_EQ(check({told(word("8")), time, parent}),
              "the call ran at another block: block number differs");
    EXPECT_EQ(check({number, told(word("6553f101")), parent}),
              "the call ran at another block: timestamp differs");
    EXPECT_EQ(check({number, time, told(std::string(64, '3'))}),
              "the call ran at another block: parent hash differs");
    EXPECT_EQ(check({number, time}), "the proof of the snapshot is incomplete");
    EXPECT_EQ(check({number, time, {false, {}}}), "a proof of the snapshot failed");
    EXPECT_NE(check({number, time, {true, {}}}), "fits");
    EXPECT_NE(check({number, told(std::string(64, 'f')), parent}), "fits");
}

TEST(SnapshotProof, chains_with_another_block_number_compare_less) {
    const CallResult time = told(word("6553f100"));
    const std::vector<CallResult> only_time = {time};
    EXPECT_TRUE(check_proof(only_time, kBlock, SnapshotProof::time_only));
    const std::vector<CallResult> arbitrum = {time, told(word("7"))};
    EXPECT_TRUE(check_proof(arbitrum, kBlock, SnapshotProof::arbitrum));
    const std::vector<CallResult> other = {time, told(word("8"))};
    EXPECT_FALSE(check_proof(other, kBlock, SnapshotProof::arbitrum));
    const auto calls = proof_calls(canonical_multicall(), SnapshotProof::arbitrum);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(to_lower_hex(calls[1].to), "0x0000000000000000000000000000000000000064");
    EXPECT_EQ(to_hex(calls[1].data), "0xa3b1b31d");
}

TEST(ProofCode, its_return_fits_only_its_block) {
    const Bytes fits =
        parse_hex("0x" + word("7") + word("6553f100") + std::string(64, '2')).value();
    EXPECT_TRUE(check_proof_code(fits, kBlock, SnapshotProof::full));
    Bytes other = fits;
    other.back() ^= 1U;
    EXPECT_FALSE(check_proof_code(other, kBlock, SnapshotProof::full));
    EXPECT_TRUE(check_proof_code(other, kBlock, SnapshotProof::time_only));
    EXPECT_FALSE(check_proof_code({}, kBlock, SnapshotProof::full));
}

}  // namespace
}  // namespace plimsoll::chain
