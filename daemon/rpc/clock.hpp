#pragma once

#include <chrono>
#include <stop_token>

namespace plimsoll::rpc {

/// Time that only moves forward, and waiting, as the daemon's network code sees them. A test puts
/// a clock here that it moves by hand, so nothing sleeps there. Safe from any thread.
class Clock {
  public:
    using Duration = std::chrono::steady_clock::duration;
    using Time = std::chrono::steady_clock::time_point;

    virtual ~Clock() = default;
    virtual Time now() const = 0;
    /// Returns after `duration`, or at once when a stop is requested.
    virtual void wait(Duration duration, const std::stop_token& stop) = 0;
};

class SystemClock final : public Clock {
  public:
    Time now() const override { return std::chrono::steady_clock::now(); }
    void wait(Duration duration, const std::stop_token& stop) override;
};

}  // namespace plimsoll::rpc
