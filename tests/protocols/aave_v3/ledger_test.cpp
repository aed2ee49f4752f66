#include "protocols/aave_v3/ledger.hpp"

#include "tests/protocols/aave_v3/ledger_support.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using nlohmann::json;

// ---- recorded histories -----------------------------------------------------------------------

struct Version {
    const char* name;
    std::uint64_t pool_revision;
    std::uint64_t token_revision;
};

/// A recorded market: its ledger follows every account and every pair from the first block on.
class Recorded {
  public:
    Recorded(const json& market, const Version& version) : market_(market), ledger_(make(version)) {
        AccountBook accounts;
        AccountState fresh;
        for (const auto& [id, name] : names_) fresh.tracked.set(id);
        for (const auto& [name, account] : market["users"].items()) {
            accounts.put(address_of(account.get<std::string>()), fresh);
        }
        Owed nothing;
        nothing.contracts = nothing.pool = nothing.everything = false;
        ledger_.restore(ledger_.structure(), std::move(accounts), nothing);
    }

    Ledger& ledger() { return ledger_; }

    /// Applies the logs up to and with a block.
    void play_until(BlockNumber block) {
        const json& logs = market_["logs"];
        for (; next_ < logs.size() && logs[next_][0].get<BlockNumber>() <= block; ++next_) {
            const json& row = logs[next_];
            Log log;
            log.block = row[0].get<BlockNumber>();
            log.index = row[1].get<std::uint32_t>();
            log.block_time = row[2].get<BlockTime>();
            log.address = address_of(row[3].get<std::string>());
            for (const json& topic : row[4]) {
                log.topics.push_back(parse_bytes32(topic.get<std::string>()).value());
            }
            log.data = bytes_of(row[5].get<std::string>());
            ledger_.apply(log);
        }
    }

    void expect(const json& answers) {
        for (const auto& [id, name] : names_) {
            const Reserve& ours = ledger_.structure().reserves.at(id).stored;
            const json& theirs = answers["reserves"][name];
            EXPECT_EQ(ours.liquidity_index.raw(), number(theirs["liquidity_index"])) << name;
            EXPECT_EQ(ours.variable_borrow_index.raw(), number(theirs["variable_borrow_index"]))
                << name;
            EXPECT_EQ(ours.last_update, seconds(theirs["last_update_timestamp"])) << name;
        }
        for (const auto& [name, theirs] : answers["users"].items()) {
            SCOPED_TRACE(name);
            expect_account(market_["users"][name].get<std::string>(), theirs);
        }
    }

  private:
    Ledger make(const Version& version) {
        std::map<std::string, ListedReserve> reserves;
        unsigned id = 0;
        for (const char* name : {"weth", "wst", "usdc"}) {
            names_[id] = name;
            reserves[name].id = id++;
            reserves[name].symbol = name;
            reserves[name].revision = version.token_revision;
        }
        for (const auto& [address, name] : market_["underlying"].items()) {
            reserves[name.get<std::string>()].asset = address_of(address);
        }
        for (const auto& [address, token] : market_["tokens"].items()) {
            ListedReserve& reserve = reserves[token["asset"].get<std::string>()];
            const auto kind = token["kind"].get<std::string>();
            (kind == "atoken"          ? reserve.a_token
             : kind == "variable_debt" ? reserve.debt_token
                                       : reserve.stable_token) = address_of(address);
        }
        std::vector<ListedReserve> listed;
        for (const auto& [name, reserve] : reserves) listed.push_back(reserve);
        return listed_ledger(address_of(market_["pool"].get<std::string>()), version.pool_revision,
                             listed);
    }

    void expect_account(const std::string& account, const json& theirs) {
        const auto view = ledger_.accounts().find(address_of(account));
        ASSERT_TRUE(view.has_value());
        EXPECT_EQ(view->e_mode, small_number(theirs["emode"]));
        const AccountState state = view->state();
        U256 bitmap = 0;
        for (const auto& [id, name] : names_) {
            const HoldingState* kept = state.find(id);
            const HoldingState holding = kept == nullptr ? HoldingState{} : *kept;
            const json scaled = theirs["scaled"].value(name, json::array({"0", "0"}));
            EXPECT_EQ(to_u256(holding.supplied), number(scaled[0])) << name;
            EXPECT_EQ(to_u256(holding.variable_debt), number(scaled[1])) << name;
            bool borrows = !holding.variable_debt.is_zero();
            for (const StableState& stable : state.stable) borrows |= stable.reserve == id;
            if (borrows) bit_set(bitmap, 2 * id);
            if (holding.collateral) bit_set(bitmap, 2 * id + 1);
        }
        EXPECT_EQ(bitmap, number(theirs["user_configuration"]));
    }

    const json& market_;
    std::map<unsigned, std::string> names_;
    Ledger ledger_;
    std::size_t next_ = 0;
};

class RecordedLedger : public testing::TestWithParam<Version> {};

TEST_P(RecordedLedger, every_account_and_index_at_every_label) {
    const json vectors = read_vectors("aave/ledger.json");
    std::size_t labels = 0;
    for (const json& market : vectors["ledger"]) {
        if (market["version"] != GetParam().name) continue;
        Recorded recorded(market, GetParam());
        for (const json& answers : market["expected"]) {
            SCOPED_TRACE(answers["label"].get<std::string>());
            recorded.play_until(answers["block"].get<BlockNumber>());
            recorded.expect(answers);
            ++labels;
        }
        EXPECT_EQ(recorded.ledger().inconsistencies(), 0U);
        EXPECT_EQ(recorded.ledger().take_events().liquidations.size(), 4U);
    }
    EXPECT_EQ(labels, 8U);
}

INSTANTIATE_TEST_SUITE_P(Versions, RecordedLedger,
                         testing::Values(Version{"v3.0.2", 1, 1}, Version{"v3.5.0", 9, 4},
                                         Version{"v3.7", 11, 5}),
                         [](const auto& one) {
                             std::string name = one.param.name;
                             std::replace(name.begin(), name.end(), '.', '_');
                             return name;
                         });

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
