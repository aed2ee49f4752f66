#pragma once

#include "daemon/outbox/wall_guard.hpp"

#include <cstdint>
#include <mutex>

namespace plimsoll::app {

/// The host's clock, as it would be had nobody set it since the first look: a clock that is set is
/// no reason to call a chain stale, to repeat an alert, or to wait for longer. What is set for good
/// is believed after 72 h. Safe from any thread.
class WallTime {
  public:
    std::int64_t seconds(const outbox::Instant& now);

  private:
    std::mutex mutex_;  // guards the member below
    outbox::WallGuard guard_;
};

/// Unix seconds by one `WallTime` for the whole process.
std::int64_t unix_seconds();

}  // namespace plimsoll::app
