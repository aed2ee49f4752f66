#include "daemon/sinks/email.hpp"

#include "tests/daemon/sinks/smtp_server.hpp"
#include "tests/support/alert_samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <openssl/evp.h>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using Fault = HttpReply::Fault;
using testing::alert_sample;
using testing::SmtpServer;
using wording::Digest;
using wording::Language;

constexpr std::chrono::sys_seconds kNow{1'768'478'500s};
const MailSettings kMail{
    "Plimsoll <plimsoll@mail.example>", {"risk@mail.example", "Desk <desk@mail.example>"}, ""};

std::string decoded(const std::string& base64) {
    std::string text;
    for (const char c : base64) {
        if (c != '\r' && c != '\n') text += c;
    }
    std::string out(text.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    while (!out.empty() && out.back() == '\0') out.pop_back();
    return out;
}

TEST(MailText, says_what_the_alert_says) {
    const Digest digest = make_digest(alert_sample("position_firing").read(), Language::zh);
    const std::string mail = mail_text(digest, kMail, kNow);
    const std::size_t blank = mail.find("\r\n\r\n");
    const std::string text = decoded(mail.substr(blank + 4));
    EXPECT_EQ(text.find("▲ 严重：aave-v3-main 仓位可被清算"), 0U);
    EXPECT_NE(text.find("\r\n恢复安全：偿还 251,122.3345 USDC"), std::string::npos) << text;
    EXPECT_NE(text.find("\r\n" + digest.id + "\r\n"), std::string::npos);
    EXPECT_NE(mail.find("\r\nMessage-ID: <" + digest.id + "@mail.example>\r\n"), std::string::npos);
    EXPECT_NE(mail.find("\r\nDate: Thu, 15 Jan 2026 12:01:40 +0000\r\n"), std::string::npos);
    EXPECT_NE(mail.find("\r\nTo: risk@mail.example,\r\n Desk <desk@mail.example>\r\n"),
              std::string::npos);
}

TEST(MailText, is_ascii_in_short_lines_whatever_the_names_are) {
    for (const auto& sample : testing::alert_samples()) {
        for (const Language language : {Language::en, Language::zh}) {
            const std::string mail = mail_text(make_digest(sample.read(), language), kMail, kNow);
            std::size_t headers = 0;
            bool is_head = true;
            for (std::size_t at = 0; at < mail.size();) {
                const std::size_t end = mail.find("\r\n", at);
                ASSERT_NE(end, std::string::npos);
                const std::string line = mail.substr(at, end - at);
                EXPECT_LE(line.size(), 78U) << line;
                EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) {
                    return c >= 0x20 && c < 0x7F;
                })) << line;
                is_head = is_head && !line.empty();
                if (is_head && line.front() != ' ') ++headers;
                at = end + 2;
            }
            EXPECT_EQ(headers, sample.alert.severity == alerts::Severity::critical &&
                                       !sample.read().is_over()
                                   ? 11U
                                   : 10U)
                << "no name makes a header of its own: " << mail;
        }
    }
}

TEST(MailText, mails_of_one_alert_belong_together) {
    const auto reference = [](const char* sample) {
        const std::string mail =
            mail_text(make_digest(alert_sample(sample).read(), Language::en), kMail, kNow);
        const std::size_t at = mail.find("References: ");
        return mail.substr(at, mail.find("\r\n", at) - at);
    };
    EXPECT_EQ(reference("position_firing"), reference("position_resolved"));
    EXPECT_NE(reference("position_firing"), reference("band_firing"));
}

TEST(MailText, headers_are_encoded_words) {
    EXPECT_EQ(encoded_header("plain ASCII"), "plain ASCII");
    EXPECT_EQ(encoded_header("a\r\nBcc: x"), "=?UTF-8?B?Ye+/vSBCY2M6IHg=?=");
    EXPECT_EQ(encoded_header("=?fake?="), "=?UTF-8?B?PT9mYWtlPz0=?=");
    const std::string longer = encoded_header("价格价格价格价格价格价格价格价格价格");
    EXPECT_NE(longer.find("?=\r\n =?UTF-8?B?"), std::string::npos);
    EXPECT_EQ(bare_address("Desk <desk@mail.example>"), "desk@mail.example");
    EXPECT_EQ(bare_address("desk@mail.example"), "desk@mail.example");
}

SmtpRules rules_for(const std::string& url) {
    SmtpRules rules;
    rules.url = Secret(std::string_view(url));
    rules.allow_private = {parse_cidr("127.0.0.0/8").value()};
    rules.total_timeout = 5s;
    rules.allow_plain = true;
    return rules;
}

HttpReply send(const SmtpRules& rules) {
    return make_smtp_sender(rules)->send({"from@mail.example",
                                          {"a@mail.example", "b@mail.example"},
                                          "Subject: x\r\n\r\n.hidden\r\ntext\r\n"});
}

TEST(Smtp, hands_the_mail_over) {
    SmtpServer server;
    const HttpReply reply = send(rules_for(server.url()));
    EXPECT_EQ(reply.fault, Fault::none) << reply.text;
    EXPECT_EQ(classify_smtp(reply).kind, Kind::ok);
    const auto lines = server.lines();
    for (const char* line :
         {"MAIL FROM:<from@mail.example>", "RCPT TO:<a@mail.example>", "RCPT TO:<b@mail.example>",
          "DATA", "Subject: x", "..hidden", "text", "."}) {
        EXPECT_EQ(std::count(lines.begin(), lines.end(), line), 1) << line;
    }
}

struct SmtpCase {
    const char* name;
    SmtpServer::Answers answers;
    Kind kind;
};

class SmtpAnswers : public ::testing::TestWithParam<SmtpCase> {};

TEST_P(SmtpAnswers, as_tabled) {
    SmtpServer server(GetParam().answers);
    const Outcome outcome = classify_smtp(send(rules_for(server.url())));
    EXPECT_EQ(to_string(outcome.kind), to_string(GetParam().kind)) << outcome.detail;
}

INSTANTIATE_TEST_SUITE_P(
    Table, SmtpAnswers,
    ::testing::Values(
        SmtpCase{"busy", {{"CONNECT", "421 busy"}}, Kind::retry},
        SmtpCase{"greylisted", {{"RCPT", "451 later"}}, Kind::retry},
        SmtpCase{"sender_refused", {{"MAIL", "550 not you"}}, Kind::misconfigured},
        SmtpCase{"nobody_known", {{"RCPT", "550 no such user"}}, Kind::misconfigured},
        SmtpCase{"one_of_two_known", {{"RCPT TO:<a@mail.example>", "550 no such user"}}, Kind::ok},
        SmtpCase{"too_large", {{"DATA", "552 too much"}}, Kind::refused},
        SmtpCase{"content_refused", {{".", "554 spam"}}, Kind::refused},
        SmtpCase{"content_later", {{".", "452 no room"}}, Kind::retry},
        SmtpCase{"closed_after_data", {{".", ""}}, Kind::retry},
        SmtpCase{"closed_at_once", {{"EHLO", ""}, {"HELO", ""}}, Kind::retry},
        SmtpCase{"no_smtp", {{"CONNECT", "hello"}}, Kind::retry}),
    [](const auto& tested) { return tested.param.name; });

TEST(Smtp, without_tls_nothing_is_said_unless_that_is_allowed) {
    SmtpServer server;
    SmtpRules rules = rules_for(server.url());
    rules.allow_plain = false;
    rules.user = "user";
    rules.password = Secret("MARKERSECRET");
    const HttpReply reply = send(rules);
    EXPECT_EQ(reply.fault, Fault::tls) << reply.text;
    for (const std::string& line : server.lines()) {
        EXPECT_TRUE(line.starts_with("EHLO") || line.starts_with("QUIT") ||
                    line.starts_with("STARTTLS"))
            << line;
    }
}

TEST(Smtp, refused_login_stops_the_sink) {
    SmtpServer server({{"EHLO", "250-test\r\n250 AUTH PLAIN"}, {"AUTH", "535 wrong password"}});
    SmtpRules rules = rules_for(server.url());
    rules.user = "user";
    rules.password = Secret("MARKERSECRET");
    const Outcome outcome = classify_smtp(send(rules));
    EXPECT_EQ(outcome.kind, Kind::misconfigured);
    EXPECT_EQ(outcome.detail, "SMTP 535: 535 wrong password");
}

/// The same guard as for every other sink: nothing is heard by the server.
TEST(Smtp, special_addresses_are_not_dialled) {
    SmtpServer server;
    for (const char* host : {"127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1",
                             "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1",
                             "169.254.169.254", "[fd00::1]", "[64:ff9b::7f00:1]"}) {
        SmtpRules rules =
            rules_for("smtp://" + std::string(host) + ":" + std::to_string(server.port()));
        rules.allow_private.clear();
        const HttpReply reply = send(rules);
        EXPECT_EQ(reply.fault, Fault::denied) << host << " " << reply.text;
    }
    EXPECT_TRUE(server.lines().empty());
}

TEST(Smtp, other_schemes_are_never_spoken) {
    for (const char* url : {"http://127.0.0.1/", "file:///etc/passwd", "imap://127.0.0.1/"}) {
        EXPECT_EQ(send(rules_for(url)).fault, Fault::denied) << url;
    }
}

TEST(Smtp, server_that_hangs_times_out) {
    SmtpServer server(SmtpServer::Answers{{"EHLO", "250-never ending"}});
    SmtpRules rules = rules_for(server.url());
    rules.total_timeout = 300ms;
    EXPECT_EQ(send(rules).fault, Fault::timeout);
}

class ScriptedSender final : public MailSender {
  public:
    ScriptedSender(HttpReply said, std::vector<Mail>& mails)
        : said_(std::move(said)), mails_(mails) {}
    HttpReply send(const Mail& mail) override {
        mails_.push_back(mail);
        return said_;
    }
    void cancel() override {}

  private:
    HttpReply said_;
    std::vector<Mail>& mails_;
};

TEST(EmailSink, one_mail_for_an_alert_or_a_group) {
    std::vector<Mail> mails;
    EmailSink sink({"mail", kMail, Language::en, {}}, Redactor(Secret("smtps://m.example"), {}),
                   std::make_unique<ScriptedSender>(HttpReply{Fault::none, 250, {}, {}}, mails));
    Message message;
    message.body = alert_sample("position_firing").body();
    EXPECT_EQ(sink.deliver(message, kNow).kind, Kind::ok);
    EXPECT_EQ(sink.deliver_group({"msg_g", "key", {message, message}, 2}, kNow).kind, Kind::ok);
    ASSERT_EQ(mails.size(), 2U);
    EXPECT_EQ(mails[0].from, "plimsoll@mail.example");
    EXPECT_EQ(mails[0].to, (std::vector<std::string>{"risk@mail.example", "desk@mail.example"}));
    EXPECT_NE(mails[1].content.find("Message-ID: <msg_g@mail.example>"), std::string::npos);
    message.body = "{}";
    EXPECT_EQ(sink.deliver(message, kNow).kind, Kind::refused);
    EXPECT_EQ(mails.size(), 2U);
}

TEST(EmailSink, detail_names_the_server_and_hides_the_password) {
    std::vector<Mail> mails;
    EmailSink sink({"mail", kMail, Language::en, {}},
                   Redactor(Secret("smtps://m.example:465"), {Secret("MARKERSECRET")}),
                   std::make_unique<ScriptedSender>(
                       HttpReply{Fault::none, 535, {}, "bad MARKERSECRET"}, mails));
    Message message;
    message.body = alert_sample("heartbeat").body();
    EXPECT_EQ(sink.deliver(message, kNow).detail, "smtps://m.example/…: SMTP 535: bad ***");
}

}  // namespace
}  // namespace plimsoll::sinks
