#include "daemon/rpc/clock.hpp"

#include <condition_variable>
#include <mutex>

namespace plimsoll::rpc {

void SystemClock::wait(Duration duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace plimsoll::rpc
