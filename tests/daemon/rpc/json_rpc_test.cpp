#include "daemon/rpc/json_rpc.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace plimsoll::rpc {
namespace {

const Redactor& redactor() {
    static const Redactor value{EndpointSettings{.url = Secret("http://a/secretkey"),
                                                 .alias = "a",
                                                 .headers = {},
                                                 .max_rps = 0,
                                                 .max_block_range = {},
                                                 .ca_file = {}}};
    return value;
}

RpcResult decode(const std::string& body, long status = 200) {
    return decode_reply(HttpReply{status, body, std::nullopt}, 7,
                        {.redactor = redactor(), .json = {}, .is_forbidden_rate = false});
}

std::string outcome(const RpcResult& result) {
    return result ? result->dump() : std::string(to_string(result.error().kind));
}

struct Case {
    const char* name;
    long status;
    const char* body;
    const char* outcome;  ///< the result as JSON, or the kind of the error
};

class DecodeReply : public testing::TestWithParam<Case> {};

TEST_P(DecodeReply, follows_the_envelope) {
    EXPECT_EQ(outcome(decode(GetParam().body, GetParam().status)), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Envelopes, DecodeReply,
    testing::Values(
        Case{"result", 200, R"({"jsonrpc":"2.0","id":7,"result":"0x1"})", "\"0x1\""},
        Case{"null_is_a_result", 200, R"({"jsonrpc":"2.0","id":7,"result":null})", "null"},
        Case{"null_error_beside", 200, R"({"id":7,"result":1,"error":null})", "1"},
        Case{"both", 200, R"({"id":7,"result":1,"error":{"code":1,"message":"x"}})", "malformed"},
        Case{"neither", 200, R"({"jsonrpc":"2.0","id":7})", "malformed"},
        Case{"other_id", 200, R"({"id":8,"result":1})", "malformed"},
        Case{"text_id", 200, R"({"id":"7","result":1})", "malformed"},
        Case{"float_id", 200, R"({"id":7.0,"result":1})", "malformed"},
        Case{"no_id", 200, R"({"result":1})", "malformed"},
        Case{"null_id", 200, R"({"id":null,"result":1})", "malformed"},
        Case{"error", 200, R"({"id":7,"error":{"code":-32601,"message":"Method not found"}})",
             "unsupported"},
        Case{"error_with_null_id", 200,
             R"({"id":null,"error":{"code":-32600,"message":"Invalid request"}})", "bad request"},
        Case{"error_with_other_id", 200, R"({"id":8,"error":{"code":3,"message":"x"}})",
             "malformed"},
        Case{"error_with_status", 400,
             R"({"id":7,"error":{"code":-32000,"message":"header not found"}})", "lag or reorg"},
        Case{"error_in_a_500", 500, R"({"id":7,"error":{"code":-32000,"message":"unknown block"}})",
             "lag or reorg"},
        Case{"error_is_a_text", 200, R"({"error":"Too many requests"})", "rate"},
        Case{"result_in_a_500", 500, R"({"id":7,"result":1})", "transient"},
        Case{"array", 200, R"([{"id":7,"result":1}])", "malformed"},
        Case{"text", 200, R"("0x1")", "malformed"},
        Case{"html", 200, "<html>Bad gateway</html>", "transient"},
        Case{"plain_text", 200, "this API is closed", "transient"},
        Case{"empty", 200, "", "transient"}, Case{"no_content", 204, "", "transient"},
        Case{"cut", 200, R"({"id":7,"result":)", "malformed"},
        Case{"key_twice", 200, R"({"id":7,"result":1,"result":2})", "malformed"},
        Case{"html_502", 502, "<html>range too large</html>", "transient"},
        Case{"html_403", 403, "<html></html>", "auth"},
        Case{"json_401", 401, R"({"message":"Unauthorized"})", "auth"},
        Case{"json_429", 429, R"({"message":"slow down"})", "rate"},
        Case{"moved", 307, "", "bad request"}),
    [](const auto& one) { return std::string(one.param.name); });

class DecodePlain : public testing::TestWithParam<Case> {};

TEST_P(DecodePlain, finds_what_is_wrong) {
    const auto result =
        decode_plain(HttpReply{GetParam().status, GetParam().body, std::nullopt},
                     {.redactor = redactor(), .json = {}, .is_forbidden_rate = true});
    EXPECT_EQ(outcome(result), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Replies, DecodePlain,
    testing::Values(
        Case{"object", 200, R"({"blockID":"00"})", R"({"blockID":"00"})"},
        Case{"empty_object", 200, "{}", "{}"}, Case{"array", 200, "[]", "[]"},
        Case{"java_error", 200,
             R"({"Error":"class java.lang.IllegalAccessException : lack of computing resources"})",
             "rate"},
        Case{"strange_error", 200, R"({"Error":{"a":1}})", "transient"},
        Case{"lite_node", 200, "this API is closed because this node is a lite fullnode",
             "unsupported"},
        Case{"trongrid", 403,
             R"({"success":false,"error":"The key exceeds the frequency limit(15), and the query )"
             R"(server is suspended for 30s","statusCode":403})",
             "rate"},
        Case{"trongrid_filter", 400,
             R"({"success":false,"error":"Invalid query filter(s)!","statusCode":400})",
             "bad request"},
        Case{"no_success", 200, R"({"success":false})", "transient"},
        Case{"success", 200, R"({"success":true,"data":[]})", R"({"data":[],"success":true})"},
        Case{"page", 200, "<html>rate limit</html>", "transient"},
        Case{"page_503", 503, "<html>x</html>", "rate"},
        Case{"not_found", 404, "404 page not found", "bad request"},
        Case{"cut_off", 200, R"({"blockID":)", "malformed"}, Case{"empty", 200, "", "transient"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(DecodeReply, messages_are_redacted_and_bounded) {
    const auto result = decode(R"({"id":7,"error":{"code":-32000,"message":"no secretkey )" +
                               std::string(5'000, 'x') + "\"}}");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message.find("secretkey"), std::string::npos);
    EXPECT_LT(result.error().message.size(), 300U);
}

TEST(DecodeReply, depth_and_size_are_bounded) {
    const std::string deep = std::string(70, '[') + std::string(70, ']');
    EXPECT_EQ(outcome(decode(R"({"id":7,"result":)" + deep + "}")), "malformed");
}

TEST(Encode, requests_are_canonical) {
    EXPECT_EQ(encode_request({"eth_chainId", "[]"}, 1),
              R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]})");
    const std::array<RpcRequest, 2> two = {RpcRequest{"a", "[]"}, RpcRequest{"b", "[1]"}};
    const std::array<std::uint64_t, 2> ids = {5, 6};
    EXPECT_EQ(encode_batch(two, ids), R"([{"jsonrpc":"2.0","id":5,"method":"a","params":[]},)"
                                      R"({"jsonrpc":"2.0","id":6,"method":"b","params":[1]}])");
}

TEST(Encode, ids_are_never_repeated) {
    const auto first = next_request_id();
    EXPECT_GT(first, 0U);
    EXPECT_EQ(next_request_id(), first + 1);
}

struct BatchCase {
    const char* name;
    const char* body;
    const char* outcomes[3];
};

class DecodeBatch : public testing::TestWithParam<BatchCase> {};

TEST_P(DecodeBatch, matches_by_id) {
    const std::array<std::uint64_t, 3> ids = {1, 2, 3};
    const auto results =
        decode_batch(HttpReply{200, GetParam().body, std::nullopt}, ids,
                     {.redactor = redactor(), .json = {}, .is_forbidden_rate = false});
    ASSERT_EQ(results.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(outcome(results[i]), GetParam().outcomes[i]) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Replies, DecodeBatch,
    testing::Values(
        BatchCase{"in_order",
                  R"([{"id":1,"result":1},{"id":2,"result":2},{"id":3,"result":3}])",
                  {"1", "2", "3"}},
        BatchCase{"shuffled",
                  R"([{"id":3,"result":3},{"id":1,"result":1},{"id":2,"result":2}])",
                  {"1", "2", "3"}},
        BatchCase{"short", R"([{"id":3,"result":3}])", {"malformed", "malformed", "3"}},
        BatchCase{"empty", "[]", {"malformed", "malformed", "malformed"}},
        BatchCase{"twice",
                  R"([{"id":1,"result":1},{"id":1,"result":9},{"id":2,"result":2}])",
                  {"malformed", "2", "malformed"}},
        BatchCase{"strangers",
                  R"([{"id":4,"result":4},{"id":"1","result":1},7,{"id":2,"result":2}])",
                  {"malformed", "2", "malformed"}},
        BatchCase{
            "errors_apart",
            R"([{"id":1,"result":1},{"id":2,"error":{"code":3,"message":"execution reverted"}},
                     {"id":3,"result":3}])",
            {"1", "execution", "3"}},
        BatchCase{
            "bare_error",
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch too large"}})",
            {"split batch", "split batch", "split batch"}},
        BatchCase{"error_without_id_in_the_list",
                  R"([{"id":1,"result":1},{"id":null,"error":{"code":429,"message":"slow"}}])",
                  {"1", "rate", "rate"}},
        BatchCase{"bare_result", R"({"id":1,"result":1})", {"malformed", "malformed", "malformed"}},
        BatchCase{"html", "<html>", {"transient", "transient", "transient"}}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace plimsoll::rpc
