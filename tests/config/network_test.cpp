#include "config/network.hpp"

#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

TEST(ParseUrl, takes_the_parts_apart) {
    const auto url = parse_url("HTTPS://user:word@[2001:db8::1]:8443/v2/key?x=1");
    ASSERT_TRUE(url.has_value());
    EXPECT_EQ(url->scheme, "https");
    EXPECT_EQ(url->host, "[2001:db8::1]");
    EXPECT_EQ(url->port, "8443");
    EXPECT_TRUE(url->has_user);
    EXPECT_EQ(url->path, "/v2/key?x=1");
}

TEST(ParseUrl, refuses_what_is_no_http_url) {
    for (const char* const bad :
         {"", "node.example", "ftp://a.example", "ws://a.example", "file:///etc/passwd", "https://",
          "https:///path", "https://a b", "https://a.example/\n", "https://a.example:0",
          "https://a.example:65536", "https://a.example:", "https://:80", "https://[::1",
          "https://[nonsense]", "https://a.example#x", "https://a.example\\b", "https://-a"}) {
        EXPECT_FALSE(parse_url(bad).has_value()) << bad;
    }
}

TEST(PublicUrl, shows_no_more_than_the_host) {
    EXPECT_EQ(public_url("https://user:word@a.example/v2/0123456789"), "https://a.example/…");
    EXPECT_EQ(public_url("https://a.example?key=1"), "https://a.example/…");
    EXPECT_EQ(public_url("http://127.0.0.1:8545"), "http://127.0.0.1:8545");
    EXPECT_EQ(public_url("https://a.example/"), "https://a.example/");
    EXPECT_EQ(public_url("nonsense with a secret"), "(not a URL)");
}

TEST(LooksSecret, knows_services_whose_urls_are_passwords) {
    const auto looks = [](const char* text) { return looks_secret(parse_url(text).value()); };
    EXPECT_TRUE(looks("https://hooks.slack.com/services/T0/B0/abc"));
    EXPECT_TRUE(looks("https://discord.com/api/webhooks/1/abc"));
    EXPECT_TRUE(looks("https://api.telegram.org/bot1:abc/sendMessage"));
    EXPECT_TRUE(looks("https://events.pagerduty.com/integration/abc/enqueue"));
    EXPECT_FALSE(looks("https://hooks.slack.com/services/"));
    EXPECT_FALSE(looks("https://hooks.slack.com/"));
    EXPECT_FALSE(looks("https://discord.com/api/other"));
    EXPECT_FALSE(looks("https://other.example/services/T0/B0/abc"));
}

TEST(LooksSecret, sees_users_and_long_keys) {
    const auto looks = [](const char* text) { return looks_secret(parse_url(text).value()); };
    EXPECT_TRUE(looks("https://u@a.example"));
    EXPECT_TRUE(looks("https://a.example/v2/abcdefghij0123456789"));
    EXPECT_TRUE(looks("https://a.example/?apikey=abcdefghij0123456789"));
    EXPECT_FALSE(looks("https://a.example/v2/abcdefghij012345678"));
    EXPECT_FALSE(looks("https://a.example/ethereum-mainnet-execution-layer"));
    EXPECT_FALSE(looks("https://a.example"));
}

TEST(ParseListen, takes_host_and_port) {
    EXPECT_EQ(parse_listen("127.0.0.1:9464").value().port, 9464);
    EXPECT_EQ(parse_listen("[::1]:0").value().host, "[::1]");
    EXPECT_TRUE(parse_listen("localhost:80").value().is_loopback());
    EXPECT_FALSE(parse_listen("0.0.0.0:80").value().is_loopback());
    for (const char* const bad : {"9464", ":9464", "127.0.0.1", "127.0.0.1:", "::1:9464",
                                  "127.0.0.1:65536", "127.0.0.1:-1", "a b:80"}) {
        EXPECT_FALSE(parse_listen(bad).has_value()) << bad;
    }
}

TEST(CheckCidr, wants_a_block_without_bits_below) {
    for (const char* const good :
         {"10.1.0.0/16", "0.0.0.0/0", "127.0.0.1/32", "fd00::/8", "::1/128", "192.168.128.0/17"}) {
        EXPECT_TRUE(check_cidr(good).has_value()) << good;
    }
    for (const char* const bad :
         {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.1.0.0/8", "10.1/16", "010.0.0.0/8",
          "::1/129", "fd00::1/8", "a.example/8", "10.0.0.0/-1", "10.0.0.0/8 "}) {
        EXPECT_FALSE(check_cidr(bad).has_value()) << bad;
    }
}

TEST(CheckHeader, refuses_line_breaks_and_odd_names) {
    EXPECT_TRUE(check_header("X-Api-Key", "Bearer abc").has_value());
    EXPECT_FALSE(check_header("X Key", "a").has_value());
    EXPECT_FALSE(check_header("X:Key", "a").has_value());
    EXPECT_FALSE(check_header("", "a").has_value());
    EXPECT_FALSE(check_header("X-Key", "a\r\nHost: b").has_value());
    EXPECT_FALSE(check_header("X-Key", std::string_view("a\0b", 3)).has_value());
}

}  // namespace
}  // namespace plimsoll::config
