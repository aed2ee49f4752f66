#include "daemon/outbox/verdict.hpp"

#include <algorithm>

namespace plimsoll::outbox {
namespace {

using Kind = sinks::Outcome::Kind;

constexpr milliseconds kLongestBackoff = std::chrono::minutes{5};
constexpr milliseconds kSlowLane = std::chrono::minutes{30};
constexpr milliseconds kSlowAfter = std::chrono::hours{1};
constexpr unsigned kMaxRefusals = 3;
/// A little more than the time between two probes, so that the next probe tries another message:
/// one that is refused in this way must not keep all others from being tried.
constexpr milliseconds kMisconfigured = std::chrono::minutes{6};
/// No wait reaches past a message's expiry: it leaves this much time for a last attempt, where
/// there is as much.
constexpr milliseconds kLastChance = std::chrono::minutes{1};

Verdict retry(milliseconds wait, const AttemptState& state, const sinks::Outcome& outcome) {
    wait = std::max(std::min(wait, state.longest_wait), outcome.wait.value_or(milliseconds{0}));
    if (state.left > milliseconds{0}) {
        wait = std::min(wait, state.left > kLastChance ? state.left - kLastChance : state.left);
    }
    return {Verdict::Kind::retry, wait, outcome.wait.has_value(), {}, outcome.detail};
}

Verdict dead(const char* reason, const sinks::Outcome& outcome) {
    return {Verdict::Kind::dead, {}, false, reason, outcome.detail};
}

}  // namespace

milliseconds backoff(unsigned attempt, milliseconds failing_for, unsigned jitter_permille) {
    if (failing_for >= kSlowAfter) return kSlowLane;
    const unsigned doublings = std::clamp(attempt, 1U, 10U) - 1;
    const milliseconds full =
        std::min<milliseconds>(std::chrono::seconds{1U << doublings}, kLongestBackoff);
    return full * std::clamp(jitter_permille, 500U, 1000U) / 1000;
}

Verdict judge(const sinks::Outcome& outcome, const AttemptState& state) {
    const milliseconds wait = backoff(state.attempt, state.failing_for, state.jitter_permille);
    switch (outcome.kind) {
        case Kind::ok:
            return {Verdict::Kind::done, {}, false, {}, {}};
        case Kind::gone:
            return dead("gone", outcome);
        case Kind::refused:
            if (state.refusals + 1 >= kMaxRefusals) return dead("poison", outcome);
            break;
        case Kind::misconfigured:
            return retry(kMisconfigured, state, outcome);
        case Kind::retry:
        case Kind::throttled:
            break;
    }
    return retry(wait, state, outcome);
}

}  // namespace plimsoll::outbox
