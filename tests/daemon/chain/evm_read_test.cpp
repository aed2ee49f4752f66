#include "tests/daemon/chain/evm_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using protocols::Call;
using protocols::CallResult;
using test::FakeNode;
using test::NodeError;

class EvmRead : public EvmSourceTest {
  protected:
    /// Answers with the argument of the call, so that order and completeness show.
    void echo(FakeNode& node) {
        node.contract = [](const Call& call, const BlockRef&) {
            return CallResult{true, call.data};
        };
    }
    void expect_echoed(const std::vector<Call>& asked,
                       const Expected<std::vector<CallResult>, Fault>& results) {
        ASSERT_TRUE(results) << results.error().message;
        ASSERT_EQ(results->size(), asked.size());
        for (std::size_t i = 0; i < asked.size(); ++i) {
            EXPECT_TRUE((*results)[i].success) << i;
            EXPECT_EQ((*results)[i].data, asked[i].data) << i;
        }
    }
};

TEST_F(EvmRead, up_to_200_calls_are_one_request) {
    FakeNode& node = add_node(chain);
    echo(node);
    connect();
    const auto head = source->head();
    for (const std::size_t count : {1U, 2U, 200U}) {
        const auto before = source->requests();
        const auto asked = calls(count);
        expect_echoed(asked, source->read(asked, *head));
        EXPECT_EQ(source->requests() - before, 1U) << count;
    }
    const auto before = source->requests();
    const auto asked = calls(201);
    expect_echoed(asked, source->read(asked, *head));
    EXPECT_EQ(source->requests() - before, 2U);
}

TEST_F(EvmRead, runs_at_the_block_asked_for) {
    add_node(chain);
    connect();
    for (const BlockNumber number : {0U, 1U, 77U, 200U}) {
        const auto results = source->read(calls(2), chain.at(number));
        ASSERT_TRUE(results) << results.error().message;
        EXPECT_EQ((*results)[1].data, bytes_of(number));
    }
}

TEST_F(EvmRead, thousands_of_calls_are_read_in_order) {
    FakeNode& node = add_node(chain);
    echo(node);
    connect();
    const auto asked = calls(5'000);
    const auto before = source->requests();
    expect_echoed(asked, source->read(asked, *source->head()));
    EXPECT_EQ(source->requests() - before, 26U);
}

TEST_F(EvmRead, a_multicall_holds_no_more_calldata_than_allowed) {
    FakeNode& node = add_node(chain);
    echo(node);
    settings.max_calldata = 4'096;
    connect();
    node.override_error = [](const std::string& method,
                             const nlohmann::json& params) -> std::optional<NodeError> {
        if (method == "eth_call") {
            EXPECT_LT(params.at(0).at("data").get<std::string>().size(), 2 * 4'096U + 2'000);
        }
        return std::nullopt;
    };
    const auto asked = calls(100);
    expect_echoed(asked, source->read(asked, *source->head()));
    const std::vector<Call> large = {{address_of(1), Bytes(10'000, 7)}};
    node.override_error = nullptr;
    expect_echoed(large, source->read(large, *source->head()));
}

TEST_F(EvmRead, a_revert_with_data_is_an_answer) {
    FakeNode& node = add_node(chain);
    node.contract = [](const Call& call, const BlockRef&) {
        return call.data == bytes_of(1) ? CallResult{false, {0x4e, 0x48, 0x7b, 0x71}}
                                        : CallResult{true, call.data};
    };
    connect();
    const auto head = source->head();
    const auto before = source->requests();
    const auto results = source->read(calls(3), *head);
    ASSERT_TRUE(results);
    EXPECT_FALSE((*results)[1].success);
    EXPECT_EQ((*results)[1].data, (Bytes{0x4e, 0x48, 0x7b, 0x71}));
    EXPECT_TRUE((*results)[2].success);
    EXPECT_EQ(source->requests() - before, 1U);
    EXPECT_EQ(source->endpoints()[0].failures, 0U);
}

TEST_F(EvmRead, a_failure_without_data_is_asked_again_alone_and_remembered) {
    FakeNode& node = add_node(chain);
    node.contract = [](const Call& call, const BlockRef&) {
        return call.data == bytes_of(1) ? CallResult{false, {}} : CallResult{true, call.data};
    };
    connect();
    const auto head = source->head();
    auto before = source->requests();
    EXPECT_FALSE((*source->read(calls(3), *head))[1].success);
    EXPECT_EQ(source->requests() - before, 3U);  // the multicall, the call, and its proof
    before = source->requests();
    EXPECT_FALSE((*source->read(calls(3), *head))[1].success);
    EXPECT_EQ(source->requests() - before, 1U);
    clock.advance(1h);
    ASSERT_TRUE(source->head());
    before = source->requests();
    EXPECT_FALSE((*source->read(calls(3), *head))[1].success);
    EXPECT_EQ(source->requests() - before, 3U);
}

TEST_F(EvmRead, calls_that_lacked_gas_are_not_taken_for_reverts) {
    FakeNode& node = add_node(chain);
    echo(node);
    node.most_gas = 30'000'000;
    node.gas = [](const Call&) { return std::uint64_t{500'000}; };
    connect();
    const auto asked = calls(200);
    expect_echoed(asked, source->read(asked, *source->head()));
    const auto before = source->requests();
    expect_echoed(asked, source->read(asked, *source->head()));
    EXPECT_LT(source->requests() - before, 15U);
}

TEST_F(EvmRead, a_call_that_burns_all_gas_starves_nobody) {
    FakeNode& node = add_node(chain);
    echo(node);
    node.most_gas = 30'000'000;
    node.gas = [](const Call& call) {
        return call.data == bytes_of(40) ? std::uint64_t{1'000'000'000} : std::uint64_t{50'000};
    };
    connect();
    const auto head = source->head();
    const auto asked = calls(100);
    auto results = source->read(asked, *head);
    ASSERT_TRUE(results) << results.error().message;
    for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ((*results)[i].success, i != 40) << i;
    // From now on it stands alone, and the others fit one multicall again in time.
    for (int round = 0; round < 40; ++round) results = source->read(asked, *head);
    const auto before = source->requests();
    results = source->read(asked, *head);
    for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ((*results)[i].success, i != 40) << i;
    EXPECT_EQ(source->requests() - before, 3U);
}

TEST_F(EvmRead, a_poison_call_that_fails_the_multicall_is_isolated) {
    FakeNode& node = add_node(chain);
    echo(node);
    const std::string poison = to_lower_hex(address_of(0xbb)).substr(2);
    node.override_error = [&](const std::string& method,
                              const nlohmann::json& params) -> std::optional<NodeError> {
        const bool has_poison = params.dump().find(poison) != std::string::npos;
        if (method != "eth_call" || !has_poison) return std::nullopt;
        return NodeError{-32603, "EVM error OutOfGas", {}};
    };
    connect();
    const auto head = source->head();
    auto asked = calls(100);
    asked[33].to = address_of(0xbb);
    const auto results = source->read(asked, *head);
    ASSERT_TRUE(results) << results.error().message;
    for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ((*results)[i].success, i != 33) << i;
    EXPECT_EQ(source->endpoints()[0].failures, 0U);
}

TEST_F(EvmRead, a_multicall_that_is_too_large_is_halved) {
    for (const NodeError& error :
         {NodeError{-32003, "response too large", {}}, NodeError{-32000, "out of gas", {}},
          NodeError{3, "execution reverted", "0x"}}) {
        nodes.clear();
        settings.endpoints.clear();
        FakeNode& node = add_node(chain);
        echo(node);
        node.override_error = [&](const std::string& method,
                                  const nlohmann::json& params) -> std::optional<NodeError> {
            const bool is_large = method == "eth_call" && params.dump().size() > 12'000;
            return is_large ? std::optional(error) : std::nullopt;
        };
        connect();
        const auto asked = calls(150);
        expect_echoed(asked, source->read(asked, *source->head()));
    }
}

TEST_F(EvmRead, below_the_multicall_calls_go_out_one_by_one_with_a_proof) {
    FakeNode& node = add_node(chain);
    node.multicall_from = 100;
    node.contract = [&](const Call& call, const BlockRef& at) {
        return call.to == node.multicall ? CallResult{true, {}}
                                         : CallResult{true, bytes_of(at.number)};
    };
    connect();
    const auto block = source->block_at(50);
    const auto before = source->requests();
    const auto results = source->read(calls(30), **block);
    ASSERT_TRUE(results) << results.error().message;
    for (const auto& result : *results) EXPECT_EQ(result.data, bytes_of(50));
    EXPECT_EQ(source->requests() - before, 32U);
    node.ignores_block = true;
    EXPECT_EQ(source->read(calls(30), **block).error().kind, FaultKind::malformed);
}

TEST_F(EvmRead, a_contract_without_code_answers_nothing) {
    FakeNode& node = add_node(chain);
    node.contract = [](const Call&, const BlockRef&) { return CallResult{true, {}}; };
    connect();
    const auto results = source->read(calls(2), *source->head());
    EXPECT_TRUE((*results)[0].success);
    EXPECT_TRUE((*results)[0].data.empty());
}

TEST_F(EvmRead, a_node_that_begins_to_lie_is_refused_by_the_proofs) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    const auto block = source->block_at(150);
    first.ignores_block = true;
    const auto results = source->read(calls(3), **block);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ((*results)[0].data, bytes_of(150));
    EXPECT_EQ(source->endpoints()[0].state, "not pinning");
    EXPECT_TRUE(source->endpoints()[1].up);
}

TEST_F(EvmRead, a_lie_without_a_second_endpoint_is_a_fault) {
    FakeNode& node = add_node(chain);
    connect();
    const auto block = source->block_at(150);
    node.ignores_block = true;
    const auto results = source->read(calls(3), **block);
    ASSERT_FALSE(results);
    EXPECT_EQ(results.error().kind, FaultKind::malformed);
    EXPECT_EQ(results.error().message, "a: the call ran at another block: block number differs");
}

TEST_F(EvmRead, a_sibling_with_the_same_number_and_parent_is_found_by_number_pinning) {
    FakeNode& node = add_node(chain);
    node.knows_block_hash = false;
    connect();
    const auto head = source->head();
    chain.drop(1);
    chain.mine(1, 1);  // same number, time and parent; another hash
    EXPECT_EQ(source->read(calls(1), *head).error().kind, FaultKind::lag_or_reorg);
}

TEST_F(EvmRead, state_that_is_gone_is_asked_of_another_endpoint) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    const auto head = source->head();
    first.override_error = [](const std::string& method,
                              const nlohmann::json&) -> std::optional<NodeError> {
        if (method != "eth_call") return std::nullopt;
        return NodeError{-32000, "missing trie node 0xabc (path 0102)", {}};
    };
    const auto asked_before = first.methods.size();
    EXPECT_TRUE(source->read(calls(1), *head));
    EXPECT_EQ(first.methods.size() - asked_before, 1U);
    EXPECT_EQ(source->endpoints()[0].failures, 0U);
}

TEST_F(EvmRead, malformed_results_are_refused) {
    for (const nlohmann::json& bad :
         {nlohmann::json(nullptr), nlohmann::json("0x1"), nlohmann::json("0x00"), nlohmann::json(1),
          nlohmann::json("0xzz"), nlohmann::json("0x" + std::string(640, '0'))}) {
        nodes.clear();
        settings.endpoints.clear();
        FakeNode& node = add_node(chain);
        connect();
        const auto head = source->head();
        node.override_result = [&](const std::string& method,
                                   const nlohmann::json&) -> std::optional<nlohmann::json> {
            if (method == "eth_call") return bad;
            return std::nullopt;
        };
        const auto results = source->read(calls(2), *head);
        ASSERT_FALSE(results) << bad.dump();
        EXPECT_EQ(results.error().kind, FaultKind::malformed) << bad.dump();
    }
}

}  // namespace
}  // namespace plimsoll::chain
