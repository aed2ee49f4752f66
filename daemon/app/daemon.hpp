#pragma once

#include "config/settings.hpp"

#include <ostream>

namespace plimsoll::app {

/// Exit codes after sysexits.h; see docs/operations.md.
enum Exit : int {
    kOk = 0,
    kUsage = 64,
    kStateData = 65,
    kNoInput = 66,
    kUnavailable = 69,
    kInternal = 70,
    kIo = 74,
    kPermission = 77,
    kConfig = 78,
};

/// Runs the daemon until TERM or INT. Everything that can be wrong with configuration, state and
/// listeners is told before the first poll, with the exit code that says what it is; an endpoint
/// that does not answer is no reason to end.
int run_daemon(const config::Settings& settings);

/// Where the control socket is: as configured, else in the state folder.
/// state.
std::filesystem::path control_socket_path(const config::Settings& settings);

}  // namespace plimsoll::app
