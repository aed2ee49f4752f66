#include "daemon/rpc/endpoint_pool.hpp"

#include "tests/support/manual_clock.hpp"
#include "tests/support/scripted_transport.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace plimsoll::rpc {
namespace {

using namespace std::chrono_literals;
using test::http_result;
using test::ManualClock;
using test::ScriptedTransport;
using Answer = Expected<std::string, RpcError>;

RpcError error(ErrorKind kind) {
    RpcError out;
    out.kind = kind;
    out.message = std::string(to_string(kind));
    return out;
}

/// Endpoints "a", "b", ... that answer with their alias, or with scripted errors first.
class EndpointPoolTest : public ::testing::Test {
  protected:
    EndpointPool& make(std::size_t count) {
        std::vector<EndpointSettings> endpoints;
        for (std::size_t i = 0; i < count; ++i) {
            endpoints.emplace_back();
            endpoints.back().url = Secret("http://node.example");
            endpoints.back().alias = std::string(1, static_cast<char>('a' + i));
        }
        pool.emplace(std::move(endpoints),
                     Services{transport, clock, stop.get_token(), [] { return 100'000'000U; }},
                     [this](Endpoint& endpoint, Clock::Time) -> Expected<void, RpcError> {
                         checks.push_back(endpoint.alias());
                         const auto found = check_errors.find(endpoint.alias());
                         if (found == check_errors.end()) return {};
                         return Unexpected<RpcError>{endpoint.named(found->second)};
                     });
        return *pool;
    }
    Answer run(Use use = Use::head) {
        return pool->run({use, clock.now() + 45s, is_basic}, [this](Endpoint& endpoint) -> Answer {
            asked += endpoint.alias();
            auto& errors = scripted[endpoint.alias()];
            if (errors.empty()) return endpoint.alias();
            const RpcError next = errors.front();
            if (!is_lasting) errors.erase(errors.begin());
            return Unexpected<RpcError>{endpoint.named(next)};
        });
    }
    std::string asked_by_next_run() {
        asked.clear();
        run();
        return asked;
    }

    ManualClock clock;
    std::stop_source stop;
    ScriptedTransport transport{[](const HttpRequest& request) { return http_result(request, 1); }};
    std::optional<EndpointPool> pool;
    std::map<std::string, std::vector<RpcError>> scripted;
    std::map<std::string, RpcError> check_errors;
    std::vector<std::string> checks;
    std::string asked;
    bool is_basic = false;
    bool is_lasting = false;  ///< the first scripted error comes every time
};

TEST_F(EndpointPoolTest, asks_the_first_and_checks_it_once) {
    make(2);
    EXPECT_EQ(run().value(), "a");
    EXPECT_EQ(run().value(), "a");
    EXPECT_EQ(asked, "aa");
    EXPECT_EQ(checks, (std::vector<std::string>{"a"}));
    clock.advance(1h);
    run();
    EXPECT_EQ(checks, (std::vector<std::string>{"a", "a"}));
}

TEST_F(EndpointPoolTest, another_takes_over_within_the_same_call_and_stays) {
    make(2);
    scripted["a"] = {error(ErrorKind::timeout)};
    EXPECT_EQ(run().value(), "b");
    EXPECT_EQ(asked, "ab");
    EXPECT_EQ(clock.waited(), 0s);
    EXPECT_EQ(asked_by_next_run(), "b");
}

struct Failover {
    ErrorKind kind;
    const char* asked;  ///< with two endpoints, both failing
};

TEST_F(EndpointPoolTest, every_kind_of_failure_moves_on_or_not) {
    for (const Failover& one :
         {Failover{ErrorKind::execution, "a"}, Failover{ErrorKind::missing_state, "ab"},
          Failover{ErrorKind::unsupported, "ab"}, Failover{ErrorKind::bad_request, "ab"},
          Failover{ErrorKind::auth, "ab"}, Failover{ErrorKind::quota, "ab"},
          Failover{ErrorKind::split, "ab"}, Failover{ErrorKind::lag_or_reorg, "aabb"},
          Failover{ErrorKind::transient, "abab"}, Failover{ErrorKind::malformed, "abab"}}) {
        make(2);
        asked.clear();
        is_lasting = true;
        scripted["a"] = scripted["b"] = {error(one.kind)};
        const auto result = run();
        ASSERT_FALSE(result);
        EXPECT_EQ(asked, one.asked) << to_string(one.kind);
        EXPECT_EQ(result.error().kind, one.kind);
    }
}

/// A page that is no node's answers 404 to everything: nothing else of the run would tell.
TEST_F(EndpointPoolTest, whatever_a_basic_question_meets_is_the_endpoints_fault) {
    for (const ErrorKind kind : {ErrorKind::bad_request, ErrorKind::unsupported,
                                 ErrorKind::missing_state, ErrorKind::execution}) {
        make(1);
        is_lasting = true;
        scripted["a"] = {error(kind)};
        run();
        EXPECT_NE(pool->reports()[0].state, EndpointHealth::State::down);
        is_basic = true;
        run();
        EXPECT_EQ(pool->reports()[0].state, EndpointHealth::State::down) << to_string(kind);
        EXPECT_EQ(pool->reports()[0].failures, 1U);
        EXPECT_FALSE(pool->reports()[0].last_error.empty());
        scripted.clear();
        run();
        EXPECT_EQ(pool->reports()[0].state, EndpointHealth::State::ok) << to_string(kind);
        is_basic = false;
    }
}

TEST_F(EndpointPoolTest, lag_waits_a_quarter_of_a_block_before_the_same_endpoint) {
    make(1);
    scripted["a"] = {error(ErrorKind::lag_or_reorg)};
    EXPECT_EQ(run().value(), "a");
    EXPECT_EQ(clock.waits(), (std::vector<Clock::Duration>{3s}));
}

TEST_F(EndpointPoolTest, one_endpoint_is_tried_four_times_with_pauses) {
    make(1);
    is_lasting = true;
    scripted["a"] = {error(ErrorKind::transient)};
    EXPECT_FALSE(run());
    EXPECT_EQ(asked, "aaaa");
    EXPECT_EQ(clock.waits().size(), 3U);
}

TEST_F(EndpointPoolTest, an_internal_error_is_tried_twice) {
    make(1);
    is_lasting = true;
    RpcError internal = error(ErrorKind::transient);
    internal.max_tries = 2;
    scripted["a"] = {internal};
    EXPECT_FALSE(run());
    EXPECT_EQ(asked, "aa");
}

TEST_F(EndpointPoolTest, rate_waits_as_told_when_nobody_else_is_there) {
    make(1);
    RpcError rate = error(ErrorKind::rate);
    rate.wait = 7s;
    scripted["a"] = {rate};
    EXPECT_EQ(run().value(), "a");
    EXPECT_EQ(clock.waits(), (std::vector<Clock::Duration>{7s}));
}

TEST_F(EndpointPoolTest, rate_moves_on_when_another_is_there) {
    make(2);
    RpcError rate = error(ErrorKind::rate);
    rate.wait = 7s;
    scripted["a"] = {rate};
    EXPECT_EQ(run().value(), "b");
    EXPECT_EQ(clock.waited(), 0s);
}

TEST_F(EndpointPoolTest, a_pause_beyond_the_deadline_ends_the_call_at_once) {
    make(1);
    RpcError rate = error(ErrorKind::rate);
    rate.wait = 120s;
    scripted["a"] = {rate};
    const auto result = run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::rate);
    EXPECT_EQ(clock.waited(), 0s);
    const auto again = run();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::no_endpoint);
    EXPECT_EQ(asked, "a");
    clock.advance(120s);
    EXPECT_EQ(run().value(), "a");
}

TEST_F(EndpointPoolTest, the_last_endpoint_is_tried_although_it_is_down) {
    make(1);
    is_lasting = true;
    scripted["a"] = {error(ErrorKind::transient)};
    for (int i = 0; i < 3; ++i) run();
    EXPECT_EQ(pool->reports()[0].state, EndpointHealth::State::down);
    scripted["a"].clear();
    clock.advance(1s);
    checks.clear();
    EXPECT_EQ(run().value(), "a");
    EXPECT_EQ(checks, (std::vector<std::string>{"a"}));
    EXPECT_EQ(pool->reports()[0].state, EndpointHealth::State::ok);
}

TEST_F(EndpointPoolTest, an_endpoint_that_fails_its_check_is_not_asked) {
    make(2);
    check_errors["a"] = error(ErrorKind::wrong_chain);
    EXPECT_EQ(run().value(), "b");
    EXPECT_EQ(asked, "b");
    EXPECT_EQ(pool->reports()[0].state, EndpointHealth::State::wrong_chain);
    EXPECT_EQ(pool->reports()[0].last_error, "a: wrong chain");
}

TEST_F(EndpointPoolTest, the_error_tells_of_every_endpoint) {
    make(2);
    check_errors["a"] = error(ErrorKind::wrong_chain);
    check_errors["b"] = error(ErrorKind::auth);
    const auto result = run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "a: wrong chain; b: auth");
    EXPECT_EQ(result.error().kind, ErrorKind::wrong_chain);
}

TEST_F(EndpointPoolTest, prefers_the_first_again_once_it_works) {
    make(2);
    check_errors["a"] = error(ErrorKind::transient);
    run();
    EXPECT_EQ(pool->current(), 1U);
    clock.advance(1min);
    checks.clear();
    pool->prefer(clock.now() + 45s, 0);
    EXPECT_EQ(checks, (std::vector<std::string>{"a"}));
    EXPECT_EQ(pool->current(), 1U);
    pool->prefer(clock.now() + 45s, 0);  // not again so soon
    EXPECT_EQ(checks.size(), 1U);
    check_errors.clear();
    clock.advance(1min);
    pool->prefer(clock.now() + 45s, 0);
    EXPECT_EQ(pool->current(), 0U);
    pool->prefer(clock.now() + 45s, 0);
    EXPECT_EQ(checks.size(), 2U);
}

TEST_F(EndpointPoolTest, does_not_go_back_to_an_endpoint_that_is_behind) {
    make(2);
    check_errors["a"] = error(ErrorKind::transient);
    run();
    check_errors.clear();
    pool->at(0).set_head(99);
    pool->prefer(clock.now() + 45s, 100);
    EXPECT_EQ(pool->current(), 1U);
    clock.advance(1min);
    pool->prefer(clock.now() + 45s, 99);
    EXPECT_EQ(pool->current(), 0U);
}

TEST_F(EndpointPoolTest, history_goes_to_lagging_endpoints_and_leaves_the_current_one) {
    make(2);
    run();
    pool->at(0).health().set_lagging(clock.now() + 60s);
    EXPECT_EQ(run(Use::history).value(), "a");
    EXPECT_EQ(run(Use::head).value(), "b");
    EXPECT_EQ(pool->current(), 1U);
    scripted["b"] = {error(ErrorKind::missing_state)};
    EXPECT_EQ(run(Use::history).value(), "a");
    EXPECT_EQ(pool->current(), 1U);
}

TEST_F(EndpointPoolTest, stopping_ends_a_run) {
    make(2);
    stop.request_stop();
    const auto result = run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
    EXPECT_EQ(asked, "");
}

TEST_F(EndpointPoolTest, no_endpoints_is_an_error) {
    make(0);
    const auto result = run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::no_endpoint);
}

}  // namespace
}  // namespace plimsoll::rpc
