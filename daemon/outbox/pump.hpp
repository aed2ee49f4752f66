#pragma once

#include "daemon/outbox/clock.hpp"
#include "daemon/outbox/events.hpp"
#include "daemon/outbox/sink_queue.hpp"
#include "daemon/pulse/pulses.hpp"
#include "daemon/sinks/sink.hpp"
#include "daemon/store/store.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::outbox {

/// Carries out what the `SinkQueue` of one sink decides, in threads of its own: one, and up to the
/// sink's number of lanes while there is enough to do. No lock is held while the sink works, so one
/// that hangs holds up nothing but its lane. Members are safe from any thread.
class Pump {
  public:
    /// `store`, `clock`, `observer` and `pulses` (where lanes beat, if given) must outlive this.
    Pump(store::Store& store, std::unique_ptr<sinks::Sink> sink, Clock& clock, Observer& observer,
         std::uint64_t seed, pulse::Pulses* pulses);
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;
    ~Pump();

    void start();
    /// Something was committed. Never blocks on a sink or on the store.
    void wake();
    /// As `Outbox::hurry`.
    void hurry();
    /// No attempt begins from now on.
    void begin_stop();
    /// Waits for attempts under way; makes the sink give up those that are not over in time. False
    /// when there were such; their messages stay queued.
    bool await_attempts(std::chrono::steady_clock::time_point deadline);
    /// Ends the threads. After `await_attempts`.
    void join();
    void enable();
    void disable();

    const std::string& name() const { return sink_->name(); }
    SinkStatus status() const;

  private:
    /// A job that is given back unless what became of it was settled.
    class Held;
    struct Step {
        SinkQueue::Step next;
        bool is_time_to_maintain = false;
        bool is_probe = false;  ///< the housekeeping is
        Instant now;
    };

    void restore();
    void run_lane();
    void work_once(std::uint64_t seen, const pulse::Pulse& pulse);
    Step take_step();
    void begin_maintenance(Step& step);
    void maintain_soon();
    void maintain(const Step& step);
    bool is_closed();
    void start_lane();
    void invite_lane();
    void attempt(Held held, const pulse::Pulse& pulse);
    std::optional<Held> following(const Job& sent);
    std::optional<sinks::Group> go_on(Held& sent, const Verdict& verdict, Held& next,
                                      const pulse::Pulse& pulse);
    std::optional<sinks::Group> mark_attempt(Held& held);
    sinks::Group message_alone(const Job& job) const;
    bool settle(Held& sent, const Verdict& verdict, const pulse::Pulse& pulse);
    void finish(Held& sent, const Verdict& verdict);
    sinks::Outcome deliver(const sinks::Group& group, const Instant& now);
    Verdict decide(const Job& job, const sinks::Outcome& outcome);
    template <class Note>
    void heed(bool is_probe, const sinks::Outcome& outcome, const Note& note);
    bool persist(const Job& job, const Verdict& verdict, const pulse::Pulse& pulse);
    Expected<void, store::StoreError> mark(const Job& job, const Verdict& verdict);
    void give_back(const Job& job, const store::StoreError* error);
    void report_deaths();
    void report_circuit(Circuit::State state, const std::string& error);
    void publish();

    store::Store& store_;
    const std::unique_ptr<sinks::Sink> sink_;
    Clock& clock_;
    Observer& observer_;
    pulse::Pulses* pulses_;
    Signal signal_;
    std::atomic<bool> is_stopping_{false};
    std::atomic<bool> is_cancelled_{false};
    std::atomic<bool> is_woken_{false};

    std::atomic<unsigned> idle_lanes_{0};

    std::mutex mutex_;  // guards the members up to `lane_ended_`; held while the store is asked
    SinkQueue queue_;
    std::vector<std::thread> lanes_;
    unsigned live_lanes_ = 0;
    SteadyTime next_maintenance_ = SteadyTime::min();
    std::condition_variable lane_ended_;

    mutable std::mutex status_mutex_;  // guards the members below; never held for long
    SinkStatus status_;
    std::optional<SteadyTime> open_since_;
    std::optional<SteadyTime> nothing_since_;
};

}  // namespace plimsoll::outbox
