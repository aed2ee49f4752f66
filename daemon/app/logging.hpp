#pragma once

#include <string>

namespace plimsoll::app {

/// Logs to standard error: RFC 3339 times for people, priorities without times for the journal.
void set_up_logging(const std::string& level);

}  // namespace plimsoll::app
