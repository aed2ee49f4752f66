#include "daemon/rpc/http_transport.hpp"

#include "abi/hex.hpp"
#include "tests/support/loopback_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::Served;
using test::ServedRequest;
using Kind = HttpFault::Kind;

Served reply(int status, std::string body, std::vector<std::string> headers = {}) {
    Served out;
    out.status = status;
    out.body = std::move(body);
    out.headers = std::move(headers);
    return out;
}

Served how(Served::How kind, std::string body = "{}") {
    Served out;
    out.how = kind;
    out.body = std::move(body);
    return out;
}

class CurlTransport : public ::testing::Test {
  protected:
    HttpResult post(const std::string& url, std::size_t max_bytes = kMiB,
                    std::chrono::milliseconds timeout = 5s) {
        settings.url = Secret(url);
        HttpRequest request;
        request.endpoint = &settings;
        request.body = R"({"id":1})";
        request.max_bytes = max_bytes;
        request.timeout = timeout;
        return std::move(transport->send({&request, 1})[0]);
    }
    Kind fault(const Served& served, std::size_t max_bytes = kMiB,
               std::chrono::milliseconds timeout = 5s) {
        const LoopbackServer server([&](const ServedRequest&) { return served; });
        const auto result = post(server.url(), max_bytes, timeout);
        EXPECT_FALSE(result);
        return result ? Kind::cancelled : result.error().kind;
    }

    EndpointSettings settings;
    std::unique_ptr<HttpTransport> transport = make_curl_transport();
};

TEST_F(CurlTransport, posts_json) {
    const LoopbackServer server([](const ServedRequest&) { return reply(200, "ok"); });
    settings.headers.emplace_back("X-Key", Secret("key"));
    const auto result = post(server.url("/v2/key?x=1"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, "ok");
    const ServedRequest request = server.requests().at(0);
    EXPECT_TRUE(request.head.starts_with("POST /v2/key?x=1 HTTP/1.1\r\n"));
    EXPECT_NE(request.head.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(request.head.find("X-Key: key\r\n"), std::string::npos);
    EXPECT_NE(request.head.find("Accept-Encoding: "), std::string::npos);
    EXPECT_EQ(request.body, R"({"id":1})");
}

TEST_F(CurlTransport, appends_a_path_before_the_query) {
    const LoopbackServer server([](const ServedRequest&) { return reply(200, ""); });
    for (const char* base : {"/base", "/base/"}) {
        settings.url = Secret(server.url(base) + "?key=1");
        HttpRequest request;
        request.endpoint = &settings;
        request.path = "/wallet/getnowblock";
        ASSERT_TRUE(transport->send({&request, 1})[0]);
        EXPECT_TRUE(server.requests().back().head.starts_with(
            "POST /base/wallet/getnowblock?key=1 HTTP/1.1\r\n"));
    }
}

TEST_F(CurlTransport, gets_with_a_query_of_its_own) {
    const LoopbackServer server([](const ServedRequest&) { return reply(200, "[]"); });
    for (const char* query : {"", "?key=1"}) {
        settings.url = Secret(server.url("/base") + query);
        HttpRequest request;
        request.endpoint = &settings;
        request.path = "/v1/events?limit=2";
        request.is_get = true;
        ASSERT_TRUE(transport->send({&request, 1})[0]);
        const std::string key = *query == '\0' ? "" : "&key=1";
        const ServedRequest seen = server.requests().back();
        EXPECT_TRUE(seen.head.starts_with("GET /base/v1/events?limit=2" + key + " HTTP/1.1\r\n"))
            << seen.head;
        EXPECT_EQ(seen.head.find("Content-"), std::string::npos);
        EXPECT_EQ(seen.body, "");
    }
}

TEST_F(CurlTransport, sends_large_bodies_without_expect) {
    const LoopbackServer server([](const ServedRequest&) { return reply(200, ""); });
    settings.url = Secret(server.url());
    HttpRequest request;
    request.endpoint = &settings;
    request.body = std::string(3 * kMiB, 'x');
    ASSERT_TRUE(transport->send({&request, 1})[0]);
    EXPECT_EQ(server.requests().at(0).head.find("Expect"), std::string::npos);
    EXPECT_EQ(server.requests().at(0).body.size(), 3 * kMiB);
}

TEST_F(CurlTransport, keeps_connections) {
    const LoopbackServer server([](const ServedRequest&) { return reply(200, "ok"); });
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(post(server.url()));
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(CurlTransport, sends_in_parallel_over_few_connections) {
    const LoopbackServer server([](const ServedRequest& request) {
        Served out = reply(200, request.body);
        out.delay = 30ms;
        return out;
    });
    settings.url = Secret(server.url());
    std::vector<HttpRequest> requests(40);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        requests[i].endpoint = &settings;
        requests[i].body = std::to_string(i);
    }
    const auto results = transport->send(requests);
    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i]->body, std::to_string(i));
    EXPECT_LE(server.connections(), 8U);
    EXPECT_GE(server.connections(), 2U);
}

TEST_F(CurlTransport, recovers_when_a_kept_connection_was_closed) {
    const LoopbackServer server([](const ServedRequest&) {
        Served out = reply(200, "ok");
        out.closes = true;
        return out;
    });
    EXPECT_TRUE(post(server.url()));
    EXPECT_TRUE(post(server.url()));
}

TEST_F(CurlTransport, any_status_is_a_reply) {
    for (const int status : {204, 307, 400, 401, 404, 413, 429, 500, 503}) {
        const LoopbackServer server([&](const ServedRequest&) {
            return reply(status, status == 204 ? "" : "body", {"Location: http://127.0.0.1:1/"});
        });
        const auto result = post(server.url());
        ASSERT_TRUE(result) << status;
        EXPECT_EQ(result->status, status);
        EXPECT_EQ(server.requests().size(), 1U);
    }
}

TEST_F(CurlTransport, reads_retry_after_as_seconds_or_date) {
    const LoopbackServer server([](const ServedRequest& request) {
        const bool as_date = request.head.find("/date") != std::string::npos;
        return reply(429, "",
                     {as_date ? "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT" : "Retry-After: 17"});
    });
    EXPECT_EQ(post(server.url())->retry_after, 17s);
    EXPECT_GT(post(server.url("/date"))->retry_after, 1'000'000s);
}

TEST_F(CurlTransport, refuses_more_bytes_than_allowed) {
    EXPECT_EQ(fault(reply(200, std::string(1'001, 'x')), 1'000), Kind::too_large);
    const LoopbackServer server(
        [](const ServedRequest&) { return reply(200, std::string(1'000, 'x')); });
    EXPECT_TRUE(post(server.url(), 1'000));
}

TEST_F(CurlTransport, stops_an_endless_chunked_body) {
    EXPECT_EQ(fault(how(Served::How::endless), 16 * kMiB), Kind::too_large);
}

TEST_F(CurlTransport, stops_endless_headers) {
    EXPECT_EQ(fault(how(Served::How::headers_only)), Kind::too_large);
}

TEST_F(CurlTransport, error_bodies_have_a_smaller_cap) {
    Served served = how(Served::How::endless);
    served.status = 502;
    EXPECT_EQ(fault(served, 1'000 * kMiB), Kind::too_large);
}

TEST_F(CurlTransport, counts_the_bytes_of_a_compressed_body_as_unpacked) {
    // 131,072 blanks, packed into 163 bytes.
    const Bytes packed = parse_hex("0x1f8b0800000000000203edc13101000000c2a02aeb9fd2c31a400100" +
                                   std::string(250, '0') + "dc008b36bcbb00000200")
                             .value();
    const std::string body(packed.begin(), packed.end());
    const LoopbackServer server(
        [&](const ServedRequest&) { return reply(200, body, {"Content-Encoding: gzip"}); });
    const auto whole = post(server.url(), 131'072);
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(whole->body, std::string(131'072, ' '));
    EXPECT_EQ(post(server.url(), 131'071).error().kind, Kind::too_large);
}

TEST_F(CurlTransport, tells_broken_replies) {
    EXPECT_EQ(fault(how(Served::How::close)), Kind::truncated);
    EXPECT_EQ(fault(how(Served::How::truncate)), Kind::truncated);
    EXPECT_EQ(fault(how(Served::How::garbage)), Kind::truncated);
}

TEST_F(CurlTransport, gives_up_on_silence_at_the_timeout) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(fault(how(Served::How::hang), kMiB, 200ms), Kind::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(CurlTransport, gives_up_on_a_dripping_body) {
    CurlOptions options;
    options.slow_after = 300ms;
    transport = make_curl_transport(options);
    EXPECT_EQ(fault(how(Served::How::drip, std::string(1'000, 'x')), kMiB, 60s), Kind::timeout);
}

TEST_F(CurlTransport, one_slow_server_does_not_delay_the_others_results) {
    const LoopbackServer server([](const ServedRequest& request) {
        return request.body == "slow" ? how(Served::How::hang) : reply(200, "ok");
    });
    settings.url = Secret(server.url());
    std::vector<HttpRequest> requests(2);
    requests[0].endpoint = requests[1].endpoint = &settings;
    requests[0].body = "slow";
    requests[0].timeout = 200ms;
    const auto results = transport->send(requests);
    EXPECT_EQ(results[0].error().kind, Kind::timeout);
    EXPECT_EQ(results[1]->body, "ok");
}

TEST_F(CurlTransport, tells_refused_connections) {
    std::string url;
    {
        const LoopbackServer server([](const ServedRequest&) { return reply(200, ""); });
        url = server.url();
    }
    EXPECT_EQ(post(url).error().kind, Kind::unreachable);
}

TEST_F(CurlTransport, refuses_other_schemes_and_public_plaintext) {
    for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
                            "127.0.0.1:8545", "", "http://"}) {
        const auto result = post(url);
        ASSERT_FALSE(result) << url;
        EXPECT_EQ(result.error().kind, Kind::refused) << url;
    }
    const auto result = post("http://192.0.2.1/", kMiB, 1s);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::refused);
    EXPECT_EQ(result.error().message,
              "plain http is allowed only to loopback and private addresses");
}

TEST_F(CurlTransport, headers_cannot_smuggle_lines) {
    const LoopbackServer server([](const ServedRequest&) { return reply(200, ""); });
    settings.headers.emplace_back("X-Key", Secret("a\r\nX-Other: b"));
    EXPECT_EQ(post(server.url()).error().kind, Kind::refused);
}

TEST_F(CurlTransport, ignores_the_proxy_environment) {
    setenv("http_proxy", "http://127.0.0.1:1", 1);  // NOLINT(concurrency-mt-unsafe)
    setenv("all_proxy", "http://127.0.0.1:1", 1);   // NOLINT(concurrency-mt-unsafe)
    const LoopbackServer server([](const ServedRequest&) { return reply(200, "ok"); });
    EXPECT_TRUE(post(server.url()));
    unsetenv("http_proxy");  // NOLINT(concurrency-mt-unsafe)
    unsetenv("all_proxy");   // NOLINT(concurrency-mt-unsafe)
}

TEST_F(CurlTransport, faults_name_no_url) {
    const auto result = post("http://127.0.0.1:1/secretkey");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message.find("127"), std::string::npos);
    EXPECT_EQ(result.error().message.find("secret"), std::string::npos);
}

TEST_F(CurlTransport, cancel_ends_a_wait_at_once_and_for_good) {
    const LoopbackServer server([](const ServedRequest&) { return how(Served::How::hang); });
    const auto begin = std::chrono::steady_clock::now();
    std::thread canceller([&] {
        while (server.requests().empty()) std::this_thread::yield();
        transport->cancel();
    });
    const auto result = post(server.url(), kMiB, 60s);
    canceller.join();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(post(server.url()).error().kind, Kind::cancelled);
}

}  // namespace
}  // namespace plimsoll::rpc
