#pragma once

#include "daemon/view/view.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::app {

/// What systemd is told through the socket it names in `$NOTIFY_SOCKET`: a path, or a name in the
/// abstract namespace, which `@` leads. Without one, nothing. Safe from any thread; never waits.
class Notifier {
  public:
    Notifier();  ///< as the environment says
    explicit Notifier(std::string socket) : socket_(std::move(socket)) {}

    void ready(const std::string& status) const { send("READY=1\nSTATUS=" + status); }
    void status(const std::string& text) const { send("STATUS=" + text); }
    /// A new configuration is being taken up; `ready` ends that, whatever came of it.
    void reloading() const;
    void stopping() const { send("STOPPING=1\nSTATUS=stopping"); }
    void watchdog() const { send("WATCHDOG=1"); }

  private:
    void send(std::string_view message) const;

    std::string socket_;
};

/// How often systemd wants to hear `WATCHDOG=1`, from `$WATCHDOG_USEC` and `$WATCHDOG_PID`; none:
/// it does not, or it asks another process.
std::optional<std::chrono::microseconds> watchdog_interval();

/// One line for `systemctl status`: "ethereum 24000000 (+1), 3 firing, 0 queued". The number in
/// brackets is how many blocks the head is ahead.
std::string status_line(std::span<const view::ChainStatus> chains, std::uint64_t queued);

}  // namespace plimsoll::app
