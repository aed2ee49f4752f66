#pragma once

#include <chrono>
#include <optional>

namespace plimsoll::app {

/// TERM, INT, HUP and USR1 as things to wait for. Made before any thread starts, so that every
/// thread inherits the blocked mask; SIGPIPE is ignored.
class Signals {
  public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// The next signal, or none when `timeout` passed.
    std::optional<int> wait(std::chrono::milliseconds timeout);

  private:
    int fd_ = -1;
};

}  // namespace plimsoll::app
