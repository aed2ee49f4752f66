#pragma once

#include "daemon/rpc/breaker.hpp"
#include "daemon/rpc/clock.hpp"
#include "daemon/rpc/rpc_error.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace plimsoll::rpc {

/// What a request is for: a lagging endpoint may still serve old blocks.
enum class Use { head, history };

/// What is known of one endpoint from its past answers, and so whether to ask it now. Pure: time
/// and randomness are handed in. Not safe for concurrent use.
class EndpointHealth {
  public:
    /// `poll_every`: how often somebody wants an answer; see `is_last_resort`.
    explicit EndpointHealth(Clock::Duration poll_every = std::chrono::seconds(12))
        : poll_every_(poll_every) {}

    enum class State {
        unchecked,
        ok,
        down,
        rate_limited,
        quota,
        refused,
        wrong_chain,
        unpinned,
        lagging
    };

    /// A usable answer; errors that are answers (a revert, an unknown block) count as one.
    void answered();
    /// An error that is the endpoint's own. Others change nothing.
    void failed(const RpcError& error, Clock::Time now, std::uint64_t random);
    /// Whether such an error is the endpoint's own.
    static bool is_own_fault(ErrorKind kind);

    /// Identity and pinning were proved.
    void checked(Clock::Time now);
    /// They have to be proved again before the next use: never done, an hour old, or something
    /// happened since which may have put another server there.
    bool needs_check(Clock::Time now) const;
    void forget_check() { is_checked_ = false; }

    void set_lagging(Clock::Time until) { lagging_until_ = until; }

    bool is_usable(Use use, Clock::Time now) const;
    /// Whether to ask it although it is not usable, because no other endpoint is. Never before the
    /// time that it named. Else in every poll, so that the first one after its recovery finds it;
    /// within a poll not more often than once a second, or every 10 s if it refused us or had
    /// enough of us without saying for how long.
    bool is_last_resort(Clock::Time now) const;
    void tried(Clock::Time now) { tried_at_ = now; }
    /// When it may be asked again, as a last resort, after it had enough of us.
    Clock::Time paused_until() const;

    State state(Clock::Time now) const;

  private:
    void set_aside(State why, Clock::Time until);
    /// So long it is left alone after it was tried, where nobody asked for a pause: at most `most`,
    /// and less than a poll.
    Clock::Duration pause(Clock::Duration most) const;

    Clock::Duration poll_every_;
    Breaker breaker_;
    bool is_checked_ = false;
    Clock::Time checked_at_{};
    Clock::Time tried_at_{};
    Clock::Time paused_until_{};
    bool is_pause_asked_for_ = false;  ///< else its length is our guess
    unsigned pauses_in_a_row_ = 0;
    State aside_ = State::ok;  ///< why it is set aside until `aside_until_`
    Clock::Time aside_until_{};
    Clock::Time lagging_until_{};
};

/// As `/status` and logs show it.
std::string_view to_string(EndpointHealth::State state);

}  // namespace plimsoll::rpc
