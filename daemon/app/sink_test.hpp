#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"
#include "daemon/rules/engine.hpp"

#include <optional>
#include <string>

namespace plimsoll::app {

/// As `http::unknown_sink`.
std::optional<std::string> unknown_sink(const config::Settings& settings, const std::string& sink);

/// Sends one message that says it is a test to the sink, at once and past the outbox. The error
/// says what came of it instead, without secrets.
Expected<void, std::string> send_test(const config::Settings& settings, const std::string& sink,
                                      const rules::SignFunction& sign);

}  // namespace plimsoll::app
