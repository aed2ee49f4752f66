#include "daemon/sinks/http_post.hpp"

#include "tests/daemon/sinks/raw_server.hpp"
#include "tests/daemon/sinks/receiver.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using Fault = HttpReply::Fault;
using testing::answer_with;
using testing::RawServer;
using testing::Receiver;

HttpRules loopback_rules() {
    HttpRules rules;
    rules.allow_http = true;
    rules.allow_private = {parse_cidr("127.0.0.0/8").value()};
    rules.total_timeout = 5s;
    return rules;
}

HttpReply post(HttpPoster& poster, const std::string& url) {
    return poster.post({Secret(url), {{"webhook-id", "msg_1"}}, R"({"v":1})"});
}

HttpReply post_once(const std::string& url, const HttpRules& rules = loopback_rules()) {
    return post(*make_curl_poster(rules), url);
}

TEST(CurlPoster, sends_the_bytes_and_reads_status_text_and_retry_after) {
    Receiver receiver([](const httplib::Request&, httplib::Response& response) {
        response.status = 429;
        response.set_header("ReTrY-aFtEr", "17");
        response.set_content("slow down", "text/plain");
    });
    const HttpReply reply = post_once(receiver.url("/a?b=c"));
    EXPECT_EQ(reply.fault, Fault::none);
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.retry_after.substr(0, 3), " 17");
    EXPECT_EQ(reply.text, "slow down");
    const auto requests = receiver.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].body, R"({"v":1})");
    EXPECT_EQ(requests[0].get_header_value("webhook-id"), "msg_1");
    EXPECT_EQ(requests[0].target, "/a?b=c");
    EXPECT_FALSE(requests[0].has_header("Expect"));
}

TEST(CurlPoster, redirect_is_reported_and_not_followed) {
    Receiver receiver([](const httplib::Request&, httplib::Response& response) {
        response.set_redirect("/elsewhere");
    });
    EXPECT_EQ(post_once(receiver.url()).status, 302);
    EXPECT_EQ(receiver.requests().size(), 1U);
}

TEST(CurlPoster, keeps_its_connection) {
    RawServer server([](const RawServer::Connection& connection) {
        for (int i = 0; i < 3; ++i) {
            if (!connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) return;
            connection.wait(i < 2 ? 100 : 1000);
        }
    });
    auto poster = make_curl_poster(loopback_rules());
    for (int i = 0; i < 2; ++i) EXPECT_EQ(post(*poster, server.url()).status, 200);
    EXPECT_EQ(server.connections(), 1);
}

TEST(CurlPoster, proxy_of_the_environment_is_ignored) {
    Receiver receiver(answer_with(204));
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
    EXPECT_EQ(post_once(receiver.url()).status, 204);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

TEST(CurlPoster, receiver_that_hangs_times_out) {
    HttpRules rules = loopback_rules();
    rules.total_timeout = 200ms;
    RawServer server([](const RawServer::Connection& connection) { connection.wait(5000); });
    EXPECT_EQ(post_once(server.url(), rules).fault, Fault::timeout);
}

TEST(CurlPoster, receiver_that_drips_times_out_all_the_same) {
    HttpRules rules = loopback_rules();
    rules.total_timeout = 300ms;
    RawServer server([](const RawServer::Connection& connection) {
        if (!connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")) return;
        for (int i = 0; i < 100 && connection.send("x"); ++i) connection.wait(20);
    });
    EXPECT_EQ(post_once(server.url(), rules).fault, Fault::timeout);
}

TEST(CurlPoster, endless_reply_is_cut_and_its_status_counts) {
    const std::string block(64 * 1024, 'x');
    RawServer server([&](const RawServer::Connection& connection) {
        if (!connection.send("HTTP/1.1 500 no\r\n\r\n")) return;
        while (connection.send(block)) {
        }
    });
    const HttpReply reply = post_once(server.url());
    EXPECT_EQ(reply.fault, Fault::none);
    EXPECT_EQ(reply.status, 500);
    EXPECT_LE(reply.text.size(), 64U * 1024);
}

TEST(CurlPoster, endless_headers_are_cut) {
    RawServer server([](const RawServer::Connection& connection) {
        if (!connection.send("HTTP/1.1 200 OK\r\n")) return;
        while (connection.send("x: " + std::string(1000, 'y') + "\r\n")) {
        }
    });
    EXPECT_EQ(post_once(server.url()).fault, Fault::connect);
}

struct Garbage {
    const char* name;
    const char* reply;
};

void PrintTo(const Garbage& value, std::ostream* out) { *out << value.name; }

class CurlPosterGarbage : public ::testing::TestWithParam<Garbage> {};

TEST_P(CurlPosterGarbage, is_a_failed_connection) {
    RawServer server(
        [](const RawServer::Connection& connection) { connection.send(GetParam().reply); });
    EXPECT_EQ(post_once(server.url()).fault, Fault::connect);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CurlPosterGarbage,
    ::testing::Values(Garbage{"closed_at_once", ""}, Garbage{"no_http", "hello\r\n\r\n"},
                      Garbage{"binary", "\x16\x03\x01\x02"},
                      Garbage{"half_a_status", "HTTP/1.1 20"},
                      Garbage{"cut_in_body", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"},
                      Garbage{"bad_chunk",
                              "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"}),
    [](const auto& case_info) { return case_info.param.name; });

TEST(CurlPoster, nobody_listening_is_a_failed_connection) {
    int port = 0;
    {
        Receiver receiver(answer_with(200));
        port = receiver.port();
    }
    EXPECT_EQ(post_once("http://127.0.0.1:" + std::to_string(port)).fault, Fault::connect);
}

TEST(CurlPoster, cancel_ends_a_request_in_progress_and_later_ones) {
    RawServer server([](const RawServer::Connection& connection) { connection.wait(20'000); });
    HttpRules rules = loopback_rules();
    rules.total_timeout = 60s;
    auto poster = make_curl_poster(rules);
    const auto begin = std::chrono::steady_clock::now();
    std::thread canceller([&] {
        while (server.connections() == 0) std::this_thread::yield();
        poster->cancel();
    });
    EXPECT_EQ(post(*poster, server.url()).fault, Fault::cancelled);
    canceller.join();
    EXPECT_EQ(post(*poster, server.url()).fault, Fault::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(CurlPoster, http_needs_leave) {
    Receiver receiver(answer_with(200));
    HttpRules rules = loopback_rules();
    rules.allow_http = false;
    EXPECT_EQ(post_once(receiver.url(), rules).fault, Fault::denied);
    EXPECT_TRUE(receiver.requests().empty());
}

TEST(CurlPoster, other_schemes_are_never_spoken) {
    for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/",
                            "dict://127.0.0.1/", "smtp://127.0.0.1/", "ldap://127.0.0.1/"}) {
        EXPECT_EQ(post_once(url).fault, Fault::denied) << url;
    }
}

/// Spellings of addresses that must not be dialled. A receiver listens on loopback all the while
/// and must hear nothing.
class CurlPosterGuard : public ::testing::TestWithParam<const char*> {};

TEST_P(CurlPosterGuard, spelling_is_refused) {
    Receiver receiver(answer_with(200));
    HttpRules rules = loopback_rules();
    rules.allow_private.clear();
    rules.total_timeout = 2s;
    const std::string url =
        "http://" + std::string(GetParam()) + ":" + std::to_string(receiver.port()) + "/";
    const HttpReply reply = post_once(url, rules);
    EXPECT_EQ(reply.fault, Fault::denied) << url << " " << reply.text;
    EXPECT_TRUE(receiver.requests().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, CurlPosterGuard,
    ::testing::Values(
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
        "017700000001", "localhost", "LOCALHOST", "0", "0.0.0.0", "[::1]", "[::]",
        "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]",
        "[::ffff:169.254.169.254]", "169.254.169.254", "2852039166", "0xA9FEA9FE",
        "0251.0376.0251.0376", "10.0.0.1", "10.1", "192.168.1.1", "3232235777", "172.16.0.1",
        "172.31.255.254", "100.64.0.1", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]",
        "[fd00::1]", "[ff02::1]", "255.255.255.255", "224.0.0.1", "user@127.0.0.1",
        "8.8.8.8@127.0.0.1",
        // loopback again, in other spellings
        "127.000.000.001", "0x7f.0x0.0x0.0x1", "0x7F000001", "0x7f.1", "00000000177.1",
        "127.255.255.254", "LocalHost", "%31%32%37.0.0.1", "127%2E0%2E0%2E1", "[0000:0000::0001]",
        "[::127.0.0.1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:FFFF:127.0.0.1]",
        // private, shared, documentation and reserved networks
        "10.255.255.255", "0xa000001", "012.0.0.1", "167772161", "172.1048577", "0xac100001",
        "192.168.0.0", "0300.0250.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
        "198.18.0.1", "198.51.100.7", "203.0.113.9", "240.0.0.1", "239.255.255.250",
        // what names an IPv4 host in IPv6, and networks of IPv6 alone
        "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[::10.0.0.1]", "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::1]", "[2002:a00:1::]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]",
        "[fc00::1]", "[fdff:ffff::1]", "[fe80::1%251]", "[febf::1]", "[fec0::1]", "[ff05::1:3]"));

/// A name that leads elsewhere at the second look: what counts is the address that is dialled.
TEST(CurlPoster, rebinding_gains_nothing) {
    Receiver receiver(answer_with(200));
    const std::string port = std::to_string(receiver.port());
    for (const char* address :
         {"127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]",
          "[64:ff9b::7f00:1]", "10.0.0.1,127.0.0.1", "[fe80::1],192.168.0.1", "0.0.0.0"}) {
        HttpRules rules = loopback_rules();
        rules.allow_private = {parse_cidr("192.0.2.0/24").value()};
        rules.total_timeout = 2s;
        rules.resolve = {"innocent.example:" + port + ":" + address};
        const HttpReply reply = post_once("http://innocent.example:" + port + "/", rules);
        EXPECT_EQ(reply.fault, Fault::denied) << address << " " << reply.text;
    }
    EXPECT_TRUE(receiver.requests().empty());
}

TEST(CurlPoster, allow_list_opens_what_it_lists_and_nothing_more) {
    Receiver receiver(answer_with(200));
    const std::string port = std::to_string(receiver.port());
    HttpRules rules = loopback_rules();
    rules.allow_private = {parse_cidr("127.0.0.0/8").value()};
    rules.resolve = {"ours.example:" + port + ":127.0.0.1", "other.example:" + port + ":10.0.0.1"};
    EXPECT_EQ(post_once("http://ours.example:" + port + "/", rules).status, 200);
    EXPECT_EQ(post_once("http://127.1:" + port + "/", rules).status, 200);
    EXPECT_EQ(post_once("http://other.example:" + port + "/", rules).fault, Fault::denied);
}

/// Two answers to one question, the first of them harmless: the second must not be dialled on a
/// connection of the first.
TEST(CurlPoster, address_that_changes_between_two_posts_is_refused_the_second_time) {
    Receiver receiver(answer_with(200));
    const std::string port = std::to_string(receiver.port());
    HttpRules rules = loopback_rules();
    rules.allow_private = {parse_cidr("127.0.0.1").value()};
    rules.resolve = {"turning.example:" + port + ":127.0.0.1"};
    EXPECT_EQ(post_once("http://turning.example:" + port + "/", rules).status, 200);
    rules.resolve = {"turning.example:" + port + ":127.0.0.2"};
    EXPECT_EQ(post_once("http://turning.example:" + port + "/", rules).fault, Fault::denied);
    EXPECT_EQ(receiver.requests().size(), 1U);
}

TEST(CurlPoster, denied_address_is_named) {
    HttpRules rules = loopback_rules();
    rules.allow_private.clear();
    EXPECT_EQ(post_once("http://2130706433:9/", rules).text, "127.0.0.1 (see allow_private)");
}

}  // namespace
}  // namespace plimsoll::sinks
