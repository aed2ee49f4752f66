#pragma once

#include "config/settings.hpp"

#include <string>

namespace plimsoll::config {

/// The effective configuration, defaults and default rules included, in the words of the file. No
/// secrets: URLs as `https://host/…`, other secrets as `(secret)`.
std::string describe(const Settings& settings);
/// As above as one line of JSON.
std::string describe_json(const Settings& settings);

}  // namespace plimsoll::config
