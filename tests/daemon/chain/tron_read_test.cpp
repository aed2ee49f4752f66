#include "tests/daemon/chain/tron_fixture.hpp"

#include <gmock/gmock.h>

#include <set>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// The block number that each of the fixture's calls answered.
std::set<U256> numbers(const std::vector<protocols::CallResult>& results) {
    std::set<U256> out;
    for (const auto& result : results) out.insert(to_u256(std::span(result.data)));
    return out;
}

TEST_F(TronSourceTest, reads_at_the_head) {
    add_node(chain);
    connect();
    const auto results = source->read(calls(5), head());
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ(results->size(), 5U);
    EXPECT_EQ(numbers(*results), std::set<U256>{U256(200)});
    EXPECT_TRUE(source->keeps_only_head());
}

TEST_F(TronSourceTest, an_older_block_has_no_state_and_costs_no_request) {
    add_node(chain);
    connect();
    const BlockRef before = head();
    chain.mine();
    head();
    const std::uint64_t asked = source->requests();
    const auto results = source->read(calls(1), before);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::missing_state);
    EXPECT_THAT(results.error().message, HasSubstr("TRON keeps no state of block 200"));
    EXPECT_EQ(source->requests(), asked);
}

TEST_F(TronSourceTest, the_head_that_moves_on_takes_the_state_with_it) {
    test::FakeTron& node = add_node(chain);
    connect();
    const BlockRef at = head();
    node.before_call = [this](std::size_t) { chain.mine(); };
    const auto results = source->read(calls(1), at);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::missing_state);
    EXPECT_THAT(results.error().message, HasSubstr("ran at block 201"));
}

TEST_F(TronSourceTest, two_blocks_are_never_mixed) {
    test::FakeTron& node = add_node(chain);
    settings.max_calls = 10;
    connect();
    const BlockRef at = head();
    const std::size_t first = node.calls;
    node.before_call = [&, first](std::size_t before) {
        if (before == first + 2) chain.mine();  // between the multicalls of one read
    };
    const auto results = source->read(calls(40), at);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::missing_state);
    const auto again = source->read(calls(40), head());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(numbers(*again), std::set<U256>{U256(201)});
}

TEST_F(TronSourceTest, a_multicall_of_a_backend_behind_is_repeated) {
    test::FakeTron& node = add_node(chain);
    settings.max_calls = 10;
    connect();
    const BlockRef at = head();
    const std::size_t first = node.calls;
    node.call_lag = [first](std::size_t before) { return before == first + 1 ? 1U : 0U; };
    const auto results = source->read(calls(30), at);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ(numbers(*results), std::set<U256>{U256(200)});
    EXPECT_EQ(node.calls, first + 4);
}

/// Every third request goes to a backend that is behind.
TEST_F(TronSourceTest, calls_by_themselves_of_a_backend_behind_are_repeated) {
    test::FakeTron& node = add_node(chain);
    node.evm.contract = [](const protocols::Call&, const BlockRef&) {
        return protocols::CallResult{false, {}};
    };
    settings.max_calls = 4;
    connect();
    const BlockRef at = head();
    node.call_lag = [](std::size_t before) { return before % 3 == 0 ? 1U : 0U; };
    const auto results = source->read(calls(30), at);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_FALSE(results->back().success);
}

TEST_F(TronSourceTest, calls_that_stay_behind_are_no_answer) {
    test::FakeTron& node = add_node(chain);
    connect();
    const BlockRef at = head();
    node.call_lag = [](std::size_t) { return 2U; };
    const auto results = source->read(calls(1), at);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::lag_or_reorg);
    EXPECT_THAT(results.error().message, HasSubstr("ran at block 198, which is behind"));
}

TEST_F(TronSourceTest, a_fork_of_the_same_height_is_no_answer) {
    test::FakeTron& node = add_node(chain);
    connect();
    const BlockRef at = head();
    node.before_call = [this](std::size_t) {
        chain.drop(2);
        chain.mine(2, 7);
    };
    const auto results = source->read(calls(1), at);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::lag_or_reorg);
    EXPECT_THAT(results.error().message, HasSubstr("of another fork"));
}

TEST_F(TronSourceTest, another_endpoint_still_at_that_block_serves_the_read) {
    const test::FakeChain behind = chain;
    test::FakeTron& first = add_node(chain);
    add_node(behind);
    connect();
    const BlockRef at = head();
    first.before_call = [this](std::size_t) { chain.mine(); };
    const auto results = source->read(calls(3), at);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ(numbers(*results), std::set<U256>{U256(200)});
}

TEST_F(TronSourceTest, an_endpoint_whose_calls_are_ahead_of_its_blocks_is_left_for_another) {
    test::FakeTron& torn = add_node(chain);
    add_node(chain);
    connect();
    torn.evm.lag = 3;
    torn.call_lag = [](std::size_t) { return 0U; };
    EXPECT_EQ(head().number, 197U);
    EXPECT_EQ(source->read(calls(1), chain.at(197)).error().kind, FaultKind::missing_state);
    const BlockRef at = head();
    EXPECT_EQ(at.number, 200U);
    EXPECT_TRUE(source->read(calls(1), at));
    EXPECT_EQ(source->endpoints().at(0).state, "lagging");
}

TEST_F(TronSourceTest, reverts_are_answers_and_are_asked_by_themselves) {
    test::FakeTron& node = add_node(chain);
    node.evm.contract = [](const protocols::Call& call, const BlockRef& at) {
        if (call.data == bytes(1)) return protocols::CallResult{false, {0x08, 0xc3}};
        if (call.data == bytes(2)) return protocols::CallResult{false, {}};
        return protocols::CallResult{true, bytes(at.number)};
    };
    connect();
    const auto results = source->read(calls(4), head());
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_TRUE((*results)[0].success);
    EXPECT_FALSE((*results)[1].success);
    EXPECT_EQ((*results)[1].data, (Bytes{0x08, 0xc3}));
    EXPECT_FALSE((*results)[2].success);
    EXPECT_TRUE((*results)[3].success);
}

/// Where calls are made: under /wallet, or under /jsonrpc alone.
class TooMuchWork : public TronSourceTest, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Paths, TooMuchWork, ::testing::Bool());

TEST_P(TooMuchWork, is_tried_once_more_and_then_halved) {
    test::FakeTron& node = add_node(chain);
    node.has_wallet = GetParam();
    settings.max_calls = 32;
    connect();
    const BlockRef at = head();
    node.most_calldata = std::size_t{2} * 250 * 20;  // some twenty calls
    const std::size_t before = node.calls;
    const auto results = source->read(calls(32), at);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ(numbers(*results), std::set<U256>{U256(200)});
    EXPECT_EQ(node.calls, before + 2 + 2);  // twice whole, then two halves
    const std::size_t learned = node.calls;
    ASSERT_TRUE(source->read(calls(32), at));
    EXPECT_EQ(node.calls, learned + 2);
    EXPECT_EQ(source->endpoints().at(0).failures, 0U);
}

TEST_P(TooMuchWork, of_one_call_is_never_taken_for_a_revert) {
    test::FakeTron& node = add_node(chain);
    node.has_wallet = GetParam();
    connect();
    const BlockRef at = head();
    node.most_calldata = 10;
    const auto results = source->read(calls(1), at);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::transient);
    EXPECT_THAT(results.error().message, HasSubstr("CPU timeout"));
}

TEST_F(TronSourceTest, reads_that_outlast_a_block_become_smaller) {
    test::FakeTron& node = add_node(chain);
    settings.max_calls = 100;
    connect();
    EXPECT_EQ(source->read_limit(), 800U);
    const BlockRef at = head();
    node.before_call = [this](std::size_t) { chain.mine(); };
    EXPECT_FALSE(source->read(calls(800), at));
    EXPECT_EQ(source->read_limit(), 400U);
    node.before_call = {};
    ASSERT_TRUE(source->read(calls(400), head()));
    EXPECT_EQ(source->read_limit(), 500U);
    ASSERT_TRUE(source->read(calls(10), head()));
    EXPECT_EQ(source->read_limit(), 500U);
}

TEST_F(TronSourceTest, waits_as_long_as_it_is_told_to_and_comes_back) {
    test::FakeTron& node = add_node(chain);
    connect();
    int refusals = 1;
    node.override_http = [&](const rpc::HttpRequest&) -> std::optional<rpc::HttpResult> {
        if (refusals-- <= 0) return std::nullopt;
        return test::http_status(403, R"({"success":false,"error":"The key exceeds the frequency )"
                                      R"(limit(15), and the query server is suspended for 5s"})");
    };
    const auto before = clock.now();
    EXPECT_EQ(head().number, 200U);
    EXPECT_GE(clock.now() - before, 5s);
    EXPECT_LT(clock.now() - before, 6s);
}

TEST_F(TronSourceTest, keeps_to_the_configured_rate_in_bursts_of_three) {
    add_node(chain);
    settings.endpoints.back().max_rps = 8;
    connect();
    clock.advance(10s);
    const auto before = clock.now();
    for (int i = 0; i < 3; ++i) head();
    EXPECT_EQ(clock.now(), before);
    head();
    EXPECT_EQ(clock.now() - before, 125ms);
}

}  // namespace
}  // namespace plimsoll::chain
