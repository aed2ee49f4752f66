#include "daemon/sinks/redact.hpp"

#include <gtest/gtest.h>

namespace plimsoll::sinks {
namespace {

Redactor redactor(const char* url, std::vector<Secret> secrets = {}) {
    return Redactor(Secret(url), secrets);
}

TEST(Redactor, shows_scheme_and_host_only) {
    EXPECT_EQ(redactor("https://user:pass@hooks.example:8443/T0/B0?k=v#f").shown_url(),
              "https://hooks.example/…");
    EXPECT_EQ(redactor("no url").shown_url(), "");
}

TEST(Redactor, takes_out_the_url_its_path_and_its_pieces) {
    const Redactor r =
        redactor("https://user1234:pass5678@h.example/hooks/T00AAAABBBB?key=abcdefgh12");
    for (const char* echo : {"https://user1234:pass5678@h.example/hooks/T00AAAABBBB?key=abcdefgh12",
                             "POST /hooks/T00AAAABBBB HTTP/1.1", "team T00AAAABBBB unknown",
                             "key=abcdefgh12", "abcdefgh12", "user1234", "Basic pass5678"}) {
        const std::string text = r.clean(echo, 512);
        EXPECT_NE(text.find("***"), std::string::npos) << text;
        for (const char* secret : {"T00AAAABBBB", "abcdefgh12", "user1234", "pass5678"}) {
            EXPECT_EQ(text.find(secret), std::string::npos) << text;
        }
    }
    EXPECT_EQ(r.clean("the hooks at h.example are closed", 512),
              "the hooks at h.example are closed");
}

TEST(Redactor, takes_out_percent_decoded_pieces) {
    const Redactor r = redactor("https://h.example/a%2Db%2Dsecret%2Dtoken");
    EXPECT_EQ(r.clean("no such hook: a-b-secret-token", 512), "no such hook: ***");
}

TEST(Redactor, takes_out_a_login_however_short_and_as_it_is_sent) {
    const Redactor r = redactor("https://bot:p%2D1@h.example/");
    EXPECT_EQ(r.clean("Authorization: Basic Ym90OnAtMQ== or Ym90OnAtMQ, of bot, p-1, p%2D1", 512),
              "Authorization: Basic *** or ***, of ***, ***, ***");
}

TEST(Redactor, takes_out_the_login_of_mail_as_it_is_sent) {
    const Redactor r(Secret("smtps://mail.example:465"), {}, {"bot", Secret("p-123")});
    EXPECT_EQ(r.clean("535 no: AUTH PLAIN AGJvdABwLTEyMw==, AUTH LOGIN cC0xMjM=, p-123", 512),
              "535 no: AUTH PLAIN ***, AUTH LOGIN ***, ***");
}

TEST(Redactor, takes_out_further_secrets) {
    const Redactor r = redactor("https://h.example/", {Secret("whsec_QUJDREVGRw=="), Secret("x")});
    EXPECT_EQ(r.clean("key whsec_QUJDREVGRw== or QUJDREVGRw==, x", 512), "key *** or ***, x");
}

TEST(Redactor, cleans_and_cuts_between_code_points) {
    const Redactor r = redactor("https://h.example/");
    EXPECT_EQ(r.clean("a\nb\x1B[0m", 512), "a b\xEF\xBF\xBD[0m");
    EXPECT_EQ(r.clean("ééé", 5), "éé");
    EXPECT_EQ(r.clean("abc", 0), "");
}

}  // namespace
}  // namespace plimsoll::sinks
