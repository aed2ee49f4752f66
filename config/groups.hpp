#pragma once

#include "config/settings.hpp"

#include <vector>

namespace plimsoll::config {

/// Groups that apply unless the file replaces them.
const std::vector<GroupSettings>& shipped_groups();

}  // namespace plimsoll::config
