#pragma once

#include "daemon/app/notify.hpp"
#include "daemon/app/stop.hpp"
#include "daemon/pulse/pulses.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace plimsoll::app {

/// Tells systemd that the daemon lives, every half of the interval it asked for, and only as long
/// as no worker is stuck: a daemon that hangs is restarted. Who is stuck is logged, with or without
/// systemd. The thread waits for nobody but its own clock.
class Watchdog {
  public:
    /// Without an interval it only looks. Both references outlive this.
    Watchdog(const Notifier& notifier, const pulse::Pulses& pulses,
             std::optional<std::chrono::microseconds> interval);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog();

    void start();
    void stop();

  private:
    void look();

    const Notifier& notifier_;
    const pulse::Pulses& pulses_;
    const bool is_asked_;
    const std::chrono::milliseconds pause_;
    std::string told_;  ///< who was stuck at the last look; of the thread alone
    Stop stop_;
    std::thread thread_;
};

}  // namespace plimsoll::app
