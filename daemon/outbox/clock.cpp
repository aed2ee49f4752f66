#include "daemon/outbox/clock.hpp"

namespace plimsoll::outbox {

Instant SystemClock::now() const {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<milliseconds>(wall).count(),
            std::chrono::steady_clock::now()};
}

void SystemClock::wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
                       SteadyTime until) {
    wakeup.wait_until(lock, until);
}

std::uint64_t Signal::count() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

void Signal::raise() {
    {
        const std::lock_guard lock(mutex_);
        ++count_;
    }
    wakeup_.notify_all();
}

void Signal::close() {
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
    }
    wakeup_.notify_all();
}

void Signal::wait(Clock& clock, std::uint64_t seen, SteadyTime until) {
    std::unique_lock lock(mutex_);
    while (count_ == seen && !is_closed_ && clock.now().steady < until) {
        clock.wait(wakeup_, lock, until);
    }
}

}  // namespace plimsoll::outbox
