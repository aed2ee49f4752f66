#include "daemon/rpc/endpoint_health.hpp"

#include "daemon/rpc/backoff.hpp"

#include <algorithm>

namespace plimsoll::rpc {

using namespace std::chrono_literals;

void EndpointHealth::answered() {
    breaker_.succeeded();
    pauses_in_a_row_ = 0;
    aside_until_ = {};
    aside_ = State::ok;
}

bool EndpointHealth::is_own_fault(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::transient:
        case ErrorKind::timeout:
        case ErrorKind::malformed:
        case ErrorKind::split:
        case ErrorKind::split_addresses:
        case ErrorKind::split_batch:
        case ErrorKind::rate:
        case ErrorKind::quota:
        case ErrorKind::auth:
        case ErrorKind::wrong_chain:
        case ErrorKind::unpinned:
            return true;
        default:
            return false;
    }
}

void EndpointHealth::failed(const RpcError& error, Clock::Time now, std::uint64_t random) {
    switch (error.kind) {
        case ErrorKind::transient:
        case ErrorKind::timeout:
        case ErrorKind::malformed:
        case ErrorKind::split:  // what could not be asked for in smaller parts
        case ErrorKind::split_addresses:
        case ErrorKind::split_batch:
            breaker_.failed(now, random);
            if (breaker_.is_open() || error.is_unreachable) is_checked_ = false;
            break;
        case ErrorKind::rate:
            paused_until_ =
                now + (error.wait ? Clock::Duration(*error.wait)
                                  : 200ms + backoff(ErrorKind::rate, pauses_in_a_row_, random));
            is_pause_asked_for_ = error.wait.has_value();
            ++pauses_in_a_row_;
            break;
        case ErrorKind::quota:
            set_aside(State::quota, now + 15min);
            break;
        case ErrorKind::auth:
            set_aside(State::refused, now + 5min);
            break;
        case ErrorKind::wrong_chain:
            set_aside(State::wrong_chain, now + 5min);
            break;
        case ErrorKind::unpinned:
            // A node that takes in blocks may run a single call at the wrong one: what it proved
            // before it proves anew. Not so soon after, or when it is the proof that fails.
            if (!is_checked_ || now - checked_at_ < 5s) set_aside(State::unpinned, now + 5min);
            is_checked_ = false;
            break;
        default:
            break;
    }
}

void EndpointHealth::set_aside(State why, Clock::Time until) {
    aside_ = why;
    aside_until_ = until;
    is_checked_ = false;
}

void EndpointHealth::checked(Clock::Time now) {
    is_checked_ = true;
    checked_at_ = now;
}

bool EndpointHealth::needs_check(Clock::Time now) const {
    return !is_checked_ || now - checked_at_ >= 1h;
}

bool EndpointHealth::is_usable(Use use, Clock::Time now) const {
    const bool is_closed = !breaker_.is_open() || now >= breaker_.retry_at();
    const bool is_fresh = use == Use::history || now >= lagging_until_;
    return is_closed && is_fresh && now >= paused_until_ && now >= aside_until_;
}

Clock::Duration EndpointHealth::pause(Clock::Duration most) const {
    // Polls begin a little earlier or later than they should.
    return std::min(most, poll_every_ * 9 / 10);
}

Clock::Time EndpointHealth::paused_until() const {
    return is_pause_asked_for_ ? paused_until_ : std::min(paused_until_, tried_at_ + pause(10s));
}

bool EndpointHealth::is_last_resort(Clock::Time now) const {
    const bool is_just_refused = now - tried_at_ < pause(10s);
    if (now < paused_until_ && (is_pause_asked_for_ || is_just_refused)) return false;
    const bool is_just_tried = now - tried_at_ < pause(1s);
    if (now < aside_until_ && aside_ == State::unpinned) return !is_just_tried;
    if (now < aside_until_) return aside_ != State::quota && !is_just_refused;
    return !breaker_.is_open() || !is_just_tried;
}

EndpointHealth::State EndpointHealth::state(Clock::Time now) const {
    if (now < aside_until_) return aside_;
    if (breaker_.is_open()) return State::down;
    if (now < paused_until_) return State::rate_limited;
    if (breaker_.failures_in_a_row() > 0) return State::down;
    if (!is_checked_) return State::unchecked;
    return now < lagging_until_ ? State::lagging : State::ok;
}

std::string_view to_string(EndpointHealth::State state) {
    using State = EndpointHealth::State;
    switch (state) {
        case State::unchecked:
            return "unchecked";
        case State::ok:
            return "ok";
        case State::down:
            return "down";
        case State::rate_limited:
            return "rate limited";
        case State::quota:
            return "quota";
        case State::refused:
            return "refused";
        case State::wrong_chain:
            return "wrong chain";
        case State::unpinned:
            return "not pinning";
        case State::lagging:
            return "lagging";
    }
    return "unknown";
}

}  // namespace plimsoll::rpc
