#include "daemon/rpc/endpoint.hpp"

#include "daemon/rpc/backoff.hpp"
#include "daemon/rpc/classify.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostBytesPerValue = 32;  ///< fewer on average is no honest reply of a node
constexpr std::size_t kMostWidth = 8;
constexpr unsigned kAnswersToGrow = 16;

}  // namespace

Endpoint::Endpoint(std::size_t index, EndpointSettings settings, Services services,
                   Clock::Duration poll_every)
    : index_(index),
      settings_(std::move(settings)),
      services_(std::move(services)),
      redactor_(settings_),
      bucket_(settings_.max_rps, services_.dialect.least_burst),
      health_(poll_every) {
    report_.alias = settings_.alias;
}

ReplyRules Endpoint::rules(const CallLimits& limits) const {
    return ReplyRules{.redactor = redactor_,
                      .json = {.depth = 64, .nodes = limits.max_bytes / kMostBytesPerValue + 1'000},
                      .is_forbidden_rate = services_.dialect.is_forbidden_rate};
}

RpcError Endpoint::named(RpcError error) const {
    error.message = alias() + ": " + error.message;
    return error;
}

RpcError Endpoint::error(ErrorKind kind, const std::string& message) const {
    RpcError error;
    error.kind = kind;
    error.message = alias() + ": " + message;
    return error;
}

RpcError Endpoint::fault(const HttpFault& fault) const {
    RpcError error = classify(fault);
    error.message = alias() + ": " + std::string(to_string(fault.kind)) + ": " + fault.message;
    return error;
}

HttpRequest Endpoint::http_request(std::string body, const CallLimits& limits) const {
    HttpRequest http;
    http.endpoint = &settings_;
    http.path = services_.dialect.rpc_path;
    http.body = std::move(body);
    http.max_bytes = limits.max_bytes;
    return http;
}

HttpRequest Endpoint::http_request(const PlainRequest& request, const CallLimits& limits) const {
    HttpRequest http;
    http.endpoint = &settings_;
    http.path = request.path;
    http.body = request.body;
    http.is_get = request.body.empty();
    http.max_bytes = limits.max_bytes;
    return http;
}

/// Sends when the rate allows it, with what is left of the deadline as the longest time.
std::vector<HttpResult> Endpoint::exchange(std::vector<HttpRequest> http, std::uint64_t count,
                                           const CallLimits& limits) {
    const auto all = [&http](HttpFault::Kind kind, const char* message) {
        const Unexpected<HttpFault> fault{HttpFault{kind, message}};
        return std::vector<HttpResult>(http.size(), HttpResult(fault));
    };
    const Clock::Time asked = services_.clock.now();
    const Clock::Time leaves = bucket_.ready_at(asked, count);
    if (leaves >= limits.deadline) return all(HttpFault::Kind::too_late, "no time left to ask");
    bucket_.take(asked, count);
    if (leaves > asked) services_.clock.wait(leaves - asked, services_.stop);
    if (services_.stop.stop_requested()) return all(HttpFault::Kind::cancelled, "cancelled");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limits.deadline -
                                                                            services_.clock.now());
    if (left <= 0ms) return all(HttpFault::Kind::too_late, "no time left to ask");
    for (HttpRequest& request : http) request.timeout = std::min(limits.timeout, left);
    requests_ += count;
    const Clock::Time sent = services_.clock.now();
    auto replies = services_.transport.send(http);
    if (services_.observer != nullptr) {
        services_.observer->exchanged(alias(), services_.clock.now() - sent);
    }
    return replies;
}

void Endpoint::tell(const RpcResult& result) const {
    if (services_.observer == nullptr) return;
    services_.observer->finished(alias(), result ? "ok" : to_string(result.error().kind));
}

RpcResult Endpoint::decode(HttpResult& reply, std::uint64_t id, const CallLimits& limits) const {
    if (!reply) return Unexpected<RpcError>{fault(reply.error())};
    RpcResult result = decode_reply(*reply, id, rules(limits));
    reply->body = {};
    if (!result) return Unexpected<RpcError>{named(std::move(result.error()))};
    return result;
}

RpcResult Endpoint::call(const RpcRequest& request, const CallLimits& limits) {
    RpcResult out = Unexpected<RpcError>{RpcError{}};
    call_parallel({&request, 1}, limits,
                  [&out](std::size_t, RpcResult result) { out = std::move(result); });
    return out;
}

void Endpoint::call_parallel(std::span<const RpcRequest> requests, const CallLimits& limits,
                             const std::function<void(std::size_t, RpcResult)>& accept) {
    for (std::size_t first = 0; first < requests.size(); first += width_) {
        const std::size_t count = std::min(width_, requests.size() - first);
        std::vector<std::uint64_t> ids;
        std::vector<HttpRequest> http;
        for (const RpcRequest& request : requests.subspan(first, count)) {
            ids.push_back(next_request_id());
            http.push_back(http_request(encode_request(request, ids.back()), limits));
        }
        auto replies = exchange(std::move(http), count, limits);
        for (std::size_t i = 0; i < count; ++i) {
            RpcResult result = decode(replies[i], ids[i], limits);
            tell(result);
            accept(first + i, std::move(result));
        }
    }
}

RpcResult Endpoint::decode_plain(HttpResult& reply, const CallLimits& limits) const {
    if (!reply) return Unexpected<RpcError>{fault(reply.error())};
    RpcResult result = rpc::decode_plain(*reply, rules(limits));
    reply->body = {};
    if (!result) return Unexpected<RpcError>{named(std::move(result.error()))};
    return result;
}

void Endpoint::call_plain(std::span<const PlainRequest> requests, const CallLimits& limits,
                          const std::function<void(std::size_t, RpcResult)>& accept) {
    for (std::size_t first = 0; first < requests.size(); first += width_) {
        const std::size_t count = std::min(width_, requests.size() - first);
        std::vector<HttpRequest> http;
        for (const PlainRequest& request : requests.subspan(first, count)) {
            http.push_back(http_request(request, limits));
        }
        auto replies = exchange(std::move(http), count, limits);
        for (std::size_t i = 0; i < count; ++i) {
            RpcResult result = decode_plain(replies[i], limits);
            tell(result);
            accept(first + i, std::move(result));
        }
    }
}

RpcResult Endpoint::call_plain(const PlainRequest& request, const CallLimits& limits) {
    RpcResult out = Unexpected<RpcError>{RpcError{}};
    call_plain({&request, 1}, limits,
               [&out](std::size_t, RpcResult result) { out = std::move(result); });
    return out;
}

std::vector<RpcResult> Endpoint::decode(HttpResult& reply, std::span<const std::uint64_t> ids,
                                        const CallLimits& limits) const {
    if (ids.size() == 1) return {decode(reply, ids.front(), limits)};
    if (!reply) {
        return std::vector<RpcResult>(ids.size(), Unexpected<RpcError>{fault(reply.error())});
    }
    auto results = decode_batch(*reply, ids, rules(limits));
    reply->body = {};
    for (RpcResult& result : results) {
        if (!result) result = Unexpected<RpcError>{named(std::move(result.error()))};
    }
    return results;
}

std::vector<std::vector<RpcResult>> Endpoint::send_batches(
    std::span<const RpcRequest> requests, std::span<const std::vector<std::size_t>> batches,
    const CallLimits& limits) {
    std::vector<HttpRequest> http;
    std::vector<std::vector<std::uint64_t>> ids(batches.size());
    std::uint64_t count = 0;
    for (std::size_t b = 0; b < batches.size(); ++b) {
        std::vector<RpcRequest> members;
        for (const std::size_t member : batches[b]) {
            members.push_back(requests[member]);
            ids[b].push_back(next_request_id());
        }
        http.push_back(http_request(members.size() == 1
                                        ? encode_request(members.front(), ids[b].front())
                                        : encode_batch(members, ids[b]),
                                    limits));
        count += members.size();
    }
    auto replies = exchange(std::move(http), count, limits);
    std::vector<std::vector<RpcResult>> out;
    for (std::size_t b = 0; b < batches.size(); ++b) {
        out.push_back(decode(replies[b], ids[b], limits));
        for (const RpcResult& result : out.back()) tell(result);
    }
    return out;
}

std::vector<RpcResult> Endpoint::call_batch(std::span<const RpcRequest> requests,
                                            const CallLimits& limits) {
    BatchPlan plan(requests.size());
    while (!plan.is_done()) {
        const auto batches = plan.next(batch_size_.get(), width_);
        auto answers = send_batches(requests, batches, limits);
        for (std::size_t b = 0; b < batches.size(); ++b) {
            const std::size_t before = batch_size_.get();
            batch_size_.learn(plan.accept(batches[b], std::move(answers[b])), batches[b].size());
            if (batch_size_.get() < before) {
                spdlog::info("{}: batches of at most {} requests", alias(), batch_size_.get());
            }
        }
        if (!plan.is_done() && !pause(plan.take_pause(services_.random()), limits)) break;
    }
    return std::move(plan).results();
}

/// Waits; false when there is no time left for more.
bool Endpoint::pause(Clock::Duration duration, const CallLimits& limits) {
    if (services_.clock.now() + duration >= limits.deadline) return false;
    if (duration > 0s) services_.clock.wait(duration, services_.stop);
    return !services_.stop.stop_requested();
}

void Endpoint::answered() {
    health_.answered();
    if (++answers_in_a_row_ >= kAnswersToGrow) {
        answers_in_a_row_ = 0;
        width_ = std::min(width_ + 1, kMostWidth);
    }
    publish();
}

void Endpoint::failed(const RpcError& error) {
    if (!EndpointHealth::is_own_fault(error.kind)) {
        if (error.kind == ErrorKind::bad_request && !has_logged_bad_request_) {
            has_logged_bad_request_ = true;
            spdlog::error("{}", error.message);
        }
        answered();
        return;
    }
    answers_in_a_row_ = 0;
    if (error.kind == ErrorKind::rate || error.kind == ErrorKind::timeout) {
        width_ = std::max<std::size_t>(1, width_ / 2);
    }
    health_.failed(error, services_.clock.now(), services_.random());
    publish(error.message);
}

void Endpoint::set_head(std::uint64_t number) { head_ = number; }

void Endpoint::set_offers(std::string offers) {
    const std::lock_guard lock(mutex_);
    report_.offers = std::move(offers);
}

EndpointReport Endpoint::report() const {
    const std::lock_guard lock(mutex_);
    EndpointReport report = report_;
    report.requests = requests_;
    return report;
}

/// Shows the state of now, and tells of a change of it: at most once in ten seconds, so that an
/// endpoint that comes and goes does not fill the log.
void Endpoint::publish(std::string_view last_error) {
    using State = EndpointHealth::State;
    const Clock::Time now = services_.clock.now();
    const State state = health_.state(now);
    {
        const std::lock_guard lock(mutex_);
        report_.state = state;
        report_.head = head_;
        if (!last_error.empty()) {
            ++report_.failures;
            report_.last_error = last_error;
        }
    }
    if (state == logged_state_ || (logged_at_ && now - *logged_at_ < 10s)) return;
    if (state == State::ok) {
        spdlog::info("{}: ok", alias());
    } else if (state != State::unchecked) {
        const std::string why = last_error.empty() ? "" : " (" + std::string(last_error) + ")";
        spdlog::warn("{}: {}{}", alias(), to_string(state), why);
    }
    logged_state_ = state;
    logged_at_ = now;
}

}  // namespace plimsoll::rpc
