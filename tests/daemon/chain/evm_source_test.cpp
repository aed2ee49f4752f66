#include "abi/hex.hpp"
#include "tests/daemon/chain/evm_fixture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using test::NodeError;
using Kind = Finality::Kind;

class EvmSourceHead : public EvmSourceTest {};
class EvmSourceBlocks : public EvmSourceTest {};
class EvmSourceRound : public EvmSourceTest {};

TEST_F(EvmSourceRound, a_quiet_round_costs_four_requests) {
    chain.add_log(200, address_of(1), word_of(0xaa));
    add_node(chain);
    connect();
    const auto before = source->requests();
    const auto head = source->head();
    ASSERT_TRUE(head);
    ASSERT_TRUE(source->final_block({Kind::finalized, 0}, *head));
    EXPECT_EQ(source->logs_of(*head, filter())->size(), 1U);
    EXPECT_EQ(source->read(calls(200), *head)->size(), 200U);
    EXPECT_EQ(source->requests() - before, 4U);
}

TEST_F(EvmSourceRound, nothing_wanted_costs_nothing) {
    add_node(chain);
    connect();
    const auto before = source->requests();
    const BlockRef head = chain.at(200);
    EXPECT_TRUE(source->read({}, head)->empty());
    EXPECT_TRUE(source->logs_of(head, {})->empty());
    EXPECT_EQ(source->logs_in(0, 200, {}, false)->last, 200U);
    EXPECT_EQ(source->final_block({Kind::depth, 0}, head), head);
    EXPECT_TRUE(source->has_code({}, head)->empty());
    EXPECT_EQ(source->requests() - before, 0U);
}

TEST_F(EvmSourceRound, half_a_filter_is_an_error) {
    add_node(chain);
    connect();
    EXPECT_EQ(source->logs_of(chain.at(200), {{address_of(1)}, {}}).error().kind,
              FaultKind::bad_request);
    EXPECT_EQ(source->logs_in(0, 5, {{}, {word_of(1)}}, false).error().kind,
              FaultKind::bad_request);
    EXPECT_EQ(source->logs_in(6, 5, filter(), false).error().kind, FaultKind::bad_request);
}

TEST_F(EvmSourceHead, is_one_request) {
    add_node(chain);
    connect();
    const auto before = source->requests();
    EXPECT_EQ(*source->head(), chain.at(200));
    EXPECT_EQ(source->requests() - before, 1U);
}

TEST_F(EvmSourceHead, comes_from_another_endpoint_when_one_fails) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    first.override_http = [](const std::string&) -> std::optional<rpc::HttpResult> {
        return Unexpected<rpc::HttpFault>{rpc::HttpFault{rpc::HttpFault::Kind::timeout, "slow"}};
    };
    EXPECT_TRUE(source->head());
    const auto status = source->endpoints();
    EXPECT_FALSE(status[0].up);
    EXPECT_EQ(status[0].failures, 1U);
    EXPECT_TRUE(status[1].up);
}

TEST_F(EvmSourceHead, a_lower_head_is_compared_with_another_endpoint) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    ASSERT_EQ(source->head()->number, 200U);
    first.lag = 2;  // a backend behind the same address
    EXPECT_EQ(source->head()->number, 200U);
    EXPECT_EQ(source->endpoints()[0].state, "ok");
}

TEST_F(EvmSourceHead, a_first_head_below_what_is_known_is_compared_with_another_endpoint) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    first.lag = 2;
    connect();
    source->expect_head(200);
    EXPECT_EQ(source->head()->number, 200U);
}

TEST_F(EvmSourceHead, an_endpoint_that_follows_far_behind_is_found_out) {
    FakeNode& first = add_node(chain);
    FakeNode& second = add_node(chain);
    first.lag = 10;
    settings.stale_after = 60s;
    connect();
    ASSERT_EQ(source->head()->number, 190U);
    const auto asked = second.methods.size();
    for (int i = 0; i < 25; ++i) {
        chain.mine(1);
        clock.advance(12s);
        ASSERT_EQ(source->head()->number, chain.head() - 10) << i;
    }
    EXPECT_EQ(second.methods.size(), asked);
    clock.advance(1s);
    EXPECT_EQ(source->head()->number, chain.head());
    EXPECT_EQ(source->endpoints()[0].state, "lagging");
}

TEST_F(EvmSourceHead, an_endpoint_far_behind_is_not_asked_for_a_while) {
    FakeNode& first = add_node(chain);
    FakeNode& second = add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    first.lag = 10;
    EXPECT_EQ(source->head()->number, 200U);
    EXPECT_EQ(source->endpoints()[0].state, "lagging");
    const auto asked = first.methods.size();
    EXPECT_EQ(source->head()->number, 200U);
    EXPECT_EQ(first.methods.size(), asked);
    EXPECT_GT(second.methods.size(), 0U);
}

TEST_F(EvmSourceHead, a_chain_that_shrank_is_told_as_it_is) {
    add_node(chain);
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    chain.drop(3);
    EXPECT_EQ(source->head()->number, 197U);
}

TEST_F(EvmSourceHead, a_fall_of_more_than_256_blocks_is_a_sick_endpoint) {
    test::FakeChain tall(600);
    FakeNode& node = add_node(tall);
    connect();
    ASSERT_TRUE(source->head());
    node.lag = 257;
    EXPECT_EQ(source->head().error().kind, FaultKind::lag_or_reorg);
    node.lag = 256;
    EXPECT_EQ(source->head()->number, 344U);
}

TEST_F(EvmSourceHead, a_head_that_stands_still_is_compared_once_in_a_while) {
    FakeNode& first = add_node(chain);
    FakeNode& second = add_node(chain);
    settings.stale_after = 60s;
    connect();
    ASSERT_TRUE(source->head());
    first.override_result = [stuck = FakeNode::header_json(chain.at(200))](
                                const std::string& method,
                                const nlohmann::json& params) -> std::optional<nlohmann::json> {
        if (method == "eth_getBlockByNumber" && params.at(0) == "latest") return stuck;
        return std::nullopt;
    };
    chain.mine(10);
    clock.advance(60s);
    EXPECT_EQ(source->head()->number, 200U);
    EXPECT_EQ(second.methods.size(), 0U);
    clock.advance(1s);
    EXPECT_EQ(source->head()->number, 210U);
    EXPECT_EQ(source->endpoints()[0].state, "lagging");
}

TEST_F(EvmSourceHead, a_quiet_chain_asks_the_other_endpoint_once_per_period) {
    add_node(chain);
    FakeNode& second = add_node(chain);
    settings.stale_after = 60s;
    connect();
    for (int i = 0; i < 10; ++i) {
        clock.advance(12s);
        ASSERT_TRUE(source->head());
    }
    EXPECT_EQ(second.count("eth_getBlockByNumber"), 3U);  // two by its probe, one head
}

TEST_F(EvmSourceHead, malformed_headers_move_on) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    for (const nlohmann::json& bad :
         {nlohmann::json(nullptr), nlohmann::json("0x"), nlohmann::json::object()}) {
        first.override_result = [&](const std::string& method,
                                    const nlohmann::json&) -> std::optional<nlohmann::json> {
            if (method == "eth_getBlockByNumber") return bad;
            return std::nullopt;
        };
        EXPECT_TRUE(source->head());
    }
}

struct FinalCase {
    const char* name;
    BlockNumber head;
    Finality finality;
    BlockNumber expected;
    std::uint64_t requests;
};

class EvmSourceFinal : public EvmSourceTest, public testing::WithParamInterface<FinalCase> {};

TEST_P(EvmSourceFinal, is_what_the_chain_or_the_depth_says) {
    test::FakeChain sized(GetParam().head);
    add_node(sized);
    connect();
    const auto head = source->head();
    const auto before = source->requests();
    const auto block = source->final_block(GetParam().finality, *head);
    ASSERT_TRUE(block) << block.error().message;
    EXPECT_EQ(*block, sized.at(GetParam().expected));
    EXPECT_EQ(source->requests() - before, GetParam().requests);
}

INSTANTIATE_TEST_SUITE_P(
    Depths, EvmSourceFinal,
    testing::Values(FinalCase{"finalized", 200, {Kind::finalized, 0}, 136, 1},
                    FinalCase{"safe", 200, {Kind::safe, 0}, 168, 1},
                    FinalCase{"finalized_of_a_young_chain", 10, {Kind::finalized, 0}, 0, 1},
                    FinalCase{"depth", 200, {Kind::depth, 12}, 188, 1},
                    FinalCase{"depth_of_nothing", 200, {Kind::depth, 0}, 200, 0},
                    FinalCase{"depth_below_the_genesis", 10, {Kind::depth, 12}, 0, 1}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(EvmSourceBlocks, nothing_final_yet_is_the_genesis) {
    FakeNode& node = add_node(chain);
    connect();
    const auto head = source->head();
    node.override_error = [](const std::string&,
                             const nlohmann::json& params) -> std::optional<NodeError> {
        if (!params.empty() && params.at(0) == "finalized") {
            return NodeError{-39001, "finalized block not found", {}};
        }
        return std::nullopt;
    };
    EXPECT_EQ(*source->final_block({Kind::finalized, 0}, *head), chain.at(0));
    node.override_error = nullptr;
    node.override_result = [](const std::string&,
                              const nlohmann::json& params) -> std::optional<nlohmann::json> {
        if (!params.empty() && params.at(0) == "finalized") return nlohmann::json(nullptr);
        return std::nullopt;
    };
    EXPECT_EQ(*source->final_block({Kind::finalized, 0}, *head), chain.at(0));
}

TEST_F(EvmSourceBlocks, finality_beyond_the_head_of_the_round_is_that_head) {
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    const BlockRef older = chain.at(100);
    EXPECT_EQ(*source->final_block({Kind::finalized, 0}, older), older);
    BlockRef orphan = older;
    orphan.hash.bytes[0] ^= 1U;
    EXPECT_EQ(source->final_block({Kind::finalized, 0}, orphan).error().kind,
              FaultKind::lag_or_reorg);
}

TEST_F(EvmSourceBlocks, a_tag_that_is_not_supported_says_so) {
    FakeNode& node = add_node(chain);
    connect();
    const auto head = source->head();
    node.override_error = [](const std::string&,
                             const nlohmann::json& params) -> std::optional<NodeError> {
        if (!params.empty() && params.at(0) == "safe") {
            return NodeError{-32602, "TAG safe not supported", "{}"};
        }
        return std::nullopt;
    };
    EXPECT_EQ(source->final_block({Kind::safe, 0}, *head).error().kind, FaultKind::unsupported);
}

TEST_F(EvmSourceBlocks, block_at_a_height_or_none) {
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    EXPECT_EQ(**source->block_at(7), chain.at(7));
    EXPECT_EQ(*source->block_at(201), std::nullopt);
}

TEST_F(EvmSourceBlocks, block_at_asks_another_when_one_lags) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    ASSERT_TRUE(source->head());
    first.lag = 50;
    EXPECT_EQ(**source->block_at(180), chain.at(180));
    chain.drop(50);
    first.lag = 0;
    EXPECT_EQ(*source->block_at(180), std::nullopt);
}

TEST_F(EvmSourceBlocks, a_node_that_answers_another_block_is_refused) {
    FakeNode& first = add_node(chain);
    add_node(chain);
    connect();
    first.override_result = [this](const std::string& method,
                                   const nlohmann::json&) -> std::optional<nlohmann::json> {
        if (method == "eth_getBlockByNumber") return FakeNode::header_json(chain.at(9));
        return std::nullopt;
    };
    EXPECT_EQ(**source->block_at(7), chain.at(7));
}

TEST_F(EvmSourceBlocks, blocks_come_in_batches) {
    FakeNode& node = add_node(chain);
    connect();
    const auto exchanges = node.exchanges;
    const auto blocks = source->blocks(50, 149);
    ASSERT_TRUE(blocks) << blocks.error().message;
    ASSERT_EQ(blocks->size(), 100U);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ((*blocks)[i], chain.at(50 + i));
    EXPECT_EQ(node.exchanges - exchanges, 5U);
    EXPECT_EQ(source->blocks(7, 7)->size(), 1U);
}

TEST_F(EvmSourceBlocks, the_range_is_bounded) {
    add_node(chain);
    connect();
    EXPECT_EQ(source->blocks(5, 4).error().kind, FaultKind::bad_request);
    EXPECT_EQ(source->blocks(0, 1'024).error().kind, FaultKind::bad_request);
    EXPECT_EQ(source->blocks(0, 200)->size(), 201U);
    EXPECT_EQ(source->blocks(199, 201).error().kind, FaultKind::lag_or_reorg);
}

TEST_F(EvmSourceBlocks, learns_the_size_of_batches) {
    FakeNode& node = add_node(chain);
    node.most_batch = 3;
    node.batch_error =
        NodeError{31, "Batch of more than 3 requests are not allowed on free tier", {}};
    connect();
    EXPECT_EQ(source->blocks(0, 29)->size(), 30U);
}

TEST_F(EvmSourceBlocks, blocks_that_do_not_link_are_refused) {
    FakeNode& first = add_node(chain);
    FakeNode& second = add_node(chain);
    connect();
    const auto broken = [this](const std::string&,
                               const nlohmann::json& params) -> std::optional<nlohmann::json> {
        if (params.empty() || params.at(0) != "0x14") return std::nullopt;
        BlockRef sibling = chain.at(20);
        sibling.hash.bytes[3] ^= 1U;
        return FakeNode::header_json(sibling);
    };
    first.override_result = broken;
    EXPECT_TRUE(source->blocks(10, 30));
    second.override_result = broken;
    const auto blocks = source->blocks(10, 30);
    ASSERT_FALSE(blocks);
    EXPECT_EQ(blocks.error().kind, FaultKind::lag_or_reorg);
}

TEST_F(EvmSourceRound, a_round_moves_to_another_endpoint_that_knows_the_block) {
    FakeNode& first = add_node(chain);
    FakeNode& second = add_node(chain);
    connect();
    const auto head = source->head();
    first.override_http = [](const std::string&) -> std::optional<rpc::HttpResult> {
        return rpc::HttpReply{502, "<html>", std::nullopt};
    };
    const auto results = source->read(calls(5), *head);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ(second.count("eth_chainId"), 1U);
}

TEST_F(EvmSourceRound, a_round_does_not_move_to_an_endpoint_of_another_fork) {
    test::FakeChain fork(199);
    fork.mine(1, 1);
    FakeNode& first = add_node(chain);
    add_node(fork);
    connect();
    const auto head = source->head();
    first.override_http = [](const std::string&) -> std::optional<rpc::HttpResult> {
        return rpc::HttpReply{502, "<html>", std::nullopt};
    };
    EXPECT_FALSE(source->read(calls(5), *head));
    EXPECT_FALSE(source->logs_of(*head, filter()));
}

TEST_F(EvmSourceRound, an_orphaned_block_is_lag_or_reorg) {
    add_node(chain);
    connect();
    const auto head = source->head();
    chain.drop(1);
    chain.mine(2, 1);
    EXPECT_EQ(source->read(calls(1), *head).error().kind, FaultKind::lag_or_reorg);
    EXPECT_EQ(source->logs_of(*head, filter()).error().kind, FaultKind::lag_or_reorg);
}

TEST_F(EvmSourceRound, has_code_of_each_address) {
    FakeNode& node = add_node(chain);
    connect();
    const std::vector<Address> addresses = {node.multicall, address_of(9)};
    EXPECT_EQ(*source->has_code(addresses, chain.at(100)), (std::vector<bool>{true, false}));
}

TEST_F(EvmSourceRound, cancel_ends_every_call) {
    add_node(chain);
    connect();
    source->cancel();
    EXPECT_EQ(source->head().error().kind, FaultKind::cancelled);
    EXPECT_EQ(source->connect().error().kind, FaultKind::cancelled);
    EXPECT_EQ(source->read(calls(1), chain.at(1)).error().kind, FaultKind::cancelled);
    EXPECT_EQ(source->logs_in(0, 5, filter(), false).error().kind, FaultKind::cancelled);
}

TEST_F(EvmSourceRound, no_secret_reaches_a_message) {
    FakeNode& node = add_node(chain);
    node.override_http = [](const std::string&) -> std::optional<rpc::HttpResult> {
        return rpc::HttpReply{
            403, R"({"error":{"code":-32000,"message":"no http://node.example/secretkey"}})",
            std::nullopt};
    };
    const auto connected = make().connect();
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().message.find("secretkey"), std::string::npos);
    EXPECT_EQ(source->endpoints()[0].last_error.find("secretkey"), std::string::npos);
    EXPECT_EQ(connected.error().kind, FaultKind::auth);
}

}  // namespace
}  // namespace plimsoll::chain
