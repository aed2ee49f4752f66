#include "daemon/rpc/classify.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;
using Kind = ErrorKind;

struct Case {
    const char* name;
    long status;
    std::optional<std::int64_t> code;
    const char* message;
    const char* data;  ///< JSON, or empty
    ErrorKind kind;
};

RpcError classify_case(const Case& one) {
    const nlohmann::json data =
        *one.data == '\0' ? nlohmann::json() : nlohmann::json::parse(one.data);
    ErrorReply reply;
    reply.http_status = one.status;
    reply.code = one.code;
    reply.message = one.message;
    reply.data = *one.data == '\0' ? nullptr : &data;
    return classify(reply);
}

class Classify : public testing::TestWithParam<Case> {};

TEST_P(Classify, knows_the_wording) {
    EXPECT_EQ(to_string(classify_case(GetParam()).kind), to_string(GetParam().kind));
}

const auto kName = [](const auto& one) { return std::string(one.param.name); };

INSTANTIATE_TEST_SUITE_P(
    Split, Classify,
    testing::Values(
        Case{"infura_results", 200, -32005,
             "query returned more than 10000 results. Try with this block range [0xA, 0xB].",
             R"({"from":"0xA","to":"0xB","limit":10000})", Kind::split},
        Case{"infura_range", 200, -32602, "range 1000000 exceeds limit of 10000", "", Kind::split},
        Case{"alchemy_size", 200, -32602,
             "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block "
             "range and no limit on the response size, or you can request any block range with a "
             "cap of 10K logs in the response. Based on your parameters and the response size "
             "limit, this block range should work: [0x0, 0x5]",
             "", Kind::split},
        Case{"alchemy_range", 200, -32600,
             "You can make eth_getLogs requests with up to a 500 block range. Based on your "
             "parameters, this block range should work: [0x1, 0x1f4]",
             "", Kind::split},
        Case{"quicknode_range", 413, -32614, "eth_getLogs is limited to a 10,000 range", "",
             Kind::split},
        Case{"ankr_wide", 200, -32600, "block range is too wide", "", Kind::split},
        Case{"ankr_distance", 200, -32000, "maximum [from, to] blocks distance: 3000", "",
             Kind::split},
        Case{"publicnode", 200, -32701, "maximum block range: 50000", "", Kind::split},
        Case{"drpc", 200, 35, "ranges over 10000 blocks are not supported on freetier", "",
             Kind::split},
        Case{"reth_results", 200, -32602,
             "query exceeds max results 20000, retry with the range 10-20", "", Kind::split},
        Case{"reth_range", 200, -32602, "query exceeds max block range 100000", "", Kind::split},
        Case{"llamarpc", 200, -32602, "eth_getLogs range is too large, max is 1k blocks", "",
             Kind::split},
        Case{"too_big", 200, -32008, "Response is too big", R"("Exceeded max limit of 167772160")",
             Kind::split},
        Case{"geth_response", 200, -32003, "response too large", "", Kind::split},
        Case{"cloudflare", 200, -32047, "Invalid eth_getLogs request. Max range: 800", "",
             Kind::split},
        Case{"chainstack", 200, -32602, "Block range limit exceeded", "", Kind::split},
        Case{"tenderly_in_data", 200, -32602, "invalid params",
             R"("range 5000 is bigger than range limit 2000")", Kind::split},
        Case{"scroll", 200, -32000,
             "block range is larger than max block range, max block range = 5000", "", Kind::split},
        Case{"java_tron_range", 200, -32602, "exceed max block range: 5000", "", Kind::split},
        Case{"java_tron_results", 200, -32005, "query returned more than 10000 results", "",
             Kind::split},
        Case{"java_tron_size", 200, -32003, "Response exceeds the limit of 26214400", "",
             Kind::split},
        Case{"bare_413", 413, std::nullopt, "", "", Kind::split}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Batches, Classify,
    testing::Values(
        Case{"geth_batch", 200, -32600, "batch too large", "", Kind::split_batch},
        Case{"drpc_batch", 200, 31, "Batch of more than 3 requests are not allowed on free tier",
             "", Kind::split_batch},
        Case{"java_tron_batch", 200, -32005, "Batch size 200 exceeds the limit of 100", "",
             Kind::split_batch},
        Case{"geth_addresses", 200, -32602, "exceed max addresses or topics per search position",
             "", Kind::split_addresses},
        Case{"geth_topics", 200, -32602, "exceed max topics", "", Kind::split_addresses},
        Case{"anvil_topics", 200, -32602, "exceeded maximum topics len", "",
             Kind::split_addresses}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Limits, Classify,
    testing::Values(
        Case{"status_402", 402, std::nullopt, "", "", Kind::quota},
        Case{"monthly", 429, 429,
             "Monthly capacity limit exceeded. Visit https://x.example/billing", "", Kind::quota},
        Case{"plan", 200, -32005, "limit for your current plan reached", "", Kind::quota},
        Case{"drpc_timeout", 200, 30, "Request timeout on the free tier", "", Kind::quota},
        Case{"infura_rate", 429, -32005, "daily request count exceeded, request rate limited",
             R"({"rate":{"allowed_rps":1,"backoff_seconds":30,"current_rps":1.4}})", Kind::rate},
        Case{"alchemy_rate", 429, 429,
             "Your app has exceeded its compute units per second capacity", "", Kind::rate},
        Case{"alchemy_in_batch", 200, 429,
             "Your app has exceeded its compute units per second capacity", "", Kind::rate},
        Case{"quicknode_rate", 200, -32007, "50/second request limit reached", "", Kind::rate},
        Case{"bare_limit_exceeded", 200, -32005, "limit exceeded", "", Kind::rate},
        Case{"bare_429", 429, std::nullopt, "", "", Kind::rate},
        Case{"text_429", 200, -32000, "Too many requests, please slow down", "", Kind::rate}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Blocks, Classify,
    testing::Values(
        Case{"geth_trie", 200, -32000, "missing trie node 5f3c (path 0a0b)", "",
             Kind::missing_state},
        Case{"geth_path", 200, -32000, "historical state 0xabcd is not available", "",
             Kind::missing_state},
        Case{"geth_state", 200, -32000, "state 0xabcd is not available", "", Kind::missing_state},
        Case{"geth_reexec", 200, -32000, "required historical state unavailable (reexec=128)", "",
             Kind::missing_state},
        Case{"pruned", 200, 4444, "pruned history unavailable", "", Kind::missing_state},
        Case{"historical_rpc", 200, -32000, "no historical rpc is available", "",
             Kind::missing_state},
        Case{"geth_header", 200, -32000, "header not found", "", Kind::lag_or_reorg},
        Case{"geth_hash", 200, -32000, "header for hash not found", "", Kind::lag_or_reorg},
        Case{"geth_canonical", 200, -32000, "hash is not currently canonical", "",
             Kind::lag_or_reorg},
        Case{"geth_finalized", 200, -39001, "finalized block not found", "", Kind::lag_or_reorg},
        Case{"unknown_block", 200, -32000, "unknown block", "", Kind::lag_or_reorg},
        Case{"reth_number", 200, -32001, "unknown block number", "", Kind::lag_or_reorg},
        Case{"erigon_hash", 200, -32000, "block 0x1111 not found", "", Kind::lag_or_reorg},
        Case{"anvil_hash", 200, -32001, "Resource not found", "", Kind::lag_or_reorg},
        Case{"anvil_future", 200, -32602,
             "BlockOutOfRangeError: block height is 20 but requested was 2", "",
             Kind::lag_or_reorg},
        Case{"geth_beyond", 200, -32602, "block range extends beyond current head block", "",
             Kind::lag_or_reorg}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Calls, Classify,
    testing::Values(
        Case{"revert", 200, 3, "execution reverted", R"("0x")", Kind::execution},
        Case{"revert_text_only", 200, -32000, "execution reverted: no", "", Kind::execution},
        Case{"a_contract_may_say_range", 200, 3, "execution reverted: price out of range too large",
             R"("0x08c379a0")", Kind::execution},
        Case{"a_contract_may_say_rate", 200, -32000, "execution reverted: rate limit", "",
             Kind::execution},
        Case{"parity", 200, -32015, "VM execution error.", R"("Reverted 0x08c379a0")",
             Kind::execution},
        Case{"tron", 200, -32000, "REVERT opcode executed: no", "", Kind::execution},
        Case{"tron_energy", 200, -32000,
             "Not enough energy for 'SLOAD' operation executing: curInvokeEnergyLimit[100000000], "
             "curOpEnergy[50], usedEnergy[99999990]",
             "", Kind::execution},
        Case{"tron_timeout", 200, -32000, "CPU timeout for 'SLOAD' operation executing", "",
             Kind::timeout},
        Case{"anvil_gas", 200, -32603, "EVM error OutOfGas", "", Kind::execution},
        Case{"geth_gas", 200, -32000, "out of gas", "", Kind::execution},
        Case{"opcode", 200, -32000, "invalid opcode: INVALID", "", Kind::execution},
        Case{"geth_timeout", 200, -32000, "execution aborted (timeout = 5s)", "", Kind::timeout},
        Case{"request_timed_out", 200, -32002, "request timed out", "", Kind::timeout},
        Case{"infura_timeout", 200, -32005, "query timeout exceeded", "", Kind::timeout}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Others, Classify,
    testing::Values(
        Case{"method_unknown", 200, -32601, "Method not found", "", Kind::unsupported},
        Case{"geth_method", 200, -32601,
             "the method eth_getBlockReceipts does not exist/is not available", "",
             Kind::unsupported},
        Case{"method_with_block_in_its_name", 200, -32601, "Method eth_getBlockReceipts not found",
             "", Kind::unsupported},
        Case{"java_tron_number", 200, -32602, "QUANTITY not supported, just support TAG as latest",
             R"("{}")", Kind::unsupported},
        Case{"status_401", 401, std::nullopt, "", "", Kind::auth},
        Case{"status_403", 403, -32000, "forbidden", "", Kind::auth},
        Case{"bad_params", 200, -32602, "invalid argument 1: hex string without 0x prefix", "",
             Kind::bad_request},
        Case{"anvil_invalid", 200, -32600, "Invalid request", "", Kind::bad_request},
        Case{"parse_error", 400, -32700, "parse error", "", Kind::bad_request},
        Case{"redirect", 307, std::nullopt, "", "", Kind::bad_request},
        Case{"wrong_path", 404, std::nullopt, "", "", Kind::bad_request},
        Case{"internal", 200, -32603, "Internal error", "", Kind::transient},
        Case{"base_backend", 200, -32011, "no backend is currently healthy to serve traffic", "",
             Kind::transient},
        Case{"status_408", 408, std::nullopt, "", "", Kind::transient},
        Case{"status_500", 500, std::nullopt, "", "", Kind::transient},
        Case{"status_502", 502, std::nullopt, "", "", Kind::transient},
        Case{"status_503", 503, std::nullopt, "", "", Kind::transient},
        Case{"status_500_with_a_reason", 500, -32000, "header not found", "", Kind::lag_or_reorg}),
    kName);

TEST(ClassifyDetails, forbidden_means_rate_where_hosts_say_so) {
    ErrorReply reply;
    reply.http_status = 403;
    reply.is_forbidden_rate = true;
    EXPECT_EQ(classify(reply).kind, Kind::rate);
}

// How java-tron and TronGrid refuse; the wait in milliseconds, 0: none given.
TEST(ClassifyDetails, refusals_of_tron_hosts) {
    struct Refusal {
        long status;
        const char* words;
        ErrorKind kind;
        int wait;
    };
    for (const Refusal& one : {
             Refusal{403,
                     "The key exceeds the frequency limit(15), and the query server is "
                     "suspended for 30s",
                     Kind::rate, 30'000},
             Refusal{200,
                     "request rate exceeded the allowed_rps(10), and the query server is "
                     "suspended for 5 s",
                     Kind::rate, 5'000},
             Refusal{200, "The key exceeds the frequency limit(15)", Kind::rate, 30'000},
             Refusal{200,
                     "Exceed the user daily usage (100000), the maximum query frequency is 1 "
                     "time per second",
                     Kind::rate, 30'000},
             Refusal{429, "", Kind::rate, 30'000},
             Refusal{403, "", Kind::rate, 30'000},
             Refusal{503, "", Kind::rate, 30'000},
             Refusal{200, "suspended for 99999999999999999999 s, rate limit", Kind::rate, 0},
             Refusal{200, "class java.lang.IllegalAccessException : lack of computing resources",
                     Kind::rate, 0},
             Refusal{200, "this API is closed because this node is a lite fullnode",
                     Kind::unsupported, 0},
             Refusal{200, "class java.lang.NullPointerException : null", Kind::transient, 0},
             Refusal{404, "", Kind::bad_request, 0},
             Refusal{401, "ApiKey not exists", Kind::auth, 0},
         }) {
        ErrorReply reply;
        reply.http_status = one.status;
        reply.message = one.words;
        reply.is_forbidden_rate = true;
        const RpcError error = classify(reply);
        EXPECT_EQ(to_string(error.kind), to_string(one.kind)) << one.status << one.words;
        EXPECT_EQ(error.wait.value_or(0ms).count(), one.wait) << one.status << one.words;
        const bool is_told = std::string_view(one.words).find("suspended for") != std::string::npos;
        EXPECT_EQ(error.is_wait_told, is_told && one.wait != 0) << one.words;
    }
}

TEST(ClassifyDetails, waits_come_from_header_or_data_and_are_clamped) {
    const auto wait = [](std::optional<std::chrono::seconds> header, const char* data) {
        const auto json = nlohmann::json::parse(data);
        ErrorReply reply;
        reply.http_status = 429;
        reply.retry_after = header;
        reply.data = &json;
        return classify(reply).wait;
    };
    EXPECT_EQ(wait(7s, "null"), 7'000ms);
    EXPECT_EQ(wait(0s, "null"), 200ms);
    EXPECT_EQ(wait(86'400s, "null"), 120'000ms);
    EXPECT_EQ(wait(std::nullopt, "null"), std::nullopt);
    EXPECT_EQ(wait(std::nullopt, R"({"rate":{"backoff_seconds":30}})"), 30'000ms);
    EXPECT_EQ(wait(std::nullopt, R"({"rate":{"backoff_seconds":99999999999}})"), 120'000ms);
    EXPECT_EQ(wait(std::nullopt, R"({"rate":{"backoff_seconds":-1}})"), std::nullopt);
    EXPECT_EQ(wait(std::nullopt, R"({"rate":{"backoff_seconds":1.5}})"), std::nullopt);
    EXPECT_EQ(wait(9s, R"({"rate":{"backoff_seconds":30}})"), 9'000ms);
}

TEST(ClassifyDetails, revert_bytes_are_kept) {
    const auto revert = [](const char* data) {
        return classify_case({"", 200, 3, "execution reverted", data, Kind::execution}).revert;
    };
    EXPECT_EQ(revert(R"("0x4e487b71")"), (Bytes{0x4e, 0x48, 0x7b, 0x71}));
    EXPECT_EQ(revert(R"("Reverted 0x4e48")"), (Bytes{0x4e, 0x48}));
    EXPECT_EQ(revert(R"("0x")"), Bytes{});
    EXPECT_EQ(revert(R"("0x1")"), std::nullopt);
    EXPECT_EQ(revert(R"({"a":1})"), std::nullopt);
    EXPECT_EQ(revert(""), std::nullopt);
}

TEST(ClassifyDetails, batch_caps_are_read) {
    const auto cap = [](const char* message) {
        return classify_case({"", 200, 31, message, "", Kind::split_batch}).max_batch;
    };
    EXPECT_EQ(cap("Batch of more than 3 requests are not allowed on free tier"), 3U);
    EXPECT_EQ(cap("batch too large"), std::nullopt);
}

TEST(ClassifyDetails, internal_errors_are_tried_twice) {
    EXPECT_EQ(classify_case({"", 200, -32603, "Internal error", "", Kind::transient}).max_tries,
              2U);
    EXPECT_EQ(classify_case({"", 502, std::nullopt, "", "", Kind::transient}).max_tries, 4U);
}

TEST(ClassifyDetails, transport_faults) {
    const auto kind = [](HttpFault::Kind fault) { return classify(HttpFault{fault, ""}).kind; };
    EXPECT_EQ(kind(HttpFault::Kind::unreachable), Kind::transient);
    EXPECT_EQ(kind(HttpFault::Kind::truncated), Kind::transient);
    EXPECT_EQ(kind(HttpFault::Kind::timeout), Kind::timeout);
    EXPECT_EQ(kind(HttpFault::Kind::too_large), Kind::split);
    EXPECT_EQ(kind(HttpFault::Kind::untrusted), Kind::auth);
    EXPECT_EQ(kind(HttpFault::Kind::refused), Kind::auth);
    EXPECT_EQ(kind(HttpFault::Kind::too_late), Kind::no_endpoint);
    EXPECT_EQ(kind(HttpFault::Kind::cancelled), Kind::cancelled);
    EXPECT_TRUE(classify(HttpFault{HttpFault::Kind::unreachable, ""}).is_unreachable);
}

}  // namespace
}  // namespace plimsoll::rpc
