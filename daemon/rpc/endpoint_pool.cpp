#include "daemon/rpc/endpoint_pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

/// Which of several endpoints' errors says most about what the caller can do: the lower the more.
int rank(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::cancelled:
            return 0;
        case ErrorKind::lag_or_reorg:
            return 1;
        case ErrorKind::split:
        case ErrorKind::missing_state:
            return 2;
        case ErrorKind::rate:
        case ErrorKind::quota:
            return 3;
        case ErrorKind::no_endpoint:
            return 6;
        case ErrorKind::wrong_chain:
        case ErrorKind::unpinned:
        case ErrorKind::auth:
        case ErrorKind::unsupported:
        case ErrorKind::bad_request:
            return 5;
        default:
            return 4;
    }
}

bool is_answer(ErrorKind kind) {
    return kind == ErrorKind::execution || kind == ErrorKind::cancelled;
}

}  // namespace

EndpointPool::EndpointPool(std::vector<EndpointSettings> endpoints, const Services& services,
                           Check check, const PoolOptions& options)
    : services_(services), check_(std::move(check)), options_(options) {
    for (EndpointSettings& settings : endpoints) {
        endpoints_.push_back(std::make_unique<Endpoint>(endpoints_.size(), std::move(settings),
                                                        services_, options_.poll_every));
    }
}

std::vector<std::size_t> EndpointPool::in_order() const {
    std::vector<std::size_t> order;
    if (current_) order.push_back(*current_);
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (i != current_) order.push_back(i);
    }
    return order;
}

Expected<void, RpcError> EndpointPool::ensure_checked(Endpoint& endpoint, Clock::Time deadline) {
    if (!endpoint.health().needs_check(services_.clock.now())) return {};
    auto checked = check_(endpoint, deadline);
    if (checked) endpoint.health().checked(services_.clock.now());
    return checked;
}

Endpoint* EndpointPool::other_than(std::size_t index, Use use) {
    const Clock::Time now = services_.clock.now();
    for (const auto& endpoint : endpoints_) {
        if (endpoint->index() != index && endpoint->health().is_usable(use, now)) {
            return endpoint.get();
        }
    }
    return nullptr;
}

void EndpointPool::prefer(Clock::Time deadline, std::uint64_t min_head) {
    if (!current_) return;
    const Clock::Time now = services_.clock.now();
    for (std::size_t i = 0; i < *current_; ++i) {
        Endpoint& endpoint = *endpoints_[i];
        if (!endpoint.health().is_usable(Use::head, now)) continue;
        endpoint.health().tried(now);
        endpoint.health().forget_check();
        if (auto checked = ensure_checked(endpoint, std::min(deadline, now + 5s)); !checked) {
            endpoint.failed(checked.error());
            // One failure does not open a breaker that is closed; do not ask again every round.
            endpoint.health().set_lagging(now + 60s);
            continue;
        }
        endpoint.answered();
        if (endpoint.head().value_or(0) < min_head) {
            endpoint.health().set_lagging(now + 60s);
            continue;
        }
        spdlog::info("{}: preferred again", endpoint.alias());
        current_ = i;
        return;
    }
}

Clock::Duration EndpointPool::time_for(std::uint64_t requests) const {
    Clock::Duration longest{};
    for (const auto& endpoint : endpoints_) {
        longest = std::max(longest, endpoint->time_for(requests));
    }
    return longest;
}

std::vector<EndpointReport> EndpointPool::reports() const {
    std::vector<EndpointReport> out;
    for (const auto& endpoint : endpoints_) out.push_back(endpoint->report());
    return out;
}

std::uint64_t EndpointPool::requests() const {
    std::uint64_t sum = 0;
    for (const auto& endpoint : endpoints_) sum += endpoint->requests();
    return sum;
}

EndpointPool::Attempts::Attempts(EndpointPool& pool, const RunOptions& options)
    : pool_(pool),
      options_(options),
      standings_(pool.size(), Standing::fresh),
      tries_of_(pool.size(), 0),
      errors_(pool.size()) {
    const std::uint64_t requests = pool_.requests();
    pool_.budget_.sent(pool_.services_.clock.now(), requests - pool_.budgeted_requests_);
    pool_.budgeted_requests_ = requests;
}

bool EndpointPool::Attempts::wait(Clock::Duration duration) {
    Clock& clock = pool_.services_.clock;
    if (clock.now() + duration >= options_.deadline) return false;
    clock.wait(duration, pool_.services_.stop);
    return !pool_.services_.stop.stop_requested();
}

/// The endpoint asked last before others; then whoever works, in order of preference; and when
/// nobody does, whoever may be tried nevertheless.
Endpoint* EndpointPool::Attempts::pick() {
    const Clock::Time now = pool_.services_.clock.now();
    if (repeat_) return pool_.endpoints_[*std::exchange(repeat_, std::nullopt)].get();
    const auto order = pool_.in_order();
    for (const std::size_t index : order) {
        Endpoint& endpoint = *pool_.endpoints_[index];
        if (standings_[index] == Standing::fresh &&
            endpoint.health().is_usable(options_.use, now)) {
            return &endpoint;
        }
    }
    for (const std::size_t index : order) {
        Endpoint& endpoint = *pool_.endpoints_[index];
        if (standings_[index] == Standing::fresh && endpoint.health().is_last_resort(now)) {
            return &endpoint;
        }
    }
    return nullptr;
}

/// Nobody can be asked now: waits for an endpoint that failed in passing, or for the end of a
/// pause that a server asked for. False when that takes too long or is not worth it.
bool EndpointPool::Attempts::wait_for_someone() {
    const Clock::Time now = pool_.services_.clock.now();
    Clock::Time earliest = Clock::Time::max();
    for (std::size_t i = 0; i < standings_.size(); ++i) {
        const Clock::Time pause = pool_.endpoints_[i]->health().paused_until();
        if (standings_[i] == Standing::fresh && pause > now) earliest = std::min(earliest, pause);
    }
    const bool is_resting =
        std::find(standings_.begin(), standings_.end(), Standing::resting) != standings_.end();
    if (is_resting && pool_.budget_.take(now)) {
        const std::uint64_t random = pool_.services_.random();
        if (!wait(backoff(ErrorKind::transient, tries_, random))) return false;
        std::replace(standings_.begin(), standings_.end(), Standing::resting, Standing::fresh);
        return true;
    }
    return earliest != Clock::Time::max() && wait(earliest - now);
}

Endpoint* EndpointPool::Attempts::next() {
    const unsigned most =
        std::max(pool_.options_.max_tries, static_cast<unsigned>(pool_.endpoints_.size()));
    while (tries_ < most && !pool_.services_.stop.stop_requested()) {
        Endpoint* endpoint = pick();
        if (endpoint == nullptr) {
            if (!wait_for_someone()) return nullptr;
            continue;
        }
        ++tries_;
        ++tries_of_[endpoint->index()];
        endpoint->health().tried(pool_.services_.clock.now());
        auto checked = pool_.ensure_checked(*endpoint, options_.deadline);
        if (checked) return endpoint;
        if (!failed(*endpoint, checked.error())) return nullptr;
    }
    return nullptr;
}

void EndpointPool::Attempts::succeeded(Endpoint& endpoint) {
    endpoint.answered();
    if (options_.use == Use::head) pool_.current_ = endpoint.index();
}

bool EndpointPool::Attempts::failed(Endpoint& endpoint, const RpcError& error) {
    errors_[endpoint.index()] = error;
    if (error.kind == ErrorKind::cancelled) return false;
    RpcError told = error;
    if (options_.is_basic && !EndpointHealth::is_own_fault(error.kind)) {
        told.kind = ErrorKind::transient;
    }
    endpoint.failed(told);
    if (is_answer(error.kind)) return false;
    decide_standing(endpoint, error);
    return true;
}

void EndpointPool::Attempts::decide_standing(Endpoint& endpoint, const RpcError& error) {
    const std::size_t index = endpoint.index();
    const bool is_first = tries_of_[index] == 1;
    switch (error.kind) {
        case ErrorKind::rate:
            return;  // not usable until its pause ends
        case ErrorKind::lag_or_reorg: {
            const Clock::Duration quarter = std::clamp<Clock::Duration>(
                pool_.options_.block_time / 4, Clock::Duration(100ms), Clock::Duration(3s));
            if (is_first && wait(quarter)) {
                repeat_ = index;
            } else {
                standings_[index] = Standing::spent;
            }
            return;
        }
        case ErrorKind::unpinned:  // once more where it may have been a single call
            if (is_first &&
                endpoint.health().is_usable(options_.use, pool_.services_.clock.now()) &&
                wait(100ms)) {
                repeat_ = index;
            } else {
                standings_[index] = Standing::spent;
            }
            return;
        case ErrorKind::transient:
        case ErrorKind::timeout:
        case ErrorKind::malformed:
            standings_[index] =
                tries_of_[index] < error.max_tries ? Standing::resting : Standing::spent;
            return;
        default:
            standings_[index] = Standing::spent;
            return;
    }
}

RpcError EndpointPool::Attempts::error() const {
    RpcError out;
    out.kind = ErrorKind::no_endpoint;
    if (pool_.services_.stop.stop_requested()) {
        out.kind = ErrorKind::cancelled;
        out.message = "cancelled";
        return out;
    }
    for (const auto& error : errors_) {
        if (!error) continue;
        if (rank(error->kind) < rank(out.kind)) out.kind = error->kind;
        if (!out.message.empty()) out.message += "; ";
        out.message += error->message;
    }
    if (!out.message.empty()) return out;
    for (const EndpointReport& report : pool_.reports()) {
        if (!out.message.empty()) out.message += "; ";
        out.message += report.alias + ": " + std::string(to_string(report.state));
        if (!report.last_error.empty()) out.message += " (" + report.last_error + ")";
    }
    if (out.message.empty()) out.message = "no endpoint is configured";
    return out;
}

}  // namespace plimsoll::rpc
