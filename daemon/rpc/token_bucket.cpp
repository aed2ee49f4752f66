#include "daemon/rpc/token_bucket.hpp"

#include <algorithm>

namespace plimsoll::rpc {

TokenBucket::TokenBucket(unsigned per_second) {
    if (per_second == 0) return;
    interval_ = Clock::Duration(std::chrono::seconds(1)) / per_second;
    burst_ = std::max(1U, per_second / 10);
}

Clock::Time TokenBucket::take(Clock::Time now, std::uint64_t count) {
    if (interval_ == Clock::Duration::zero()) return now;
    next_ = std::max(next_, now) + interval_ * static_cast<std::int64_t>(count);
    return std::max(now, next_ - interval_ * static_cast<std::int64_t>(burst_));
}

}  // namespace plimsoll::rpc
