#include "daemon/rpc/endpoint.hpp"

#include "tests/support/manual_clock.hpp"
#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;
using test::http_error;
using test::http_fault;
using test::http_ok;
using test::http_result;
using test::http_status;
using test::ManualClock;
using test::ScriptedTransport;

class EndpointTest : public ::testing::Test {
  protected:
    Endpoint& make(ScriptedTransport::Handler handler, unsigned max_rps = 0) {
        transport.emplace(std::move(handler));
        EndpointSettings settings;
        settings.url = Secret("http://node.example/secretkey");
        settings.alias = "node";
        settings.max_rps = max_rps;
        endpoint.emplace(0, std::move(settings),
                         Services{*transport, clock, stop.get_token(), [] { return 0U; }});
        return *endpoint;
    }
    CallLimits limits(Clock::Duration time = 60s) const {
        CallLimits out;
        out.deadline = clock.now() + time;
        return out;
    }
    static std::vector<RpcRequest> many(std::size_t count) {
        return std::vector<RpcRequest>(count, RpcRequest{"eth_chainId", "[]"});
    }
    /// Answers the members of a batch with their ids.
    static HttpResult answer_batch(const HttpRequest& request) {
        const auto batch = nlohmann::json::parse(request.body);
        if (batch.is_object()) return http_result(request, batch.at("id"));
        nlohmann::json out = nlohmann::json::array();
        for (const auto& item : batch) {
            out.push_back({{"id", item.at("id")}, {"result", item.at("id")}});
        }
        return http_ok(out.dump());
    }

    ManualClock clock;
    std::stop_source stop;
    std::optional<ScriptedTransport> transport;
    std::optional<Endpoint> endpoint;
};

TEST_F(EndpointTest, calls_and_counts) {
    Endpoint& node = make([](const HttpRequest& request) { return http_result(request, "0x1"); });
    const auto result = node.call({"eth_chainId", "[]"}, limits());
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, "0x1");
    EXPECT_EQ(node.requests(), 1U);
}

TEST_F(EndpointTest, errors_carry_the_alias_and_no_secret) {
    Endpoint& node = make(
        [](const HttpRequest& request) { return http_error(request, -32000, "SECRETKEY is bad"); });
    const auto result = node.call({"eth_chainId", "[]"}, limits());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "node: *** is bad (-32000)");
}

TEST_F(EndpointTest, speaks_plain_http_and_json_rpc_under_a_path) {
    std::vector<std::string> seen;
    transport.emplace([&](const HttpRequest& request) {
        seen.push_back((request.is_get ? "GET " : "POST ") + request.path + " " + request.body);
        return request.path == "/jsonrpc" ? http_result(request, 1) : http_ok(R"({"a":1})");
    });
    EndpointSettings settings;
    settings.url = Secret("http://node.example");
    settings.alias = "node";
    const Dialect dialect{.rpc_path = "/jsonrpc", .is_forbidden_rate = true, .least_burst = 3};
    endpoint.emplace(
        0, std::move(settings),
        Services{*transport, clock, stop.get_token(), [] { return 0U; }, nullptr, dialect});
    EXPECT_EQ(endpoint->call_plain(PlainRequest{"/wallet/getblock", "{}"}, limits())->dump(),
              R"({"a":1})");
    EXPECT_TRUE(endpoint->call_plain(PlainRequest{"/v1/events?limit=1", ""}, limits()));
    EXPECT_TRUE(endpoint->call({"eth_chainId", "[]"}, limits()));
    EXPECT_EQ(seen.at(0), "POST /wallet/getblock {}");
    EXPECT_EQ(seen.at(1), "GET /v1/events?limit=1 ");
    EXPECT_TRUE(seen.at(2).starts_with("POST /jsonrpc {\"jsonrpc\""));
    EXPECT_EQ(endpoint->requests(), 3U);
    EXPECT_EQ(endpoint->report().offers, "");
    endpoint->set_offers("wallet");
    EXPECT_EQ(endpoint->report().offers, "wallet");
}

TEST_F(EndpointTest, a_request_never_outlives_the_deadline) {
    std::vector<std::chrono::milliseconds> timeouts;
    Endpoint& node = make([&](const HttpRequest& request) {
        timeouts.push_back(request.timeout);
        return http_result(request, 1);
    });
    node.call({"eth_chainId", "[]"}, limits());
    node.call({"eth_chainId", "[]"}, limits(3s));
    EXPECT_EQ(timeouts, (std::vector<std::chrono::milliseconds>{10s, 3s}));
    const auto late = node.call({"eth_chainId", "[]"}, limits(0s));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::no_endpoint);
    EXPECT_EQ(node.requests(), 2U);
}

TEST_F(EndpointTest, keeps_its_rate) {
    Endpoint& node = make([](const HttpRequest& request) { return http_result(request, 1); }, 10);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(node.call({"eth_chainId", "[]"}, limits()));
    EXPECT_EQ(clock.waited(), 400ms);
}

TEST_F(EndpointTest, does_not_wait_past_the_deadline_for_its_own_rate) {
    Endpoint& node = make([](const HttpRequest& request) { return answer_batch(request); }, 1);
    const auto results = node.call_batch(many(20), limits(5s));
    EXPECT_FALSE(results[0]);
    EXPECT_EQ(clock.waited(), 0s);
    EXPECT_TRUE(node.call({"eth_chainId", "[]"}, limits(5s)));
}

TEST_F(EndpointTest, parallel_results_come_in_order) {
    Endpoint& node = make([](const HttpRequest& request) { return answer_batch(request); });
    std::vector<std::size_t> order;
    std::vector<std::uint64_t> ids;
    node.call_parallel(many(6), limits(), [&](std::size_t i, const RpcResult& result) {
        order.push_back(i);
        ids.push_back(result.value().get<std::uint64_t>());
    });
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    EXPECT_EQ(transport->widths, (std::vector<std::size_t>{4, 2}));
}

TEST_F(EndpointTest, pressure_halves_the_width_and_success_widens_it) {
    Endpoint& node = make([](const HttpRequest& request) { return answer_batch(request); });
    RpcError slow;
    slow.kind = ErrorKind::timeout;
    node.failed(slow);
    const auto ignore = [](std::size_t, const RpcResult&) {};
    node.call_parallel(many(4), limits(), ignore);
    EXPECT_EQ(transport->widths, (std::vector<std::size_t>{2, 2}));
    for (int i = 0; i < 16; ++i) node.answered();
    transport->widths.clear();
    node.call_parallel(many(4), limits(), ignore);
    EXPECT_EQ(transport->widths, (std::vector<std::size_t>{3, 1}));
}

TEST_F(EndpointTest, batches_hold_twenty_at_first) {
    std::vector<std::size_t> sizes;
    Endpoint& node = make([&](const HttpRequest& request) {
        sizes.push_back(nlohmann::json::parse(request.body).size());
        return answer_batch(request);
    });
    const auto results = node.call_batch(many(45), limits());
    for (const auto& result : results) EXPECT_TRUE(result);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{20, 20, 5}));
    EXPECT_EQ(node.requests(), 45U);
}

TEST_F(EndpointTest, learns_how_many_a_batch_may_hold) {
    std::vector<std::size_t> sizes;
    Endpoint& node = make([&](const HttpRequest& request) {
        const auto batch = nlohmann::json::parse(request.body);
        sizes.push_back(batch.size());
        if (batch.is_object() || batch.size() <= 3) return answer_batch(request);
        return http_ok(R"({"id":null,"error":{"code":31,"message":"Batch of more than 3 requests )"
                       R"(are not allowed on free tier"}})");
    });
    const auto results = node.call_batch(many(7), limits());
    for (const auto& result : results) EXPECT_TRUE(result);
    EXPECT_EQ(sizes[0], 7U);
    sizes.clear();
    node.call_batch(many(7), limits());
    EXPECT_EQ(sizes[0], 3U);
}

TEST_F(EndpointTest, a_node_without_batches_gets_single_requests) {
    Endpoint& node = make([&](const HttpRequest& request) {
        if (request.body.starts_with("[")) return http_status(400, "no arrays");
        return answer_batch(request);
    });
    const auto results = node.call_batch(many(5), limits());
    for (const auto& result : results) EXPECT_TRUE(result);
}

TEST_F(EndpointTest, a_node_that_drops_large_batches_gets_smaller_ones) {
    Endpoint& node = make([&](const HttpRequest& request) {
        if (nlohmann::json::parse(request.body).size() > 2 && request.body.starts_with("[")) {
            return http_fault(HttpFault::Kind::truncated);
        }
        return answer_batch(request);
    });
    const auto results = node.call_batch(many(9), limits());
    for (const auto& result : results) EXPECT_TRUE(result);
}

TEST_F(EndpointTest, members_refused_for_their_rate_are_asked_again) {
    int refusals = 3;
    Endpoint& node = make([&](const HttpRequest& request) {
        const auto batch = nlohmann::json::parse(request.body);
        nlohmann::json out = nlohmann::json::array();
        for (const auto& item : batch.is_array() ? batch : nlohmann::json::array({batch})) {
            if (refusals > 0) {
                --refusals;
                out.push_back({{"id", item.at("id")},
                               {"error", {{"code", 429}, {"message", "compute units"}}}});
            } else {
                out.push_back({{"id", item.at("id")}, {"result", 1}});
            }
        }
        return http_ok(batch.is_array() ? out.dump() : out[0].dump());
    });
    const auto results = node.call_batch(many(5), limits());
    for (const auto& result : results) EXPECT_TRUE(result);
    EXPECT_EQ(clock.waited(), 200ms);
    EXPECT_EQ(node.requests(), 8U);
}

TEST_F(EndpointTest, stopping_ends_a_wait_for_the_rate) {
    Endpoint& node = make([](const HttpRequest& request) { return http_result(request, 1); }, 1);
    EXPECT_TRUE(node.call({"eth_chainId", "[]"}, limits()));
    stop.request_stop();
    const auto result = node.call({"eth_chainId", "[]"}, limits());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
}

TEST_F(EndpointTest, reports_what_happened) {
    Endpoint& node = make([](const HttpRequest&) { return http_status(502, "<html>"); });
    node.health().checked(clock.now());
    const auto result = node.call({"eth_chainId", "[]"}, limits());
    ASSERT_FALSE(result);
    node.failed(result.error());
    node.set_head(12);
    node.answered();
    const EndpointReport report = node.report();
    EXPECT_EQ(report.alias, "node");
    EXPECT_EQ(report.requests, 1U);
    EXPECT_EQ(report.failures, 1U);
    EXPECT_EQ(report.head, 12U);
    EXPECT_EQ(report.last_error, "node: HTTP 502: <html>");
    EXPECT_EQ(report.state, EndpointHealth::State::ok);
}

}  // namespace
}  // namespace plimsoll::rpc
