#pragma once

#include "config/settings.hpp"
#include "daemon/store/store.hpp"

#include <vector>

namespace plimsoll::app {

/// Every configured sink as the store knows it: how long a message is worth sending there (paging
/// and mail 24 h, chat 6 h, others 72 h), and which ones are archives.
std::vector<store::Destination> destinations(const config::Settings& settings);

}  // namespace plimsoll::app
