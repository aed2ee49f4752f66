#pragma once

#include <string>
#include <string_view>

namespace plimsoll::app {

/// Logs to standard error: RFC 3339 times for people; for the journal `<3>` … `<7>`, which it turns
/// into priorities, and no times. One line a message; the same text at most once a minute, then
/// with the number of repeats. `level` is one of `daemon.log_level`.
void set_up_logging(const std::string& level);
void set_log_level(const std::string& level);
/// Tells repeats whose minute is over. Call now and then.
void tell_repeats();

/// A line for whoever starts the program, before there is a log: as it is, or with its priority
/// when it goes to the journal.
void print_error(std::string_view line);
void print_warning(std::string_view line);

}  // namespace plimsoll::app
