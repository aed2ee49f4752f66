#pragma once

#include "daemon/app/stop.hpp"
#include "daemon/pulse/pulses.hpp"
#include "daemon/store/store.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace plimsoll::app {

/// What is done beside the rounds, in one thread: reloads when asked for, the status line, deleting
/// what is old, repeats of the log. Members are safe from any thread.
class Upkeep {
  public:
    struct Tasks {
        std::function<void()> reload;
        std::function<bool()> purge;  ///< one bounded step; true while there is more to do
        std::function<void()> tell_status;
    };
    Upkeep(pulse::Pulses& pulses, Tasks tasks);
    Upkeep(const Upkeep&) = delete;
    Upkeep& operator=(const Upkeep&) = delete;
    ~Upkeep();

    void start();
    /// Waits for the task under way.
    void stop();
    /// However often it is asked for meanwhile, one reload follows that sees the newest file.
    void reload_soon();

    // For a task that takes long:
    bool stopping() const { return stop_.requested(); }
    void wait(std::chrono::milliseconds pause);

  private:
    void run();

    pulse::Pulses& pulses_;
    const Tasks tasks_;
    Stop stop_;
    std::atomic<bool> reload_asked_{false};
    pulse::Pulse pulse_;
    std::thread thread_;
};

/// Deletes some of what was finished long ago; true while there is more.
bool purge_step(store::Store& store);

}  // namespace plimsoll::app
