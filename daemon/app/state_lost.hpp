#pragma once

#include "daemon/alerts/alert.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>

namespace plimsoll::app {

/// That the stored state was damaged and the daemon began anew: what was queued and what was firing
/// is not known any more. `now` is unix seconds.
alerts::Alert state_lost(const store::Store::Opened& opened, std::uint64_t now);

}  // namespace plimsoll::app
