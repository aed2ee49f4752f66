#pragma once

#include "daemon/outbox/clock.hpp"

namespace plimsoll::outbox {

/// How many attempts a sink gets: up to a second's worth at once, then evenly spaced. Each
/// throttled answer halves the rate (down to a 64th); it recovers in 10 min. Not safe for
/// concurrent use.
class RateBucket {
  public:
    /// `max` in each `period`. 0: no limit, until the sink throttles; then as if 16 a second were.
    explicit RateBucket(unsigned max, std::chrono::seconds period = std::chrono::seconds{1})
        : max_(max), period_(period) {}

    /// When the next attempt may begin; `now` or earlier: at once.
    SteadyTime ready_at(SteadyTime now) const;
    void take(SteadyTime now);
    void throttled(SteadyTime now);

  private:
    /// Time from one attempt to the next at the present rate; 0 without a limit.
    std::chrono::microseconds interval(SteadyTime now) const;
    unsigned permille(SteadyTime now) const;

    unsigned max_;
    std::chrono::seconds period_;
    unsigned low_permille_ = 1000;  // of the full rate, at `lowered_at_`
    SteadyTime lowered_at_{};
    SteadyTime next_even_{};  // when the next attempt would begin if all were evenly spaced
};

}  // namespace plimsoll::outbox
