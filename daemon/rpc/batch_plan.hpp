#pragma once

#include "daemon/rpc/clock.hpp"
#include "daemon/rpc/json_rpc.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll::rpc {

/// What became of one batch.
enum class BatchOutcome {
    fine,
    too_many,   ///< the endpoint takes fewer requests at once; for good
    too_heavy,  ///< too large or too slow this time
};

/// How many requests an endpoint takes in one batch, as learned from its answers.
class BatchSize {
  public:
    struct Lesson {
        BatchOutcome outcome = BatchOutcome::fine;
        std::optional<std::uint64_t> allowed;  ///< the number the endpoint named
    };
    std::size_t get() const { return size_; }
    /// `sent`: how many requests that batch held.
    void learn(const Lesson& lesson, std::size_t sent);

  private:
    std::size_t size_ = 20;
    std::size_t most_ = 20;
};

/// Which of many requests still lack an answer, and which of them to ask again. Pure.
class BatchPlan {
  public:
    explicit BatchPlan(std::size_t requests);

    bool is_done() const { return pending_.empty(); }
    /// The next batches of indexes, at most `width` of at most `size`. Each is to be accepted.
    std::vector<std::vector<std::size_t>> next(std::size_t size, std::size_t width);
    /// Takes the answers to one batch. Members that failed in a way worth another try come back in
    /// a later `next`.
    BatchSize::Lesson accept(std::span<const std::size_t> batch, std::vector<RpcResult> answers);
    /// How long to wait before the next batches; zero unless a member was refused for its rate.
    Clock::Duration take_pause(std::uint64_t random);
    std::vector<RpcResult> results() && { return std::move(results_); }

  private:
    std::vector<RpcResult> results_;
    std::vector<unsigned> tries_;
    std::vector<std::size_t> pending_;
    std::optional<RpcError> rate_;  ///< the last refusal for rate since the last pause
    unsigned pauses_ = 0;
};

}  // namespace plimsoll::rpc
