#pragma once

#include "config/settings.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>

namespace plimsoll::app {

/// Tells every sink that the stored state was damaged and the daemon began anew: what was queued
/// and what was firing is not known any more. `now` is unix seconds.
store::RoundCommit state_lost(const config::Settings& settings, const store::Store::Opened& opened,
                              std::uint64_t now, const rules::SignFunction& sign);

}  // namespace plimsoll::app
