#include "daemon/alerts/read.hpp"

#include "abi/hex.hpp"
#include "tests/daemon/alerts/vectors.hpp"

#include <gtest/gtest.h>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;
using testing::alert_vectors;
using testing::vector_text;

ReadAlert read_vector(std::size_t index) {
    return read_body(vector_text(alert_vectors().at("vectors").at(index), "body")).value();
}

TEST(ReadBody, gives_back_what_was_written) {
    const ReadAlert alert = read_vector(0);
    EXPECT_EQ(alert.type, "position.liquidatable.firing");
    EXPECT_EQ(alert.condition, "position.liquidatable");
    EXPECT_EQ(alert.state, State::firing);
    EXPECT_EQ(alert.severity, Severity::critical);
    EXPECT_EQ(alert.rule, "hf-under-1");
    EXPECT_EQ(alert.chain, "eip155:1");
    EXPECT_EQ(alert.protocol, "aave-v3-main");
    EXPECT_EQ(alert.subject, "0x00000000000000000000000000000000000000a1");
    EXPECT_EQ(alert.episode, 24'000'000U);
    EXPECT_EQ(alert.at, 1'768'478'411U);
    EXPECT_EQ(alert.block, 24'000'000U);
    EXPECT_EQ(alert.finality, "safe");
    EXPECT_EQ(to_decimal(amount_at(alert.data, "debt_usd")->raw), "125000000000000");
    EXPECT_EQ(amount_at(alert.data, "debt_usd")->decimals, 8U);
    EXPECT_FALSE(alert.is_over());
    EXPECT_EQ(read_vector(1).reason, "reorg");
    EXPECT_TRUE(read_vector(1).is_over());
    EXPECT_TRUE(read_vector(2).is_over());
}

TEST(ReadBody, types_without_a_state_keep_their_name) {
    json body = json::parse(vector_text(alert_vectors().at("vectors").at(0), "body"));
    body["type"] = "daemon.heartbeat";
    EXPECT_EQ(read_body(body.dump())->condition, "daemon.heartbeat");
    EXPECT_EQ(read_body(body.dump())->state, State::other);
    body["type"] = "position.liquidatable.updated";
    body["data"]["state"] = "resolved";
    EXPECT_TRUE(read_body(body.dump())->is_over()) << "an end that moved to another block";
}

TEST(ReadBody, every_alert_has_what_identifies_it) {
    const json whole = json::parse(vector_text(alert_vectors().at("vectors").at(0), "body"));
    for (const char* name : {"id", "type", "timestamp", "data"}) {
        json body = whole;
        body.erase(name);
        EXPECT_FALSE(read_body(body.dump()).has_value()) << name;
    }
    for (const char* name : {"alert_key", "severity"}) {
        json body = whole;
        body["data"].erase(name);
        EXPECT_FALSE(read_body(body.dump()).has_value()) << name;
        body["data"][name] = 7;
        EXPECT_FALSE(read_body(body.dump()).has_value()) << name;
    }
    for (const char* text : {"", "[]", "{", "null", "{\"data\":1}"}) {
        EXPECT_FALSE(read_body(text).has_value()) << text;
    }
    EXPECT_FALSE(read_body(std::string(100'000, '[')).has_value());
}

TEST(ReadBody, members_of_another_type_are_absent) {
    const json object = json::parse(
        R"({"a":{"raw":"1","decimals":256},"b":{"raw":"01","decimals":2},"c":{"raw":1,"decimals":2},
            "d":"text","e":-1,"f":1.5})");
    for (const char* name : {"a", "b", "c", "d", "e", "none"}) {
        EXPECT_FALSE(amount_at(object, name).has_value()) << name;
    }
    EXPECT_EQ(integer_at(object, "e"), std::nullopt);
    EXPECT_EQ(integer_at(object, "f"), std::nullopt);
    EXPECT_EQ(text_at(object, "e"), "");
    EXPECT_TRUE(object_at(object, "d").empty());
    EXPECT_TRUE(list_at(object, "d").empty());
}

}  // namespace
}  // namespace plimsoll::alerts
