#pragma once

#include "daemon/rpc/clock.hpp"

#include <mutex>
#include <stop_token>
#include <vector>

namespace plimsoll::test {

/// Time that a test moves by hand. A wait moves it by itself and is written down, so nothing ever
/// sleeps. Safe from any thread.
class ManualClock final : public rpc::Clock {
  public:
    Time now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    void wait(Duration duration, const std::stop_token& stop) override {
        const std::lock_guard lock(mutex_);
        if (stop.stop_requested()) return;
        waits_.push_back(duration);
        now_ += duration;
    }
    void advance(Duration duration) {
        const std::lock_guard lock(mutex_);
        now_ += duration;
    }
    /// What was waited for so far, in order.
    std::vector<Duration> waits() const {
        const std::lock_guard lock(mutex_);
        return waits_;
    }
    Duration waited() const {
        Duration sum{};
        for (const Duration wait : waits()) sum += wait;
        return sum;
    }

  private:
    mutable std::mutex mutex_;  ///< guards both members below
    Time now_ = Time(std::chrono::hours(1'000));
    std::vector<Duration> waits_;
};

}  // namespace plimsoll::test
