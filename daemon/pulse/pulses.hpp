#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace plimsoll::pulse {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

class Pulses;

/// One worker's signs of life. A worker that does not beat within its limit counts as stuck until
/// it beats again. Forgotten when this goes. One thread beats.
class Pulse {
  public:
    Pulse() = default;  ///< of nobody: beats go nowhere
    Pulse(Pulse&&) noexcept = default;
    Pulse& operator=(Pulse&&) noexcept = default;
    ~Pulse() = default;

    /// Lives, and beats again within its limit.
    void beat() const { beat_before({}); }
    /// Lives, and is about to wait for `pause`: the limit begins after it.
    void beat_before(milliseconds pause) const;
    /// Has nothing to do until the next beat, or never again.
    void rest() const;

  private:
    friend class Pulses;
    struct Entry;
    explicit Pulse(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}

    std::shared_ptr<Entry> entry_;  // shared with the list, which drops what nobody else holds
};

/// Who has to show signs of life, so that a watchdog can tell when somebody hangs. Safe from any
/// thread; asking never waits for a worker.
class Pulses {
  public:
    /// `now` is the steady clock, in tests another; it outlives every pulse.
    explicit Pulses(std::function<SteadyTime()> now = std::chrono::steady_clock::now);

    /// A worker begins. `limit` is the longest it may work without a beat.
    Pulse begin(std::string name, milliseconds limit);
    /// The names of all that are stuck, each once; empty when everybody lives.
    std::vector<std::string> stuck() const;

  private:
    const std::function<SteadyTime()> now_;
    mutable std::mutex mutex_;  // guards the list; the entries guard themselves
    mutable std::vector<std::weak_ptr<Pulse::Entry>> entries_;
};

/// "a, b" for messages.
std::string joined(const std::vector<std::string>& names);

}  // namespace plimsoll::pulse
