#pragma once

#include "daemon/outbox/clock.hpp"
#include "daemon/sinks/sink.hpp"

#include <cstdint>
#include <string>

namespace plimsoll::outbox {

/// The wait after the `attempt`-th failed attempt (from 1): 1 s, twice as long each time, up to
/// 5 min, times `jitter_permille` (500 to 1000); 30 min once the message has been failing for an
/// hour.
milliseconds backoff(unsigned attempt, milliseconds failing_for, unsigned jitter_permille);

/// A message at the moment of an attempt.
struct AttemptState {
    unsigned attempt = 1;                       ///< this one, counted from 1
    unsigned refusals = 0;                      ///< of earlier attempts
    milliseconds failing_for{0};                ///< since its first attempt
    milliseconds left{std::chrono::hours{72}};  ///< until it expires; negative: it has
    unsigned jitter_permille = 1000;            ///< 500 to 1000
    milliseconds longest_wait = std::chrono::minutes{30};
};

struct Verdict {
    enum class Kind { done, retry, dead } kind = Kind::retry;
    milliseconds wait{0};            ///< of a retry
    bool is_asked_for = false;       ///< the sink named the wait: nothing shortens it
    std::string reason;              ///< of death: "poison", "gone"
    std::string error;               ///< what the sink said
    std::int64_t not_before_ms = 0;  ///< of a retry: when the wait is over, for the store
};

/// What becomes of a message after an attempt.
Verdict judge(const sinks::Outcome& outcome, const AttemptState& state);

}  // namespace plimsoll::outbox
