#pragma once

#include "daemon/rpc/clock.hpp"

#include <cstdint>

namespace plimsoll::rpc {

/// Lets through at most so many requests per second, with bursts of a tenth of that, but at least
/// `least_burst`. Pure: time is handed in. Counts in whole nanoseconds of schedule, so nothing
/// drifts.
class TokenBucket {
  public:
    /// 0: no limit.
    explicit TokenBucket(unsigned per_second, unsigned least_burst = 1);

    /// How many requests may go out together.
    std::uint64_t burst() const { return burst_; }
    /// When so many requests may leave if asked for now; `now` or later. More than a burst at once
    /// leaves late rather than never.
    Clock::Time ready_at(Clock::Time now, std::uint64_t count) const;
    /// How long so many requests take at this rate.
    Clock::Duration time_for(std::uint64_t count) const {
        return interval_ * static_cast<std::int64_t>(count);
    }
    /// Takes the tokens for them.
    void take(Clock::Time now, std::uint64_t count);

  private:
    Clock::Duration interval_{};  ///< between two requests; zero: no limit
    std::uint64_t burst_ = UINT64_MAX;
    Clock::Time next_{};  ///< when the schedule is free again, were there no bursts
};

}  // namespace plimsoll::rpc
