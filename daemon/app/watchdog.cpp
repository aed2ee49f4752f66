#include "daemon/app/watchdog.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace plimsoll::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookUnasked{5'000};

milliseconds pause_for(std::optional<std::chrono::microseconds> interval) {
    if (!interval) return kLookUnasked;
    const auto half = std::chrono::duration_cast<milliseconds>(*interval / 2);
    return std::max(half, milliseconds{1});
}

}  // namespace

Watchdog::Watchdog(const Notifier& notifier, const pulse::Pulses& pulses,
                   std::optional<std::chrono::microseconds> interval)
    : notifier_(notifier),
      pulses_(pulses),
      is_asked_(interval.has_value()),
      pause_(pause_for(interval)) {}

Watchdog::~Watchdog() { stop(); }

void Watchdog::start() {
    thread_ = std::thread([this] {
        while (!stop_.requested()) {
            look();
            stop_.wait(pause_);
        }
    });
}

void Watchdog::stop() {
    stop_.request();
    if (thread_.joinable()) thread_.join();
}

void Watchdog::look() {
    const std::string stuck = pulse::joined(pulses_.stuck());
    if (stuck.empty()) {
        if (is_asked_) notifier_.watchdog();
        if (!told_.empty()) spdlog::warn("no longer stuck: {}", told_);
    } else if (stuck != told_) {
        spdlog::error(
            "stuck: {}{}", stuck,
            is_asked_ ? "; systemd is not told that all is well, and will restart us" : "");
    }
    told_ = stuck;
}

}  // namespace plimsoll::app
