#pragma once

#include "abi/expected.hpp"
#include "config/error.hpp"
#include "config/settings.hpp"

#include <filesystem>
#include <functional>
#include <vector>

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

struct RunOptions {
    /// Reads the configuration again, with the command line's say; for a reload.
    std::function<Expected<config::Settings, std::vector<config::ConfigError>>()> load;
    bool strict_state = false;  ///< a damaged store is an error instead of being set aside
};

/// Keeps what the process holds to itself: no core dumps, and nobody of its user reads its memory.
/// Before the first secret is read.
void guard_memory();

/// Runs the daemon until TERM or INT; HUP reloads, USR1 takes a snapshot. Everything that can be
/// wrong with configuration, state and listeners is told before the first poll, with the exit code
/// that says what it is; an endpoint that does not answer is no reason to end.
int run_daemon(config::Settings settings, const RunOptions& options);

/// Where the control socket is: as configured, else in the state folder.
std::filesystem::path control_socket_path(const config::Settings& settings);

}  // namespace plimsoll::app
