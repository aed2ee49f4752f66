#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace plimsoll::testing {

/// The published vectors of signed alerts; every key in them is a test key.
inline const nlohmann::json& alert_vectors() {
    static const nlohmann::json file = nlohmann::json::parse(
        std::ifstream(std::string(PLIMSOLL_TEST_VECTORS) + "/alerts/webhook-vectors.json"));
    return file;
}

inline std::string vector_text(const nlohmann::json& vector, const char* name) {
    return vector.at(name).get<std::string>();
}

}  // namespace plimsoll::testing
