#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace plimsoll::app {

/// One request to stop, seen by every thread. Safe from any thread.
class Stop {
  public:
    void request() {
        {
            const std::scoped_lock lock(mutex_);
            requested_ = true;
        }
        changed_.notify_all();
    }
    bool requested() const {
        const std::scoped_lock lock(mutex_);
        return requested_;
    }
    /// Waits, or returns at once when stopping.
    void wait(std::chrono::milliseconds duration) const {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, duration, [this] { return requested_; });
    }

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool requested_ = false;
};

}  // namespace plimsoll::app
