#include "daemon/sinks/make.hpp"

#include <gtest/gtest.h>

#include <functional>

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

/// A section with all that the kind needs.
config::SinkSettings of_kind(const std::string& kind) {
    config::SinkSettings out;
    out.name = "team";
    out.kind = kind;
    out.lanes = 4;
    out.url = Secret("https://h.example/MARKERSECRET");
    out.token = Secret("12345:MARKERSECRET");
    out.chat = "-100123";
    out.routing_key = Secret("MARKERSECRET");
    out.server = "smtps://mail.example:465";
    out.user = "plimsoll";
    out.password = Secret("MARKERSECRET");
    out.from = "plimsoll@mail.example";
    out.to = {"risk@mail.example"};
    return out;
}

struct KindCase {
    const char* kind;
    unsigned lanes;
    unsigned max_rps;
    int period;
    bool takes_groups;
    bool keeps_alive;
};

TEST(MakeSink, each_kind_keeps_to_what_its_service_allows) {
    for (const KindCase& one :
         {KindCase{"webhook", 4, 0, 1, false, false},
          KindCase{"alertmanager", 4, 0, 1, false, true}, KindCase{"slack", 1, 1, 1, true, false},
          KindCase{"discord", 1, 2, 1, true, false}, KindCase{"telegram", 1, 20, 60, true, false},
          KindCase{"pagerduty", 1, 10, 1, true, false}, KindCase{"email", 1, 1, 1, true, false},
          KindCase{"stdout", 1, 0, 1, false, false}}) {
        const auto made = make_sink(of_kind(one.kind), "/tmp");
        ASSERT_TRUE(made.has_value()) << one.kind << ": " << made.error().message;
        const Limits limits = (*made)->limits();
        EXPECT_EQ(limits.lanes, one.lanes) << one.kind;
        EXPECT_EQ(limits.max_rps, one.max_rps) << one.kind;
        EXPECT_EQ(limits.rate_period.count(), one.period) << one.kind;
        EXPECT_EQ((*made)->takes_groups(), one.takes_groups) << one.kind;
        EXPECT_EQ((*made)->keeps_alive(), one.keeps_alive) << one.kind;
    }
    config::SinkSettings channel = of_kind("telegram");
    channel.chat = "@channel";
    EXPECT_EQ((*make_sink(channel, "/tmp"))->limits().rate_period.count(), 1);
    channel.max_rps = 3;
    EXPECT_EQ((*make_sink(channel, "/tmp"))->limits().max_rps, 3U);
}

TEST(MakeSink, every_network_kind_is_guarded) {
    for (const char* kind :
         {"webhook", "alertmanager", "slack", "discord", "telegram", "pagerduty"}) {
        config::SinkSettings settings = of_kind(kind);
        settings.url = Secret("http://h.example/MARKERSECRET");
        EXPECT_EQ(error_of(settings), "sink 'team': plain http needs allow_http = true") << kind;
        settings = of_kind(kind);
        settings.allow_private = {"10.0.0.1/8"};
        EXPECT_EQ(error_of(settings),
                  "sink 'team': allow_private: address has bits below its prefix")
            << kind;
    }
    config::SinkSettings mail = of_kind("email");
    mail.server = "http://mail.example";
    EXPECT_EQ(error_of(mail), "sink 'team': the server does not begin with smtps:// or smtp://");
    mail = of_kind("email");
    mail.allow_plain = true;
    EXPECT_EQ(error_of(mail), "sink 'team': a password is never sent without TLS");
}

}  // namespace
}  // namespace plimsoll::sinks
