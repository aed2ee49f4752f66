#include "daemon/rpc/endpoint_health.hpp"

#include <gtest/gtest.h>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;
using State = EndpointHealth::State;

constexpr Clock::Time kNow{1h};

RpcError error(ErrorKind kind) {
    RpcError out;
    out.kind = kind;
    return out;
}

EndpointHealth healthy() {
    EndpointHealth health;
    health.checked(kNow);
    return health;
}

TEST(EndpointHealth, begins_unchecked_and_usable) {
    const EndpointHealth health;
    EXPECT_EQ(health.state(kNow), State::unchecked);
    EXPECT_TRUE(health.needs_check(kNow));
    EXPECT_TRUE(health.is_usable(Use::head, kNow));
}

TEST(EndpointHealth, a_check_holds_for_an_hour) {
    const EndpointHealth health = healthy();
    EXPECT_FALSE(health.needs_check(kNow + 1h - 1ns));
    EXPECT_TRUE(health.needs_check(kNow + 1h));
}

TEST(EndpointHealth, five_failures_put_it_down_and_ask_for_a_check) {
    EndpointHealth health = healthy();
    for (int i = 0; i < 4; ++i) health.failed(error(ErrorKind::timeout), kNow, 0);
    EXPECT_TRUE(health.is_usable(Use::head, kNow));
    EXPECT_FALSE(health.needs_check(kNow));
    health.failed(error(ErrorKind::malformed), kNow, 0);
    EXPECT_FALSE(health.is_usable(Use::head, kNow));
    EXPECT_EQ(health.state(kNow), State::down);
    EXPECT_TRUE(health.needs_check(kNow));
    EXPECT_TRUE(health.is_usable(Use::head, kNow + 10s));
    EXPECT_EQ(health.state(kNow + 10s), State::down);
    health.answered();
    health.checked(kNow + 10s);
    EXPECT_EQ(health.state(kNow + 10s), State::ok);
}

TEST(EndpointHealth, a_lost_connection_asks_for_a_check) {
    EndpointHealth health = healthy();
    RpcError lost = error(ErrorKind::transient);
    lost.is_unreachable = true;
    health.failed(lost, kNow, 0);
    EXPECT_TRUE(health.needs_check(kNow));
    EXPECT_TRUE(health.is_usable(Use::head, kNow));
}

TEST(EndpointHealth, rate_only_pauses) {
    EndpointHealth health = healthy();
    RpcError rate = error(ErrorKind::rate);
    rate.wait = 7s;
    for (int i = 0; i < 9; ++i) health.failed(rate, kNow, 0);
    EXPECT_EQ(health.state(kNow), State::rate_limited);
    EXPECT_EQ(health.paused_until(), kNow + 7s);
    EXPECT_FALSE(health.is_usable(Use::head, kNow + 7s - 1ns));
    EXPECT_FALSE(health.is_last_resort(kNow + 7s - 1ns));
    EXPECT_TRUE(health.is_usable(Use::head, kNow + 7s));
    EXPECT_EQ(health.state(kNow + 7s), State::ok);
    EXPECT_FALSE(health.needs_check(kNow + 7s));
}

TEST(EndpointHealth, a_pause_that_nobody_asked_for_is_broken_off_every_ten_seconds) {
    EndpointHealth health = healthy();
    for (int i = 0; i < 12; ++i) health.failed(error(ErrorKind::rate), kNow, 120'000'000'000);
    EXPECT_FALSE(health.is_usable(Use::head, kNow + 60s));
    health.tried(kNow);
    EXPECT_EQ(health.paused_until(), kNow + 10s);
    EXPECT_FALSE(health.is_last_resort(kNow + 10s - 1ns));
    EXPECT_TRUE(health.is_last_resort(kNow + 10s));
    EXPECT_FALSE(health.is_usable(Use::head, kNow + 10s));
}

TEST(EndpointHealth, answers_that_are_errors_change_nothing) {
    EndpointHealth health = healthy();
    for (const auto kind : {ErrorKind::execution, ErrorKind::lag_or_reorg, ErrorKind::missing_state,
                            ErrorKind::unsupported, ErrorKind::bad_request}) {
        for (int i = 0; i < 30; ++i) health.failed(error(kind), kNow, 0);
        EXPECT_EQ(health.state(kNow), State::ok) << to_string(kind);
    }
}

struct Aside {
    ErrorKind kind;
    State state;
    Clock::Duration pause;
    bool is_tried_anyway;
};

TEST(EndpointHealth, some_errors_set_it_aside) {
    for (const Aside& one : {Aside{ErrorKind::quota, State::quota, 15min, false},
                             Aside{ErrorKind::auth, State::refused, 5min, true},
                             Aside{ErrorKind::wrong_chain, State::wrong_chain, 5min, true}}) {
        EndpointHealth health = healthy();
        health.tried(kNow);
        health.failed(error(one.kind), kNow, 0);
        EXPECT_EQ(health.state(kNow), one.state);
        EXPECT_TRUE(health.needs_check(kNow));
        EXPECT_FALSE(health.is_usable(Use::history, kNow + one.pause - 1ns));
        EXPECT_TRUE(health.is_usable(Use::history, kNow + one.pause));
        EXPECT_FALSE(health.is_last_resort(kNow + 10s - 1ns));
        EXPECT_EQ(health.is_last_resort(kNow + 10s), one.is_tried_anyway);
    }
}

TEST(EndpointHealth, a_single_call_at_another_block_asks_for_the_proof_again) {
    EndpointHealth health = healthy();
    health.failed(error(ErrorKind::unpinned), kNow + 5s, 0);
    EXPECT_TRUE(health.needs_check(kNow + 5s));
    EXPECT_TRUE(health.is_usable(Use::head, kNow + 5s));
    health.checked(kNow + 5s);
    EXPECT_EQ(health.state(kNow + 5s), State::ok);
}

TEST(EndpointHealth, calls_at_another_block_set_it_aside_soon_after_the_proof_or_without_one) {
    EndpointHealth proved = healthy();
    EndpointHealth unproved;
    for (EndpointHealth* health : {&proved, &unproved}) {
        const Clock::Time now = kNow + 5s - 1ns;
        health->tried(now);
        health->failed(error(ErrorKind::unpinned), now, 0);
        EXPECT_EQ(health->state(now), State::unpinned);
        EXPECT_TRUE(health->needs_check(now));
        EXPECT_FALSE(health->is_usable(Use::history, now + 5min - 1ns));
        EXPECT_TRUE(health->is_usable(Use::history, now + 5min));
        EXPECT_FALSE(health->is_last_resort(now + 999ms));
        EXPECT_TRUE(health->is_last_resort(now + 1s));
    }
}

TEST(EndpointHealth, down_is_tried_anyway_once_a_second) {
    EndpointHealth health = healthy();
    for (int i = 0; i < 5; ++i) health.failed(error(ErrorKind::transient), kNow, 0);
    health.tried(kNow);
    EXPECT_FALSE(health.is_last_resort(kNow + 999ms));
    EXPECT_TRUE(health.is_last_resort(kNow + 1s));
}

TEST(EndpointHealth, every_poll_asks_the_only_endpoint_that_named_no_time) {
    static constexpr Clock::Duration kPoll = 500ms;
    for (const ErrorKind kind : {ErrorKind::transient, ErrorKind::rate, ErrorKind::auth,
                                 ErrorKind::wrong_chain, ErrorKind::unpinned}) {
        EndpointHealth health(kPoll);
        health.tried(kNow);
        for (int i = 0; i < 12; ++i) health.failed(error(kind), kNow, 120'000'000'000);
        EXPECT_FALSE(health.is_usable(Use::head, kNow + kPoll)) << to_string(kind);
        EXPECT_FALSE(health.is_last_resort(kNow + kPoll / 2)) << to_string(kind);
        EXPECT_TRUE(health.is_last_resort(kNow + kPoll)) << to_string(kind);
    }
}

TEST(EndpointHealth, a_time_that_was_named_is_kept_whatever_the_poll) {
    EndpointHealth health(500ms);
    RpcError rate = error(ErrorKind::rate);
    rate.wait = 7s;
    health.tried(kNow);
    health.failed(rate, kNow, 0);
    EXPECT_EQ(health.paused_until(), kNow + 7s);
    EXPECT_FALSE(health.is_last_resort(kNow + 7s - 1ns));
}

TEST(EndpointHealth, a_lagging_endpoint_serves_history) {
    EndpointHealth health = healthy();
    health.set_lagging(kNow + 60s);
    EXPECT_EQ(health.state(kNow), State::lagging);
    EXPECT_FALSE(health.is_usable(Use::head, kNow));
    EXPECT_TRUE(health.is_usable(Use::history, kNow));
    EXPECT_TRUE(health.is_last_resort(kNow));
    EXPECT_TRUE(health.is_usable(Use::head, kNow + 60s));
}

}  // namespace
}  // namespace plimsoll::rpc
