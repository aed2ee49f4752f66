#pragma once

#include "abi/word.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>

namespace plimsoll::protocols::compound_v2 {

/// One file of tests/vectors/compound_v2, its fields in their order.
inline nlohmann::ordered_json read_vectors(const std::string& name = "vectors.json") {
    std::ifstream file(std::string(PLIMSOLL_TEST_VECTORS) + "/compound_v2/" + name);
    if (!file) throw std::runtime_error("no vectors " + name);
    return nlohmann::ordered_json::parse(file);
}

/// Decimal text.
inline U256 number(const nlohmann::ordered_json& value) {
    const auto parsed = parse_decimal(value.get<std::string>());
    if (!parsed) throw std::runtime_error("no number: " + value.dump());
    return *parsed;
}

}  // namespace plimsoll::protocols::compound_v2
