#include "daemon/rpc/breaker.hpp"

#include <algorithm>

namespace plimsoll::rpc {

using namespace std::chrono_literals;

void Breaker::succeeded() {
    if (is_open_) {
        window_.reset();
        seen_ = 0;
    }
    is_open_ = false;
    in_a_row_ = 0;
    openings_ = 0;
    window_ <<= 1U;
    seen_ = std::min(seen_ + 1, kWindow);
}

void Breaker::failed(Clock::Time now, std::uint64_t random) {
    ++in_a_row_;
    window_ <<= 1U;
    window_.set(0);
    seen_ = std::min(seen_ + 1, kWindow);
    const bool is_half = seen_ == kWindow && window_.count() * 2 >= kWindow;
    if (is_open_ || in_a_row_ >= kInARow || is_half) open(now, random);
}

void Breaker::open(Clock::Time now, std::uint64_t random) {
    static constexpr Clock::Duration kFirst = 10s;
    static constexpr Clock::Duration kMost = 5min;
    const Clock::Duration pause = std::min(kMost, kFirst * (1 << std::min(openings_, 10U)));
    const auto quarter = static_cast<std::uint64_t>(pause.count() / 4);
    ++openings_;
    is_open_ = true;
    retry_at_ = now + pause + Clock::Duration(static_cast<std::int64_t>(random % (quarter + 1)));
}

}  // namespace plimsoll::rpc
