#pragma once

#include "daemon/outbox/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace plimsoll::outbox {

/// Wall time for times on disk, guarded against a wall clock that is set while we run: rows must
/// neither wait nor expire because somebody corrected the clock. Not safe for concurrent use.
class WallGuard {
  public:
    void look(const Instant& now);
    /// For "is it due": the later of the wall clock and what it would show without having been set.
    std::int64_t due_ms() const { return std::max(wall_ms_, undisturbed_ms_); }
    /// For "has it expired": the earlier of the two.
    std::int64_t expiry_ms() const { return std::min(wall_ms_, undisturbed_ms_); }

    /// What the wall clock would show without having been set.
    std::int64_t undisturbed_ms() const { return undisturbed_ms_; }

  private:
    bool is_anchored_ = false;
    Instant anchor_;         // of the undisturbed clock
    SteadyTime last_equal_;  // when both agreed last
    std::int64_t wall_ms_ = 0;
    std::int64_t undisturbed_ms_ = 0;
};

}  // namespace plimsoll::outbox
