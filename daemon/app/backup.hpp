#pragma once

#include "abi/expected.hpp"
#include "daemon/store/store.hpp"

#include <filesystem>
#include <string>

namespace plimsoll::app {

/// Writes a copy of the store, as of one moment, to `backups/state-<UTC time>.db` in the state
/// directory: nowhere else, since whoever may use the control socket may ask for it. Its path, or
/// why not.
Expected<std::string, std::string> back_up(store::Store& store,
                                           const std::filesystem::path& state_dir);

}  // namespace plimsoll::app
