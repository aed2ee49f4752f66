#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace plimsoll::app {

/// What a running daemon cannot change keeps its value: `next` gets it from `in_use`. One message
/// for each key that differed.
std::vector<std::string> keep_fixed(config::DaemonSettings& next,
                                    const config::DaemonSettings& in_use);

}  // namespace plimsoll::app
