#pragma once

#include "config/settings.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace plimsoll::app {

/// Threads that this configuration may need at the same time: those of the service itself, one for
/// each chain, and every sink's lanes. Lookups of names have threads too, for a moment; there is
/// room for some of them, and one that gets none is a failed request that is made again.
unsigned tasks_needed(const config::Settings& settings);

/// What this process's control group and those above it allow (`pids.max`; systemd's TasksMax),
/// version 1 or 2; none: no limit, or none that can be read. `root` is "/" but in tests.
std::optional<unsigned> tasks_allowed(const std::filesystem::path& root = "/");

/// Why the configuration does not fit, and what to do; empty when it does.
std::string too_many_tasks(unsigned needed, std::optional<unsigned> allowed);

}  // namespace plimsoll::app
