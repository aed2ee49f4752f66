#include "daemon/sinks/http_reply.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace plimsoll::sinks {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;
using Fault = HttpReply::Fault;
using std::chrono::milliseconds;

constexpr std::chrono::sys_seconds kNow{784'111'777s};  // Sun, 06 Nov 1994 08:49:37 GMT

struct Case {
    const char* name;
    HttpReply reply;
    Kind kind;
    std::optional<milliseconds> wait;
};

HttpReply status(int code, const char* retry_after = "") {
    return {Fault::none, code, retry_after, {}};
}

class Classify : public ::testing::TestWithParam<Case> {};

TEST_P(Classify, as_tabled) {
    const Outcome outcome = classify(GetParam().reply, kNow);
    EXPECT_EQ(to_string(outcome.kind), to_string(GetParam().kind));
    EXPECT_EQ(outcome.wait, GetParam().wait);
    EXPECT_EQ(outcome.detail.empty(), outcome.kind == Kind::ok);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Classify,
    ::testing::Values(Case{"ok_200", status(200), Kind::ok, {}},
                      Case{"created_201", status(201), Kind::ok, {}},
                      Case{"accepted_202", status(202), Kind::ok, {}},
                      Case{"no_content_204", status(204), Kind::ok, {}},
                      Case{"last_of_2xx", status(299), Kind::ok, {}},
                      Case{"continue_100", status(100), Kind::retry, {}},
                      Case{"moved_301", status(301), Kind::retry, 30min},
                      Case{"found_302", status(302), Kind::retry, 30min},
                      Case{"not_modified_304", status(304), Kind::retry, 30min},
                      Case{"permanent_308", status(308), Kind::retry, 30min},
                      Case{"bad_request_400", status(400), Kind::refused, {}},
                      Case{"unauthorized_401", status(401), Kind::misconfigured, {}},
                      Case{"payment_402", status(402), Kind::misconfigured, {}},
                      Case{"forbidden_403", status(403), Kind::misconfigured, {}},
                      Case{"not_found_404", status(404), Kind::misconfigured, {}},
                      Case{"method_405", status(405), Kind::misconfigured, {}},
                      Case{"timeout_408", status(408), Kind::retry, {}},
                      Case{"conflict_409", status(409), Kind::refused, {}},
                      Case{"gone_410", status(410), Kind::gone, {}},
                      Case{"too_large_413", status(413), Kind::refused, {}},
                      Case{"media_type_415", status(415), Kind::misconfigured, {}},
                      Case{"unprocessable_422", status(422), Kind::refused, {}},
                      Case{"too_early_425", status(425), Kind::retry, {}},
                      Case{"throttled_429", status(429), Kind::throttled, {}},
                      Case{"throttled_429_with_wait", status(429, "7"), Kind::throttled, 7s},
                      Case{"throttled_429_with_junk", status(429, "soon"), Kind::throttled, {}},
                      Case{"legal_451", status(451), Kind::misconfigured, {}},
                      Case{"error_500", status(500), Kind::retry, {}},
                      Case{"error_500_with_wait", status(500, "7"), Kind::retry, {}},
                      Case{"gateway_502", status(502), Kind::retry, {}},
                      Case{"unavailable_503", status(503), Kind::retry, {}},
                      Case{"unavailable_503_with_wait", status(503, "120"), Kind::throttled, 120s},
                      Case{"unavailable_503_with_junk", status(503, "x"), Kind::retry, {}},
                      Case{"gateway_timeout_504", status(504), Kind::retry, {}},
                      Case{"no_status_600", status(600), Kind::retry, {}},
                      Case{"no_status_0", status(0), Kind::retry, {}},
                      Case{"timed_out", {Fault::timeout, 0, {}, {}}, Kind::retry, {}},
                      Case{"not_connected", {Fault::connect, 0, {}, {}}, Kind::retry, {}},
                      Case{"tls", {Fault::tls, 0, {}, {}}, Kind::retry, {}},
                      Case{"dns", {Fault::dns, 0, {}, {}}, Kind::retry, {}},
                      Case{"denied", {Fault::denied, 0, {}, "10.0.0.1"}, Kind::misconfigured, {}},
                      Case{"cancelled", {Fault::cancelled, 0, {}, {}}, Kind::retry, {}}),
    [](const auto& case_info) { return case_info.param.name; });

TEST(Classify, detail_tells_status_and_text) {
    EXPECT_EQ(classify({Fault::none, 500, {}, "oops"}, kNow).detail, "HTTP 500: oops");
    EXPECT_EQ(classify({Fault::timeout, 0, {}, "after 15 s"}, kNow).detail,
              "timed out: after 15 s");
    EXPECT_EQ(classify(status(301), kNow).detail,
              "HTTP 301 (redirects are not followed: configure the address it leads to)");
}

struct RetryCase {
    const char* text;
    std::optional<milliseconds> expected;
};

void PrintTo(const RetryCase& value, std::ostream* out) { *out << value.text; }

class ParseRetryAfter : public ::testing::TestWithParam<RetryCase> {};

TEST_P(ParseRetryAfter, as_tabled) {
    EXPECT_EQ(parse_retry_after(GetParam().text, kNow), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParseRetryAfter,
    ::testing::Values(RetryCase{"0", 0s}, RetryCase{"1", 1s}, RetryCase{" 30 \r\n", 30s},
                      RetryCase{"007", 7s}, RetryCase{"2592000", 30 * 24h},
                      RetryCase{"2592001", 30 * 24h},
                      RetryCase{"99999999999999999999999999", 30 * 24h}, RetryCase{"", {}},
                      RetryCase{"-1", {}}, RetryCase{"+1", {}}, RetryCase{"1.5", {}},
                      RetryCase{"1s", {}}, RetryCase{"1 2", {}}, RetryCase{"12:00", {}},
                      RetryCase{"soon", {}}, RetryCase{"1994", 1994s},
                      RetryCase{"Sun, 06 Nov 1994 08:49:38 GMT", 1s},
                      RetryCase{"Sun, 06 Nov 1994 08:49:37 GMT", 0s},
                      RetryCase{"Sun, 06 Nov 1994 08:49:36 GMT", 0s},
                      RetryCase{"Sunday, 06-Nov-94 09:49:37 GMT", 1h},
                      RetryCase{"Sun Nov  6 08:50:37 1994", 1min},
                      RetryCase{"Fri, 06 Nov 2094 08:49:37 GMT", 30 * 24h},
                      RetryCase{"Sun, 06 Nov 1994 08:49:37 GMT and much more text", {}},
                      RetryCase{"Sun, 99 Nov 1994 08:49:37 GMT", {}}));

}  // namespace
}  // namespace plimsoll::sinks
