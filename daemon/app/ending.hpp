#pragma once

#include "daemon/app/signals.hpp"
#include "daemon/app/stop.hpp"

#include <chrono>
#include <thread>

namespace plimsoll::app {

/// Sees to it that the daemon ends: as long as this lives, a second TERM or INT ends the process at
/// once, and so does the deadline. Nothing is lost by that, the store is durable at any moment.
class Ending {
  public:
    Ending(Signals& signals, std::chrono::milliseconds deadline);
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending();

  private:
    void watch(Signals& signals, std::chrono::steady_clock::time_point deadline);

    Stop done_;
    std::thread thread_;
};

}  // namespace plimsoll::app
