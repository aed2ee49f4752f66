#include "daemon/app/wall_time.hpp"

namespace plimsoll::app {

std::int64_t WallTime::seconds(const outbox::Instant& now) {
    const std::lock_guard lock(mutex_);
    guard_.look(now);
    return guard_.undisturbed_ms() / 1000;
}

std::int64_t unix_seconds() {
    static WallTime time;
    return time.seconds(outbox::SystemClock().now());
}

}  // namespace plimsoll::app
