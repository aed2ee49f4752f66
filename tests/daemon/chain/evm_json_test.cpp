#include "daemon/chain/evm_json.hpp"

#include "abi/hex.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <string>
#include <vector>

namespace plimsoll::chain {
namespace {

using nlohmann::json;

std::string hash_text(char digit) { return "0x" + std::string(64, digit); }

json header() {
    return {{"number", "0x10"},          {"hash", hash_text('1')}, {"parentHash", hash_text('2')},
            {"timestamp", "0x6553f100"}, {"stateRoot", "0x"},      {"gasLimit", 7}};
}

json log() {
    return {{"address", "0x5fbdb2315678afecb367f032d93f642f64180aa3"},
            {"topics", {hash_text('a'), hash_text('b')}},
            {"data", "0x00ff"},
            {"blockHash", hash_text('1')},
            {"blockNumber", "0x2"},
            {"blockTimestamp", "0x6553f100"},
            {"transactionHash", hash_text('3')},
            {"transactionIndex", "0x0"},
            {"logIndex", "0x5"},
            {"removed", false}};
}

/// One member changed; a null value takes the member away.
struct Change {
    const char* name;
    const char* member;
    json value;
};

json changed(json object, const Change& change) {
    if (change.value.is_discarded()) {
        object.erase(change.member);
    } else {
        object[change.member] = change.value;
    }
    return object;
}
const json kAbsent = json::value_t::discarded;

TEST(ParseHeader, reads_the_fields_that_are_used) {
    const auto parsed = parse_header(header());
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->block.number, 16U);
    EXPECT_EQ(to_hex(parsed->block.hash), hash_text('1'));
    EXPECT_EQ(to_hex(parsed->block.parent), hash_text('2'));
    EXPECT_EQ(parsed->block.time, 1'700'000'000U);
    EXPECT_FALSE(parsed->bloom);
}

TEST(ParseHeader, a_bloom_filter_is_optional) {
    json with = header();
    with["logsBloom"] = "0x" + std::string(510, '0') + "01";
    ASSERT_TRUE(parse_header(with)->bloom);
    EXPECT_EQ((*parse_header(with)->bloom)[255], 1);
    with["logsBloom"] = "0x";
    EXPECT_FALSE(parse_header(with)->bloom);
}

TEST(ParseHeader, tolerates_leading_zeros) {
    json with = header();
    with["number"] = "0x0010";
    EXPECT_EQ(parse_header(with)->block.number, 16U);
}

TEST(ParseHeader, refuses_malformed_fields) {
    for (const Change& change : {
             Change{"number_missing", "number", kAbsent},
             Change{"number_null", "number", nullptr},
             Change{"number_no_text", "number", 16},
             Change{"number_decimal", "number", "16"},
             Change{"number_empty", "number", "0x"},
             Change{"number_sign", "number", "0x-1"},
             Change{"number_blank", "number", "0x1 "},
             Change{"number_upper_prefix", "number", "0X10"},
             Change{"number_too_large", "number", "0x10000000000000000"},
             Change{"hash_missing", "hash", kAbsent},
             Change{"hash_short", "hash", "0x" + std::string(63, '1')},
             Change{"hash_long", "hash", "0x" + std::string(66, '1')},
             Change{"hash_empty", "hash", "0x"},
             Change{"hash_no_hex", "hash", "0x" + std::string(64, 'g')},
             Change{"parent_missing", "parentHash", kAbsent},
             Change{"time_float", "timestamp", 1.5},
             Change{"time_missing", "timestamp", kAbsent},
         }) {
        EXPECT_FALSE(parse_header(changed(header(), change))) << change.name;
    }
    EXPECT_FALSE(parse_header(json("0x1")));
    EXPECT_FALSE(parse_header(json::array()));
}

TEST(ParseLog, reads_everything) {
    const auto parsed = parse_log(log());
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(to_lower_hex(parsed->address), "0x5fbdb2315678afecb367f032d93f642f64180aa3");
    ASSERT_EQ(parsed->topics.size(), 2U);
    EXPECT_EQ(to_hex(parsed->topics[1]), hash_text('b'));
    EXPECT_EQ(parsed->data, (Bytes{0x00, 0xff}));
    EXPECT_EQ(parsed->block, 2U);
    EXPECT_EQ(to_hex(parsed->block_hash), hash_text('1'));
    EXPECT_EQ(parsed->block_time, 1'700'000'000U);
    EXPECT_EQ(to_hex(parsed->tx), hash_text('3'));
    EXPECT_EQ(parsed->index, 5U);
}

TEST(ParseLog, time_is_optional) {
    EXPECT_EQ(parse_log(changed(log(), {"", "blockTimestamp", kAbsent}))->block_time, 0U);
    EXPECT_EQ(parse_log(changed(log(), {"", "blockTimestamp", nullptr}))->block_time, 0U);
    EXPECT_EQ(parse_log(changed(log(), {"", "blockTimestamp", "0x"}))->block_time, 0U);
}

TEST(ParseLog, removed_may_be_absent_but_not_set) {
    EXPECT_TRUE(parse_log(changed(log(), {"", "removed", kAbsent})));
    EXPECT_FALSE(parse_log(changed(log(), {"", "removed", true})));
    EXPECT_FALSE(parse_log(changed(log(), {"", "removed", "false"})));
}

TEST(ParseLog, refuses_malformed_fields) {
    const json five = std::vector<std::string>(5, hash_text('a'));
    for (const Change& change : {
             Change{"address_short", "address", "0x5fbd"},
             Change{"address_bad_checksum", "address",
                    "0x5FBDB2315678afecb367f032d93f642f64180aa3"},
             Change{"address_41", "address", "0x415fbdb2315678afecb367f032d93f642f64180aa3"},
             Change{"topics_missing", "topics", kAbsent},
             Change{"topics_five", "topics", five},
             Change{"topic_short", "topics", {"0x01"}},
             Change{"topic_number", "topics", {1}},
             Change{"data_missing", "data", kAbsent},
             Change{"data_odd", "data", "0x1"},
             Change{"data_no_prefix", "data", "00"},
             Change{"block_pending", "blockNumber", nullptr},
             Change{"hash_pending", "blockHash", nullptr},
             Change{"tx_missing", "transactionHash", kAbsent},
             Change{"index_missing", "logIndex", nullptr},
             Change{"index_too_large", "logIndex", "0x100000000"},
         }) {
        EXPECT_FALSE(parse_log(changed(log(), change))) << change.name;
    }
}

TEST(Params, are_canonical) {
    const Address address = parse_address("0x5FbDB2315678afecb367f032d93F642f64180aa3").value();
    const Bytes32 hash = parse_bytes32("0x" + std::string(64, 'A')).value();
    const std::string small = std::string(64, 'a');
    EXPECT_EQ(block_by_number(0), "\"0x0\"");
    EXPECT_EQ(block_by_number(255), "\"0xff\"");
    EXPECT_EQ(block_by_hash(hash), R"({"blockHash":"0x)" + small + R"(","requireCanonical":true})");
    EXPECT_EQ(header_params("\"latest\""), R"(["latest",false])");
    EXPECT_EQ(header_by_hash_params(hash), R"(["0x)" + small + R"(",false])");
    const Bytes data = {0xfe, 0xaf};
    EXPECT_EQ(call_params(address, data, "\"0x1\""),
              R"([{"to":"0x5fbdb2315678afecb367f032d93f642f64180aa3","data":"0xfeaf"},"0x1"])");
    EXPECT_EQ(call_params(std::nullopt, data, "\"0x1\""), R"([{"data":"0xfeaf"},"0x1"])");
    EXPECT_EQ(code_params(address, "\"0x1\""),
              R"(["0x5fbdb2315678afecb367f032d93f642f64180aa3","0x1"])");
    const std::array<Address, 2> addresses = {address, address};
    const std::array<Bytes32, 1> topics = {hash};
    const std::string filter = R"("address":["0x5fbdb2315678afecb367f032d93f642f64180aa3",)"
                               R"("0x5fbdb2315678afecb367f032d93f642f64180aa3"],"topics":[["0x)" +
                               small + R"("]])";
    EXPECT_EQ(logs_in_params(addresses, topics, 1, 16),
              R"([{"fromBlock":"0x1","toBlock":"0x10",)" + filter + "}]");
    EXPECT_EQ(logs_of_params(addresses, topics, hash),
              R"([{"blockHash":"0x)" + small + R"(",)" + filter + "}]");
}

}  // namespace
}  // namespace plimsoll::chain
