#include "daemon/alerts/types.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

namespace plimsoll::alerts {
namespace {

TEST(Types, are_those_of_the_schema) {
    const auto schema = nlohmann::json::parse(
        std::ifstream(std::string(PLIMSOLL_SOURCE_DIR) + "/docs/formats/alert.schema.json"));
    std::set<std::string> of_schema;
    for (const auto& one : schema.at("properties").at("type").at("enum")) {
        const auto type = one.get<std::string>();
        EXPECT_TRUE(may_be_type(type)) << type;
        EXPECT_TRUE(may_be_type(type.substr(0, type.find('.')))) << type;
        of_schema.insert(type.substr(0, type.find('.', type.find('.') + 1)));
    }
    EXPECT_EQ(of_schema, std::set<std::string>(conditions().begin(), conditions().end()));
}

TEST(Types, misspelt_ones_are_none) {
    for (const char* text :
         {"", "positon", "position.", "position.liquidat", "position.liquidated.",
          "position.liquidated.fird", "position.liquidated.fired.", "Position"}) {
        EXPECT_FALSE(may_be_type(text)) << text;
    }
}

}  // namespace
}  // namespace plimsoll::alerts
