#include "daemon/chain/pooled_source.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using rpc::Clock;
using rpc::Endpoint;
using rpc::ErrorKind;
using rpc::RpcError;
using rpc::Use;

constexpr std::size_t kMostMessage = 600;
constexpr std::uint64_t kMostBlocks = 1'024;
/// An endpoint so many blocks behind another is not asked about the head.
constexpr std::uint64_t kMostLag = 3;
/// Even where nothing looks wrong, heads are compared so often.
constexpr Clock::Duration kCompareEvery = 5min;
/// The other endpoint may be slow; a round does not wait for it for long.
constexpr Clock::Duration kMostTimeToCompare = 5s;
/// A head so far below the last one is a sick endpoint, not a reorganisation.
constexpr std::uint64_t kMostStepBack = 256;
/// Blocks this near to the head may not have reached a lagging endpoint.
constexpr std::uint64_t kNearHead = 256;
/// By which the deadline of a run of many requests is later.
constexpr auto kTimePerRequest = 50ms;

std::function<std::uint64_t()> default_random() {
    std::random_device seed;
    const auto high = static_cast<std::uint64_t>(seed()) << 32U;
    return [engine = std::mt19937_64(high | seed())]() mutable { return engine(); };
}

FaultKind kind_of(rpc::ErrorKind kind) {
    using rpc::ErrorKind;
    switch (kind) {
        case ErrorKind::transient:
        case ErrorKind::timeout:
            return FaultKind::transient;
        case ErrorKind::split:
        case ErrorKind::split_addresses:
        case ErrorKind::split_batch:
            return FaultKind::split;
        case ErrorKind::quota:
            return FaultKind::quota;
        case ErrorKind::rate:
            return FaultKind::rate;
        case ErrorKind::missing_state:
            return FaultKind::missing_state;
        case ErrorKind::lag_or_reorg:
            return FaultKind::lag_or_reorg;
        case ErrorKind::execution:
            return FaultKind::execution;
        case ErrorKind::unsupported:
            return FaultKind::unsupported;
        case ErrorKind::auth:
            return FaultKind::auth;
        case ErrorKind::bad_request:
            return FaultKind::bad_request;
        case ErrorKind::malformed:
        case ErrorKind::unpinned:
            return FaultKind::malformed;
        case ErrorKind::wrong_chain:
            return FaultKind::wrong_chain;
        case ErrorKind::no_endpoint:
            return FaultKind::no_endpoint;
        case ErrorKind::cancelled:
            return FaultKind::cancelled;
    }
    return FaultKind::transient;
}

}  // namespace

Unexpected<Fault> fault(FaultKind kind, std::string message) {
    return Unexpected<Fault>{Fault{kind, std::move(message)}};
}

Fault to_fault(const rpc::RpcError& error) {
    return Fault{kind_of(error.kind), error.message.substr(0, kMostMessage)};
}

EndpointStatus to_status(const rpc::EndpointReport& report) {
    using State = rpc::EndpointHealth::State;
    EndpointStatus status;
    status.alias = report.alias;
    status.up = report.state == State::ok || report.state == State::lagging;
    status.state = to_string(report.state);
    status.head = report.head;
    status.requests = report.requests;
    status.failures = report.failures;
    status.last_error = report.last_error;
    status.offers = report.offers;
    return status;
}

Machine Machine::real() {
    auto owned = std::make_unique<Owned>();
    rpc::HttpTransport& transport = *owned->transport;
    Clock& clock = owned->clock;
    return Machine{std::move(owned), transport, clock, default_random()};
}

PooledSource::PooledSource(PooledSettings settings, Machine machine)
    : settings_(std::move(settings)),
      machine_(std::move(machine)),
      pool_(
          settings_.endpoints,
          rpc::Services{machine_.transport, machine_.clock, stop_.get_token(),
                        machine_.random ? machine_.random : default_random(), settings_.observer,
                        settings_.dialect},
          [this](Endpoint& endpoint, Time until) { return check(endpoint, until); },
          rpc::PoolOptions{.block_time = settings_.block_time,
                           .poll_every = settings_.poll_every,
                           .max_tries = 4}) {}

void PooledSource::cancel() {
    stop_.request_stop();
    machine_.transport.cancel();
}

rpc::RunOptions PooledSource::about(BlockNumber number, std::size_t requests) const {
    const bool is_near = !tip_ || number + kNearHead >= tip_->number;
    const Clock::Duration extra = pool_.time_for(requests) + kTimePerRequest * requests;
    return {.use = is_near ? Use::head : Use::history, .deadline = deadline() + extra};
}

Expected<void, Fault> PooledSource::connect() {
    const auto done = pool_.run({.use = Use::head, .deadline = deadline()},
                                [](Endpoint&) -> Expected<bool, RpcError> { return true; });
    if (!done) return Unexpected<Fault>{to_fault(done.error())};
    return {};
}

Expected<BlockRef, Fault> PooledSource::head() {
    const rpc::RunOptions options{.use = Use::head, .deadline = deadline(), .is_basic = true};
    pool_.prefer(options.deadline, least_head() - std::min(least_head(), kMostLag));
    auto newest = pool_.run(options, [&](Endpoint& endpoint) -> Expected<BlockRef, RpcError> {
        return latest(endpoint, options.deadline);
    });
    if (!newest) return Unexpected<Fault>{to_fault(newest.error())};
    if (!tip_) compared_at_ = clock().now();
    if (wants_second_opinion(*newest)) compare_heads(*newest);
    if (tip_ && newest->number + kMostStepBack < tip_->number) {
        return fault(FaultKind::lag_or_reorg, settings_.name + ": the head fell from " +
                                                  std::to_string(tip_->number) + " to " +
                                                  std::to_string(newest->number));
    }
    if (!tip_ || tip_->hash != newest->hash) tip_changed_at_ = clock().now();
    tip_ = *newest;
    return *newest;
}

/// A head below what is known, and one that has not moved for long, may be this endpoint's alone;
/// and one that moves may do so far behind all others.
bool PooledSource::wants_second_opinion(const BlockRef& head) const {
    if (head.number < least_head()) return true;
    if (!tip_) return false;
    const Clock::Duration stale_after =
        settings_.stale_after.value_or(std::max<std::chrono::milliseconds>(
            3 * settings_.block_time, std::chrono::milliseconds(60'000)));
    const Time now = clock().now();
    const bool stands = head.hash == tip_->hash && now - tip_changed_at_ > stale_after;
    return now - compared_at_ > (stands ? stale_after : std::max(stale_after, kCompareEvery));
}

/// Takes the head of another endpoint where that is clearly ahead, or at least not behind what is
/// known while this one is.
void PooledSource::compare_heads(BlockRef& head) {
    compared_at_ = clock().now();
    const Time until = std::min(deadline(), compared_at_ + kMostTimeToCompare);
    if (!pool_.current()) return;
    Endpoint& current = pool_.at(*pool_.current());
    Endpoint* other = pool_.other_than(current.index(), Use::head);
    if (other == nullptr) return;
    if (auto checked = pool_.ensure_checked(*other, until); !checked) {
        other->failed(checked.error());
        return;
    }
    const auto theirs = latest(*other, until);
    if (!theirs) {
        other->failed(theirs.error());
        return;
    }
    other->answered();
    const BlockNumber number = theirs->number;
    const bool keeps_known = head.number < least_head() && number >= least_head();
    const bool is_ahead = number > head.number + kMostLag;
    if (!keeps_known && !is_ahead) return;
    if (is_ahead) {
        spdlog::warn("{}: {} blocks behind {}", current.alias(), number - head.number,
                     other->alias());
        current.health().set_lagging(clock().now() + 60s);
        current.answered();
    }
    pool_.switch_to(*other);
    head = *theirs;
}

Expected<BlockRef, Fault> PooledSource::final_block(const Finality& finality,
                                                    const BlockRef& head) {
    if (finality.kind == Finality::Kind::depth) {
        if (finality.depth == 0) return head;
        const BlockNumber number = head.number - std::min(head.number, finality.depth);
        auto found = find_block(number);
        if (!found) return Unexpected<Fault>{to_fault(found.error())};
        if (*found) return **found;
        return fault(FaultKind::lag_or_reorg, "block " + std::to_string(number) + " is gone");
    }
    const rpc::RunOptions options{.use = Use::head, .deadline = deadline()};
    const auto found = pool_.run(options, [&](Endpoint& endpoint) {
        return final_by_tag(endpoint, finality.kind, options.deadline);
    });
    if (!found) return Unexpected<Fault>{to_fault(found.error())};
    if (*found && (*found)->number <= head.number) return **found;
    // Nothing is final but the genesis; or finality has gone beyond this round's head meanwhile.
    const BlockNumber number = *found ? head.number : 0;
    auto block = find_block(number);
    if (!block) return Unexpected<Fault>{to_fault(block.error())};
    if (*block && (number != head.number || (*block)->hash == head.hash)) return **block;
    return fault(FaultKind::lag_or_reorg, "the head of this round is no longer canonical");
}

Expected<std::optional<BlockRef>, RpcError> PooledSource::find_block(BlockNumber number) {
    using Found = Answer<std::optional<BlockRef>>;
    const rpc::RunOptions options = about(number);
    return pool_.run(options, [&](Endpoint& endpoint) -> Found {
        auto found = header(endpoint, number, options.deadline);
        const bool must_be_there = tip_ && number <= tip_->number;
        if (!found || *found || !must_be_there) return found;
        return Unexpected<RpcError>{
            endpoint.error(ErrorKind::lag_or_reorg, "has no block " + std::to_string(number))};
    });
}

Expected<std::optional<BlockRef>, Fault> PooledSource::block_at(BlockNumber number) {
    auto found = find_block(number);
    if (!found && found.error().kind == ErrorKind::lag_or_reorg) return std::optional<BlockRef>();
    return to_answer(std::move(found));
}

Expected<std::vector<BlockRef>, RpcError> PooledSource::linked(Endpoint& endpoint,
                                                               BlockNumber first, BlockNumber last,
                                                               Time deadline) {
    const auto wrong = [&endpoint](ErrorKind kind, const std::string& message) {
        return Unexpected<RpcError>{endpoint.error(kind, message)};
    };
    const auto found = headers(endpoint, first, last, deadline);
    if (!found) return Unexpected<RpcError>{found.error()};
    std::vector<BlockRef> out;
    for (const std::optional<BlockRef>& block : *found) {
        const BlockNumber number = first + out.size();
        if (!block) return wrong(ErrorKind::lag_or_reorg, "has no block " + std::to_string(number));
        if (block->number != number) {
            return wrong(ErrorKind::malformed, "answers another block than asked");
        }
        if (!out.empty() && block->parent != out.back().hash) {
            return wrong(ErrorKind::lag_or_reorg,
                         "block " + std::to_string(number) + " does not follow its parent");
        }
        out.push_back(*block);
    }
    return out;
}

Expected<std::vector<BlockRef>, Fault> PooledSource::blocks(BlockNumber first, BlockNumber last) {
    if (first > last || last - first >= kMostBlocks) {
        return fault(FaultKind::bad_request, "blocks: the range is empty or too long");
    }
    const rpc::RunOptions options = about(last, last - first + 1);
    return to_answer(pool_.run(options, [&](Endpoint& endpoint) {
        return linked(endpoint, first, last, options.deadline);
    }));
}

std::vector<EndpointStatus> PooledSource::endpoints() const {
    std::vector<EndpointStatus> out;
    for (const auto& report : pool_.reports()) out.push_back(to_status(report));
    return out;
}

}  // namespace plimsoll::chain
