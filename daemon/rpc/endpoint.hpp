#pragma once

#include "daemon/rpc/batch_plan.hpp"
#include "daemon/rpc/clock.hpp"
#include "daemon/rpc/endpoint_health.hpp"
#include "daemon/rpc/endpoint_settings.hpp"
#include "daemon/rpc/http_transport.hpp"
#include "daemon/rpc/json_rpc.hpp"
#include "daemon/rpc/redact.hpp"
#include "daemon/rpc/request_observer.hpp"
#include "daemon/rpc/token_bucket.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace plimsoll::rpc {

/// What the nodes of a kind of chain do differently.
struct Dialect {
    std::string rpc_path;            ///< appended to the URL for JSON-RPC
    bool is_forbidden_rate = false;  ///< see `ErrorReply`
    unsigned least_burst = 1;        ///< requests that go out together at any rate
};

/// What endpoints work with. Everything referred to outlives them.
struct Services {
    HttpTransport& transport;
    Clock& clock;
    std::stop_token stop;
    std::function<std::uint64_t()> random;  ///< for jitter only; called by the using thread
    RequestObserver* observer = nullptr;    ///< may be none
    Dialect dialect{};
};

struct CallLimits {
    Clock::Time deadline{};  ///< no request outlives it
    std::chrono::milliseconds timeout{10'000};
    std::size_t max_bytes = 16 * kMiB;  ///< of one reply; also bounds the values in it
};

/// What people may know of an endpoint.
struct EndpointReport {
    std::string alias;
    EndpointHealth::State state = EndpointHealth::State::unchecked;
    std::optional<std::uint64_t> head;
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::string last_error;
    std::string offers;  ///< the interfaces found there, where that differs between nodes
};

/// One node: sends requests to it within its rate, and remembers how it behaves. It tries each
/// request once; trying again, or elsewhere, is the pool's part. One thread uses it at a time;
/// `report` and `requests` are safe from any.
class Endpoint {
  public:
    Endpoint(std::size_t index, EndpointSettings settings, Services services,
             Clock::Duration poll_every = std::chrono::seconds(12));

    std::size_t index() const { return index_; }  ///< position in the configuration
    const std::string& alias() const { return settings_.alias; }
    const EndpointSettings& settings() const { return settings_; }
    /// How long so many requests take at the configured rate.
    Clock::Duration time_for(std::uint64_t requests) const { return bucket_.time_for(requests); }
    EndpointHealth& health() { return health_; }
    const EndpointHealth& health() const { return health_; }

    RpcResult call(const RpcRequest& request, const CallLimits& limits);
    /// Each request in an exchange of its own, several at a time. `accept` gets the results in
    /// order of the requests; replies are decoded one after the other.
    void call_parallel(std::span<const RpcRequest> requests, const CallLimits& limits,
                       const std::function<void(std::size_t, RpcResult)>& accept);
    /// The requests in JSON-RPC batches no larger than the endpoint takes, which is learned; asks
    /// again for members that got no answer. Members may run at different heads: pin them.
    std::vector<RpcResult> call_batch(std::span<const RpcRequest> requests,
                                      const CallLimits& limits);

    /// Plain HTTP instead of JSON-RPC; otherwise as `call_parallel`.
    void call_plain(std::span<const PlainRequest> requests, const CallLimits& limits,
                    const std::function<void(std::size_t, RpcResult)>& accept);
    RpcResult call_plain(const PlainRequest& request, const CallLimits& limits);

    /// An error of this endpoint in its own name: the alias stands before the message.
    RpcError named(RpcError error) const;
    RpcError error(ErrorKind kind, const std::string& message) const;

    /// What the server said, without secrets, for people.
    std::string shown(std::string_view text) const { return redactor_.clean(text, 100); }

    void answered();
    /// Remembers an error of the endpoint's own; other kinds count as answers.
    void failed(const RpcError& error);
    void set_head(std::uint64_t number);
    void set_offers(std::string offers);
    std::optional<std::uint64_t> head() const { return head_; }

    EndpointReport report() const;
    std::uint64_t requests() const { return requests_; }

  private:
    std::vector<HttpResult> exchange(std::vector<HttpRequest> http, std::uint64_t count,
                                     const CallLimits& limits);
    HttpRequest http_request(std::string body, const CallLimits& limits) const;
    HttpRequest http_request(const PlainRequest& request, const CallLimits& limits) const;
    RpcResult decode(HttpResult& reply, std::uint64_t id, const CallLimits& limits) const;
    RpcResult decode_plain(HttpResult& reply, const CallLimits& limits) const;
    std::vector<RpcResult> decode(HttpResult& reply, std::span<const std::uint64_t> ids,
                                  const CallLimits& limits) const;
    ReplyRules rules(const CallLimits& limits) const;
    RpcError fault(const HttpFault& fault) const;
    void tell(const RpcResult& result) const;
    std::vector<std::vector<RpcResult>> send_batches(
        std::span<const RpcRequest> requests, std::span<const std::vector<std::size_t>> batches,
        const CallLimits& limits);
    bool pause(Clock::Duration duration, const CallLimits& limits);
    void publish(std::string_view last_error = {});

    std::size_t index_;
    EndpointSettings settings_;
    Services services_;
    Redactor redactor_;
    TokenBucket bucket_;
    EndpointHealth health_;
    BatchSize batch_size_;
    std::size_t width_ = 4;  ///< exchanges at a time; halved under pressure, grown with success
    unsigned answers_in_a_row_ = 0;
    std::optional<std::uint64_t> head_;
    std::atomic<std::uint64_t> requests_ = 0;

    mutable std::mutex mutex_;  ///< guards `report_`
    EndpointReport report_;
    EndpointHealth::State logged_state_ = EndpointHealth::State::unchecked;
    std::optional<Clock::Time> logged_at_;
    bool has_logged_bad_request_ = false;
};

}  // namespace plimsoll::rpc
