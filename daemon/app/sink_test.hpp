#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"
#include "daemon/rules/engine.hpp"

#include <string>
#include <vector>

namespace plimsoll::app {

/// Of the configured sinks.
std::vector<std::string> sink_names(const config::Settings& settings);

/// Sends one message that says it is a test to the sink, at once and past the outbox. The error
/// says what came of it instead, without secrets.
Expected<void, std::string> send_test(const config::Settings& settings, const std::string& sink,
                                      const rules::SignFunction& sign);

}  // namespace plimsoll::app
