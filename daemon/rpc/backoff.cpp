#include "daemon/rpc/backoff.hpp"

#include <algorithm>

namespace plimsoll::rpc {

using namespace std::chrono_literals;

Clock::Duration backoff(ErrorKind kind, unsigned tries, std::uint64_t random) {
    const Clock::Duration cap = kind == ErrorKind::rate ? Clock::Duration(120s) : 10s;
    const Clock::Duration most =
        std::min(cap, Clock::Duration(200ms) * (1 << std::min(tries, 16U)));
    return Clock::Duration(
        static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(most.count()) + 1)));
}

RetryBudget::Slot& RetryBudget::slot(Clock::Time now) {
    const std::int64_t part =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count() / 10;
    Slot& slot = slots_[static_cast<std::size_t>(part) % slots_.size()];
    if (slot.minute_part != part) slot = Slot{.minute_part = part, .requests = 0, .repeats = 0};
    return slot;
}

void RetryBudget::sent(Clock::Time now, std::uint64_t requests) { slot(now).requests += requests; }

bool RetryBudget::take(Clock::Time now) {
    static constexpr std::uint64_t kAlwaysAllowed = 10;
    Slot& current = slot(now);
    std::uint64_t requests = 0;
    std::uint64_t repeats = 0;
    for (const Slot& past : slots_) {
        if (past.minute_part + static_cast<std::int64_t>(slots_.size()) <= current.minute_part) {
            continue;
        }
        requests += past.requests;
        repeats += past.repeats;
    }
    if (repeats >= std::max(kAlwaysAllowed, requests / 5)) return false;
    ++current.repeats;
    return true;
}

}  // namespace plimsoll::rpc
