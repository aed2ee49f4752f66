#include "daemon/outbox/verdict.hpp"

#include <gtest/gtest.h>

namespace plimsoll::outbox {
namespace {

using namespace std::chrono_literals;
using Kind = sinks::Outcome::Kind;

struct BackoffCase {
    const char* name;
    unsigned attempt;
    milliseconds failing_for;
    unsigned jitter_permille;
    milliseconds expected;
};

class Backoff : public ::testing::TestWithParam<BackoffCase> {};

TEST_P(Backoff, as_tabled) {
    const BackoffCase& c = GetParam();
    EXPECT_EQ(backoff(c.attempt, c.failing_for, c.jitter_permille), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Backoff,
    ::testing::Values(BackoffCase{"first", 1, 0s, 1000, 1s}, BackoffCase{"second", 2, 1s, 1000, 2s},
                      BackoffCase{"third", 3, 3s, 1000, 4s},
                      BackoffCase{"ninth", 9, 300s, 1000, 256s},
                      BackoffCase{"tenth_is_capped", 10, 600s, 1000, 300s},
                      BackoffCase{"hundredth", 100, 600s, 1000, 300s},
                      BackoffCase{"huge", 4'000'000'000U, 600s, 1000, 300s},
                      BackoffCase{"zero_counts_as_first", 0, 0s, 1000, 1s},
                      BackoffCase{"least_jitter", 1, 0s, 500, 500ms},
                      BackoffCase{"some_jitter", 10, 0s, 750, 225s},
                      BackoffCase{"jitter_out_of_range", 1, 0s, 0, 500ms},
                      BackoffCase{"just_below_an_hour", 20, 1h - 1ms, 1000, 300s},
                      BackoffCase{"an_hour", 20, 1h, 500, 30min},
                      BackoffCase{"an_hour_on_second_attempt", 2, 2h, 1000, 30min}),
    [](const auto& case_info) { return case_info.param.name; });

struct JudgeCase {
    const char* name;
    sinks::Outcome outcome;
    AttemptState state;
    Verdict::Kind kind;
    milliseconds wait;
    const char* reason;
};

AttemptState state(unsigned attempt, unsigned refusals = 0, milliseconds left = 72h) {
    AttemptState out;
    out.attempt = attempt;
    out.refusals = refusals;
    out.left = left;
    return out;
}

sinks::Outcome after(Kind kind, std::optional<milliseconds> wait = {}) { return {kind, wait, "x"}; }

class Judge : public ::testing::TestWithParam<JudgeCase> {};

TEST_P(Judge, as_tabled) {
    const Verdict verdict = judge(GetParam().outcome, GetParam().state);
    EXPECT_EQ(verdict.kind, GetParam().kind);
    EXPECT_EQ(verdict.wait, GetParam().wait);
    EXPECT_EQ(verdict.reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Judge,
    ::testing::Values(
        JudgeCase{"ok", {Kind::ok}, state(1), Verdict::Kind::done, 0s, ""},
        JudgeCase{"retry", after(Kind::retry), state(3), Verdict::Kind::retry, 4s, ""},
        JudgeCase{"slow_lane", after(Kind::retry, 30min), state(3), Verdict::Kind::retry, 30min,
                  ""},
        JudgeCase{"throttled_longer_than_backoff", after(Kind::throttled, 60s), state(3),
                  Verdict::Kind::retry, 60s, ""},
        JudgeCase{"throttled_shorter_than_backoff", after(Kind::throttled, 1s), state(5),
                  Verdict::Kind::retry, 16s, ""},
        JudgeCase{"throttled_without_wait", after(Kind::throttled), state(2), Verdict::Kind::retry,
                  2s, ""},
        JudgeCase{"never_past_expiry", after(Kind::throttled, 720h), state(1, 0, 10min),
                  Verdict::Kind::retry, 9min, ""},
        JudgeCase{"close_to_expiry", after(Kind::throttled, 30s), state(1, 0, 59s),
                  Verdict::Kind::retry, 30s, ""},
        JudgeCase{"no_time_for_what_is_asked", after(Kind::throttled, 1h), state(1, 0, 57s),
                  Verdict::Kind::retry, 57s, ""},
        JudgeCase{"past_expiry", after(Kind::retry), state(4, 0, -1s), Verdict::Kind::retry, 8s,
                  ""},
        JudgeCase{"first_refusal", after(Kind::refused), state(1, 0), Verdict::Kind::retry, 1s, ""},
        JudgeCase{"second_refusal", after(Kind::refused), state(2, 1), Verdict::Kind::retry, 2s,
                  ""},
        JudgeCase{"third_refusal", after(Kind::refused), state(3, 2), Verdict::Kind::dead, 0s,
                  "poison"},
        JudgeCase{"other_failures_are_no_refusals", after(Kind::refused), state(50, 0),
                  Verdict::Kind::retry, 300s, ""},
        JudgeCase{"misconfigured", after(Kind::misconfigured), state(1), Verdict::Kind::retry, 6min,
                  ""},
        JudgeCase{"gone", after(Kind::gone), state(1), Verdict::Kind::dead, 0s, "gone"}),
    [](const auto& case_info) { return case_info.param.name; });

TEST(Judge, shorter_longest_wait_is_kept_but_for_what_the_sink_asks) {
    AttemptState slow = state(20);
    slow.failing_for = 2h;
    EXPECT_EQ(judge(after(Kind::retry), slow).wait, 30min);
    slow.longest_wait = 30s;
    EXPECT_EQ(judge(after(Kind::retry), slow).wait, 30s);
    EXPECT_EQ(judge(after(Kind::throttled, 1min), slow).wait, 1min);
}

TEST(Judge, only_a_wait_the_sink_named_is_asked_for) {
    EXPECT_TRUE(judge(after(Kind::throttled, 1s), state(1)).is_asked_for);
    EXPECT_FALSE(judge(after(Kind::throttled), state(1)).is_asked_for);
    EXPECT_FALSE(judge(after(Kind::retry), state(1)).is_asked_for);
    EXPECT_EQ(judge(after(Kind::gone), state(1)).error, "x");
}

}  // namespace
}  // namespace plimsoll::outbox
