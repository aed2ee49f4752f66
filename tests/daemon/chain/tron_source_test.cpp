#include "abi/hex.hpp"
#include "daemon/chain/tron_infos.hpp"
#include "tests/daemon/chain/tron_fixture.hpp"

#include <gmock/gmock.h>

namespace plimsoll::chain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(TronSourceTest, finds_out_what_an_endpoint_offers) {
    add_node(chain);
    connect();
    EXPECT_EQ(source->endpoints().at(0).offers, "wallet, walletsolidity, jsonrpc, v1");
    EXPECT_TRUE(source->endpoints().at(0).up);
}

struct Offer {
    const char* name;
    bool wallet;
    bool light;
    bool calls;
    bool solidity;
    bool rpc;
    bool events;
    const char* offers;
};
constexpr Offer kOffers[] = {
    {"wallet", true, true, true, false, false, false, "wallet"},
    {"whole_blocks", true, false, true, true, false, false, "wallet, walletsolidity"},
    {"jsonrpc", false, false, false, false, true, false, "jsonrpc"},
    {"no_constant_calls", true, true, false, true, true, false, "wallet, walletsolidity, jsonrpc"},
    {"no_jsonrpc", true, true, true, true, false, true, "wallet, walletsolidity, v1"},
};

class TronOffer : public TronSourceTest, public ::testing::WithParamInterface<Offer> {};

TEST_P(TronOffer, is_enough_for_everything) {
    const Offer& offer = GetParam();
    chain.add_log(150, account(1), word(0xaa), 3);
    chain.add_log(200, account(1), word(0xaa), 0);
    test::FakeTron& node = add_node(chain);
    node.has_wallet = offer.wallet;
    node.has_light_blocks = offer.light;
    node.has_constant_calls = offer.calls;
    node.has_solidity = offer.solidity;
    node.has_rpc = offer.rpc;
    node.has_events = offer.events;
    settings.event_delay = 10;
    connect();
    EXPECT_EQ(source->endpoints().at(0).offers, offer.offers);
    const BlockRef at = head();
    EXPECT_EQ(at, chain.at(200));
    const auto final_block = source->final_block({Finality::Kind::finalized, 0}, at);
    ASSERT_TRUE(final_block) << final_block.error().message;
    EXPECT_LE(final_block->number, 182U);
    EXPECT_EQ(*final_block, chain.at(final_block->number));
    const auto results = source->read(calls(3), at);
    ASSERT_TRUE(results) << results.error().message;
    EXPECT_EQ((*results)[2].data, bytes(200));
    const auto newest = source->logs_of(at, filter());
    ASSERT_TRUE(newest) << newest.error().message;
    ASSERT_EQ(newest->size(), 1U);
    EXPECT_EQ(newest->front().block_hash, at.hash);
    EXPECT_EQ(newest->front().block_time, at.time);
    std::vector<protocols::Log> logs;
    for (BlockNumber next = 100; next <= 200;) {
        const auto step = source->logs_in(next, 200, filter(), true);
        ASSERT_TRUE(step) << step.error().message;
        logs.insert(logs.end(), step->logs.begin(), step->logs.end());
        ASSERT_GE(step->last, next);
        next = step->last + 1;
    }
    EXPECT_THAT(blocks_of(logs), ElementsAre(150, 200));
    for (const auto& log : logs) {
        EXPECT_EQ(log.block_hash, chain.at(log.block).hash);
        EXPECT_EQ(log.block_time, chain.at(log.block).time);
    }
    const std::vector<Address> addresses{node.evm.multicall, account(9)};
    EXPECT_THAT(source->has_code(addresses, at).value(), ElementsAre(true, false));
    const auto linked = source->blocks(180, 190);
    ASSERT_TRUE(linked) << linked.error().message;
    EXPECT_EQ(linked->back(), chain.at(190));
    EXPECT_EQ(source->block_at(7).value(), chain.at(7));
    EXPECT_EQ(source->block_at(201).value(), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Offers, TronOffer, ::testing::ValuesIn(kOffers),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(TronSourceTest, a_quiet_round_is_five_requests) {
    chain.add_log(200, account(2), word(0xaa));
    add_node(chain);
    connect();
    const std::uint64_t before = source->requests();
    const BlockRef at = head();
    ASSERT_TRUE(source->final_block({Finality::Kind::finalized, 0}, at));
    ASSERT_TRUE(source->logs_of(at, filter()));
    ASSERT_TRUE(source->read(calls(150), at));
    EXPECT_EQ(source->requests(), before + 5);
}

TEST_F(TronSourceTest, a_url_that_is_no_base_is_told) {
    test::FakeTron& node = add_node(chain);
    node.has_wallet = node.has_rpc = false;
    make();
    const auto connected = source->connect();
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message,
                HasSubstr("a: offers neither /wallet nor /jsonrpc: is it the base URL of a TRON "
                          "node?"));
}

TEST_F(TronSourceTest, a_probe_goes_on_where_it_was_refused) {
    test::FakeTron& node = add_node(chain);
    std::size_t asked = 0;
    node.override_http = [&asked](const rpc::HttpRequest&) -> std::optional<rpc::HttpResult> {
        if (++asked % 7 != 0) return std::nullopt;
        return rpc::HttpReply{403, R"({"Error":"the query server is suspended for 1 s"})",
                              std::nullopt};
    };
    make();
    bool is_connected = false;
    for (int i = 0; i < 3 && !is_connected; ++i) is_connected = source->connect().has_value();
    EXPECT_TRUE(is_connected);
    EXPECT_EQ(source->endpoints().at(0).offers, "wallet, walletsolidity, jsonrpc, v1");
}

/// What can be done without keeps no endpoint from use, however it refuses.
TEST_F(TronSourceTest, an_interface_that_refuses_is_not_there) {
    const rpc::HttpReply refusals[] = {{401, "unauthorized", std::nullopt},
                                       {403, "forbidden", std::nullopt},
                                       {503, "no backend", std::nullopt},
                                       {200, R"({"Error":"not on this plan"})", std::nullopt}};
    const std::pair<const char*, const char*> kPaths[] = {
        {"/v1/", "wallet, walletsolidity, jsonrpc"},
        {"/wallet/", "walletsolidity, jsonrpc, v1"},
        {"/walletsolidity/", "wallet, jsonrpc, v1"},
        {"/jsonrpc", "wallet, walletsolidity, v1"}};
    for (const auto& [path, offers] : kPaths) {
        for (const rpc::HttpReply& refusal : refusals) {
            SCOPED_TRACE(std::string(path) + " " + refusal.body);
            source.reset();
            transport.nodes.clear();
            nodes.clear();
            settings = {};
            test::FakeTron& node = add_node(chain);
            node.override_http =
                [&, path = std::string(path)](
                    const rpc::HttpRequest& request) -> std::optional<rpc::HttpResult> {
                if (request.path.find(path) == std::string::npos) return std::nullopt;
                return refusal;
            };
            make();
            auto connected = source->connect();
            // A server's error may pass, so /wallet is asked again by the next probe.
            if (!connected) connected = source->connect();
            ASSERT_TRUE(connected) << connected.error().message;
            EXPECT_EQ(source->endpoints().at(0).offers, offers);
        }
    }
}

TEST_F(TronSourceTest, a_wallet_that_lets_nobody_in_is_named) {
    test::FakeTron& node = add_node(chain);
    node.override_http = [](const rpc::HttpRequest&) -> std::optional<rpc::HttpResult> {
        return rpc::HttpReply{401, "unauthorized", std::nullopt};
    };
    make();
    const auto connected = source->connect();
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message, HasSubstr("(/wallet/getblock)"));
}

TEST_F(TronSourceTest, another_chain_is_refused_by_each_interface) {
    for (const bool has_rpc : {true, false}) {
        nodes.clear();
        settings.endpoints.clear();
        test::FakeTron& node = add_node(chain);
        node.evm.chain_id = 3448148188;
        node.has_rpc = has_rpc;
        make();
        const auto connected = source->connect();
        ASSERT_FALSE(connected);
        EXPECT_EQ(connected.error().kind, FaultKind::wrong_chain);
        EXPECT_THAT(connected.error().message, HasSubstr("3448148188"));
    }
}

TEST_F(TronSourceTest, the_first_multicall_found_is_used) {
    test::FakeTron& node = add_node(chain);
    make();
    settings.multicalls = {account(3), node.evm.multicall};
    source = make_tron_source(settings, transport, clock, [] { return 0U; });
    ASSERT_TRUE(source->connect());
    EXPECT_TRUE(source->read(calls(2), head()));
}

TEST_F(TronSourceTest, without_a_multicall_nothing_is_proved) {
    add_node(chain);
    make();
    settings.multicalls = {account(3)};
    source = make_tron_source(settings, transport, clock, [] { return 0U; });
    const auto connected = source->connect();
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message, HasSubstr("no Multicall3 at T9yD14Nj9j7xAB4db"));
    EXPECT_THAT(connected.error().message, HasSubstr("'multicall'"));
}

TEST_F(TronSourceTest, calls_that_lie_about_their_block_are_noticed_at_once) {
    test::FakeTron& node = add_node(chain);
    test::FakeChain other(200, test::FakeChain::Hashes::tron);
    other.drop(50);
    other.mine(50, 3);
    test::FakeTron liar(other);
    node.override_http = [&](const rpc::HttpRequest& request) -> std::optional<rpc::HttpResult> {
        if (request.path != "/wallet/triggerconstantcontract") return std::nullopt;
        return liar.answer(request);
    };
    make();
    const auto connected = source->connect();
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message, HasSubstr("calls do not tell at which block they run"));
    EXPECT_EQ(source->endpoints().at(0).state, "not pinning");
}

TEST_F(TronSourceTest, a_block_id_that_tells_another_height_is_malformed) {
    test::FakeTron& node = add_node(chain);
    connect();
    node.override_http = [&](const rpc::HttpRequest& request) -> std::optional<rpc::HttpResult> {
        if (request.path != "/wallet/getblock") return std::nullopt;
        return test::http_ok(
            R"({"blockID":"00000000000000c9)" + std::string(48, 'a') +
            R"(","block_header":{"raw_data":{"number":200,"timestamp":1700002400000,"parentHash":")" +
            std::string(64, 'b') + R"("}}})");
    };
    const auto found = source->head();
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("tells another height"));
}

TEST_F(TronSourceTest, solid_blocks_that_are_late_only_delay_finality) {
    test::FakeTron& node = add_node(chain);
    connect();
    node.solid_depth = 60;
    const BlockRef at = head();
    const auto final_block = source->final_block({Finality::Kind::finalized, 0}, at);
    ASSERT_TRUE(final_block);
    EXPECT_EQ(final_block->number, 140U);
    EXPECT_EQ(source->final_block({Finality::Kind::depth, 19}, at)->number, 181U);
}

TEST_F(TronSourceTest, without_a_solid_node_finality_is_nineteen_blocks) {
    test::FakeTron& node = add_node(chain);
    node.has_solidity = node.has_rpc = false;
    connect();
    const BlockRef at = head();
    EXPECT_EQ(source->final_block({Finality::Kind::finalized, 0}, at)->number, 181U);
}

// ---- logs --------------------------------------------------------------------------------------

TEST_F(TronSourceTest, logs_near_the_head_are_asked_for_by_the_block) {
    for (BlockNumber block = 195; block <= 200; ++block) {
        chain.add_log(block, account(1), word(0xaa));
    }
    test::FakeTron& node = add_node(chain);
    connect();
    head();
    // Its index is behind its blocks: it answers ranges without a word about what is missing.
    node.evm.override_result = [](const std::string& method,
                                  const nlohmann::json& params) -> std::optional<nlohmann::json> {
        const bool is_range = method == "eth_getLogs" && params.at(0).contains("fromBlock");
        if (!is_range) return std::nullopt;
        return nlohmann::json::array();
    };
    const auto step = source->logs_in(196, 200, filter(), false);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_THAT(blocks_of(step->logs), ElementsAre(196, 197, 198, 199, 200));
}

TEST_F(TronSourceTest, a_fork_while_infos_are_read_is_noticed) {
    chain.add_log(200, account(1), word(0xaa));
    test::FakeTron& node = add_node(chain);
    node.has_rpc = false;
    connect();
    const BlockRef at = head();
    node.override_http = [&](const rpc::HttpRequest& request) -> std::optional<rpc::HttpResult> {
        if (request.path == "/wallet/gettransactioninfobyblocknum") {
            chain.drop(1);
            chain.mine(1, 9);
        }
        return std::nullopt;
    };
    const auto logs = source->logs_of(at, filter());
    ASSERT_FALSE(logs);
    EXPECT_EQ(logs.error().kind, FaultKind::lag_or_reorg);
}

/// Nodes that tell of the newest block by /jsonrpc and by the infos of its transactions, of which
/// either may come late.
class TronInfos : public TronSourceTest {
  protected:
    using Reply = std::optional<nlohmann::json>;

    test::FakeTron& node() {
        chain.add_log(200, account(1), word(0xaa), 0);
        chain.add_log(200, account(1), word(0xaa), 1);
        test::FakeTron& out = add_node(chain);
        out.evm.override_result = [this](const std::string& method,
                                         const nlohmann::json& params) -> Reply {
            const bool is_count = method == "eth_getBlockTransactionCountByHash";
            if (is_count && rpc_counts) return transactions(params);
            const bool is_newest = method == "eth_getLogs" && params.at(0).contains("blockHash");
            return is_newest && is_rpc_late ? Reply(nlohmann::json::array()) : std::nullopt;
        };
        out.override_http = [this](const rpc::HttpRequest& request) {
            return instead_of_infos(request);
        };
        return out;
    }
    Reply transactions(const nlohmann::json& params) const {
        return params.at(0) == to_hex(chain.at(200).hash) ? newest_count : old_count;
    }
    std::optional<rpc::HttpResult> instead_of_infos(const rpc::HttpRequest& request) const {
        const bool is_asked = request.path == "/wallet/gettransactioninfobyblocknum";
        if (!is_asked || !infos) return std::nullopt;
        return rpc::HttpReply{200, *infos, std::nullopt};
    }
    std::size_t infos_asked(const test::FakeTron& node) const {
        return node.count("/wallet/gettransactioninfobyblocknum");
    }

    bool rpc_counts = true;
    bool is_rpc_late = false;
    std::optional<std::string> infos;  ///< in place of the node's
    nlohmann::json newest_count = "0x2";
    nlohmann::json old_count = "0x0";
};

TEST_F(TronInfos, tell_what_the_rpc_does_not_yet) {
    const test::FakeTron& node = this->node();
    connect();
    const BlockRef at = head();
    is_rpc_late = true;
    const auto logs = source->logs_of(at, filter());
    ASSERT_TRUE(logs) << logs.error().message;
    EXPECT_EQ(logs->size(), 2U);
    // What was compared is not compared again.
    const std::size_t asked = infos_asked(node);
    is_rpc_late = false;
    EXPECT_EQ(source->logs_of(at, filter())->size(), 2U);
    EXPECT_EQ(infos_asked(node), asked);
    EXPECT_EQ(source->endpoints().at(0).offers, "wallet, walletsolidity, jsonrpc, v1");
}

TEST_F(TronInfos, that_are_not_there_yet_are_waited_for) {
    node();
    connect();
    const BlockRef at = head();
    infos = "[]";
    const auto logs = source->logs_of(at, filter());
    ASSERT_FALSE(logs);
    EXPECT_EQ(logs.error().kind, FaultKind::lag_or_reorg);
    EXPECT_THAT(logs.error().message, HasSubstr("not yet what its transactions did"));
    newest_count = "0x0";
    EXPECT_EQ(source->logs_of(at, filter())->size(), 2U) << "there is more by /jsonrpc";
}

TEST_F(TronInfos, are_waited_for_where_the_rpc_counts_no_transactions) {
    test::FakeTron& node = this->node();
    rpc_counts = false;
    connect();
    const BlockRef at = head();
    infos = "[]";
    is_rpc_late = true;
    node.has_transactions = true;
    const auto logs = source->logs_of(at, filter());
    ASSERT_FALSE(logs);
    EXPECT_EQ(logs.error().kind, FaultKind::lag_or_reorg);
}

TEST_F(TronInfos, and_the_rpc_contradict_each_other) {
    const test::FakeTron& node = this->node();
    connect();
    const BlockRef at = head();
    const auto honest = source->logs_of(at, filter());
    ASSERT_TRUE(honest);
    EXPECT_GT(infos_asked(node), 0U);
    std::vector<protocols::Log> odd = *honest;
    odd.back().data.push_back(1);
    EXPECT_FALSE(complete_logs(*honest, odd));
    odd.pop_back();
    EXPECT_EQ(complete_logs(*honest, odd)->size(), 2U);
    EXPECT_EQ(complete_logs(odd, *honest)->size(), 2U);
    odd.front().index = 7;
    EXPECT_FALSE(complete_logs(*honest, odd));
    EXPECT_TRUE(complete_logs({}, {})->empty());
}

TEST_F(TronInfos, of_a_node_that_keeps_none_are_not_asked_for) {
    const test::FakeTron& node = this->node();
    infos = "[]";
    old_count = "0x3";
    connect();
    const BlockRef at = head();
    EXPECT_EQ(source->logs_of(at, filter())->size(), 2U);
    EXPECT_EQ(infos_asked(node), 1U);
}

TEST_F(TronInfos, that_an_old_block_lacks_are_kept_by_nobody) {
    const test::FakeTron& node = this->node();
    connect();
    head();
    infos = "[]";
    old_count = "0x3";
    const std::size_t asked = infos_asked(node);
    EXPECT_TRUE(source->logs_of(chain.at(181), filter()));
    EXPECT_TRUE(source->logs_of(chain.at(182), filter()));
    EXPECT_EQ(infos_asked(node), asked + 1);
}

TEST_F(TronInfos, of_a_node_that_serves_none_are_not_asked_for) {
    const test::FakeTron& node = this->node();
    infos = "this API is closed because this node is a lite fullnode";
    connect();
    const BlockRef at = head();
    EXPECT_EQ(source->logs_of(at, filter())->size(), 2U);
    EXPECT_EQ(infos_asked(node), 1U);
    EXPECT_EQ(source->endpoints().at(0).offers,
              "wallet without infos, walletsolidity, jsonrpc, v1");
}

TEST_F(TronInfos, are_needed_where_there_is_no_rpc) {
    node().has_rpc = false;
    infos = "this API is closed because this node is a lite fullnode";
    make();
    const auto connected = source->connect();
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message, HasSubstr("a: offers no logs: it has no /jsonrpc"));
}

TEST_F(TronInfos, without_rpc_are_those_of_a_block_that_has_none) {
    test::FakeTron& node = this->node();
    node.has_rpc = false;
    connect();
    const BlockRef at = head();
    infos = "[]";
    EXPECT_TRUE(source->logs_of(at, filter())->empty());
    node.has_transactions = true;
    EXPECT_EQ(source->logs_of(at, filter()).error().kind, FaultKind::lag_or_reorg);
}

class TronEvents : public TronSourceTest {
  protected:
    test::FakeTron& without_rpc() {
        for (BlockNumber block = 20; block <= 200; block += 3) {
            chain.add_log(block, account(1), word(0xaa));
            chain.add_log(block, account(2), word(0xaa), 1);  // of a contract nobody asks about
        }
        test::FakeTron& node = add_node(chain);
        node.has_rpc = false;
        settings.event_delay = 10;
        connect();
        head();
        return node;
    }
    std::vector<BlockNumber> all_logs() {
        std::vector<protocols::Log> out;
        for (BlockNumber next = 10; next <= 200;) {
            const auto step = source->logs_in(next, 200, filter(), true);
            EXPECT_TRUE(step) << step.error().message;
            if (!step) break;
            out.insert(out.end(), step->logs.begin(), step->logs.end());
            next = step->last + 1;
        }
        return blocks_of(out);
    }
    static std::vector<BlockNumber> every_third() {
        std::vector<BlockNumber> out;
        for (BlockNumber block = 20; block <= 200; block += 3) out.push_back(block);
        return out;
    }
};

TEST_F(TronEvents, lead_to_the_logs) {
    test::FakeTron& node = without_rpc();
    EXPECT_EQ(all_logs(), every_third());
    EXPECT_GT(node.count("/v1/contracts/" + to_base58check(account(1)) + "/events"), 0U);
    // Blocks without events were not read, but for those near the head.
    EXPECT_LT(node.count("/wallet/gettransactioninfobyblocknum"), 110U);
}

TEST_F(TronEvents, many_pages) {
    without_rpc().page_size = 7;
    EXPECT_EQ(all_logs(), every_third());
}

TEST_F(TronEvents, a_lost_fingerprint_loses_nothing) {
    test::FakeTron& node = without_rpc();
    node.page_size = 7;
    node.loses_fingerprint = true;
    EXPECT_EQ(all_logs(), every_third());
}

TEST_F(TronEvents, late_events_are_not_relied_on) {
    without_rpc().event_lag = 28;
    EXPECT_EQ(all_logs(), every_third());
}

}  // namespace
}  // namespace plimsoll::chain
