#include "daemon/http/api.hpp"

#include "abi/hex.hpp"
#include "tests/support/fake_protocol.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <set>

namespace plimsoll::http {
namespace {

using Json = nlohmann::json;
using test::address;
using test::FakeProtocol;

const Address kWeth = address(1);
const Address kUsdc = address(3);

/// A daemon that stands still: chains "one" and "two", a protocol on each.
class FakeLive final : public view::Live {
  public:
    FakeLive() {
        for (const char* name : {"one", "two"}) {
            view::ChainStatus chain;
            chain.name = name;
            chain.processed.number = 100;
            chain.state = view::State::live;
            chains_.push_back(chain);
            FakeProtocol& ledger = ledgers_.emplace_back();
            ledger.tokens = {{"WETH", kWeth, U256(2500) * 100'000'000, 80},
                             {"USDC", kUsdc, U256(100'000'000), 80}};
        }
    }
    std::vector<view::ChainStatus> chains() const override { return chains_; }
    std::vector<view::ProtocolStatus> protocols() const override {
        std::vector<view::ProtocolStatus> out;
        for (const auto& chain : chains_) {
            view::ProtocolStatus& one = out.emplace_back();
            one.name = "lend-" + chain.name;
            one.chain = chain.name;
            one.block = chain.processed;
        }
        return out;
    }
    void read(const Use& use) const override {
        const auto statuses = protocols();
        std::vector<std::vector<protocols::PositionHealth>> healths;
        std::vector<view::ProtocolView> views;
        for (const auto& ledger : ledgers_) healths.push_back(ledger.healths());
        for (std::size_t i = 0; i < ledgers_.size(); ++i) {
            if (unread_.contains(i)) continue;
            view::ProtocolView& view = views.emplace_back();
            view.status = statuses[i];
            view.caip2 = caip2_;
            view.ledger = &ledgers_[i];
            view.healths = healths[i];
        }
        use(views);
    }
    /// 125 WETH at 80 percent, liquidatable exactly at `dollars` and under.
    void add(std::size_t chain, std::uint64_t account, std::uint64_t dollars) {
        auto& position = ledgers_[chain].positions[address(account)];
        position.collateral[kWeth] = 125'000'000;
        position.debt[kUsdc] = U256(dollars) * 100'000'000 + 1;
    }

    std::vector<view::ChainStatus> chains_;
    std::vector<FakeProtocol> ledgers_;
    std::set<std::size_t> unread_;  ///< of which nothing is known
    std::string caip2_;
};

class ApiTest : public ::testing::Test {
  protected:
    ApiTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "api-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        store_ = std::move(store::Store::open(folder_, {}).value().store);
        api_ = std::make_unique<Api>(Api::Parts{live_,
                                                *store_,
                                                [](std::string&) { return true; },
                                                [] { return std::string("[]"); },
                                                {}});
    }
    ~ApiTest() override {
        api_.reset();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    Json ask(const std::string& path, std::multimap<std::string, std::string> query,
             int status = 200) const {
        const Response response = api_->answer({path, std::move(query)});
        EXPECT_EQ(response.status, status) << response.body;
        return Json::parse(response.body);
    }
    /// One member of every row, over all pages of this size.
    std::vector<std::string> pages(const std::string& path, const std::string& member,
                                   std::size_t limit,
                                   std::multimap<std::string, std::string> query = {}) const {
        std::vector<std::string> out;
        query.emplace("limit", std::to_string(limit));
        for (int page = 0; page < 1000; ++page) {
            const Json body = ask(path, query);
            EXPECT_LE(body["rows"].size(), limit);
            for (const auto& row : body["rows"]) out.push_back(row[member].get<std::string>());
            if (body["next"].is_null()) return out;
            query.erase("cursor");
            query.emplace("cursor", body["next"].get<std::string>());
        }
        ADD_FAILURE() << "endless pages";
        return out;
    }

    void add_liquidation(const std::string& chain, std::uint64_t time, BlockNumber block,
                         std::uint32_t index, const Address& account) const {
        store::RoundCommit commit;
        commit.chain = chain;
        store::LiquidationRow row;
        row.tx.bytes.fill(static_cast<std::uint8_t>(index + 1));
        row.tx.bytes[0] = static_cast<std::uint8_t>(block);
        row.log_index = index;
        row.protocol = "lend-" + chain;
        row.block = block;
        row.time = time;
        row.row = Json{{"id", chain + "/" + std::to_string(block) + "/" + std::to_string(index)},
                       {"protocol", row.protocol},
                       {"account", to_checksum(account)},
                       {"finality", "latest"}}
                      .dump();
        commit.liquidations.push_back(row);
        ASSERT_TRUE(store_->commit(commit));
    }

    void add_alert(const std::string& id, std::uint64_t at, const std::string& type, int severity,
                   const Json& data, const std::string& muted_by = {}) const {
        store::RoundCommit commit;
        commit.chain = "one";
        commit.now_ms = 1;
        store::NewAlert alert;
        alert.id = id;
        alert.alert_key = "rule/" + id;
        alert.episode = 1;
        alert.seq = 1;
        alert.type = type;
        alert.severity = severity;
        alert.chain = "one";
        alert.at = at;
        alert.body = Json{{"id", id}, {"type", type}, {"data", data}}.dump();
        alert.signature = "0xsig";
        alert.signer = "0xsigner";
        alert.muted_by = muted_by;
        store::Destination archive;
        archive.sink = "archive";
        alert.sinks.push_back(archive);
        commit.alerts.push_back(alert);
        const auto done = store_->commit(commit);
        ASSERT_TRUE(done) << done.error().message;
    }

    FakeLive live_;
    std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, an_unknown_path_names_the_known_ones) {
    const Json body = ask("/v1/position", {}, 404);
    EXPECT_EQ(body["error"], "no such path");
    EXPECT_NE(std::find(body["paths"].begin(), body["paths"].end(), "/v1/positions"),
              body["paths"].end());
}

TEST_F(ApiTest, a_wrong_parameter_is_no_answer_about_everything) {
    EXPECT_EQ(ask("/v1/tvl", {{"protcol", "lend-one"}}, 400)["error"],
              "unknown parameter 'protcol'; known: protocol, limit, cursor");
    EXPECT_EQ(ask("/v1/tvl", {{"protocol", "lend"}}, 400)["error"],
              "protocol: 'lend' is not known; did you mean 'lend-one'? known: lend-one, lend-two");
    ask("/v1/positions", {{"limit", "0"}}, 400);
    ask("/v1/positions", {{"limit", "1001"}});  // as 1000
    EXPECT_EQ(pages("/v1/tvl", "protocol", 1), pages("/v1/tvl", "protocol", 1000));
    ask("/v1/positions", {{"cursor", "x"}}, 400);
    ask("/v1/positions", {{"cursor", "lend-three:" + to_checksum(address(1))}}, 400);
    ask("/v1/positions", {{"max_health_factor", "1e3"}}, 400);
    ask("/v1/positions", {{"account", "0x12"}}, 400);
    ask("/v1/explain", {}, 400);
    ask("/v1/liquidations", {{"since", "yesterday"}}, 400);
    ask("/v1/liquidations", {{"cursor", "three:1:2:3"}}, 400);
    ask("/v1/alerts", {{"severity", "bad"}}, 400);
    ask("/status", {{"x", "1"}}, 400);
    ask("/metrics", {}, 404);
}

TEST_F(ApiTest, a_cursor_names_the_account_as_its_chain_writes_it) {
    live_.caip2_ = "tron:0x2b6653dc";
    std::vector<std::string> expected;
    for (std::uint64_t account = 20; account < 23; ++account) {
        live_.add(0, account, 2000);
        expected.push_back(to_base58check(address(account)));
    }
    EXPECT_EQ(ask("/v1/positions", {{"limit", "1"}})["next"], "lend-one:" + expected[0]);
    EXPECT_EQ(pages("/v1/positions", "account", 1), expected);
    const std::string in_hex = "lend-one:" + to_checksum(address(20));
    const Json second = ask("/v1/positions", {{"limit", "1"}, {"cursor", in_hex}});
    EXPECT_EQ(second["rows"].front()["account"], expected[1]);
}

TEST_F(ApiTest, pages_of_positions_are_complete_and_survive_changes) {
    std::set<std::string> expected;
    for (std::uint64_t account = 20; account < 45; ++account) {
        live_.add(account % 2, account, 2000);
        expected.insert(to_checksum(address(account)));
    }
    for (const std::size_t limit : {1U, 3U, 12U, 13U, 25U, 100U}) {
        const auto seen = pages("/v1/positions", "account", limit);
        EXPECT_EQ(seen.size(), expected.size()) << limit;
        EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), expected) << limit;
    }
    // The position that the cursor names goes away, and one before it arrives.
    const Json first = ask("/v1/positions", {{"limit", "5"}});
    live_.ledgers_[0].positions.erase(address(28));
    live_.add(0, 10, 2000);
    const Json second =
        ask("/v1/positions", {{"limit", "5"}, {"cursor", first["next"].get<std::string>()}});
    EXPECT_EQ(first["rows"].back()["account"], to_checksum(address(28)));
    EXPECT_EQ(second["rows"].front()["account"], to_checksum(address(30)));
}

TEST_F(ApiTest, the_block_is_that_of_the_protocol_asked_for) {
    live_.chains_[1].processed.number = 200;
    for (const char* path : {"/v1/tvl", "/v1/markets", "/v1/bands", "/v1/positions",
                             "/v1/liquidations", "/v1/alerts"}) {
        EXPECT_EQ(ask(path, {})["block"]["chain"], "one") << path;
        const Json body = ask(path, {{"protocol", "lend-two"}});
        EXPECT_EQ(body["block"]["chain"], "two") << path;
        EXPECT_EQ(body["block"]["number"], 200) << path;
        EXPECT_EQ(body["blocks"].size(), 2U) << path;
    }
}

TEST_F(ApiTest, alerts_stand_as_in_the_archive) {
    add_alert("msg_1", 1, "position.at_risk.firing", 1, {{"rule", "a"}}, "silence 4f1c");
    const Json row = ask("/v1/alerts", {})["rows"].at(0);
    EXPECT_EQ(row["muted_by"], "silence 4f1c");
    EXPECT_EQ(row["signature"], "0xsig");
    EXPECT_EQ(row["signer"], "0xsigner");
}

TEST_F(ApiTest, positions_are_filtered) {
    live_.add(0, 20, 2400);
    live_.add(0, 21, 1000);
    live_.add(1, 22, 2400);
    live_.ledgers_[1].positions[address(23)].computable = false;
    EXPECT_EQ(pages("/v1/positions", "account", 10, {{"protocol", "lend-two"}}).size(), 2U);
    // Unknown is not healthy: what cannot be computed is among those at risk.
    EXPECT_EQ(pages("/v1/positions", "account", 10, {{"at_risk", "true"}}).size(), 3U);
    EXPECT_EQ(
        ask("/v1/positions", {{"at_risk", "true"}, {"max_health_factor", "0.5"}})["rows"].size(),
        1U);
    EXPECT_EQ(
        ask("/v1/positions", {{"at_risk", "true"}, {"max_health_factor", "9"}})["rows"].size(), 3U);
    EXPECT_EQ(ask("/v1/explain", {{"account", to_checksum(address(21))}})["rows"].size(), 1U);
    EXPECT_EQ(ask("/v1/explain", {{"account", to_checksum(address(99))}})["rows"].size(), 0U);
}

TEST_F(ApiTest, a_heat_map_sums_what_liquidates_at_each_price) {
    live_.add(0, 20, 2000);
    live_.add(0, 21, 2099);
    live_.add(1, 22, 2150);
    const Json body =
        ask("/v1/heatmap",
            {{"collateral", "WETH"}, {"low", "2000"}, {"high", "2200"}, {"step", "100"}});
    ASSERT_EQ(body["rows"].size(), 4U);
    EXPECT_EQ(body["rows"][0]["protocol"], "lend-one");
    EXPECT_EQ(body["rows"][0]["low"], "2000");
    EXPECT_EQ(body["rows"][0]["high"], "2100");
    EXPECT_EQ(body["rows"][0]["positions"], 2);
    EXPECT_EQ(body["rows"][0]["collateral_raw"], "250000000");
    EXPECT_EQ(body["rows"][1]["positions"], 0);
    EXPECT_EQ(body["rows"][3]["protocol"], "lend-two");
    EXPECT_EQ(body["rows"][3]["positions"], 1);
    EXPECT_EQ(ask("/v1/heatmap", {{"collateral", "WETH"}})["rows"][0]["side"], "below");
    ask("/v1/heatmap", {}, 400);
    ask("/v1/heatmap", {{"collateral", "DOGE"}}, 404);
    ask("/v1/heatmap", {{"collateral", "WETH"}, {"step", "0.001"}}, 400);
    ask("/v1/heatmap", {{"collateral", "WETH"}, {"low", "5"}, {"high", "4"}}, 400);
}

TEST_F(ApiTest, a_shock_tells_who_is_endangered) {
    live_.add(0, 20, 2000);
    live_.add(0, 21, 1999);
    live_.add(1, 22, 2100);
    const Json body = ask("/v1/what-if", {{"collateral", "WETH"}, {"change", "-20"}});
    ASSERT_EQ(body["summary"].size(), 2U);
    EXPECT_EQ(body["summary"][0]["shocked_price"], "2000");
    EXPECT_EQ(body["summary"][0]["positions"], 1);
    ASSERT_EQ(body["rows"].size(), 2U);
    EXPECT_EQ(body["rows"][0]["account"], to_checksum(address(20)));
    EXPECT_EQ(
        ask("/v1/what-if", {{"collateral", "WETH"}, {"price", "1999"}})["summary"][0]["positions"],
        2);
    const Json cut =
        ask("/v1/what-if", {{"collateral", "WETH"}, {"change", "-20"}, {"limit", "1"}});
    EXPECT_EQ(cut["rows"].size(), 1U);
    EXPECT_EQ(cut["summary"][1]["positions"], 1);  // sums are whole all the same
    ask("/v1/what-if", {{"collateral", "WETH"}}, 400);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"price", "1"}, {"change", "1"}}, 400);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"change", "-100"}}, 400);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"price", "0"}}, 400);
}

TEST_F(ApiTest, a_supposed_threshold_is_one_assets_and_a_percentage) {
    live_.add(0, 20, 2000);
    const Json body = ask("/v1/what-if", {{"collateral", "WETH"}, {"threshold", "78.5"}});
    EXPECT_EQ(body["summary"][0]["supposed_threshold"], "7850");
    EXPECT_EQ(body["summary"][0]["price"], body["summary"][0]["shocked_price"]);
    // This protocol cannot tell, and says so rather than nobody.
    EXPECT_EQ(body["summary"][0]["not_computable"], 1);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"threshold", "100.01"}}, 400);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"threshold", "78.555"}}, 400);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"threshold", "78"}, {"price", "1"}}, 400);
}

TEST_F(ApiTest, a_supposed_threshold_may_be_a_categorys) {
    live_.add(0, 20, 2000);
    live_.add(1, 21, 2000);
    live_.ledgers_[0].categories = {{1, Bps::from_raw(9300), {kWeth}, {"WETH"}},
                                    {4, Bps::from_raw(9500), {}, {}}};
    const Json body = ask("/v1/what-if", {{"e_mode", "1"}, {"threshold", "90.5"}});
    ASSERT_EQ(body["summary"].size(), 1U) << "the other protocol has no categories";
    const Json& summary = body["summary"][0];
    EXPECT_EQ(summary["protocol"], "lend-one");
    EXPECT_EQ(summary["e_mode"], 1);
    EXPECT_EQ(summary["e_mode_assets"], Json::array({"WETH"}));
    EXPECT_EQ(summary["liquidation_threshold"], "9300");
    EXPECT_EQ(summary["supposed_threshold"], "9050");
    EXPECT_EQ(summary["positions"], 0);
    EXPECT_EQ(summary["not_computable"], 0);
    EXPECT_TRUE(summary["price"].is_null());
    live_.ledgers_[1].categories = {{1, Bps::from_raw(9000), {}, {}}};
    EXPECT_EQ(ask("/v1/what-if", {{"e_mode", "1"}, {"threshold", "90"}})["summary"].size(), 2U);
    EXPECT_EQ(ask("/v1/what-if",
                  {{"e_mode", "1"}, {"threshold", "90"}, {"protocol", "lend-two"}})["summary"]
                  .size(),
              1U);
}

TEST_F(ApiTest, a_category_that_there_is_not_is_told_with_those_there_are) {
    const auto error = [&](std::multimap<std::string, std::string> query, int status) {
        return ask("/v1/what-if", std::move(query), status)["error"].get<std::string>();
    };
    EXPECT_EQ(error({{"e_mode", "2"}, {"threshold", "90"}}, 404),
              "e_mode: nothing that is asked about has e-mode categories");
    live_.ledgers_[0].categories = {{1, Bps::from_raw(9300), {}, {}},
                                    {4, Bps::from_raw(9500), {}, {}}};
    live_.ledgers_[1].categories = {{3, Bps::from_raw(9300), {}, {}}};
    EXPECT_EQ(error({{"e_mode", "2"}, {"threshold", "90"}}, 404),
              "e_mode: there is no category 2; those that there are: lend-one 1, 4; lend-two 3");
    EXPECT_EQ(error({{"e_mode", "1"}, {"threshold", "90"}, {"protocol", "lend-two"}}, 404),
              "e_mode: there is no category 1; those that there are: lend-two 3");
}

TEST_F(ApiTest, a_category_goes_with_a_threshold_alone) {
    live_.ledgers_[0].categories = {{1, Bps::from_raw(9300), {}, {}}};
    const auto refused = [&](std::multimap<std::string, std::string> query) {
        query.emplace("e_mode", "1");
        return ask("/v1/what-if", query, 400)["error"].get<std::string>();
    };
    EXPECT_NE(refused({}).find("threshold=90"), std::string::npos);
    EXPECT_NE(refused({{"price", "1"}}).find("no price"), std::string::npos);
    EXPECT_NE(refused({{"change", "-1"}}).find("no price"), std::string::npos);
    EXPECT_NE(refused({{"collateral", "WETH"}, {"threshold", "90"}}).find("leave collateral out"),
              std::string::npos);
    for (const char* wrong : {"0", "256", "-1", "one"}) {
        ask("/v1/what-if", {{"e_mode", wrong}, {"threshold", "90"}}, 400);
    }
    ask("/v1/what-if", {{"threshold", "90"}}, 400);
}

TEST_F(ApiTest, pages_of_liquidations_survive_new_events_of_other_chains) {
    std::vector<std::string> expected;
    for (std::uint32_t i = 0; i < 7; ++i) {
        add_liquidation("one", 1000, 5, i, address(i));  // all in one second
        expected.push_back("one/5/" + std::to_string(i));
    }
    for (std::uint32_t i = 0; i < 3; ++i) {
        add_liquidation("two", 900 + i, 6 + i, 0, address(i));
        expected.push_back("two/" + std::to_string(6 + i) + "/0");
    }
    for (const std::size_t limit : {1U, 2U, 7U, 9U, 10U, 11U}) {
        EXPECT_EQ(pages("/v1/liquidations", "id", limit), expected) << limit;
    }
    const Json first = ask("/v1/liquidations", {{"limit", "8"}});
    add_liquidation("one", 2000, 50, 0, address(9));
    const Json second = ask("/v1/liquidations", {{"cursor", first["next"].get<std::string>()}});
    ASSERT_EQ(second["rows"].size(), 2U);
    EXPECT_EQ(second["rows"][0]["id"], "two/7/0");
}

TEST_F(ApiTest, liquidations_are_filtered) {
    add_liquidation("one", 1000, 5, 0, address(7));
    add_liquidation("one", 1010, 6, 0, address(8));
    add_liquidation("two", 1020, 6, 0, address(7));
    const std::string seven = to_checksum(address(7));
    EXPECT_EQ(pages("/v1/liquidations", "id", 1, {{"account", seven}}).size(), 2U);
    EXPECT_EQ(pages("/v1/liquidations", "id", 9, {{"protocol", "lend-one"}}).size(), 2U);
    EXPECT_EQ(pages("/v1/liquidations", "id", 9, {{"since", "1010"}}).size(), 2U);
    EXPECT_EQ(pages("/v1/liquidations", "id", 9, {{"since", "1010"}, {"until", "1020"}}).size(),
              1U);
    live_.chains_[0].final_block = BlockRef{};
    live_.chains_[0].final_block->number = 5;
    const Json body = ask("/v1/liquidations", {{"protocol", "lend-one"}});
    EXPECT_EQ(body["rows"][0]["finality"], "finalized");
    EXPECT_EQ(body["rows"][1]["finality"], "latest");
}

TEST_F(ApiTest, pages_of_alerts_are_complete_within_one_second_too) {
    std::vector<std::string> expected;
    for (int i = 0; i < 2100; ++i) {  // more than a page in one second
        expected.push_back("msg_" + std::to_string(i));
        if (i < 2000) continue;
        add_alert(expected.back(), 5000, "position.liquidatable.firing", 2, {{"rule", "a"}});
    }
    expected.erase(expected.begin(), expected.begin() + 2000);
    add_alert("msg_last", 6000, "position.liquidated.fired", 0, {{"rule", "b"}});
    expected.emplace_back("msg_last");
    for (const std::size_t limit : {7U, 100U, 101U, 1000U}) {
        EXPECT_EQ(pages("/v1/alerts", "id", limit), expected) << limit;
    }
    EXPECT_EQ(ask("/v1/alerts", {{"limit", "1"}})["rows"][0]["signature"], "0xsig");
}

TEST_F(ApiTest, alerts_are_filtered) {
    add_alert("msg_1", 1, "position.liquidatable.firing", 2,
              {{"rule", "a"},
               {"severity", "critical"},
               {"protocol", "p"},
               {"subject", to_checksum(address(0xabcdef))}});
    add_alert("msg_2", 2, "position.liquidated.fired", 0,
              {{"rule", "b"}, {"severity", "info"}, {"chain", "eip155:1"}});
    add_alert("msg_3", 3, "band.approached.firing", 1, {{"rule", "c"}, {"severity", "warning"}});
    const auto ids = [&](std::multimap<std::string, std::string> query) {
        std::string out;
        for (const auto& id : pages("/v1/alerts", "id", 2, std::move(query))) out += id.back();
        return out;
    };
    EXPECT_EQ(ids({}), "123");
    EXPECT_EQ(ids({{"severity", "warning"}}), "13");
    EXPECT_EQ(ids({{"type", "position"}}), "12");
    EXPECT_EQ(ids({{"type", "position.liquidated"}}), "2");
    EXPECT_EQ(ids({{"type", "oracle.stale.firing"}}), "");
    EXPECT_EQ(
        ask("/v1/alerts", {{"type", "position.liquidat"}}, 400)["error"].get<std::string>().find(
            "there is no type 'position.liquidat'; did you mean 'position.liquidated'?"),
        0U);
    EXPECT_EQ(ids({{"rule", "c"}, {"severity", "warning"}}), "3");
    EXPECT_EQ(ids({{"protocol", "p"}}), "1");
    EXPECT_EQ(ids({{"chain", "eip155:1"}}), "2");
    EXPECT_EQ(ids({{"subject", to_hex(address(0xabcdef).bytes)}}), "1");
    EXPECT_EQ(ids({{"subject", to_base58check(address(0xabcdef))}}), "1");
    EXPECT_EQ(ids({{"subject", to_base58check(address(0xabcdee))}}), "");
    std::string mistyped = to_base58check(address(0xabcdef));
    mistyped.back() = mistyped.back() == '1' ? '2' : '1';
    for (const auto& [path, name] :
         {std::pair("/v1/alerts", "subject"), std::pair("/v1/heatmap", "collateral")}) {
        const std::string told = ask(path, {{name, mistyped}}, 400)["error"].get<std::string>();
        EXPECT_NE(told.find("checksum"), std::string::npos) << told;
    }
    EXPECT_EQ(ids({{"since", "2"}}), "23");
    EXPECT_EQ(ids({{"since", "2"}, {"until", "3"}}), "2");
}

TEST_F(ApiTest, the_index_shows_names_as_text) {
    live_.chains_[0].reason = "<script>alert(1)</script>";
    const Response page = api_->answer({"/", {}});
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(page.body.find("<script>"), std::string::npos);
    EXPECT_NE(page.body.find("&lt;script&gt;"), std::string::npos);
    EXPECT_NE(page.body.find("/v1/heatmap?collateral=ETH"), std::string::npos);
}

TEST_F(ApiTest, what_is_not_known_is_no_empty_list) {
    live_.add(0, 1, 1000);
    live_.add(1, 2, 1000);
    const std::vector<std::string> tables{"/v1/tvl", "/v1/markets", "/v1/positions", "/v1/bands"};
    for (const std::string& table : tables) EXPECT_FALSE(ask(table, {}).contains("unknown"));
    live_.unread_ = {1};
    for (const std::string& table : tables) {
        const Json body = ask(table, {});
        ASSERT_EQ(body["unknown"].size(), 1U) << table;
        EXPECT_EQ(body["unknown"][0]["protocol"], "lend-two");
        EXPECT_EQ(body["unknown"][0]["reason"], "first scan");
        EXPECT_FALSE(ask(table, {{"protocol", "lend-one"}}).contains("unknown"));
        const Json blind = ask(table, {{"protocol", "lend-two"}}, 503);
        EXPECT_EQ(blind["error"], "nothing is known just now of lend-two: first scan");
        EXPECT_TRUE(blind["rows"].empty());
    }
    live_.unread_ = {0, 1};
    for (const std::string& table : tables) ask(table, {}, 503);
    ask("/v1/explain", {{"account", to_checksum(address(1))}}, 503);
    ask("/v1/heatmap", {{"collateral", "WETH"}}, 503);
    ask("/v1/what-if", {{"collateral", "WETH"}, {"change", "-10"}}, 503);
    EXPECT_EQ(ask("/v1/liquidations", {{"since", "0"}})["unknown"].size(), 2U) << "records stand";
    ask("/v1/liquidations", {{"protocol", "lend-two"}}, 503);
    ask("/v1/alerts", {{"since", "0"}});
}

}  // namespace
}  // namespace plimsoll::http
