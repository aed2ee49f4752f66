#include "daemon/outbox/pump.hpp"

#include "daemon/alerts/alert.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace plimsoll::outbox {
namespace {

constexpr milliseconds kAfterException = std::chrono::seconds{1};
/// An attempt takes a minute at most.
constexpr milliseconds kLongestAttempt = std::chrono::minutes{2};

sinks::Message message_of(const store::StoredAlert& alert) {
    return {alert.id,   alert.alert_key, alert.type,   alert.severity,        alert.at,
            alert.body, alert.signature, alert.signer, alert.typed_signature, alert.muted_by};
}

/// The id of a job's message: of one alert its own, and what it was sent under before.
std::string message_id(const std::string& sink, const Job& job) {
    if (job.members.empty()) return job.row.alert.id;
    const store::DueMessage& first = job.members.front();
    if (!first.bundle.empty()) return first.bundle;
    if (job.members.size() == 1) return first.alert.id;
    return alerts::group_id(sink, first.group, job.ids());
}

/// One alert that nobody wants must not take the others of its message with it: they are sent again
/// one by one.
bool dissolves(const Job& job, const Verdict& verdict) {
    return verdict.reason == "poison" && job.members.size() > 1;
}

std::chrono::sys_seconds seconds_of(const Instant& now) {
    return std::chrono::floor<std::chrono::seconds>(
        std::chrono::sys_time<milliseconds>{milliseconds{now.wall_ms}});
}

}  // namespace

class Pump::Held {
  public:
    Held(Pump& pump, Job job) : pump_(&pump), job_(std::move(job)) {}
    Held(Held&& other) noexcept
        : pump_(std::exchange(other.pump_, nullptr)), job_(std::move(other.job_)) {}
    Held& operator=(Held&& other) noexcept {
        give_back();
        pump_ = std::exchange(other.pump_, nullptr);
        job_ = std::move(other.job_);
        return *this;
    }
    ~Held() { give_back(); }

    const Job& job() const { return job_; }
    void settled() { pump_ = nullptr; }
    /// `error`: of the store, which kept it from being sent. Once given back it is nobody's here.
    void give_back(const store::StoreError* error = nullptr) {
        if (Pump* pump = std::exchange(pump_, nullptr)) pump->give_back(job_, error);
    }

  private:
    Pump* pump_;
    Job job_;
};

Pump::Pump(store::Store& store, std::unique_ptr<sinks::Sink> sink, Clock& clock, Observer& observer,
           std::uint64_t seed, pulse::Pulses* pulses)
    : store_(store),
      sink_(std::move(sink)),
      clock_(clock),
      observer_(observer),
      pulses_(pulses),
      queue_(store, sink_->name(), sink_->limits(), sink_->takes_groups(), seed) {
    status_.name = sink_->name();
}

Pump::~Pump() {
    begin_stop();
    await_attempts(std::chrono::steady_clock::now());
    join();
}

void Pump::start() {
    restore();
    const std::lock_guard lock(mutex_);
    if (lanes_.empty() && !is_stopping_) start_lane();
}

/// Without it the sink tells less often than it should; that keeps nothing from starting.
void Pump::restore() {
    if (!sink_->keeps_alive()) return;
    const auto standing = store_.standing(name());
    if (!standing) {
        spdlog::warn("sink {}: cannot tell which alerts it was told of: {}", name(),
                     standing.error().message);
        return;
    }
    std::vector<sinks::Message> messages;
    for (const store::StoredAlert& alert : *standing) messages.push_back(message_of(alert));
    sink_->restore(messages);
}

void Pump::start_lane() {
    lanes_.emplace_back([this] { run_lane(); });
    ++live_lanes_;
}

void Pump::wake() {
    is_woken_ = true;
    signal_.raise();
}

void Pump::begin_stop() {
    is_stopping_ = true;
    signal_.close();
}

bool Pump::await_attempts(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (lane_ended_.wait_until(lock, deadline, [this] { return live_lanes_ == 0; })) return true;
    is_cancelled_ = true;
    sink_->cancel();
    return false;
}

void Pump::join() {
    std::vector<std::thread> lanes;
    {
        const std::lock_guard lock(mutex_);
        lanes = std::exchange(lanes_, {});
    }
    for (std::thread& lane : lanes) lane.join();
}

void Pump::enable() {
    {
        const std::lock_guard lock(mutex_);
        queue_.enable();
        queue_.forget_waits();
        maintain_soon();
        publish();
    }
    signal_.raise();
}

void Pump::hurry() {
    {
        const std::lock_guard lock(mutex_);
        queue_.forget_waits();
        maintain_soon();
    }
    wake();
}

void Pump::disable() {
    {
        const std::lock_guard lock(mutex_);
        queue_.disable(clock_.now());
        publish();
    }
    signal_.raise();
}

SinkStatus Pump::status() const {
    const SteadyTime now = clock_.now().steady;
    const std::lock_guard lock(status_mutex_);
    SinkStatus out = status_;
    const auto how_long = [now](const std::optional<SteadyTime>& since) {
        return std::chrono::duration_cast<milliseconds>(now - since.value_or(now));
    };
    out.open_for = how_long(open_since_);
    out.took_nothing_for = how_long(nothing_since_);
    return out;
}

/// With `mutex_` held.
void Pump::publish() {
    try {
        const std::lock_guard lock(status_mutex_);
        status_ = queue_.status();
        open_since_ = queue_.circuit().open_since();
        nothing_since_ = queue_.nothing_since();
    } catch (const std::bad_alloc&) {  // the status of before is good enough
    }
}

void Pump::run_lane() {
    const pulse::Pulse pulse =
        pulses_ == nullptr ? pulse::Pulse() : pulses_->begin("sink " + name(), kLongestAttempt);
    while (!is_stopping_) {
        const std::uint64_t seen = signal_.count();
        pulse.beat();
        try {
            work_once(seen, pulse);
        } catch (const std::exception& error) {  // out of memory: the thread must live on
            spdlog::error("sink {}: {}", name(), error.what());
            signal_.wait(clock_, seen, clock_.now().steady + kAfterException);
        }
    }
    const std::lock_guard lock(mutex_);
    --live_lanes_;
    lane_ended_.notify_all();
}

void Pump::work_once(std::uint64_t seen, const pulse::Pulse& pulse) {
    Step step = take_step();
    std::optional<Held> held;
    if (step.next.job) held.emplace(*this, std::move(*step.next.job));
    report_deaths();
    if (step.is_time_to_maintain) {
        maintain(step);
        pulse.beat();
        if (held && !held->job().is_probe && !is_closed()) held.reset();
    }
    if (held) return attempt(std::move(*held), pulse);
    const auto pause = std::max(SteadyTime::duration{0}, step.next.wait_until - step.now.steady);
    pulse.beat_before(std::chrono::duration_cast<milliseconds>(pause));
    ++idle_lanes_;
    signal_.wait(clock_, seen, step.next.wait_until);
    --idle_lanes_;
}

Pump::Step Pump::take_step() {
    const std::lock_guard lock(mutex_);
    Step step;
    step.now = clock_.now();
    if (is_woken_.exchange(false)) queue_.look_again();
    step.next = queue_.next(step.now);
    if (step.next.job && queue_.has_more()) invite_lane();
    if (step.now.steady >= next_maintenance_) begin_maintenance(step);
    step.next.wait_until = std::min(step.next.wait_until, next_maintenance_);
    publish();
    return step;
}

/// With `mutex_` held. What is told again keeps to the circuit, as messages do; files are looked
/// after whatever the circuit is.
void Pump::begin_maintenance(Step& step) {
    next_maintenance_ = step.now.steady + sink_->limits().maintain_every;
    step.is_time_to_maintain = true;
    if (!sink_->keeps_alive()) return;
    const auto [is_allowed, is_probe] = queue_.begin_upkeep(step.now);
    step.is_time_to_maintain = is_allowed;
    step.is_probe = is_probe;
    const auto gate = queue_.circuit().next_attempt();
    if (!is_allowed && gate) next_maintenance_ = std::min(next_maintenance_, *gate);
}

/// With `mutex_` held. A sink that is back may have forgotten what stands.
void Pump::maintain_soon() {
    if (sink_->keeps_alive()) next_maintenance_ = SteadyTime::min();
}

/// What an attempt says of the sink. `note`: tells the queue, with `mutex_` held.
template <class Note>
void Pump::heed(bool is_probe, const sinks::Outcome& outcome, const Note& note) {
    Circuit::State before{};
    Circuit::State after{};
    {
        const std::lock_guard lock(mutex_);
        const Instant now = clock_.now();
        before = is_probe ? Circuit::State::open : queue_.circuit().state();
        note(now);
        after = queue_.circuit().state();
        publish();
    }
    if (is_probe || before != after) signal_.raise();  // others may begin now
    if (before != after) report_circuit(after, outcome.detail);
}

void Pump::maintain(const Step& step) {
    bool is_probe = step.is_probe;
    SteadyTime begin = clock_.now().steady;
    const auto report = [&](const sinks::Outcome& outcome) {
        if (is_cancelled_ && outcome.kind == sinks::Outcome::Kind::retry) return false;
        const SteadyTime end = clock_.now().steady;
        const auto took = std::chrono::duration_cast<milliseconds>(end - begin);
        begin = end;
        observer_.told_again(name(), outcome, took);
        const bool was_probe = std::exchange(is_probe, false);
        heed(was_probe, outcome, [&](const Instant& now) {
            queue_.note_upkeep(was_probe, outcome, now);
            if (outcome.wait) {
                next_maintenance_ = std::max(next_maintenance_, now.steady + *outcome.wait);
            }
        });
        return !is_stopping_ && is_closed();
    };
    try {
        sink_->maintain(seconds_of(step.now), report);
    } catch (const std::exception& error) {
        spdlog::error("sink {}: {}", name(), error.what());
    }
    if (!is_probe) return;
    const std::lock_guard lock(mutex_);
    queue_.abandon_upkeep(is_probe);
    publish();
}

bool Pump::is_closed() {
    const std::lock_guard lock(mutex_);
    return queue_.circuit().state() == Circuit::State::closed;
}

/// With `mutex_` held.
void Pump::invite_lane() {
    if (idle_lanes_ > 0) {
        signal_.raise();
    } else if (lanes_.size() < sink_->limits().lanes && !is_stopping_) {
        try {
            start_lane();
        } catch (const std::exception& error) {  // no more threads: fewer lanes do it too
            spdlog::warn("sink {}: cannot start another lane: {}", name(), error.what());
        }
    }
}

void Pump::attempt(Held held, const pulse::Pulse& pulse) {
    auto message = mark_attempt(held);
    while (message) {
        const Instant begin = clock_.now();
        const sinks::Outcome outcome = deliver(*message, begin);
        if (is_cancelled_ && outcome.kind == sinks::Outcome::Kind::retry) return;
        const auto took = clock_.now().steady - begin.steady;
        observer_.attempted(name(), message->members.front(), outcome,
                            std::chrono::duration_cast<milliseconds>(took));
        const Verdict verdict = decide(held.job(), outcome);
        std::optional<Held> next;
        if (verdict.kind == Verdict::Kind::done) next = following(held.job());
        if (!next) {
            settle(held, verdict, pulse);
            return;
        }
        pulse.beat();
        message = go_on(held, verdict, *next, pulse);
        held = std::move(*next);
    }
}

/// What this lane sends next, so that it is noted together with what it sent. None: there is
/// nothing, or something else to be done before.
std::optional<Pump::Held> Pump::following(const Job& sent) {
    std::optional<Held> out;
    if (is_stopping_ || !sent.members.empty()) return out;
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.now();
    if (now.steady >= next_maintenance_ || queue_.has_deaths()) return out;
    if (is_woken_.exchange(false)) queue_.look_again();
    SinkQueue::Step step = queue_.next(now);
    if (step.job) {
        out.emplace(*this, std::move(*step.job));
        if (queue_.has_more()) invite_lane();
    }
    publish();
    return out;
}

/// Notes what became of `sent`, and the attempt at `next`. None: that one is not to be sent.
std::optional<sinks::Group> Pump::go_on(Held& sent, const Verdict& verdict, Held& next,
                                        const pulse::Pulse& pulse) {
    if (next.job().members.empty()) {
        const auto marked =
            store_.mark_done_and_attempt(name(), sent.job().ids(), clock_.now().wall_ms,
                                         next.job().row.alert.id, next.job().noted_ms);
        if (marked) finish(sent, verdict);
        if (marked && *marked) return message_alone(next.job());
        if (marked) return std::nullopt;
    }
    if (!settle(sent, verdict, pulse)) return std::nullopt;
    return mark_attempt(next);
}

sinks::Group Pump::message_alone(const Job& job) const {
    sinks::Group out;
    out.id = message_id(name(), job);
    out.members.push_back(message_of(job.row.alert));
    return out;
}

/// Durable before the first byte. None: nothing is to be sent, and the job is given back.
std::optional<sinks::Group> Pump::mark_attempt(Held& held) {
    const Job& job = held.job();
    if (job.members.empty()) {
        sinks::Group out = message_alone(job);
        const auto marked = store_.mark_attempt(name(), job.row.alert.id, job.noted_ms);
        if (marked && *marked) return out;
        held.give_back(marked ? nullptr : &marked.error());
        return std::nullopt;
    }
    sinks::Group out;
    out.id = message_id(name(), job);
    auto marked = store_.mark_bundle(name(), job.ids(), out.id, job.noted_ms);
    if (!marked || !*marked) {
        held.give_back(marked ? nullptr : &marked.error());
        return std::nullopt;
    }
    out.key = (*marked)->lead;
    out.open = (*marked)->open;
    for (const store::DueMessage& member : job.members) {
        out.members.push_back(message_of(member.alert));
    }
    return out;
}

sinks::Outcome Pump::deliver(const sinks::Group& group, const Instant& now) {
    try {
        if (group.key.empty()) return sink_->deliver(group.members.front(), seconds_of(now));
        return sink_->deliver_group(group, seconds_of(now));
    } catch (const std::exception& error) {
        return {sinks::Outcome::Kind::retry, std::nullopt, error.what()};
    }
}

Verdict Pump::decide(const Job& job, const sinks::Outcome& outcome) {
    Verdict verdict;
    heed(job.is_probe, outcome, [&](const Instant& now) {
        const bool was_open = job.is_probe || queue_.circuit().state() != Circuit::State::closed;
        verdict = queue_.decide(job, outcome, now);
        if (was_open && queue_.circuit().state() == Circuit::State::closed) maintain_soon();
    });
    return verdict;
}

/// False: the daemon stops, and the store did not take it.
bool Pump::settle(Held& sent, const Verdict& verdict, const pulse::Pulse& pulse) {
    if (!persist(sent.job(), verdict, pulse)) {
        sent.give_back();
        return false;
    }
    finish(sent, verdict);
    return true;
}

/// What became of it is on disk.
void Pump::finish(Held& sent, const Verdict& verdict) {
    const std::lock_guard lock(mutex_);
    if (dissolves(sent.job(), verdict)) {
        queue_.dissolved(sent.job());
    } else {
        queue_.finish(sent.job(), verdict, clock_.now());
    }
    sent.settled();
    publish();
}

/// Until the store takes it, or the daemon stops: what was delivered is never forgotten lightly.
bool Pump::persist(const Job& job, const Verdict& verdict, const pulse::Pulse& pulse) {
    for (milliseconds wait = kFirstStoreWait;; wait = std::min(2 * wait, kLongestStoreWait)) {
        const std::uint64_t seen = signal_.count();
        const auto marked = mark(job, verdict);
        if (marked || marked.error().kind == store::StoreFault::misuse) return true;
        const Instant now = clock_.now();
        {
            const std::lock_guard lock(mutex_);
            queue_.store_failed(marked.error(), now);
            publish();
        }
        if (is_stopping_) return false;
        pulse.beat_before(wait);
        signal_.wait(clock_, seen, now.steady + wait);
    }
}

Expected<void, store::StoreError> Pump::mark(const Job& job, const Verdict& verdict) {
    const store::Ids ids = job.ids();
    const std::int64_t now_ms = clock_.now().wall_ms;
    if (dissolves(job, verdict)) return store_.dissolve(name(), ids);
    switch (verdict.kind) {
        case Verdict::Kind::done:
            return store_.mark_done(name(), ids, now_ms);
        case Verdict::Kind::dead:
            return store_.mark_dead(name(), ids, now_ms, verdict.reason, verdict.error);
        case Verdict::Kind::retry:
            break;
    }
    return store_.mark_retry(name(), ids, verdict.not_before_ms, verdict.error);
}

void Pump::give_back(const Job& job, const store::StoreError* error) {
    const std::lock_guard lock(mutex_);
    queue_.release(job);
    if (error != nullptr) queue_.store_failed(*error, clock_.now());
    publish();
}

void Pump::report_deaths() {
    std::vector<Death> deaths;
    {
        const std::lock_guard lock(mutex_);
        deaths = queue_.take_deaths();
    }
    if (deaths.empty()) return;
    const Death& first = deaths.front();
    spdlog::error("sink {}: gave up {} message(s), the first is {} ({}): {}", name(), deaths.size(),
                  first.id, first.reason, first.error);
    for (const Death& death : deaths) {
        observer_.died(name(), death.id, death.reason, death.error);
    }
}

void Pump::report_circuit(Circuit::State state, const std::string& error) {
    switch (state) {
        case Circuit::State::closed:
            spdlog::info("sink {}: works again", name());
            break;
        case Circuit::State::disabled:
            spdlog::error("sink {}: disabled, it answers that it is gone: {}", name(), error);
            break;
        case Circuit::State::open:
        case Circuit::State::probing:
            spdlog::warn("sink {}: down, messages wait: {}", name(), error);
            break;
    }
    observer_.circuit_changed(name(), state, error);
}

}  // namespace plimsoll::outbox
