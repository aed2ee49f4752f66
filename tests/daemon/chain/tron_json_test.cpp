#include "daemon/chain/tron_json.hpp"

#include "abi/address.hpp"
#include "abi/codec.hpp"
#include "abi/hex.hpp"
#include "daemon/chain/tron_call_site.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace plimsoll::chain {
namespace {

using nlohmann::json;

/// What a node of this shape answered (see the vectors' README for where it comes from).
json recorded(const std::string& name) {
    std::ifstream stream(PLIMSOLL_TEST_VECTORS "/rpc/tron-gateway.json");
    const json all = json::parse(stream);
    for (const json& one : all.at("cases")) {
        if (one.at("name") == name) return one.at("response");
    }
    ADD_FAILURE() << "no recorded exchange: " << name;
    return {};
}

std::string kind_of(const Returned& returned) {
    return returned ? "returned" : std::string(to_string(returned.error().kind));
}

TEST(TronJson, a_recorded_block) {
    const auto block = parse_tron_block(recorded("getnowblock"));
    ASSERT_TRUE(block) << block.error().message;
    ASSERT_TRUE(*block);
    EXPECT_EQ((*block)->number, 30U);
    EXPECT_EQ((*block)->time, 1795301375U);
    EXPECT_EQ(to_hex((*block)->hash),
              "0x000000000000001e184ae8af3d6a22a16df45de9caa258f500e08f33d629aa7e");
    EXPECT_EQ(to_hex((*block)->parent),
              "0x000000000000001d52732f826c0e5236136ee24c6d11ac66af4cddb2117d2280");
    EXPECT_EQ(parse_tron_block(recorded("getblockbynum_missing")).value(), std::nullopt);
}

TEST(TronJson, the_first_block_has_no_number) {
    const std::string zeros(64, '0');
    const json block = {{"blockID", zeros},
                        {"block_header", {{"raw_data", {{"parentHash", zeros}}}}}};
    ASSERT_TRUE(parse_tron_block(block));
    EXPECT_EQ(parse_tron_block(block).value()->number, 0U);
}

TEST(TronJson, wrong_blocks_are_refused) {
    const json good = recorded("getnowblock");
    const auto with = [&good](const char* pointer, const json& value) {
        json out = good;
        out[json::json_pointer(pointer)] = value;
        return parse_tron_block(out).has_value();
    };
    EXPECT_TRUE(with("/block_header/raw_data/number", "30"));  // int64_as_string
    EXPECT_FALSE(with("/block_header/raw_data/number", 31));
    EXPECT_FALSE(with("/block_header/raw_data/number", -30));
    EXPECT_FALSE(with("/block_header/raw_data/number", 30.5));
    EXPECT_FALSE(with("/block_header/raw_data/timestamp", "x"));
    EXPECT_FALSE(with("/block_header/raw_data/parentHash", "00"));
    EXPECT_FALSE(with("/blockID", good.at("blockID").get<std::string>() + "00"));
    EXPECT_FALSE(with("/block_header", 7));
    EXPECT_FALSE(parse_tron_block(json::array()));
    EXPECT_FALSE(parse_tron_block(json("x")));
}

TEST(TronJson, recorded_calls) {
    const auto fine = parse_tron_call(recorded("trigger_ok"));
    ASSERT_TRUE(fine) << fine.error().message;
    EXPECT_EQ(fine->size(), 160U);
    EXPECT_EQ(abi::Reader(*fine).uint(1).value(), U256(157400000000ULL));

    const auto reverted = parse_tron_call(recorded("trigger_revert"));
    ASSERT_FALSE(reverted);
    EXPECT_EQ(reverted.error().kind, rpc::ErrorKind::execution);
    EXPECT_EQ(reverted.error().message, "REVERT opcode executed");
    ASSERT_TRUE(reverted.error().revert);
    EXPECT_EQ(to_hex(std::span(*reverted.error().revert).first(4)), "0x08c379a0");

    EXPECT_EQ(parse_tron_call(recorded("trigger_no_contract")).value(), Bytes{});
}

TEST(TronJson, what_a_call_may_answer) {
    const auto in_hex = [](const std::string& text) {
        return to_hex_digits({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    };
    struct Case {
        const char* name;
        json reply;
        const char* outcome;
    };
    const json done = {{"result", true}};
    for (const Case& one : {
             Case{"empty_data", {{"result", done}, {"constant_result", {""}}}, "returned"},
             Case{"no_ret", {{"result", done}, {"constant_result", {"00"}}}, "returned"},
             Case{"failed_without_message",
                  {{"result", done},
                   {"constant_result", {""}},
                   {"transaction", {{"ret", {{{"ret", "FAILED"}}}}}}},
                  "execution"},
             Case{"revert_as_the_page_documents_it",
                  {{"result", {{"result", false}, {"message", in_hex("REVERT opcode executed")}}},
                   {"constant_result", {"08c379a0"}}},
                  "execution"},
             Case{"out_of_energy",
                  {{"result",
                    {{"result", true}, {"message", in_hex("Not enough energy for 'SLOAD'")}}},
                   {"constant_result", {""}}},
                  "execution"},
             Case{"out_of_time",
                  {{"result",
                    {{"code", "OTHER_ERROR"},
                     {"message", in_hex("class org.tron.core.vm.program.Program$OutOfTimeException"
                                        " : CPU timeout for 'SLOAD' operation executing")}}}},
                  "timeout"},
             Case{
                 "out_of_time_in_words",
                 {{"result",
                   {{"result", true}, {"message", "CPU timeout for 'SLOAD' operation executing"}}}},
                 "timeout"},
             Case{"no_constant_calls",
                  {{"result",
                    {{"code", "CONTRACT_VALIDATE_ERROR"},
                     {"message", in_hex("this node does not support constant")}}}},
                  "unsupported"},
             Case{"bad_address",
                  {{"result",
                    {{"code", "CONTRACT_VALIDATE_ERROR"}, {"message", in_hex("Invalid address")}}}},
                  "bad request"},
             Case{"other_error",
                  {{"result", {{"code", "OTHER_ERROR"}, {"message", in_hex("class x : null")}}}},
                  "transient"},
             Case{
                 "neither", {{"result", json::object()}, {"constant_result", {"00"}}}, "malformed"},
             Case{"true_alone", {{"result", done}}, "malformed"},
             Case{"odd_hex", {{"result", done}, {"constant_result", {"0"}}}, "malformed"},
             Case{"with_0x", {{"result", done}, {"constant_result", {"0x00"}}}, "malformed"},
             Case{"no_list", {{"result", done}, {"constant_result", "00"}}, "malformed"},
             Case{
                 "empty_list", {{"result", done}, {"constant_result", json::array()}}, "malformed"},
             Case{"no_result", json::object(), "malformed"},
             Case{"text", json("x"), "malformed"},
         }) {
        EXPECT_EQ(kind_of(parse_tron_call(one.reply)), one.outcome) << one.name;
    }
}

TEST(TronJson, recorded_infos) {
    BlockRef block;
    block.number = 2;
    block.time = 1795301300;
    const auto infos = parse_tron_infos(recorded("txinfo_by_block"), block);
    ASSERT_TRUE(infos) << infos.error().message;
    EXPECT_EQ(infos->transactions, 1U);
    ASSERT_EQ(infos->logs.size(), 1U);
    const protocols::Log& log = infos->logs.front();
    EXPECT_EQ(to_lower_hex(log.address), "0x5fbdb2315678afecb367f032d93f642f64180aa3");
    EXPECT_EQ(log.topics.size(), 3U);
    EXPECT_EQ(log.topics[0], abi::topic("AnswerUpdated(int256,uint256,uint256)"));
    EXPECT_EQ(log.data.size(), 32U);
    EXPECT_EQ(to_hex(log.tx), "0xf418ae07732b1afb2ad293ae3ebba1385a44e092df051efc6f8dece325ed48f1");
    EXPECT_EQ(log.index, 0U);
    block.number = 3;
    EXPECT_FALSE(parse_tron_infos(recorded("txinfo_by_block"), block));
}

TEST(TronJson, failed_transactions_have_no_logs_but_count) {
    BlockRef block;
    block.number = 5;
    block.time = 9;
    const std::string id(64, 'a');
    const std::string address(40, '1');
    const auto info = [&](const json& more, std::size_t logs) {
        json out = {{"id", id}, {"blockNumber", 5}, {"blockTimeStamp", 9'000}};
        for (std::size_t i = 0; i < logs; ++i) {
            out["log"].push_back({{"address", i % 2 == 0 ? address : "41" + address}});
        }
        out.update(more);
        return out;
    };
    const json infos = {info({{"receipt", {{"result", "SUCCESS"}}}}, 2),
                        info({{"receipt", {{"result", "REVERT"}}}}, 1),
                        info({{"result", "FAILED"}}, 1), info(json::object(), 0),
                        info({{"receipt", json::object()}}, 1)};
    const auto found = parse_tron_infos(infos, block);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->transactions, 5U);
    const auto& logs = found->logs;
    ASSERT_EQ(logs.size(), 3U);
    EXPECT_EQ(logs[0].index, 0U);
    EXPECT_EQ(logs[1].index, 1U);
    EXPECT_EQ(logs[1].address, logs[0].address);
    EXPECT_EQ(logs[2].index, 4U);
    EXPECT_EQ(parse_tron_infos(json::object(), block)->transactions, 0U);
    EXPECT_EQ(parse_tron_infos(json::array(), block)->transactions, 0U);
    json bad = infos;
    bad[0]["log"][0]["address"] = "41";
    EXPECT_FALSE(parse_tron_infos(bad, block));
    bad = infos;
    bad[0]["log"][0]["topics"] = {"00"};
    EXPECT_FALSE(parse_tron_infos(bad, block));
}

TEST(TronJson, a_recorded_page_of_events) {
    const auto page = parse_event_page(recorded("events"));
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->events.size(), 1U);
    EXPECT_EQ(page->events[0].block, 2U);
    EXPECT_EQ(page->events[0].time_ms, 1795301300000U);
    EXPECT_EQ(page->fingerprint, "MQ");
    EXPECT_FALSE(parse_event_page(json{{"data", 7}}));
    EXPECT_FALSE(parse_event_page(json{{"data", {{{"block_number", 2}}}}}));
    EXPECT_FALSE(parse_event_page(json::object()));
    EXPECT_TRUE(parse_event_page(json{{"data", json::array()}})->events.empty());
}

TEST(TronJson, requests_have_the_form_that_nodes_want) {
    EXPECT_EQ(tron_block_body(7), R"({"id_or_num":"7","detail":false})");
    EXPECT_EQ(tron_block_body(std::nullopt), R"({"detail":false})");
    const Bytes data{1, 2, 3, 4, 0xab, 0xcd};
    EXPECT_EQ(
        tron_call_body(parse_tron_address("TEazPvZwDjDtFeJupyo7QunvnrnUjPH8ED").value(), data),
        R"({"owner_address":"410000000000000000000000000000000000000000",)"
        R"("contract_address":"4132a4f47a74a6810bd0bf861cabab99656a75de9e",)"
        R"x("function_selector":"aggregate3((address,bool,bytes)[])",)x"
        R"("parameter":"abcd","visible":false})");
}

TEST(TronProof, only_the_low_bytes_of_the_parent_count) {
    const auto result = [](const Bytes32& word) {
        return protocols::CallResult{true, {word.bytes.begin(), word.bytes.end()}};
    };
    BlockRef block;
    block.number = 30;
    block.time = 90;
    block.parent.bytes.fill(0x22);
    Bytes32 seen;
    seen.bytes.fill(0x22);
    std::fill_n(seen.bytes.begin(), 8, 0x99);  // a local EVM behind a gateway has other bytes there
    std::vector<protocols::CallResult> proofs = {result(to_bytes32(U256(30))),
                                                 result(to_bytes32(U256(90))), result(seen)};
    EXPECT_TRUE(is_block_of_proof(tron_block_of(proofs).value(), block));
    seen.bytes[8] = 0;
    proofs[2] = result(seen);
    EXPECT_FALSE(is_block_of_proof(tron_block_of(proofs).value(), block));
    proofs[0].success = false;
    EXPECT_FALSE(tron_block_of(proofs));
    proofs.pop_back();
    EXPECT_FALSE(tron_block_of(proofs));
}

}  // namespace
}  // namespace plimsoll::chain
