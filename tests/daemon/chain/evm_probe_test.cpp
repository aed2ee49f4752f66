#include "tests/daemon/chain/evm_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using test::NodeError;

class Probe : public EvmSourceTest {
  protected:
    /// Connects to one node and tells how that ended.
    std::string outcome() {
        const auto connected = make().connect();
        return connected ? "ok" : std::string(to_string(connected.error().kind));
    }
};

TEST_F(Probe, a_good_node_passes_with_eight_requests) {
    FakeNode& node = add_node(chain);
    EXPECT_EQ(outcome(), "ok");
    EXPECT_EQ(source->requests(), 8U);
    EXPECT_EQ(node.methods,
              (std::vector<std::string>{"eth_chainId", "eth_getBlockByNumber",
                                        "eth_getBlockByNumber", "eth_call", "eth_call",
                                        "eth_getLogs", "eth_getLogs", "web3_clientVersion"}));
    const auto status = source->endpoints().at(0);
    EXPECT_TRUE(status.up);
    EXPECT_EQ(status.state, "ok");
    EXPECT_EQ(status.head, 200U);
    EXPECT_EQ(status.requests, 8U);
}

TEST_F(Probe, another_chain_is_refused_before_anything_else) {
    FakeNode& node = add_node(chain);
    node.chain_id = 5;
    EXPECT_EQ(outcome(), "wrong chain");
    EXPECT_EQ(node.methods, (std::vector<std::string>{"eth_chainId"}));
    EXPECT_EQ(source->endpoints().at(0).state, "wrong chain");
    EXPECT_FALSE(source->endpoints().at(0).up);
    EXPECT_EQ(source->head().error().kind, FaultKind::no_endpoint);
}

TEST_F(Probe, a_second_endpoint_serves_when_the_first_is_of_another_chain) {
    add_node(chain).chain_id = 5;
    FakeNode& good = add_node(chain);
    EXPECT_EQ(outcome(), "ok");
    EXPECT_TRUE(source->head());
    EXPECT_EQ(good.count("eth_chainId"), 1U);
}

TEST_F(Probe, malformed_chain_ids_are_refused) {
    for (const nlohmann::json& id : {nlohmann::json("1"), nlohmann::json("0x"), nlohmann::json(1),
                                     nlohmann::json(nullptr), nlohmann::json("0x1g")}) {
        nodes.clear();
        settings.endpoints.clear();
        add_node(chain).override_result =
            [&](const std::string& method, const nlohmann::json&) -> std::optional<nlohmann::json> {
            if (method == "eth_chainId") return id;
            return std::nullopt;
        };
        EXPECT_EQ(outcome(), "malformed") << id.dump();
    }
}

TEST_F(Probe, a_node_that_runs_calls_at_the_head_is_refused) {
    add_node(chain).ignores_block = true;
    EXPECT_EQ(outcome(), "malformed");
    EXPECT_EQ(source->endpoints().at(0).state, "not pinning");
}

TEST_F(Probe, a_node_that_answers_at_unknown_hashes_is_asked_by_number) {
    FakeNode& node = add_node(chain);
    node.denies_unknown_hash = false;
    EXPECT_EQ(outcome(), "ok");
    const auto head = source->head();
    ASSERT_TRUE(head);
    const auto before = source->requests();
    const auto results = source->read(calls(3), *head);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ(source->requests() - before, 2U);  // the hash at that number is compared afterwards
}

TEST_F(Probe, a_node_without_hash_arguments_is_asked_by_number) {
    add_node(chain).knows_block_hash = false;
    EXPECT_EQ(outcome(), "ok");
    const auto block = source->block_at(150);
    const auto results = source->read(calls(3), **block);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ((*results)[2].data, bytes_of(150));
}

TEST_F(Probe, java_tron_as_it_stands_does_not_pin) {
    // Objects are checked for existence and then run at the head; numbers are refused.
    FakeNode& node = add_node(chain);
    node.ignores_block = true;
    node.override_error = [](const std::string& method,
                             const nlohmann::json& params) -> std::optional<NodeError> {
        if (method != "eth_call" || params.at(1).is_object()) return std::nullopt;
        return NodeError{-32602, "QUANTITY not supported, just support TAG as latest", "{}"};
    };
    EXPECT_EQ(outcome(), "malformed");
    EXPECT_EQ(source->endpoints().at(0).state, "not pinning");
}

TEST_F(Probe, without_a_multicall_code_proves_the_block) {
    FakeNode& node = add_node(chain);
    node.multicall_from = 1'000'000;
    node.contract = [](const protocols::Call&, const BlockRef&) {
        return protocols::CallResult{true, {}};
    };
    EXPECT_EQ(outcome(), "ok");
    node.ignores_block = true;
    EXPECT_EQ(outcome(), "malformed");
}

TEST_F(Probe, an_unclear_answer_is_not_a_verdict) {
    FakeNode& node = add_node(chain);
    node.override_error = [](const std::string& method,
                             const nlohmann::json&) -> std::optional<NodeError> {
        if (method != "eth_call") return std::nullopt;
        return NodeError{429, "Your app has exceeded its compute units per second capacity", {}};
    };
    EXPECT_EQ(outcome(), "rate");
    EXPECT_EQ(source->endpoints().at(0).state, "rate limited");
}

TEST_F(Probe, unknown_wording_about_an_unknown_block_passes) {
    add_node(chain).override_error = [](const std::string& method,
                                        const nlohmann::json& params) -> std::optional<NodeError> {
        if (method != "eth_call" || params.dump().find(std::string(64, '1')) == std::string::npos) {
            return std::nullopt;
        }
        return NodeError{-32000, "what is this hash?", {}};
    };
    EXPECT_EQ(outcome(), "ok");
}

TEST_F(Probe, works_on_a_chain_of_one_block) {
    const test::FakeChain young(0);
    add_node(young);
    EXPECT_EQ(outcome(), "ok");
    EXPECT_EQ(source->head()->number, 0U);
}

TEST_F(Probe, runs_again_each_hour_and_not_in_quiet_rounds) {
    FakeNode& node = add_node(chain);
    connect();
    for (int i = 0; i < 10; ++i) {
        clock.advance(12s);
        ASSERT_TRUE(source->head());
    }
    EXPECT_EQ(node.count("eth_chainId"), 1U);
    EXPECT_EQ(source->requests(), 18U);
    clock.advance(1h);
    ASSERT_TRUE(source->head());
    EXPECT_EQ(node.count("eth_chainId"), 2U);
    EXPECT_EQ(source->requests(), 26U);  // the client's version is asked once
}

TEST_F(Probe, runs_again_after_the_connection_was_lost) {
    FakeNode& node = add_node(chain);
    connect();
    bool is_lost = true;
    node.override_http = [&](const std::string&) -> std::optional<rpc::HttpResult> {
        if (!is_lost) return std::nullopt;
        is_lost = false;
        node.chain_id = 7;  // another node listens there from now on
        return Unexpected<rpc::HttpFault>{
            rpc::HttpFault{rpc::HttpFault::Kind::unreachable, "refused"}};
    };
    const auto head = source->head();
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().kind, FaultKind::wrong_chain);
}

TEST_F(Probe, the_message_names_alias_and_reason_but_no_url) {
    add_node(chain).chain_id = 5;
    const auto connected = make().connect();
    EXPECT_EQ(connected.error().message, "a: chain id is 5, configured is 1");
}

}  // namespace
}  // namespace plimsoll::chain
