#pragma once

#include "daemon/rpc/backoff.hpp"
#include "daemon/rpc/endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rpc {

struct PoolOptions {
    /// A quarter of it passes before an endpoint that lacks a block is asked again.
    std::chrono::milliseconds block_time{12'000};
    /// How often the pool is asked; see `EndpointHealth::is_last_resort`.
    std::chrono::milliseconds poll_every{12'000};
    unsigned max_tries = 4;
};

struct RunOptions {
    Use use = Use::head;
    Clock::Time deadline{};
    /// Every node answers this: whatever else comes (no such method, no such page) is a failure of
    /// the endpoint.
    bool is_basic = false;
};

/// The endpoints of one chain, in the operator's order of preference. A run asks one of them and,
/// where that fails, another within the same call. The endpoint that answered last stays the
/// current one, so that the requests of a round go to the same node; a preferred one that recovers
/// takes over again between rounds. One thread uses it at a time; `reports` and `requests` are safe
/// from any.
class EndpointPool {
  public:
    /// Proves an endpoint's identity and abilities; runs before its first use, every hour, and
    /// after it was down.
    using Check = std::function<Expected<void, RpcError>(Endpoint&, Clock::Time deadline)>;

    EndpointPool(std::vector<EndpointSettings> endpoints, const Services& services, Check check,
                 const PoolOptions& options = {});

    /// Asks `ask(Endpoint&) -> Expected<T, RpcError>` of endpoints until one has an answer, the
    /// tries or the time are used up, or the error is an answer itself (a revert). The error tells
    /// of every endpoint asked.
    template <class Ask>
    auto run(const RunOptions& options, Ask&& ask) -> decltype(ask(std::declval<Endpoint&>()));

    /// Between rounds: goes back to a preferred endpoint that works again and whose head is not
    /// below `min_head`. No request while the current endpoint is the most preferred one.
    void prefer(Clock::Time deadline, std::uint64_t min_head);

    std::size_t size() const { return endpoints_.size(); }
    Endpoint& at(std::size_t index) { return *endpoints_[index]; }
    std::optional<std::size_t> current() const { return current_; }
    void switch_to(const Endpoint& endpoint) { current_ = endpoint.index(); }
    /// An endpoint fit for a second opinion about the head, other than `index`.
    Endpoint* other_than(std::size_t index, Use use);
    /// Checks an endpoint where that is due.
    Expected<void, RpcError> ensure_checked(Endpoint& endpoint, Clock::Time deadline);

    /// How long so many requests take at the slowest endpoint's configured rate.
    Clock::Duration time_for(std::uint64_t requests) const;
    std::vector<EndpointReport> reports() const;
    std::uint64_t requests() const;

  private:
    enum class Standing { fresh, resting, spent };

    /// One run: who may still be asked, and what was answered so far.
    class Attempts {
      public:
        Attempts(EndpointPool& pool, const RunOptions& options);
        /// The endpoint to ask next, checked; null when the run is over.
        Endpoint* next();
        void succeeded(Endpoint& endpoint);
        /// False when the error is the answer to the run.
        bool failed(Endpoint& endpoint, const RpcError& error);
        RpcError error() const;

      private:
        Endpoint* pick();
        bool wait_for_someone();
        bool wait(Clock::Duration duration);
        void decide_standing(Endpoint& endpoint, const RpcError& error);

        EndpointPool& pool_;
        RunOptions options_;
        unsigned tries_ = 0;
        std::vector<Standing> standings_;
        std::vector<unsigned> tries_of_;
        std::vector<std::optional<RpcError>> errors_;
        std::optional<std::size_t> repeat_;  ///< the endpoint to ask once more first
    };

    std::vector<std::size_t> in_order() const;

    Services services_;
    Check check_;
    PoolOptions options_;
    std::vector<std::unique_ptr<Endpoint>> endpoints_;
    std::optional<std::size_t> current_;
    RetryBudget budget_;
    std::uint64_t budgeted_requests_ = 0;
};

template <class Ask>
auto EndpointPool::run(const RunOptions& options, Ask&& ask)
    -> decltype(ask(std::declval<Endpoint&>())) {
    Attempts attempts(*this, options);
    while (Endpoint* endpoint = attempts.next()) {
        auto answer = ask(*endpoint);
        if (answer) {
            attempts.succeeded(*endpoint);
            return answer;
        }
        if (!attempts.failed(*endpoint, answer.error())) return answer;
    }
    return Unexpected<RpcError>{attempts.error()};
}

}  // namespace plimsoll::rpc
