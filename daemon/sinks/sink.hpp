#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::sinks {

/// One stored alert on its way to one sink. Every retry carries the same bytes.
struct Message {
    std::string id;
    std::string alert_key;
    std::string type;
    int severity = 0;                  ///< 0 info, 1 warning, 2 critical
    std::uint64_t at = 0;              ///< unix seconds of the transition
    std::string body;                  ///< canonical JSON
    std::string signature;             ///< EIP-191; empty: not signed
    std::string signer;                ///< EIP-55; empty: not signed
    std::string typed_signature = {};  ///< EIP-712
    std::string muted_by = {};         ///< what held it back at other sinks; empty: nothing
};

/// Several stored alerts on their way to one sink as one message.
struct Group {
    std::string id;                ///< of one alert its own, else `alerts::group_id`
    std::string key;               ///< the same for all messages until nothing of them fires
    std::vector<Message> members;  ///< all of them, oldest first; never empty
    std::uint64_t open = 0;        ///< how many alerts of the group fire once this is told
};

/// What came of one attempt.
struct Outcome {
    enum class Kind {
        ok,             ///< taken: never sent again
        retry,          ///< transient, or result unknown: later again
        throttled,      ///< the sink is alive and asks for patience
        refused,        ///< this one message is not wanted; others may be
        misconfigured,  ///< nothing will be taken until somebody changes something
        gone,           ///< the sink asks never to be called again
    };
    Kind kind = Kind::retry;
    /// The least time until the next attempt, where the sink named one.
    std::optional<std::chrono::milliseconds> wait = std::nullopt;
    /// Why, for people: no secrets, no control characters, bounded. Empty when taken.
    std::string detail = {};
};
std::string_view to_string(Outcome::Kind kind);

struct Limits {
    unsigned lanes = 1;    ///< attempts at the same time
    unsigned max_rps = 0;  ///< attempts in `rate_period`; 0: no limit
    std::chrono::seconds rate_period{1};
    /// No wait that the sink did not ask for is longer. A disk that was full is looked at sooner
    /// than a server that was down, for nobody is bothered by it.
    std::chrono::milliseconds longest_wait = std::chrono::minutes{30};
    std::chrono::seconds maintain_every = std::chrono::hours{1};
};

/// Where alerts go. `deliver` makes one attempt and throws nothing; it blocks for a bounded time
/// and is called by up to `limits().lanes` threads at once. The other members are safe from any
/// thread.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    virtual const std::string& name() const = 0;
    virtual Limits limits() const = 0;
    /// `now` is the time of this attempt by the wall clock.
    virtual Outcome deliver(const Message& message, std::chrono::sys_seconds now) = 0;
    /// Whether several alerts can be told in one message.
    virtual bool takes_groups() const { return false; }
    /// As `deliver`; only for sinks that take groups.
    virtual Outcome deliver_group(const Group& group, std::chrono::sys_seconds now);
    /// Makes attempts in progress and all later ones end soon with `retry`.
    virtual void cancel() {}
    /// Hears what came of an attempt that is not one at a message; false: make no more now.
    using Report = std::function<bool(const Outcome&)>;
    /// Housekeeping, called every `limits().maintain_every` by one of the threads that deliver,
    /// between two attempts; of a sink that `keeps_alive` only while it is worth attempts.
    virtual void maintain(std::chrono::sys_seconds /*now*/, const Report& /*report*/) {}
    /// Whether the sink must go on telling of alerts that it has taken and that still fire, which
    /// `maintain` does.
    virtual bool keeps_alive() const { return false; }
    /// The newest message taken of each such alert, once before the first attempt.
    virtual void restore(std::span<const Message> /*standing*/) {}
};

}  // namespace plimsoll::sinks
