#include "tests/daemon/chain/evm_fixture.hpp"
#include "tests/support/loopback_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using test::LoopbackServer;
using test::Served;
using test::ServedRequest;

Served served(Served::How how) {
    Served out;
    out.how = how;
    out.body = R"({"jsonrpc":"2.0","id":1,"result":"0x1"})";
    return out;
}
Served reply(int status, std::string body, std::vector<std::string> headers = {}) {
    Served out;
    out.status = status;
    out.body = std::move(body);
    out.headers = std::move(headers);
    return out;
}
/// What an honest node answers.
Served honest(FakeNode& node, const ServedRequest& request) {
    return reply(200, node.answer(request.body)->body, {"Content-Type: application/json"});
}

/// Two nodes behind real sockets and libcurl. The first turns bad once `is_bad` is set.
class Failover : public ::testing::Test {
  protected:
    using Fault = std::function<Served(const ServedRequest&)>;

    Failover() {
        for (FakeNode* node : {&first, &second}) {
            node->contract = [](const protocols::Call&, const BlockRef& at) {
                return protocols::CallResult{true, bytes_of(at.number)};
            };
        }
        chain.add_log(200, address_of(1), word_of(0xaa));
    }
    void start(Fault bad) {
        fault = std::move(bad);
        EvmSourceSettings settings;
        settings.name = "test";
        settings.chain_id = 1;
        settings.timeout = 400ms;
        settings.logs_timeout = 400ms;
        settings.block_time = 200ms;
        for (const LoopbackServer* server : {&first_server, &second_server}) {
            settings.endpoints.emplace_back();
            settings.endpoints.back().url = Secret(server->url("/secretkey"));
            settings.endpoints.back().alias = server == &first_server ? "first" : "second";
        }
        source = make_evm_source(std::move(settings));
    }
    /// One round, whichever endpoint serves it.
    void expect_a_right_round() {
        const auto head = source->head();
        ASSERT_TRUE(head) << head.error().message;
        EXPECT_EQ(*head, chain.at(200));
        const auto logs = source->logs_of(*head, {{address_of(1)}, {word_of(0xaa)}});
        ASSERT_TRUE(logs) << logs.error().message;
        EXPECT_EQ(logs->size(), 1U);
        const std::vector<protocols::Call> calls(7, protocols::Call{address_of(1), {}});
        const auto results = source->read(calls, *head);
        ASSERT_TRUE(results) << results.error().message;
        EXPECT_EQ((*results)[6].data, bytes_of(200));
        const auto blocks = source->blocks(150, 200);
        ASSERT_TRUE(blocks) << blocks.error().message;
        EXPECT_EQ(blocks->back(), chain.at(200));
    }

    test::FakeChain chain{200};
    FakeNode first{chain};
    FakeNode second{chain};
    std::atomic<bool> is_bad = false;
    Fault fault;
    LoopbackServer first_server{[this](const ServedRequest& request) {
        return is_bad ? fault(request) : honest(first, request);
    }};
    LoopbackServer second_server{
        [this](const ServedRequest& request) { return honest(second, request); }};
    std::unique_ptr<Source> source;
};

struct Case {
    const char* name;
    std::function<Served(const ServedRequest&)> fault;
};

class FailoverFrom : public Failover, public testing::WithParamInterface<Case> {};

TEST_P(FailoverFrom, within_the_same_call) {
    start(GetParam().fault);
    ASSERT_TRUE(source->connect());
    expect_a_right_round();
    is_bad = true;
    const auto begin = std::chrono::steady_clock::now();
    expect_a_right_round();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    const auto status = source->endpoints();
    EXPECT_TRUE(status[1].up) << status[1].last_error;
    for (const auto& one : status) {
        EXPECT_EQ(one.last_error.find("secretkey"), std::string::npos) << one.last_error;
        EXPECT_EQ(one.last_error.find("127.0.0.1"), std::string::npos) << one.last_error;
    }
    is_bad = false;
    expect_a_right_round();
}

TEST_P(FailoverFrom, at_the_first_connection) {
    start(GetParam().fault);
    is_bad = true;
    const auto connected = source->connect();
    ASSERT_TRUE(connected) << connected.error().message;
    expect_a_right_round();
}

const auto kWrongId = [](const ServedRequest&) {
    return reply(200, R"({"jsonrpc":"2.0","id":999999999,"result":"0x1"})");
};

INSTANTIATE_TEST_SUITE_P(
    Faults, FailoverFrom,
    testing::Values(
        Case{"hang", [](const ServedRequest&) { return served(Served::How::hang); }},
        Case{"close", [](const ServedRequest&) { return served(Served::How::close); }},
        Case{"truncate", [](const ServedRequest&) { return served(Served::How::truncate); }},
        Case{"endless", [](const ServedRequest&) { return served(Served::How::endless); }},
        Case{"garbage", [](const ServedRequest&) { return served(Served::How::garbage); }},
        Case{"drip", [](const ServedRequest&) { return served(Served::How::drip); }},
        Case{"html", [](const ServedRequest&) { return reply(200, "<html>Hello</html>"); }},
        Case{"html_502", [](const ServedRequest&) { return reply(502, "<html>Oops</html>"); }},
        Case{"empty", [](const ServedRequest&) { return reply(200, ""); }},
        Case{"no_content", [](const ServedRequest&) { return reply(204, ""); }},
        Case{"wrong_id", kWrongId},
        Case{"result_and_error",
             [](const ServedRequest&) {
                 return reply(200, R"({"id":1,"result":1,"error":{"code":1,"message":""}})");
             }},
        Case{
            "redirect",
            [](const ServedRequest&) { return reply(307, "", {"Location: http://127.0.0.1:1/"}); }},
        Case{"too_many_requests",
             [](const ServedRequest&) { return reply(429, "slow down", {"Retry-After: 7"}); }},
        Case{"too_many_until_a_date",
             [](const ServedRequest&) {
                 return reply(429, "", {"Retry-After: Fri, 01 Jan 2100 00:00:00 GMT"});
             }},
        Case{"payment", [](const ServedRequest&) { return reply(402, ""); }},
        Case{"forbidden", [](const ServedRequest&) { return reply(403, "no"); }},
        Case{"deep_json",
             [](const ServedRequest&) {
                 return reply(200, std::string(200'000, '[') + std::string(200'000, ']'));
             }},
        Case{"null_for_everything",
             [](const ServedRequest&) { return reply(200, R"({"id":1,"result":null})"); }}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(Failover, from_a_node_that_lies_about_the_block) {
    start({});
    first.ignores_block = true;
    ASSERT_TRUE(source->connect());
    expect_a_right_round();
    EXPECT_EQ(source->endpoints()[0].state, "not pinning");
    const std::vector<protocols::Call> calls(3, protocols::Call{address_of(1), {}});
    EXPECT_EQ(source->read(calls, chain.at(100))->at(0).data, bytes_of(100));
}

TEST_F(Failover, from_a_node_of_another_chain) {
    start({});
    first.chain_id = 2;
    ASSERT_TRUE(source->connect());
    expect_a_right_round();
    EXPECT_EQ(source->endpoints()[0].state, "wrong chain");
}

TEST_F(Failover, when_every_endpoint_is_bad_the_fault_says_why_and_comes_in_time) {
    fault = [](const ServedRequest&) { return served(Served::How::hang); };
    is_bad = true;
    EvmSourceSettings settings;
    settings.name = "test";
    settings.chain_id = 1;
    settings.timeout = 200ms;
    settings.deadline = 2s;
    settings.endpoints.emplace_back();
    settings.endpoints.back().url = Secret(first_server.url());
    settings.endpoints.back().alias = "first";
    source = make_evm_source(std::move(settings));
    const auto begin = std::chrono::steady_clock::now();
    const auto connected = source->connect();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().kind, FaultKind::transient);
    EXPECT_TRUE(connected.error().message.starts_with("first: timeout"))
        << connected.error().message;
    is_bad = false;
    std::this_thread::sleep_for(1s);  // an endpoint that is down is asked once a second
    EXPECT_TRUE(source->connect());
}

TEST_F(Failover, cancel_interrupts_a_call_at_once) {
    fault = [](const ServedRequest&) { return served(Served::How::hang); };
    is_bad = true;
    EvmSourceSettings settings;
    settings.name = "test";
    settings.chain_id = 1;
    settings.endpoints.emplace_back();
    settings.endpoints.back().url = Secret(first_server.url());
    settings.endpoints.back().alias = "first";
    source = make_evm_source(std::move(settings));
    std::thread canceller([this] {
        while (first_server.requests().empty()) std::this_thread::yield();
        source->cancel();
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto connected = source->connect();
    canceller.join();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_EQ(connected.error().kind, FaultKind::cancelled);
    EXPECT_GT(source->requests(), 0U);
    EXPECT_EQ(source->endpoints().size(), 1U);
}

}  // namespace
}  // namespace plimsoll::chain
