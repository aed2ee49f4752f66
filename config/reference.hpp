#pragma once

#include <string>

namespace plimsoll::config {

/// JSON Schema (2020-12) of the configuration, for editors; made from the table of keys.
std::string schema_json();
/// The text of docs/configuration.md, made from the table of keys.
std::string reference_markdown();

}  // namespace plimsoll::config
