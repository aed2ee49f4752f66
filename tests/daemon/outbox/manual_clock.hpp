#pragma once

#include "daemon/outbox/clock.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::testing {

/// Stands still until told otherwise. Threads that wait on it wait for `advance`.
class ManualClock final : public outbox::Clock {
  public:
    outbox::Instant now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }

    void wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
              outbox::SteadyTime until) override {
        {
            const std::lock_guard own(mutex_);
            if (now_.steady >= until) return;
            waiters_.emplace_back(&wakeup, lock.mutex());
        }
        wakeup.wait(lock);
        const std::lock_guard own(mutex_);
        waiters_.erase(
            std::find(waiters_.begin(), waiters_.end(), std::pair{&wakeup, lock.mutex()}));
    }

    void advance(std::chrono::milliseconds by) {
        std::vector<std::pair<std::condition_variable*, std::mutex*>> waiters;
        {
            const std::lock_guard lock(mutex_);
            now_.wall_ms += by.count();
            now_.steady += by;
            waiters = waiters_;
        }
        for (const auto& [wakeup, mutex] : waiters) {
            const std::lock_guard lock(*mutex);  // a waiter is in its wait now, not on its way
            wakeup->notify_all();
        }
    }

    /// Sets the wall clock only.
    void set_wall(std::int64_t by_ms) {
        const std::lock_guard lock(mutex_);
        now_.wall_ms += by_ms;
    }

  private:
    mutable std::mutex mutex_;  // guards the members below; taken after a waiter's own
    outbox::Instant now_{1'768'478'412'000, outbox::SteadyTime{std::chrono::hours{1000}}};
    std::vector<std::pair<std::condition_variable*, std::mutex*>> waiters_;
};

}  // namespace plimsoll::testing
