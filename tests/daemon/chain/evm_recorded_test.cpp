#include "abi/hex.hpp"
#include "daemon/chain/evm_json.hpp"
#include "daemon/chain/multicall.hpp"
#include "daemon/rpc/json_rpc.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace plimsoll::chain {
namespace {

using nlohmann::json;

/// A recorded exchange with a real node (anvil 1.7.1 on a loopback address).
json recorded(const std::string& file, const std::string& name) {
    std::ifstream stream(std::string(PLIMSOLL_TEST_VECTORS "/rpc/") + file);
    const json all = json::parse(stream);
    for (const json& one : all.at("cases")) {
        if (one.at("name") == name) return one;
    }
    ADD_FAILURE() << "no recorded exchange: " << name;
    return {};
}

rpc::RpcResult decode(const json& exchange) {
    static const rpc::Redactor redactor{rpc::EndpointSettings{}};
    const json& request = exchange.at("request");
    const std::uint64_t id = request.contains("id") ? request.at("id").get<std::uint64_t>() : 1;
    return rpc::decode_reply(
        rpc::HttpReply{exchange.at("http_status").get<long>(), exchange.at("response").dump(), {}},
        id, {.redactor = redactor, .json = {}, .is_forbidden_rate = false});
}

struct Recorded {
    const char* file;
    const char* name;
    const char* outcome;  ///< "result", or the kind of the error
};

TEST(Recorded, every_error_is_understood) {
    for (const Recorded& one : {
             Recorded{"evm-basic.json", "chainId", "result"},
             Recorded{"evm-basic.json", "block beyond head -> null", "result"},
             Recorded{"evm-basic.json", "unknown hash -> null", "result"},
             Recorded{"evm-basic.json", "empty quantity 0x", "bad request"},
             Recorded{"evm-capability-probe.json", "1 unknown hash must be an ERROR",
                      "lag or reorg"},
             Recorded{"evm-control-reorg.json", "orphaned block by hash", "result"},
             Recorded{"evm-control-reorg.json", "logs of the orphaned block by hash",
                      "lag or reorg"},
             Recorded{"evm-control-reorg.json", "eth_call at the orphaned hash, requireCanonical",
                      "lag or reorg"},
             Recorded{"evm-control-reorg.json", "call at old head hash, requireCanonical:true",
                      "lag or reorg"},
             Recorded{"evm-control-reorg.json", "logs by old head hash", "lag or reorg"},
             Recorded{"evm-eth-call.json", "call at unknown blockHash", "lag or reorg"},
             Recorded{"evm-eth-call.json", "call at future number", "lag or reorg"},
             Recorded{"evm-eth-call.json", "custom error before first price (block 1)",
                      "execution"},
             Recorded{"evm-eth-call.json", "require(string) revert", "execution"},
             Recorded{"evm-eth-call.json", "Panic 0x12", "execution"},
             Recorded{"evm-eth-call.json", "unknown selector, no fallback", "execution"},
             Recorded{"evm-eth-call.json", "out of gas", "execution"},
             Recorded{"evm-eth-call.json", "no code at address -> 0x (NOT an error)", "result"},
             Recorded{"evm-eth-call.json", "aggregate3 with allowFailure=false on a failing call",
                      "execution"},
             Recorded{"evm-get-logs.json", "unknown blockHash", "lag or reorg"},
             Recorded{"evm-get-logs.json", "blockHash together with fromBlock", "bad request"},
             Recorded{"evm-get-logs.json", "fromBlock above head", "lag or reorg"},
             Recorded{"evm-get-logs.json", "5 topics", "split addresses"},
             Recorded{"evm-protocol-errors.json", "malformed JSON", "bad request"},
             Recorded{"evm-protocol-errors.json", "missing jsonrpc member", "bad request"},
             Recorded{"evm-protocol-errors.json", "unknown method", "unsupported"},
             Recorded{"evm-protocol-errors.json", "wrong params", "bad request"},
             Recorded{"evm-protocol-errors.json", "content-type text/plain", "bad request"},
             Recorded{"evm-protocol-errors.json", "GET", "bad request"},
             Recorded{"evm-pruned-state.json", "state at pruned block 2", "lag or reorg"},
         }) {
        const auto result = decode(recorded(one.file, one.name));
        EXPECT_EQ(result ? "result" : to_string(result.error().kind), one.outcome) << one.name;
    }
}

TEST(Recorded, reverts_keep_their_bytes) {
    const auto custom =
        decode(recorded("evm-eth-call.json", "custom error before first price (block 1)"));
    EXPECT_EQ(custom.error().revert, (Bytes{0x42, 0x2c, 0x6e, 0xa6}));
    const auto empty = decode(recorded("evm-eth-call.json", "unknown selector, no fallback"));
    EXPECT_EQ(empty.error().revert, Bytes{});
}

TEST(Recorded, headers_parse_and_link) {
    const auto latest = parse_header(*decode(recorded("evm-basic.json", "block latest")));
    const auto before = parse_header(*decode(recorded("evm-basic.json", "block safe")));
    ASSERT_TRUE(latest) << latest.error().message;
    ASSERT_TRUE(before) << before.error().message;
    EXPECT_EQ(latest->block.number, 3U);
    EXPECT_EQ(latest->block.time, 1'700'000'000U);
    EXPECT_EQ(before->block.number, 1U);
    EXPECT_TRUE(latest->bloom);
    const auto again = parse_header(*decode(recorded("evm-basic.json", "block by hash")));
    EXPECT_EQ(again->block, latest->block);
}

TEST(Recorded, logs_parse) {
    const auto result = decode(recorded("evm-get-logs.json", "by range + address"));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->size(), 2U);
    const auto log = parse_log(result->at(1));
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ(log->block, 3U);
    EXPECT_EQ(log->index, 0U);
    EXPECT_EQ(log->block_time, 1'700'000'000U);
    ASSERT_EQ(log->topics.size(), 3U);
    EXPECT_EQ(to_u256(log->topics[1]), U256(220'000'000'000));
}

TEST(Recorded, the_proof_of_a_snapshot_is_asked_and_read_the_same_way) {
    const json exchange = recorded(
        "evm-capability-probe.json",
        "2 hash of block N-1: getBlockNumber must be N-1, getLastBlockHash its parentHash");
    const auto calls = proof_calls(canonical_multicall(), SnapshotProof::full);
    EXPECT_EQ(exchange.at("request").at("params").at(0).at("data"),
              to_hex(encode_aggregate3(calls)));
    const auto bytes = parse_hex(decode(exchange)->get<std::string>()).value();
    const auto results = decode_aggregate3(bytes, 3);
    ASSERT_TRUE(results) << results.error().message;
    BlockRef block;
    block.number = 2;
    block.time = 1'700'000'000;
    block.parent =
        parse_bytes32("0x4cec853210a65adb84eacfa3c0f8650bac4fa44fdcba6dce747df57a27d6ef51").value();
    EXPECT_TRUE(check_proof(*results, block, SnapshotProof::full));
    block.number = 3;
    EXPECT_FALSE(check_proof(*results, block, SnapshotProof::full));
}

TEST(Recorded, a_multicall_with_a_failing_call_decodes) {
    const json exchange =
        recorded("evm-eth-call.json", "aggregate3: getBlockNumber, timestamp, price, failing call");
    const auto bytes = parse_hex(decode(exchange)->get<std::string>()).value();
    const auto results = decode_aggregate3(bytes, 6);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_TRUE((*results)[0].success);
    EXPECT_EQ((*results)[3].data.size(), 160U);
    EXPECT_FALSE((*results)[4].success);
}

}  // namespace
}  // namespace plimsoll::chain
