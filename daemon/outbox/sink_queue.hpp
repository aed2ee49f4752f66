#pragma once

#include "abi/expected.hpp"
#include "daemon/outbox/circuit.hpp"
#include "daemon/outbox/clock.hpp"
#include "daemon/outbox/events.hpp"
#include "daemon/outbox/rate_bucket.hpp"
#include "daemon/outbox/verdict.hpp"
#include "daemon/outbox/wall_guard.hpp"
#include "daemon/sinks/sink.hpp"
#include "daemon/store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace plimsoll::outbox {

/// Waits before the store is asked again after it failed.
inline constexpr std::chrono::milliseconds kFirstStoreWait{1000};
inline constexpr std::chrono::milliseconds kLongestStoreWait{30'000};

/// One message to be attempted now. Whoever has it hands it back by `finish` or `release`.
struct Job {
    store::DueMessage row;
    bool is_probe = false;
    /// Unix milliseconds, by a clock that nobody sets: for what the store remembers of the attempt.
    std::int64_t noted_ms = 0;
    /// Those that are told with it, itself among them, in their order; empty: it is told alone.
    std::vector<store::DueMessage> members;

    store::Ids ids() const;
    /// Calls `use` with each of the ids. Allocates nothing.
    template <class Use>
    void for_each_id(const Use& use) const {
        if (members.empty()) use(row.alert.id);
        for (const store::DueMessage& member : members) use(member.alert.id);
    }
};

/// A message that was given up.
struct Death {
    std::string id;
    std::string reason;
    std::string error;
};

/// Decides what one sink does next. The store knows what is owed; this knows what cannot be on
/// disk: what is under way, the waits by the steady clock, the circuit, the rate. Never blocks but
/// in the store. Not safe for concurrent use.
class SinkQueue {
  public:
    /// `store` must outlive this. `takes_groups`: messages of a group are handed out together.
    SinkQueue(store::Store& store, std::string sink, sinks::Limits limits, bool takes_groups,
              std::uint64_t seed);

    struct Step {
        std::optional<Job> job;
        SteadyTime wait_until;  ///< when to ask again, where there is no job
    };
    Step next(const Instant& now);
    /// Whether more messages are at hand, so that another lane could start.
    bool has_more() const { return !batch_.empty(); }
    /// Something was committed: look at the store again before the messages at hand.
    void look_again() { batch_.clear(); }
    /// The operator asks for it: what waits by its backoff, or because the sink named a time, waits
    /// no longer, where the store agrees.
    void forget_waits() {
        batch_.clear();
        for (auto& [id, memory] : memories_) memory.wait_until = {};
    }

    /// What becomes of the message. Updates circuit and rate at once; the message stays under way
    /// until `finish`.
    Verdict decide(const Job& job, const sinks::Outcome& outcome, const Instant& now);
    /// Whether the sink may be told again now of what stands; where its circuit is open, this is
    /// the probe. Ends by `abandon_upkeep`, or when its first outcome is noted.
    struct Upkeep {
        bool is_allowed = false;
        bool is_probe = false;
    };
    Upkeep begin_upkeep(const Instant& now);
    void note_upkeep(bool is_probe, const sinks::Outcome& outcome, const Instant& now) {
        note(is_probe, outcome, now);
        is_upkeep_owed_ = outcome.kind != sinks::Outcome::Kind::ok;
    }
    /// Nothing was sent.
    void abandon_upkeep(bool is_probe) { circuit_.abandoned(is_probe); }
    /// The verdict is on disk.
    void finish(const Job& job, const Verdict& verdict, const Instant& now);
    /// No attempt was made, or none whose outcome counts. Allocates nothing.
    void release(const Job& job);
    /// As `finish` for messages that are sent one by one from now on.
    void dissolved(const Job& job);
    /// The store failed; it is left alone for a while, 1 s first and up to 30 s.
    void store_failed(const store::StoreError& error, const Instant& now);

    bool has_deaths() const { return !deaths_.empty(); }
    /// Deaths since the last call.
    std::vector<Death> take_deaths() { return std::exchange(deaths_, {}); }
    const Circuit& circuit() const { return circuit_; }
    /// Since when attempts are made and nothing is taken, whatever the circuit makes of the
    /// answers: one that asks for patience for ever is never open.
    std::optional<SteadyTime> nothing_since() const { return nothing_since_; }
    void enable() {
        circuit_.enable();
        nothing_since_.reset();
    }
    void disable(const Instant& now) { circuit_.disable(now.steady); }
    /// All but what the store knows, and how long.
    SinkStatus status() const;

  private:
    /// What is remembered of a message between two of its attempts.
    struct Memory {
        SteadyTime wait_until{};
        bool is_asked_for = false;  ///< the sink named the wait
        unsigned refusals = 0;
    };
    struct Candidate {
        store::DueMessage row;
        bool is_early = false;  ///< its backoff is not over, but moot
    };
    using StoreResult = Expected<void, store::StoreError>;

    Step bury_all(const Instant& now);
    Expected<std::optional<Job>, store::StoreError> pick(const Instant& now, bool is_probe);
    StoreResult fetch(const Instant& now);
    StoreResult fetch_early(const Instant& now);
    bool is_usable(const Candidate& candidate, const Instant& now) const;
    bool is_expired(const store::DueMessage& row) const;
    /// The job with all that belong to it; none when one of them is under way. Those that have
    /// expired are buried before, and belong to it no more.
    Expected<std::optional<Job>, store::StoreError> gathered(store::DueMessage row,
                                                             const Instant& now);
    void begin(const Job& job);
    StoreResult bury(const store::DueMessage& row, const std::string& reason, const Instant& now);
    Step after_store_error(const store::StoreError& error, const Instant& now);
    void take_in(std::vector<store::DueMessage> rows, bool is_early, const Instant& now);
    void note(bool is_probe, const sinks::Outcome& outcome, const Instant& now);
    void tell_circuit(bool is_probe, sinks::Outcome::Kind kind, const Instant& now);
    Step idle(const Instant& now);
    void forget_old(const Instant& now);

    store::Store& store_;
    const std::string sink_;
    const milliseconds longest_wait_;
    const bool takes_groups_;
    WallGuard guard_;
    Circuit circuit_;
    RateBucket bucket_;
    std::mt19937_64 random_;
    std::deque<Candidate> batch_;  // heads at hand, in the order of the store
    std::unordered_set<std::string> under_way_;
    std::unordered_map<std::string, Memory> memories_;
    std::optional<SteadyTime> nothing_since_;
    bool is_upkeep_owed_ = false;  // what stands was told again last, and not taken
    bool is_draining_ = false;     // the sink is back: backoffs of before are moot
    milliseconds store_wait_{0};   // 0: the store works
    SteadyTime store_until_{};     // it is left alone until then
    std::vector<Death> deaths_;
    SinkStatus status_;
};

}  // namespace plimsoll::outbox
