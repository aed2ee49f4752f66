#pragma once

#include <nlohmann/json.hpp>

#include <set>
#include <string>

namespace plimsoll::testing {

/// docs/formats/alert.schema.json.
const nlohmann::json& alert_schema();
std::set<std::string> known_alert_types();
/// The described members of `data`.
const nlohmann::json& alert_data_members();
/// Fails the test where the body does not fit: types, required members (those of its type of alert
/// too), patterns, choices and lengths. The rest of JSON Schema is for a real validator.
void expect_fits_schema(const nlohmann::json& body);

}  // namespace plimsoll::testing
