#include "daemon/outbox/wall_guard.hpp"

#include <cstdlib>

namespace plimsoll::outbox {
namespace {

/// Less than this is the slow steering of a time daemon.
constexpr std::int64_t kSlewMs = 2'000;
/// After the longest life of a message nothing is left that was made before the clock was set.
constexpr auto kLongestLife = std::chrono::hours{72};

}  // namespace

void WallGuard::look(const Instant& now) {
    if (!is_anchored_) {
        is_anchored_ = true;
        anchor_ = now;
        last_equal_ = now.steady;
    }
    const auto passed = std::chrono::duration_cast<milliseconds>(now.steady - anchor_.steady);
    wall_ms_ = now.wall_ms;
    undisturbed_ms_ = anchor_.wall_ms + passed.count();
    const bool is_equal = std::abs(wall_ms_ - undisturbed_ms_) <= kSlewMs;
    if (is_equal || now.steady - last_equal_ > kLongestLife) {
        anchor_ = now;
        last_equal_ = now.steady;
        undisturbed_ms_ = wall_ms_;
    }
}

}  // namespace plimsoll::outbox
