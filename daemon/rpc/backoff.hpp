#pragma once

#include "daemon/rpc/clock.hpp"
#include "daemon/rpc/rpc_error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace plimsoll::rpc {

/// The pause before try number `tries + 1`: uniform in [0, min(cap, 200 ms * 2^tries)], the cap
/// being 120 s after `rate` and 10 s otherwise. `random` is any number.
Clock::Duration backoff(ErrorKind kind, unsigned tries, std::uint64_t random);

/// Bounds repeats to a fifth of the requests of the last minute, but at least ten, so that a
/// provider in trouble is not asked all the more. Pure: time is handed in.
class RetryBudget {
  public:
    void sent(Clock::Time now, std::uint64_t requests);
    /// Takes one repeat; false when the budget is used up.
    bool take(Clock::Time now);

  private:
    struct Slot {
        std::int64_t minute_part = -1;
        std::uint64_t requests = 0;
        std::uint64_t repeats = 0;
    };
    Slot& slot(Clock::Time now);
    std::array<Slot, 6> slots_;  ///< ten seconds each
};

}  // namespace plimsoll::rpc
