#include "daemon/rpc/token_bucket.hpp"

#include <algorithm>

namespace plimsoll::rpc {

TokenBucket::TokenBucket(unsigned per_second, unsigned least_burst) {
    if (per_second == 0) return;
    interval_ = Clock::Duration(std::chrono::seconds(1)) / per_second;
    burst_ = std::max(least_burst, per_second / 10);
}

Clock::Time TokenBucket::ready_at(Clock::Time now, std::uint64_t count) const {
    if (interval_ == Clock::Duration::zero()) return now;
    const Clock::Time full = std::max(next_, now) + interval_ * static_cast<std::int64_t>(count);
    return std::max(now, full - interval_ * static_cast<std::int64_t>(burst_));
}

void TokenBucket::take(Clock::Time now, std::uint64_t count) {
    next_ = std::max(next_, now) + interval_ * static_cast<std::int64_t>(count);
}

}  // namespace plimsoll::rpc
