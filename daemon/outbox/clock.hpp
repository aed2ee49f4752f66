#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace plimsoll::outbox {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

/// One look at both clocks. Waits are measured by the steady one, which nobody sets; the wall clock
/// is for what outlives the process: expiry, and times on disk.
struct Instant {
    std::int64_t wall_ms = 0;  ///< since 1970
    SteadyTime steady;
};

/// Time and waiting for it, so that a test needs neither. Safe from any thread.
class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    virtual Instant now() const = 0;
    /// Waits until `wakeup` is notified or `until` has come; may return earlier.
    virtual void wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
                      SteadyTime until) = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
  public:
    Instant now() const override;
    void wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
              SteadyTime until) override;
};

/// Wakes threads without ever making the one that wakes them wait. Safe from any thread.
class Signal {
  public:
    /// Take this before looking for work, and hand it to `wait` when there was none: what is raised
    /// in between is not missed.
    std::uint64_t count() const;
    void raise();
    /// No `wait` blocks from now on.
    void close();
    /// Until raised after `seen`, closed, or `until`.
    void wait(Clock& clock, std::uint64_t seen, SteadyTime until);

  private:
    mutable std::mutex mutex_;  // guards the two members below
    std::uint64_t count_ = 0;
    bool is_closed_ = false;
    std::condition_variable wakeup_;
};

}  // namespace plimsoll::outbox
