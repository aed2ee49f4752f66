#include "daemon/outbox/rate_bucket.hpp"

#include <algorithm>

namespace plimsoll::outbox {
namespace {

using std::chrono::microseconds;

constexpr unsigned kFull = 1000;
constexpr unsigned kLeast = kFull / 64;
constexpr unsigned kRateOnceThrottled = 16;  // a second
constexpr auto kRecovery = std::chrono::minutes{10};
constexpr microseconds kBurst = std::chrono::seconds{1};
/// Answers to attempts that were made side by side are one complaint.
constexpr auto kOneComplaint = std::chrono::seconds{1};

}  // namespace

unsigned RateBucket::permille(SteadyTime now) const {
    if (low_permille_ == kFull) return kFull;
    const auto passed = std::chrono::duration_cast<milliseconds>(now - lowered_at_).count();
    const auto whole = std::chrono::duration_cast<milliseconds>(kRecovery).count();
    if (passed >= whole) return kFull;
    return low_permille_ + static_cast<unsigned>((kFull - low_permille_) * passed / whole);
}

microseconds RateBucket::interval(SteadyTime now) const {
    const unsigned share = permille(now);
    if (max_ == 0 && share == kFull) return microseconds{0};
    const microseconds full = max_ == 0 ? microseconds{std::chrono::seconds{1}} / kRateOnceThrottled
                                        : microseconds{period_} / max_;
    return full * kFull / share;
}

SteadyTime RateBucket::ready_at(SteadyTime now) const {
    const microseconds step = interval(now);
    if (step.count() == 0) return now;
    return next_even_ - std::max(microseconds{0}, kBurst - step);
}

void RateBucket::take(SteadyTime now) { next_even_ = std::max(next_even_, now) + interval(now); }

void RateBucket::throttled(SteadyTime now) {
    if (low_permille_ != kFull && now - lowered_at_ < kOneComplaint) return;
    low_permille_ = std::max(kLeast, permille(now) / 2);
    lowered_at_ = now;
}

}  // namespace plimsoll::outbox
