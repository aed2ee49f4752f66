#pragma once

#include "daemon/outbox/clock.hpp"

#include <optional>
#include <string_view>

namespace plimsoll::outbox {

/// Whether a sink is worth an attempt. Opens after 5 transient failures in a row; then one probe at
/// a time, after 5 s first and twice as long each time, up to 5 min. A sink that is misconfigured
/// opens at once and is probed every 5 min. Not safe for concurrent use.
class Circuit {
  public:
    /// `longest_probe`: where it is shorter than 5 min, it takes their place.
    explicit Circuit(milliseconds longest_probe = std::chrono::minutes{5});

    enum class State {
        closed,
        open,
        probing,   ///< open, and the one probe is under way
        disabled,  ///< the sink is gone; only `enable` changes that
    };
    State state() const { return state_; }
    /// When the sink failed first, if it is not closed.
    std::optional<SteadyTime> open_since() const { return open_since_; }

    /// When the next attempt may begin, perhaps in the past; none while the only thing to do is to
    /// wait for the probe or for `enable`.
    std::optional<SteadyTime> next_attempt() const;
    /// True when the attempt that begins now is the probe.
    bool begin_attempt();
    /// The attempt ended without an outcome.
    void abandoned(bool is_probe);

    void succeeded();
    /// The sink is alive, though it did not take this message now.
    void answered();
    void failed(bool is_probe, SteadyTime now);
    void misconfigured(SteadyTime now);
    void disable(SteadyTime now);
    void enable();

  private:
    void open(SteadyTime now, milliseconds interval);

    const milliseconds longest_probe_;
    State state_ = State::closed;
    unsigned failures_ = 0;  // transient ones since the last success
    milliseconds interval_{0};
    SteadyTime next_probe_{};
    std::optional<SteadyTime> open_since_;
};
std::string_view to_string(Circuit::State state);

}  // namespace plimsoll::outbox
