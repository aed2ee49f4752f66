// What watched accounts did on real contracts, and whom a change of a factor endangers.
#include "abi/codec.hpp"
#include "protocols/common/supposition.hpp"
#include "protocols/compound_v2/compound_v2.hpp"
#include "tests/protocols/compound_v2/recorded_chain.hpp"
#include "tests/protocols/compound_v2/vector_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::protocols::compound_v2 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<Protocol> watching(const RecordedChain& chain,
                                   const std::vector<std::string>& users) {
    CompoundV2Settings settings = chain.settings();
    for (const std::string& user : users) settings.watched.insert(chain.user(user));
    auto ledger = make_compound_v2(settings);
    for (auto calls = ledger->reads(4000); !calls.empty(); calls = ledger->reads(4000)) {
        (void)ledger->accept_reads(chain.answer(calls), chain.at());
    }
    return ledger;
}

std::string name_of(const RecordedChain& chain, const Address& account) {
    for (const char* user : {"supplier", "borrower", "liquidator"}) {
        if (chain.user(user) == account) return user;
    }
    return account.is_zero() ? "-" : "?";
}

/// "3 borrower borrow token 10000000001 -": step, whose, what, where, how much, who else.
std::string line(const RecordedChain& chain, std::size_t step, const AccountEvent& event) {
    return std::to_string(step) + " " + name_of(chain, event.account) + " " +
           std::string(to_string(event.action)) + " " +
           (event.market == chain.native() ? "native " : "token ") +
           to_decimal(event.amount.raw()) + " " + name_of(chain, event.other);
}

struct Told {
    std::vector<std::string> lines;
    std::vector<AccountEvent> events;
    std::size_t liquidations = 0;
};

/// Everything told from the market's first step on.
Told lived(RecordedChain& chain, const std::vector<std::string>& users) {
    chain.stand_after(0);
    const auto ledger = watching(chain, users);
    Told out;
    for (std::size_t step = 0; step < chain.steps(); ++step) {
        chain.stand_after(step);
        for (const Log& log : chain.logs(step)) ledger->apply(log);
        finish_round(*ledger, chain);
        LedgerEvents events = ledger->take_events();
        out.liquidations += events.liquidations.size();
        for (AccountEvent& event : events.activity) {
            ledger->price_activity(event);
            out.lines.push_back(line(chain, step, event));
            out.events.push_back(event);
        }
    }
    return out;
}

/// An argument of the first event of this name in a step.
std::string argument(const RecordedChain& chain, std::size_t step, const std::string& event,
                     const std::string& name) {
    const auto vectors = read_vectors();
    for (const auto& [family, lifecycle] : vectors["lifecycle"]["families"].items()) {
        const auto& one = lifecycle["steps"].at(step);
        if (one["blockNumber"].get<BlockNumber>() != chain.at().number) continue;
        for (const auto& log : one["events"]) {
            if (log["event"] == event) return log["args"][name].get<std::string>();
        }
    }
    return "no such event";
}

class Families : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, Families, ::testing::Values("compound", "justlend"));

TEST_P(Families, tells_what_each_watched_account_did) {
    RecordedChain chain(GetParam());
    const Told told = lived(chain, {"supplier", "borrower", "liquidator"});
    const bool is_compound = std::string(GetParam()) == "compound";
    const auto step_of = [&](std::size_t step) {
        chain.stand_after(step);
        return step;
    };
    const std::string borrowed = is_compound ? "10000000001" : "9000000001";
    const std::string minted = is_compound ? "10000000000000000007" : "50000000007";
    const std::string redeemed = argument(chain, step_of(10), "Redeem", "redeemAmount");
    const std::string repaid = argument(chain, step_of(12), "RepayBorrow", "repayAmount");
    // 1,234,567 cTokens at the rate of the market, the amount the transfer was worth.
    chain.stand_after(8);
    const U256 rate = number(chain.expected()["markets"]["token"]["exchangeRateStored"]);
    const std::string sent =
        to_decimal(U256(1'234'567U) * rate / U256(1'000'000'000'000'000'000ULL));
    // What the liquidator gets of the borrower's collateral is a deposit it received; that it
    // repaid and seized is told by the liquidation alone.
    std::vector<std::string> seized;
    std::vector<std::string> others;
    for (const std::string& one : told.lines) {
        (one.starts_with("11 ") ? seized : others).push_back(one);
    }
    EXPECT_THAT(others, ElementsAre("0 supplier deposit token 123456789012 -",
                                    "2 borrower deposit native " + minted + " -",
                                    "3 borrower borrow token " + borrowed + " -",
                                    "5 supplier borrow token 777777777 -",
                                    "7 borrower repay token 100000001 -",
                                    "8 supplier send token " + sent + " liquidator",
                                    "8 liquidator receive token " + sent + " supplier",
                                    "9 supplier withdraw token 5000000003 -",
                                    "10 liquidator withdraw token " + redeemed + " -",
                                    "12 borrower repay token " + repaid + " -"));
    ASSERT_EQ(seized.size(), 1U);
    EXPECT_TRUE(seized[0].starts_with("11 liquidator receive native ")) << seized[0];
    EXPECT_EQ(told.liquidations, 1U);
    for (const AccountEvent& event : told.events) {
        EXPECT_TRUE(event.price.has_value());
        EXPECT_EQ(event.shares.has_value(),
                  event.action == AccountAction::send || event.action == AccountAction::receive);
    }
}

TEST_P(Families, tells_nothing_of_others) {
    RecordedChain chain(GetParam());
    EXPECT_THAT(lived(chain, {}).lines, IsEmpty());
    const Told told = lived(chain, {"liquidator"});
    EXPECT_EQ(told.lines.size(), 3U);
    for (const std::string& one : told.lines) EXPECT_NE(one.find(" liquidator "), 0U);
}

TEST_P(Families, asks_for_deposits_only_where_somebody_is_watched) {
    RecordedChain chain(GetParam());
    chain.stand_after(0);
    const auto topics = [&](const std::vector<std::string>& users) {
        return watching(chain, users)->log_filter().topics;
    };
    const auto asks = [](const std::vector<Bytes32>& list, const char* signature) {
        return std::find(list.begin(), list.end(), abi::topic(signature)) != list.end();
    };
    for (const char* event : {"Mint(address,uint256,uint256)", "Redeem(address,uint256,uint256)",
                              "MintBehalf(address,address,uint256,uint256)"}) {
        EXPECT_FALSE(asks(topics({}), event)) << event;
        EXPECT_TRUE(asks(topics({"borrower"}), event)) << event;
    }
    EXPECT_TRUE(asks(topics({}), "RepayBorrow(address,address,uint256,uint256,uint256)"));
}

// ---- parameters

Log factor_change(const RecordedChain& chain, const U256& from, const U256& to) {
    Log log;
    log.address = chain.settings().comptroller;
    log.block = chain.at().number;
    log.tx = to_bytes32(U256(77));
    log.index = 3;
    log.topics = {abi::topic("NewCollateralFactor(address,uint256,uint256)")};
    log.data = bytes_of_words({word_of(chain.native()), from, to});
    return log;
}

void set_factor(RecordedChain& chain, const U256& factor) {
    abi::Calldata data("markets(address)");
    data.add(chain.native());
    chain.answer_instead(chain.settings().comptroller, std::move(data).take(),
                         bytes_of_words({U256(1), factor, U256(0)}));
}

TEST_P(Families, a_lower_collateral_factor_names_whom_it_endangers) {
    RecordedChain chain(GetParam());
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    const PositionKey borrower{chain.user("borrower"), {}};
    const PositionKey supplier{chain.user("supplier"), {}};
    ASSERT_FALSE(ledger->health(borrower).liquidatable);
    const Wad before = *ledger->health(borrower).health_factor;

    const U256 now{10'000'000'000'000'000ULL};  // 1%
    const U256 then{750'000'000'000'000'000ULL};
    chain.stand_after(6);
    set_factor(chain, now);
    for (const Log& log : chain.logs(6)) ledger->apply(log);
    ledger->apply(factor_change(chain, then, now));
    finish_round(*ledger, chain);
    const LedgerEvents events = ledger->take_events();
    ASSERT_EQ(events.parameters.size(), 1U);
    const ParameterChange& change = events.parameters[0];
    EXPECT_THAT(change.values, ElementsAre(ParameterValue{"collateral_factor", to_decimal(then),
                                                          to_decimal(now), 18U}));
    EXPECT_TRUE(ledger->health(borrower).liquidatable);

    const std::vector<PositionHealth> without = ledger->healths_without(change);
    ASSERT_EQ(without.size(), ledger->position_count());
    std::size_t index = 0;
    ledger->for_each_position(
        [&](const PositionKey& key) { EXPECT_EQ(without[index++].key, key) << "in its order"; });
    for (const PositionHealth& one : without) {
        if (one.key == borrower) {
            EXPECT_FALSE(one.liquidatable) << "without the change it could not be liquidated";
            EXPECT_LE(*one.health_factor, before) << "but for the interest as it was";
        }
        if (one.key == supplier) {
            EXPECT_EQ(one.health_factor, ledger->health(supplier).health_factor)
                << "has no such collateral";
        }
    }

    // Supposed again, the old factor gives back what was.
    ParameterChange thought;
    thought.before = std::make_shared<SupposedThreshold>(change.token, Bps::from_raw(7500));
    const std::vector<PositionHealth> supposed = ledger->healths_without(thought);
    ASSERT_EQ(supposed.size(), without.size());
    for (std::size_t i = 0; i < supposed.size(); ++i) {
        EXPECT_EQ(supposed[i].key, without[i].key);
        EXPECT_EQ(supposed[i].health_factor, without[i].health_factor);
        EXPECT_EQ(supposed[i].liquidatable, without[i].liquidatable);
    }
}

TEST_P(Families, a_change_that_decides_nobodys_health_says_so) {
    RecordedChain chain(GetParam());
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    Log log;
    log.address = chain.settings().comptroller;
    log.block = chain.at().number + 1;
    log.topics = {abi::topic("NewCloseFactor(uint256,uint256)")};
    log.data = bytes_of_words({U256(500'000'000'000'000'000ULL), U256(400'000'000'000'000'000ULL)});
    ledger->apply(log);
    const LedgerEvents events = ledger->take_events();
    ASSERT_EQ(events.parameters.size(), 1U);
    EXPECT_EQ(events.parameters[0].subject, "comptroller");
    EXPECT_EQ(events.parameters[0].before, nullptr);
    EXPECT_THAT(ledger->healths_without(events.parameters[0]), IsEmpty());
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
