#include "daemon/sinks/make.hpp"

#include <gtest/gtest.h>

namespace plimsoll::sinks {
namespace {

config::SinkSettings webhook() {
    config::SinkSettings out;
    out.name = "oncall";
    out.kind = "webhook";
    out.url = Secret("https://h.example/hooks/MARKERSECRET");
    out.secrets = {Secret("whsec_" + std::string(32, 'A'))};
    out.lanes = 3;
    out.max_rps = 7;
    return out;
}

std::string error_of(const config::SinkSettings& settings) {
    const auto made = make_sink(settings, "/tmp");
    return made ? "" : made.error().message;
}

TEST(MakeSink, webhook_with_its_limits) {
    const auto made = make_sink(webhook(), "/tmp");
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ((*made)->name(), "oncall");
    EXPECT_EQ((*made)->limits().lanes, 3U);
    EXPECT_EQ((*made)->limits().max_rps, 7U);
}

TEST(MakeSink, archive_has_one_lane) {
    config::SinkSettings settings;
    settings.name = "archive";
    settings.kind = "jsonl";
    const auto made = make_sink(settings, "/tmp");
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ((*made)->limits().lanes, 1U);
}

TEST(MakeSink, plain_http_only_where_allowed) {
    config::SinkSettings settings = webhook();
    settings.url = Secret("http://h.example/MARKERSECRET");
    EXPECT_EQ(error_of(settings), "sink 'oncall': plain http needs allow_http = true");
    settings.allow_http = true;
    EXPECT_EQ(error_of(settings), "");
    for (const char* url : {"", "h.example", "ftp://h.example", "file:///etc/passwd", "gopher://x",
                            "//h.example", " https://h.example"}) {
        settings.url = Secret(url);
        EXPECT_EQ(error_of(settings), "sink 'oncall': the URL does not begin with https://") << url;
    }
    settings.url = Secret("HTTPS://h.example");
    EXPECT_EQ(error_of(settings), "");
}

TEST(MakeSink, bad_settings_are_named_without_secrets) {
    config::SinkSettings settings = webhook();
    settings.secrets.emplace_back("whsec_MARKERSECRET");
    EXPECT_EQ(error_of(settings),
              "sink 'oncall': webhook secret is not whsec_ and base64 of 24 to 64 bytes");
    settings = webhook();
    settings.allow_private = {"10.0.0.0/8", "10.0.0.1/8"};
    EXPECT_EQ(error_of(settings),
              "sink 'oncall': allow_private: address has bits below its prefix");
    settings = webhook();
    settings.kind = "pigeon";
    EXPECT_EQ(error_of(settings), "sink 'oncall': unknown kind 'pigeon'");
}

}  // namespace
}  // namespace plimsoll::sinks
