#include "daemon/rpc/batch_plan.hpp"

#include "daemon/rpc/backoff.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

/// A member is asked again when it got no answer or was put off, a few times at most.
bool is_worth_repeating(const RpcError& error, unsigned tries) {
    switch (error.kind) {
        case ErrorKind::rate:
            return tries < 8;
        case ErrorKind::transient:
        case ErrorKind::malformed:
            return !error.is_unreachable && tries < 2;
        default:
            return false;
    }
}

BatchSize::Lesson lesson_of(std::span<const RpcResult> answers) {
    if (answers.size() < 2) return {};
    std::size_t not_understood = 0;
    for (const RpcResult& answer : answers) {
        if (answer) continue;
        switch (answer.error().kind) {
            case ErrorKind::split_batch:
                return {BatchOutcome::too_many, answer.error().max_batch};
            case ErrorKind::split:
            case ErrorKind::timeout:
                return {BatchOutcome::too_heavy, std::nullopt};
            case ErrorKind::transient:
                if (answer.error().is_truncated) return {BatchOutcome::too_heavy, std::nullopt};
                break;
            case ErrorKind::bad_request:
                ++not_understood;
                break;
            default:
                break;
        }
    }
    // Some nodes know no batches at all and call the array a bad request.
    if (not_understood == answers.size()) return {BatchOutcome::too_many, std::nullopt};
    return {};
}

}  // namespace

void BatchSize::learn(const Lesson& lesson, std::size_t sent) {
    if (lesson.outcome == BatchOutcome::fine) {
        if (sent >= size_ && size_ < most_) ++size_;
        return;
    }
    std::size_t allowed = std::max<std::size_t>(1, sent / 2);
    if (lesson.allowed && *lesson.allowed > 0 && *lesson.allowed < sent) {
        allowed = static_cast<std::size_t>(*lesson.allowed);
    }
    size_ = std::min(size_, allowed);
    if (lesson.outcome == BatchOutcome::too_many) most_ = std::min(most_, allowed);
}

BatchPlan::BatchPlan(std::size_t requests)
    : results_(requests, RpcResult(Unexpected<RpcError>{RpcError{}})),
      tries_(requests, 0),
      pending_(requests) {
    for (std::size_t i = 0; i < requests; ++i) pending_[i] = i;
}

std::vector<std::vector<std::size_t>> BatchPlan::next(std::size_t size, std::size_t width) {
    std::vector<std::vector<std::size_t>> batches;
    auto first = pending_.begin();
    while (first != pending_.end() && batches.size() < width) {
        const auto left = static_cast<std::size_t>(pending_.end() - first);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(size, left));
        batches.emplace_back(first, last);
        first = last;
    }
    pending_.erase(pending_.begin(), first);
    return batches;
}

BatchSize::Lesson BatchPlan::accept(std::span<const std::size_t> batch,
                                    std::vector<RpcResult> answers) {
    const BatchSize::Lesson lesson = lesson_of(answers);
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::size_t request = batch[i];
        RpcResult& answer = answers[i];
        if (!answer) {
            const bool is_batch_fault = lesson.outcome != BatchOutcome::fine;
            if (answer.error().kind == ErrorKind::rate) rate_ = answer.error();
            if (is_batch_fault || is_worth_repeating(answer.error(), ++tries_[request])) {
                again.push_back(request);
            }
        }
        results_[request] = std::move(answer);
    }
    pending_.insert(pending_.begin(), again.begin(), again.end());
    return lesson;
}

Clock::Duration BatchPlan::take_pause(std::uint64_t random) {
    if (!rate_) return 0s;
    const Clock::Duration pause = rate_->wait ? Clock::Duration(*rate_->wait)
                                              : 200ms + backoff(ErrorKind::rate, pauses_, random);
    ++pauses_;
    rate_.reset();
    return pause;
}

}  // namespace plimsoll::rpc
