#pragma once

#include "daemon/outbox/circuit.hpp"
#include "daemon/sinks/sink.hpp"

#include <cstdint>
#include <string>

namespace plimsoll::outbox {

/// What one sink looks like from outside, for `/status`.
struct SinkStatus {
    std::string name;
    std::uint64_t queued = 0;
    milliseconds oldest_age{0};  ///< since the oldest queued message was committed
    unsigned in_flight = 0;
    Circuit::State circuit = Circuit::State::closed;
    milliseconds open_for{0};          ///< since the circuit is not closed
    milliseconds took_nothing_for{0};  ///< since it first failed or asked for patience; 0: it works
    std::string last_error;            ///< of the newest attempt that failed; without secrets
    std::int64_t last_error_ms = 0;    ///< wall clock; 0: never
    std::int64_t last_ok_ms = 0;       ///< wall clock; 0: never
    std::uint64_t attempts = 0;        ///< in this process, as the two below
    std::uint64_t delivered = 0;
    std::uint64_t dead = 0;
};

/// Hears what happens to messages, for metrics and for alerts about delivery itself. Called from
/// the sinks' threads, several at once, with no lock held; must return soon and throw nothing.
class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    virtual void attempted(const std::string& /*sink*/, const sinks::Message& /*message*/,
                           const sinks::Outcome& /*outcome*/, milliseconds /*took*/) {}
    /// What stands was told again; see `sinks::Sink::keeps_alive`.
    virtual void told_again(const std::string& /*sink*/, const sinks::Outcome& /*outcome*/,
                            milliseconds /*took*/) {}
    /// `reason` is "poison", "expired" or "gone".
    virtual void died(const std::string& /*sink*/, const std::string& /*id*/,
                      const std::string& /*reason*/, const std::string& /*error*/) {}
    virtual void circuit_changed(const std::string& /*sink*/, Circuit::State /*state*/,
                                 const std::string& /*error*/) {}
};

}  // namespace plimsoll::outbox
