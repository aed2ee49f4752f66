#include "config/describe.hpp"
#include "config/mailbox.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

namespace plimsoll::config {
namespace {

using testing::FakeSecrets;
using testing::joined;
using testing::kLeast;
using testing::parse;

constexpr const char* kAllKinds = R"(
[sinks.am]
kind = "alertmanager"
url = "http://127.0.0.1:9093"
allow_http = true
allow_private = ["127.0.0.0/8"]
resend_every = "30s"
[sinks.chat]
kind = "telegram"
token = "${credential:token}"
chat = "-100123"
thread = 7
language = "zh"
[sinks.hook]
kind = "webhook"
url = "https://h.example"
cloudevents = true
[sinks.mail]
kind = "email"
server = "smtps://mail.example:465"
user = "plimsoll"
password = "${credential:password}"
from = "Plimsoll <plimsoll@mail.example>"
to = ["risk@mail.example", "Night Desk <desk@mail.example>"]
ca_file = "/etc/ca.pem"
[sinks.out]
kind = "stdout"
[sinks.pager]
kind = "pagerduty"
routing_key = "${credential:routing}"
page_url = "https://plimsoll.example/"
max_rps = 3
[sinks.team]
kind = "slack"
url = "${credential:slack}"
)";

FakeSecrets secrets_of_all() {
    FakeSecrets out;
    out.credentials = {{"token", "12345:MARKER_token"},
                       {"password", "MARKERpassword"},
                       {"routing", "MARKERrouting"},
                       {"slack", "https://hooks.slack.example/services/MARKERslack"}};
    return out;
}

Settings all_kinds() {
    FakeSecrets secrets = secrets_of_all();
    return testing::parse_good(kAllKinds, secrets);
}

const SinkSettings& named(const Settings& settings, const std::string& name) {
    for (const SinkSettings& sink : settings.sinks) {
        if (sink.name == name) return sink;
    }
    throw std::out_of_range(name);
}

TEST(Sinks, every_kind_is_read) {
    const Settings settings = all_kinds();
    EXPECT_EQ(settings.sinks.size(), 7U);
    EXPECT_EQ(named(settings, "am").resend.count(), 30'000);
    EXPECT_EQ(named(settings, "am").url.reveal(), "http://127.0.0.1:9093");
    const SinkSettings& chat = named(settings, "chat");
    EXPECT_EQ(chat.url.reveal(), "https://api.telegram.org");
    EXPECT_EQ(chat.token.reveal(), "12345:MARKER_token");
    EXPECT_EQ(chat.chat, "-100123");
    EXPECT_EQ(chat.thread, 7U);
    EXPECT_EQ(chat.language, "zh");
    EXPECT_TRUE(named(settings, "hook").cloudevents);
    const SinkSettings& mail = named(settings, "mail");
    EXPECT_EQ(mail.server, "smtps://mail.example:465");
    EXPECT_EQ(mail.user, "plimsoll");
    EXPECT_EQ(mail.password.reveal(), "MARKERpassword");
    EXPECT_EQ(mail.to.size(), 2U);
    EXPECT_EQ(mail.ca_file, "/etc/ca.pem");
    const SinkSettings& pager = named(settings, "pager");
    EXPECT_EQ(pager.url.reveal(), "https://events.pagerduty.com/v2/enqueue");
    EXPECT_EQ(pager.page_url, "https://plimsoll.example/");
    EXPECT_EQ(pager.max_rps, 3U);
    EXPECT_EQ(named(settings, "team").language, "en");
    EXPECT_EQ(named(settings, "team").max_rps, std::nullopt);
}

TEST(Sinks, what_is_printed_holds_no_secret) {
    const Settings settings = all_kinds();
    for (const std::string& text : {describe(settings), describe_json(settings)}) {
        EXPECT_EQ(text.find("MARKER"), std::string::npos) << text;
        EXPECT_NE(text.find("smtps://mail.example:465"), std::string::npos);
        EXPECT_NE(text.find("https://hooks.slack.example/…"), std::string::npos);
    }
}

TEST(Sinks, secrets_in_the_file_itself_are_warnings_or_strict_errors) {
    const std::string text = std::string(kLeast) + R"(
[sinks.chat]
kind = "telegram"
token = "12345:secret"
chat = "1"
[sinks.mail]
kind = "email"
server = "smtps://mail.example"
user = "u"
password = "secret"
from = "a@mail.example"
to = ["b@mail.example"]
[sinks.pager]
kind = "pagerduty"
routing_key = "secret"
[sinks.team]
kind = "slack"
url = "https://hooks.slack.example/x"
)";
    FakeSecrets secrets;
    const auto parsed = parse(text, secrets);
    ASSERT_TRUE(parsed.has_value()) << joined(parsed.error());
    EXPECT_EQ(parsed->warnings.size(), 4U) << joined(parsed->warnings);
    for (const char* what : {"a bot's token", "a password", "a PagerDuty integration key",
                             "a hook's URL, which is its key,"}) {
        EXPECT_NE(joined(parsed->warnings).find(std::string(what) + " stands in the file itself"),
                  std::string::npos)
            << what;
    }
    EXPECT_EQ(joined(parsed->warnings).find("12345"), std::string::npos);
    const auto strict = parse(text, secrets, {.strict = true});
    ASSERT_FALSE(strict.has_value());
    EXPECT_EQ(strict.error().size(), 4U);
}

TEST(Mailbox, addresses) {
    for (const char* good :
         {"a@b", "a.b+c@mail.example", "Plimsoll <a@b.c>", "<a@b.c>", "Night Desk 2 <a@b-c.d>"}) {
        EXPECT_TRUE(check_mailbox(good).has_value()) << good;
    }
    for (const char* bad :
         {"", "a", "@b", "a@", "a@.b", "a@b.", "a b@c", "a@b\r\nBcc: c@d", "a@b,c@d", "A <a@b",
          "Ä <a@b>", "\"x\" <a@b>", "a@b>", "<>", "x <a@b> y", "a\n <b@c>"}) {
        EXPECT_FALSE(check_mailbox(bad).has_value()) << bad;
    }
    EXPECT_FALSE(check_mailbox(std::string(300, 'a') + "@b").has_value());
}

TEST(Mailbox, servers) {
    for (const char* good : {"smtps://mail.example", "smtps://mail.example:465",
                             "smtp://127.0.0.1:25", "smtp://[::1]:25"}) {
        EXPECT_TRUE(check_mail_server(good).has_value()) << good;
    }
    for (const char* bad : {"", "mail.example", "https://mail.example", "smtp://", "smtp://u@m",
                            "smtps://m/path", "smtps://m:0", "smtps://m:99999", "SMTPS://m"}) {
        EXPECT_FALSE(check_mail_server(bad).has_value()) << bad;
    }
}

TEST(Mailbox, telegram) {
    for (const char* good : {"1:a", "123456:ABC-def_1"}) EXPECT_TRUE(is_bot_token(good)) << good;
    for (const char* bad : {"", ":", "1:", ":a", "a:1", "1:a/b", "1:a?x", "1"}) {
        EXPECT_FALSE(is_bot_token(bad)) << bad;
    }
    for (const char* good : {"1", "-1001234567890", "@channel_1"}) EXPECT_TRUE(is_chat(good));
    for (const char* bad : {"", "-", "@", "@a b", "1a", "--1", "12345678901234567890"}) {
        EXPECT_FALSE(is_chat(bad)) << bad;
    }
}

}  // namespace
}  // namespace plimsoll::config
