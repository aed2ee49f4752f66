#include "daemon/alerts/alert.hpp"
#include "tests/daemon/alerts/vectors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;
using testing::alert_vectors;
using testing::vector_text;

const json& schema() {
    static const json file = json::parse(
        std::ifstream(std::string(PLIMSOLL_SOURCE_DIR) + "/docs/formats/alert.schema.json"));
    return file;
}

const json& resolved(const json& node) {
    if (!node.contains("$ref")) return node;
    const auto name = node.at("$ref").get<std::string>().substr(std::string("#/$defs/").size());
    return schema().at("$defs").at(name);
}

bool has_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    return type == "integer" && value.is_number_integer();
}

bool fits_type(const json& value, const json& types) {
    if (types.is_string()) return has_type(value, types.get<std::string>());
    return std::any_of(types.begin(), types.end(),
                       [&](const json& type) { return has_type(value, type.get<std::string>()); });
}

/// Required members are there, and every described member has the described type. The rest of the
/// schema is for a real validator.
void expect_fits(const json& value, const json& described, const std::string& path) {
    const json& node = resolved(described);
    if (node.contains("type")) {
        EXPECT_TRUE(fits_type(value, node.at("type"))) << path << ": " << value;
    }
    for (const json& name : node.value("required", json::array())) {
        EXPECT_TRUE(value.contains(name.get<std::string>())) << path << " lacks " << name;
    }
    if (value.is_object() && node.contains("properties")) {
        for (const auto& [name, member] : node.at("properties").items()) {
            if (value.contains(name)) expect_fits(value.at(name), member, path + "." + name);
        }
    }
    if (value.is_array() && node.contains("items")) {
        for (const json& entry : value) expect_fits(entry, node.at("items"), path + "[]");
    }
}

std::set<std::string> known_types() {
    const json& types = schema().at("properties").at("type").at("enum");
    return types.get<std::set<std::string>>();
}

TEST(AlertSchema, published_bodies_fit) {
    for (const json& vector : alert_vectors().at("vectors")) {
        const json body = json::parse(vector_text(vector, "body"));
        expect_fits(body, schema(), "body");
        EXPECT_EQ(known_types().count(body.at("type").get<std::string>()), 1U);
    }
}

TEST(AlertSchema, body_of_every_type_fits) {
    for (const std::string& type : known_types()) {
        Alert alert;
        alert.type = type;
        alert.rule = "r";
        alert.alert_key = alert_key("r", "eip155:1", "p", "s");
        alert.extra = {{"tx", {{"hash", "0x"}, {"log_index", 1}}},
                       {"retracts", "msg_"},
                       {"reason", "reorg"},
                       {"coverage", "1.000000"},
                       {"to_safe", {{"target", amount(U256(1), 18)}, {"repay", json::array()}}}};
        expect_fits(json::parse(body_of(alert, "mon")), schema(), type);
    }
}

TEST(AlertSchema, names_every_type_of_the_specification) {
    const std::set<std::string> types = known_types();
    const std::vector<std::string> conditions = {"position.liquidatable",
                                                 "position.at_risk",
                                                 "band.exposure",
                                                 "band.approached",
                                                 "market.tvl_drop",
                                                 "market.paused",
                                                 "market.bad_debt",
                                                 "oracle.stale",
                                                 "oracle.jump",
                                                 "source.stale",
                                                 "source.disagrees",
                                                 "source.down",
                                                 "daemon.gap",
                                                 "daemon.dead_letter",
                                                 "daemon.sink_down",
                                                 "daemon.disk_full"};
    std::set<std::string> expected{"daemon.heartbeat", "daemon.signer.updated",
                                   "daemon.state_lost"};
    for (const std::string& condition : conditions) {
        for (const char* state : {"firing", "repeated", "updated", "resolved", "retracted"}) {
            expected.insert(condition + "." + state);
        }
    }
    for (const std::string condition : {"position.liquidated", "market.parameters"}) {
        for (const char* state : {"fired", "updated", "retracted"}) {
            expected.insert(condition + "." + state);
        }
    }
    EXPECT_EQ(types, expected);
}

}  // namespace
}  // namespace plimsoll::alerts
