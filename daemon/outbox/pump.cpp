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
        publish();
    }
    signal_.raise();
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
    if (open_since_) out.open_for = std::chrono::duration_cast<milliseconds>(now - *open_since_);
    return out;
}

/// With `mutex_` held.
void Pump::publish() {
    try {
        const std::lock_guard lock(status_mutex_);
        status_ = queue_.status();
        open_since_ = queue_.circuit().open_since();
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
    const Step step = take_step();
    try {
        report_deaths();
        if (step.is_time_to_maintain) sink_->maintain(seconds_of(step.now));
        if (step.next.job) attempt(*step.next.job, pulse);
    } catch (const std::exception&) {
        if (step.next.job) give_back(*step.next.job, nullptr);
        throw;
    }
    if (step.next.job) return;
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
    if (step.now.steady >= next_maintenance_) {
        step.is_time_to_maintain = true;
        next_maintenance_ = step.now.steady + sink_->limits().maintain_every;
    }
    step.next.wait_until = std::min(step.next.wait_until, next_maintenance_);
    publish();
    return step;
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

void Pump::attempt(const Job& job, const pulse::Pulse& pulse) {
    const Instant begin = clock_.now();
    const auto marked = mark_attempt(job);
    if (!marked) return;
    const sinks::Outcome outcome = deliver(*marked, begin);
    if (is_cancelled_ && outcome.kind == sinks::Outcome::Kind::retry) {
        give_back(job, nullptr);
        return;
    }
    const auto took = clock_.now().steady - begin.steady;
    observer_.attempted(name(), marked->members.front(), outcome,
                        std::chrono::duration_cast<milliseconds>(took));
    const Verdict verdict = decide(job, outcome);
    if (!persist(job, verdict, pulse)) {
        give_back(job, nullptr);
        return;
    }
    const std::lock_guard lock(mutex_);
    if (dissolves(job, verdict)) {
        queue_.dissolved(job);
    } else {
        queue_.finish(job, verdict, clock_.now());
    }
    publish();
}

/// Durable before the first byte. None: nothing is to be sent, and the job is given back.
std::optional<sinks::Group> Pump::mark_attempt(const Job& job) {
    sinks::Group out;
    out.id = message_id(name(), job);
    if (job.members.empty()) {
        const auto marked = store_.mark_attempt(name(), job.row.alert.id, job.noted_ms);
        if (!marked || !*marked) {
            give_back(job, marked ? nullptr : &marked.error());
            return std::nullopt;
        }
        out.members.push_back(message_of(job.row.alert));
        return out;
    }
    auto marked = store_.mark_bundle(name(), job.ids(), out.id, job.noted_ms);
    if (!marked || !*marked) {
        give_back(job, marked ? nullptr : &marked.error());
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
    Circuit::State before{};
    Circuit::State after{};
    {
        const std::lock_guard lock(mutex_);
        const Instant now = clock_.now();
        before = job.is_probe ? Circuit::State::open : queue_.circuit().state();
        verdict = queue_.decide(job, outcome, now);
        after = queue_.circuit().state();
        publish();
    }
    if (job.is_probe || before != after) signal_.raise();  // others may begin now
    if (before != after) report_circuit(after, outcome.detail);
    return verdict;
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
