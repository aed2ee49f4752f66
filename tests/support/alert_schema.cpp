#include "tests/support/alert_schema.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>

namespace plimsoll::testing {
namespace {

using nlohmann::json;

const json& resolved(const json& node) {
    if (!node.contains("$ref")) return node;
    const auto name = node.at("$ref").get<std::string>().substr(std::string("#/$defs/").size());
    return alert_schema().at("$defs").at(name);
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

bool matches(const std::string& text, const std::string& pattern) {
    return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
}

void expect_fits(const json& value, const json& described, const std::string& path) {
    const json& node = resolved(described);
    if (node.contains("type")) {
        EXPECT_TRUE(fits_type(value, node.at("type"))) << path << ": " << value;
    }
    if (node.contains("enum")) {
        const json& choices = node.at("enum");
        EXPECT_NE(std::find(choices.begin(), choices.end(), value), choices.end())
            << path << ": " << value;
    }
    if (value.is_string() && node.contains("pattern")) {
        EXPECT_TRUE(matches(value.get<std::string>(), node.at("pattern").get<std::string>()))
            << path << ": " << value;
    }
    for (const json& name : node.value("required", json::array())) {
        EXPECT_TRUE(value.contains(name.get<std::string>())) << path << " lacks " << name;
    }
    if (value.is_object() && node.contains("properties")) {
        for (const auto& [name, member] : node.at("properties").items()) {
            if (value.contains(name)) expect_fits(value.at(name), member, path + "." + name);
        }
    }
    if (value.is_array() && node.contains("maxItems")) {
        EXPECT_LE(value.size(), node.at("maxItems").get<std::size_t>()) << path;
    }
    if (value.is_array() && node.contains("items")) {
        for (const json& entry : value) expect_fits(entry, node.at("items"), path + "[]");
    }
}

}  // namespace

const json& alert_schema() {
    static const json file = json::parse(
        std::ifstream(std::string(PLIMSOLL_SOURCE_DIR) + "/docs/formats/alert.schema.json"));
    return file;
}

std::set<std::string> known_alert_types() {
    return alert_schema().at("properties").at("type").at("enum").get<std::set<std::string>>();
}

const json& alert_data_members() {
    return resolved(alert_schema().at("properties").at("data")).at("properties");
}

void expect_fits_schema(const json& body) {
    const auto type = body.at("type").get<std::string>();
    expect_fits(body, alert_schema(), type);
    for (const json& one : alert_schema().at("allOf")) {
        const auto pattern = one.at(json::json_pointer("/if/properties/type/pattern"));
        if (matches(type, pattern.get<std::string>())) {
            expect_fits(body, one.at("then"), type + " as " + pattern.get<std::string>());
        }
    }
}

}  // namespace plimsoll::testing
