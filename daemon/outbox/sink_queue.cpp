#include "daemon/outbox/sink_queue.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace plimsoll::outbox {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kBatch = 64;
/// Longer than any backoff.
constexpr milliseconds kHorizon = minutes{31};
/// Nothing is trusted to wake us for longer than this.
constexpr milliseconds kLongestIdle = minutes{1};
/// While messages are under way the store cannot tell when the next one is due.
constexpr milliseconds kShortIdle = seconds{1};
constexpr std::size_t kManyMemories = 4096;
/// Alerts in one message; a message lists some of them and counts the rest.
constexpr std::size_t kMostMembers = 1000;

}  // namespace

store::Ids Job::ids() const {
    if (members.empty()) return {row.alert.id};
    store::Ids out;
    for (const store::DueMessage& member : members) out.push_back(member.alert.id);
    return out;
}

SinkQueue::SinkQueue(store::Store& store, std::string sink, sinks::Limits limits, bool takes_groups,
                     std::uint64_t seed)
    : store_(store),
      sink_(std::move(sink)),
      longest_wait_(limits.longest_wait),
      takes_groups_(takes_groups),
      circuit_(limits.longest_wait),
      bucket_(limits.max_rps, limits.rate_period),
      random_(seed) {
    status_.name = sink_;
}

SinkQueue::Step SinkQueue::next(const Instant& now) {
    guard_.look(now);
    if (circuit_.state() == Circuit::State::disabled) {
        return store_until_ > now.steady ? Step{std::nullopt, store_until_} : bury_all(now);
    }
    const auto gate = circuit_.next_attempt();
    if (!gate) return {std::nullopt, now.steady + kLongestIdle};
    const SteadyTime ready = std::max({*gate, bucket_.ready_at(now.steady), store_until_});
    if (ready > now.steady) return {std::nullopt, ready};

    auto picked = pick(now, circuit_.state() == Circuit::State::open);
    if (!picked) return after_store_error(picked.error(), now);
    store_wait_ = {};
    if (!*picked) return idle(now);
    Job job = std::move(**picked);
    begin(job);
    if (!job.members.empty()) batch_.clear();  // most of them are members of this one
    job.is_probe = circuit_.begin_attempt();
    bucket_.take(now.steady);
    return {std::move(job), now.steady};
}

/// All of them or, out of memory, none.
void SinkQueue::begin(const Job& job) {
    try {
        job.for_each_id([&](const std::string& id) { under_way_.insert(id); });
    } catch (const std::bad_alloc&) {
        job.for_each_id([&](const std::string& id) { under_way_.erase(id); });
        throw;
    }
}

Expected<std::optional<Job>, store::StoreError> SinkQueue::pick(const Instant& now, bool is_probe) {
    enum class Source { at_hand, due, early };
    for (const Source source : {Source::at_hand, Source::due, Source::early}) {
        StoreResult fetched;
        if (source == Source::due) fetched = fetch(now);
        if (source == Source::early && (is_probe || is_draining_)) fetched = fetch_early(now);
        if (!fetched) return Unexpected<store::StoreError>{fetched.error()};
        while (!batch_.empty()) {
            Candidate candidate = std::move(batch_.front());
            batch_.pop_front();
            if (!is_usable(candidate, now)) continue;
            if (is_expired(candidate.row)) {
                auto buried = bury(candidate.row, "expired", now);
                if (!buried) return Unexpected<store::StoreError>{buried.error()};
                continue;
            }
            auto job = gathered(std::move(candidate.row), now);
            if (!job || *job) return job;
        }
    }
    is_draining_ = false;
    return std::nullopt;
}

Expected<std::optional<Job>, store::StoreError> SinkQueue::gathered(store::DueMessage row,
                                                                    const Instant& now) {
    Job job{std::move(row), false, guard_.undisturbed_ms(), {}};
    if (!takes_groups_ || job.row.group.empty()) return job;
    auto members = store_.group_of(sink_, job.row.alert.id, kMostMembers);
    if (!members) return Unexpected<store::StoreError>{members.error()};
    const bool is_free =
        !members->empty() && std::none_of(members->begin(), members->end(), [&](const auto& one) {
            return under_way_.contains(one.alert.id);
        });
    if (!is_free) return std::nullopt;
    bool has_buried = false;
    for (const store::DueMessage& one : *members) {
        if (!is_expired(one)) continue;
        auto buried = bury(one, "expired", now);
        if (!buried) return Unexpected<store::StoreError>{buried.error()};
        has_buried = true;
    }
    if (has_buried) return gathered(std::move(job.row), now);
    job.members = std::move(*members);
    return job;
}

SinkQueue::StoreResult SinkQueue::fetch(const Instant& now) {
    forget_old(now);
    // What is under way or waits by the steady clock may be due by the store's measure; it must not
    // fill the list.
    const std::size_t limit = kBatch + under_way_.size() + memories_.size();
    auto rows = store_.due(sink_, guard_.due_ms(), limit);
    if (!rows) return Unexpected<store::StoreError>{rows.error()};
    take_in(std::move(*rows), false, now);
    return {};
}

SinkQueue::StoreResult SinkQueue::fetch_early(const Instant& now) {
    const std::size_t limit = kBatch + under_way_.size() + memories_.size();
    auto rows = store_.due(sink_, guard_.due_ms() + kHorizon.count(), limit);
    if (!rows) return Unexpected<store::StoreError>{rows.error()};
    // One that was never attempted waits for another reason than a backoff.
    std::erase_if(*rows, [](const store::DueMessage& row) { return row.attempts == 0; });
    take_in(std::move(*rows), true, now);
    return {};
}

void SinkQueue::take_in(std::vector<store::DueMessage> rows, bool is_early, const Instant& now) {
    for (store::DueMessage& row : rows) {
        Candidate candidate{std::move(row), is_early};
        if (is_usable(candidate, now)) batch_.push_back(std::move(candidate));
    }
}

bool SinkQueue::is_usable(const Candidate& candidate, const Instant& now) const {
    const std::string& id = candidate.row.alert.id;
    if (under_way_.contains(id)) return false;
    const auto memory = memories_.find(id);
    if (memory == memories_.end() || memory->second.wait_until <= now.steady) return true;
    return candidate.is_early && !memory->second.is_asked_for;
}

bool SinkQueue::is_expired(const store::DueMessage& row) const {
    return row.expires_ms > 0 && row.expires_ms <= guard_.expiry_ms();
}

SinkQueue::StoreResult SinkQueue::bury(const store::DueMessage& row, const std::string& reason,
                                       const Instant& now) {
    const std::string& id = row.alert.id;
    const std::string error = reason == "expired" ? status_.last_error : std::string();
    auto marked = store_.mark_dead(sink_, {id}, now.wall_ms, reason, error);
    if (!marked && marked.error().kind == store::StoreFault::misuse)
        return {};  // not owed any more
    if (!marked) return marked;
    memories_.erase(id);
    deaths_.push_back({id, reason, error});
    ++status_.dead;
    return {};
}

SinkQueue::Step SinkQueue::bury_all(const Instant& now) {
    batch_.clear();
    const auto rows =
        store_.due(sink_, std::numeric_limits<std::int64_t>::max(), kBatch + under_way_.size());
    if (!rows) return after_store_error(rows.error(), now);
    bool has_buried = false;
    for (const store::DueMessage& row : *rows) {
        if (under_way_.contains(row.alert.id)) continue;
        if (auto buried = bury(row, "gone", now); !buried)
            return after_store_error(buried.error(), now);
        has_buried = true;
    }
    store_wait_ = {};
    return {std::nullopt, has_buried ? now.steady : now.steady + kLongestIdle};
}

SinkQueue::Step SinkQueue::after_store_error(const store::StoreError& error, const Instant& now) {
    store_failed(error, now);
    return {std::nullopt, store_until_};
}

void SinkQueue::store_failed(const store::StoreError& error, const Instant& now) {
    store_wait_ = std::clamp(2 * store_wait_, kFirstStoreWait, kLongestStoreWait);
    store_until_ = now.steady + store_wait_;
    status_.last_error = error.message;
    status_.last_error_ms = now.wall_ms;
}

SinkQueue::Step SinkQueue::idle(const Instant& now) {
    const auto due = store_.next_due_ms(sink_);
    if (!due) return after_store_error(due.error(), now);
    // What was not taken was dropped, or is too old: nobody asks the sink for anything.
    if (!*due && under_way_.empty() && !is_upkeep_owed_) nothing_since_.reset();
    SteadyTime until = now.steady + kLongestIdle;
    if (!under_way_.empty()) until = now.steady + kShortIdle;
    for (const auto& [id, memory] : memories_) {
        if (memory.wait_until > now.steady) until = std::min(until, memory.wait_until);
    }
    if (*due && **due > guard_.due_ms()) {
        const milliseconds left{std::min(**due - guard_.due_ms(), kLongestIdle.count())};
        until = std::min(until, now.steady + left);
    } else if (*due) {
        until = std::min(until, now.steady + kShortIdle);
    }
    return {std::nullopt, until};
}

void SinkQueue::forget_old(const Instant& now) {
    if (memories_.size() < kManyMemories) return;  // of messages that others took off the queue
    std::erase_if(memories_, [&](const auto& entry) {
        return entry.second.wait_until + std::chrono::hours{1} < now.steady;
    });
}

Verdict SinkQueue::decide(const Job& job, const sinks::Outcome& outcome, const Instant& now) {
    guard_.look(now);
    const std::int64_t wall = guard_.expiry_ms();
    Memory& memory = memories_[job.row.alert.id];
    AttemptState state;
    state.attempt = job.row.attempts + 1;
    state.refusals = memory.refusals;
    if (job.row.first_try_ms > 0) {
        state.failing_for = milliseconds{std::max<std::int64_t>(0, wall - job.row.first_try_ms)};
    }
    if (job.row.expires_ms > 0) state.left = milliseconds{job.row.expires_ms - wall};
    state.jitter_permille = 500 + static_cast<unsigned>(random_() % 501);
    state.longest_wait = longest_wait_;

    if (outcome.kind == sinks::Outcome::Kind::refused) ++memory.refusals;
    note(job.is_probe, outcome, now);
    Verdict verdict = judge(outcome, state);
    // By a clock that is set forward only now it would wait until the clock is there again.
    verdict.not_before_ms = wall + verdict.wait.count();
    return verdict;
}

SinkQueue::Upkeep SinkQueue::begin_upkeep(const Instant& now) {
    const auto gate = circuit_.next_attempt();
    if (!gate || *gate > now.steady) return {};
    return {true, circuit_.begin_attempt()};
}

void SinkQueue::note(bool is_probe, const sinks::Outcome& outcome, const Instant& now) {
    tell_circuit(is_probe, outcome.kind, now);
    ++status_.attempts;
    if (outcome.kind == sinks::Outcome::Kind::ok) {
        status_.last_ok_ms = now.wall_ms;
        nothing_since_.reset();
    } else {
        // One that refuses a message may well take the next.
        const bool is_refused = outcome.kind == sinks::Outcome::Kind::refused;
        if (!nothing_since_ && !is_refused) nothing_since_ = now.steady;
        status_.last_error = outcome.detail;
        status_.last_error_ms = now.wall_ms;
    }
}

void SinkQueue::tell_circuit(bool is_probe, sinks::Outcome::Kind kind, const Instant& now) {
    using Kind = sinks::Outcome::Kind;
    const bool was_closed = circuit_.state() == Circuit::State::closed;
    switch (kind) {
        case Kind::ok:
            circuit_.succeeded();
            break;
        case Kind::retry:
            circuit_.failed(is_probe, now.steady);
            break;
        case Kind::throttled:
            bucket_.throttled(now.steady);
            circuit_.answered();
            break;
        case Kind::refused:
            circuit_.answered();
            break;
        case Kind::misconfigured:
            circuit_.misconfigured(now.steady);
            break;
        case Kind::gone:
            circuit_.disable(now.steady);
            break;
    }
    if (!was_closed && circuit_.state() == Circuit::State::closed) is_draining_ = true;
}

void SinkQueue::finish(const Job& job, const Verdict& verdict, const Instant& now) {
    job.for_each_id([&](const std::string& id) {
        under_way_.erase(id);
        switch (verdict.kind) {
            case Verdict::Kind::done:
                ++status_.delivered;
                memories_.erase(id);
                break;
            case Verdict::Kind::dead:
                ++status_.dead;
                memories_.erase(id);
                deaths_.push_back({id, verdict.reason, verdict.error});
                break;
            case Verdict::Kind::retry:
                memories_[id].wait_until = now.steady + verdict.wait;
                memories_[id].is_asked_for = verdict.is_asked_for;
                break;
        }
    });
}

void SinkQueue::release(const Job& job) {
    job.for_each_id([&](const std::string& id) { under_way_.erase(id); });
    circuit_.abandoned(job.is_probe);
}

void SinkQueue::dissolved(const Job& job) {
    job.for_each_id([&](const std::string& id) {
        under_way_.erase(id);
        memories_.erase(id);
    });
    batch_.clear();
}

SinkStatus SinkQueue::status() const {
    SinkStatus out = status_;
    out.in_flight = static_cast<unsigned>(under_way_.size());
    out.circuit = circuit_.state();
    return out;
}

}  // namespace plimsoll::outbox
