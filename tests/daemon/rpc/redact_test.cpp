#include "daemon/rpc/redact.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::rpc {
namespace {

EndpointSettings settings(const char* url) {
    EndpointSettings out;
    out.url = Secret(url);
    out.alias = "a";
    return out;
}

struct Case {
    const char* name;
    const char* url;
    const char* text;
    const char* clean;
};

class RedactorClean : public testing::TestWithParam<Case> {};

TEST_P(RedactorClean, hides_what_the_url_holds) {
    const Redactor redactor(settings(GetParam().url));
    EXPECT_EQ(redactor.clean(GetParam().text), GetParam().clean);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, RedactorClean,
    testing::Values(
        Case{"key_in_path", "https://eth.example/v2/SECRETKEY123", "bad key secretkey123!",
             "bad key ***!"},
        Case{"whole_path", "https://eth.example/v2/SECRETKEY123", "path /v2/SECRETKEY123 refused",
             "path *** refused"},
        Case{"key_in_query", "https://eth.example/?apikey=abcd1234", "apikey abcd1234 unknown",
             "apikey *** unknown"},
        Case{"userinfo", "https://user:hunter2@eth.example/", "hunter2 is wrong for user",
             "*** is wrong for ***"},
        Case{"userinfo_as_header", "https://us%2Der:hunter2@eth.example/",
             "got Basic dXMtZXI6aHVudGVyMg== or dXMtZXI6aHVudGVyMg", "got Basic *** or ***"},
        Case{"user_alone_as_header", "https://key12@eth.example/", "Basic a2V5MTI6", "Basic ***"},
        Case{"percent_encoded", "https://eth.example/k%2Bey%2F99", "k+ey/99 and k%2Bey%2F99",
             "*** and ***"},
        Case{"echoed_url", "https://eth.example/abcdefgh", "see https://other.example/x?k=1 now",
             "see https://other.example/*** now"},
        Case{"userinfo_of_another_url", "https://eth.example", "see http://u:p@host/x",
             "see http://host/***"},
        Case{"short_segments_stay", "https://eth.example/rpc/v1", "rpc v1 method", "rpc v1 method"},
        Case{"control_characters", "https://eth.example", "a\nb\x1b[31mc\x80", "a b [31mc "},
        Case{"nothing_secret", "http://127.0.0.1:8545", "header not found", "header not found"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Redactor, hides_header_values) {
    EndpointSettings with_header = settings("https://eth.example");
    with_header.headers.emplace_back("Authorization", Secret("Bearer tokentoken"));
    const Redactor redactor(with_header);
    EXPECT_EQ(redactor.clean("got 'Bearer tokentoken' and tokentoken"), "got '***' and ***");
}

TEST(Redactor, is_bounded) {
    const Redactor redactor(settings("https://eth.example"));
    EXPECT_EQ(redactor.clean(std::string(10'000, 'x')).size(), 200U);
    EXPECT_EQ(redactor.clean(std::string(300, 'x'), 10), "xxxxxxx...");
}

TEST(Redactor, a_secret_cut_in_the_middle_does_not_show) {
    const std::string key(64, 'k');
    const Redactor redactor(settings(("https://eth.example/" + key).c_str()));
    const std::string text = std::string(4'096 - 32, 'x') + key;
    EXPECT_EQ(redactor.clean(text, 10'000).find('k'), std::string::npos);
}

TEST(Redactor, origin_is_scheme_and_host) {
    EXPECT_EQ(Redactor(settings("https://u:p@eth.example:8545/key?x=1")).origin(),
              "https://eth.example:8545");
}

}  // namespace
}  // namespace plimsoll::rpc
