#include "daemon/outbox/circuit.hpp"

#include <algorithm>

namespace plimsoll::outbox {
namespace {

constexpr unsigned kFailuresToOpen = 5;
constexpr milliseconds kFirstProbe = std::chrono::seconds{5};
constexpr milliseconds kLastProbe = std::chrono::minutes{5};

}  // namespace

Circuit::Circuit(milliseconds longest_probe)
    : longest_probe_(std::min(longest_probe, kLastProbe)) {}

std::string_view to_string(Circuit::State state) {
    switch (state) {
        case Circuit::State::closed:
            return "closed";
        case Circuit::State::open:
            return "open";
        case Circuit::State::probing:
            return "probing";
        case Circuit::State::disabled:
            break;
    }
    return "disabled";
}

std::optional<SteadyTime> Circuit::next_attempt() const {
    switch (state_) {
        case State::closed:
            return SteadyTime::min();
        case State::open:
            return next_probe_;
        case State::probing:
        case State::disabled:
            break;
    }
    return std::nullopt;
}

bool Circuit::begin_attempt() {
    if (state_ != State::open) return false;
    state_ = State::probing;
    return true;
}

void Circuit::abandoned(bool is_probe) {
    if (is_probe && state_ == State::probing) state_ = State::open;
}

void Circuit::succeeded() {
    failures_ = 0;
    answered();
}

void Circuit::answered() {
    if (state_ == State::disabled || state_ == State::closed) return;
    state_ = State::closed;
    failures_ = 0;
    open_since_.reset();
}

void Circuit::failed(bool is_probe, SteadyTime now) {
    switch (state_) {
        case State::closed:
            if (++failures_ >= kFailuresToOpen) open(now, kFirstProbe);
            break;
        case State::probing:
            if (is_probe) open(now, 2 * interval_);
            break;
        case State::open:  // an attempt from before it opened
        case State::disabled:
            break;
    }
}

void Circuit::misconfigured(SteadyTime now) {
    if (state_ != State::disabled) open(now, kLastProbe);
}

void Circuit::disable(SteadyTime now) {
    state_ = State::disabled;
    if (!open_since_) open_since_ = now;
}

void Circuit::enable() {
    state_ = State::closed;
    failures_ = 0;
    open_since_.reset();
}

void Circuit::open(SteadyTime now, milliseconds interval) {
    state_ = State::open;
    interval_ = std::min(interval, longest_probe_);
    next_probe_ = now + interval_;
    if (!open_since_) open_since_ = now;
}

}  // namespace plimsoll::outbox
