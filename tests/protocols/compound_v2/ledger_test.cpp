// Two markets that lived on real contracts, followed from every point of their lives on: after each
// step every number must be the contract's.
#include "abi/codec.hpp"
#include "protocols/compound_v2/compound_v2.hpp"
#include "tests/protocols/compound_v2/recorded_chain.hpp"
#include "tests/protocols/compound_v2/vector_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace plimsoll::protocols::compound_v2 {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kUsers[] = {"supplier", "borrower", "liquidator"};

std::string view_of(const PositionReport& report, const std::string& name) {
    for (const auto& [key, value] : report.contract_view) {
        if (key == name) return value;
    }
    return "absent";
}

TokenAmount amount_in(const std::vector<AssetEntry>& entries, const Address& market) {
    for (const AssetEntry& entry : entries) {
        if (entry.market == market) return entry.amount;
    }
    return {};
}

bool owes(const nlohmann::ordered_json& user) {
    return user["native"]["borrowStored"] != "0" || user["token"]["borrowStored"] != "0";
}

/// Everything the chain says after its step, against the ledger.
void expect_equal(const Protocol& ledger, const RecordedChain& chain, const std::string& where) {
    std::size_t borrowers = 0;
    for (const char* name : kUsers) {
        const nlohmann::ordered_json& user = chain.expected()["users"][name];
        const PositionKey key{chain.user(name), {}};
        EXPECT_EQ(ledger.has_position(key), owes(user)) << where << " " << name;
        if (!owes(user)) continue;
        ++borrowers;
        const PositionReport report = ledger.report(key, {}, wad_one());
        EXPECT_EQ(view_of(report, "error"), "0") << where << " " << name;
        EXPECT_EQ(view_of(report, "liquidity"), user["liquidity"].get<std::string>()) << where;
        EXPECT_EQ(view_of(report, "shortfall"), user["shortfall"].get<std::string>()) << where;
        for (const char* market : {"native", "token"}) {
            const nlohmann::ordered_json& state = chain.expected()["markets"][market];
            if (state["accrualBlockNumber"] != std::to_string(chain.at().number)) continue;
            const Address c_token =
                market == std::string("native") ? chain.native() : chain.token();
            EXPECT_EQ(to_decimal(amount_in(report.debt, c_token).raw()),
                      user[market]["borrowStored"].get<std::string>())
                << where << " " << name << " " << market;
        }
        const std::vector<Call> calls = ledger.audit_reads(key);
        EXPECT_TRUE(ledger.audit(key, chain.answer(calls)).empty()) << where << " " << name;
    }
    EXPECT_EQ(ledger.position_count(), borrowers) << where;
    EXPECT_EQ(ledger.coverage_ppm(), 1'000'000U) << where;
    // The recording liquidates by moving the native coin's price, also where all prices are stated
    // in the coin. Then nobody can tell what they are stated in, and no number changes by that.
    const Trust trust = ledger.trust();
    if (!chain.tells_its_price_unit()) {
        EXPECT_THAT(trust.reason, HasSubstr("stated in cannot be told")) << where;
    } else if (!trust.verified) {
        EXPECT_THAT(trust.reason, StartsWith("the rounding of mantissas is not known")) << where;
    }
}

class Life : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, Life, ::testing::Values("compound", "justlend"));

TEST_P(Life, is_followed_from_every_step_to_the_end) {
    RecordedChain chain(GetParam());
    for (std::size_t first = 0; first < chain.steps(); ++first) {
        chain.stand_after(first);
        const auto ledger = scanned(chain, first);
        expect_equal(*ledger, chain, "scanned after step " + std::to_string(first));
        for (std::size_t step = first + 1; step < chain.steps(); ++step) {
            chain.stand_after(step);
            for (const Log& log : chain.logs(step)) ledger->apply(log);
            finish_round(*ledger, chain);
            expect_equal(*ledger, chain,
                         "from " + std::to_string(first) + " at " + std::to_string(step));
        }
    }
}

TEST_P(Life, goes_on_from_records_as_if_nothing_had_happened) {
    RecordedChain chain(GetParam());
    for (std::size_t stop = 4; stop < chain.steps(); ++stop) {
        chain.stand_after(3);
        auto ledger = scanned(chain, 3);
        std::map<std::string, std::optional<std::string>> kept;
        const auto keep = [&] {
            for (Record& record : ledger->take_changed_records()) {
                kept[record.key] = std::move(record.value);
            }
        };
        keep();
        for (std::size_t step = 4; step < chain.steps(); ++step) {
            chain.stand_after(step);
            for (const Log& log : chain.logs(step)) ledger->apply(log);
            if (step == stop) {
                // Killed with the logs applied and nothing read yet.
                keep();
                std::vector<Record> records;
                for (const auto& [key, value] : kept) records.push_back({key, value});
                ledger = make_compound_v2(chain.settings());
                const auto loaded = ledger->load(records);
                ASSERT_TRUE(loaded) << loaded.error().message;
            }
            finish_round(*ledger, chain);
            keep();
            expect_equal(*ledger, chain, "stopped at " + std::to_string(stop));
        }
    }
}

TEST_P(Life, tells_the_liquidation_with_the_underlying_that_was_seized) {
    RecordedChain chain(GetParam());
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    std::vector<Liquidation> told;
    for (std::size_t step = 6; step < chain.steps(); ++step) {
        chain.stand_after(step);
        for (const Log& log : chain.logs(step)) ledger->apply(log);
        finish_round(*ledger, chain);
        for (Liquidation& event : ledger->take_events().liquidations) {
            ledger->price_liquidation(event);
            told.push_back(event);
        }
        if (!told.empty()) break;
    }
    ASSERT_EQ(told.size(), 1U);
    const Liquidation& event = told.front();
    EXPECT_EQ(event.account, chain.user("borrower"));
    EXPECT_EQ(event.liquidator, chain.user("liquidator"));
    EXPECT_EQ(event.collateral_market, chain.native());
    EXPECT_EQ(event.debt_market, chain.token());
    ASSERT_TRUE(event.seized);
    const U256 rate = number(chain.expected()["markets"]["native"]["exchangeRateStored"]);
    const U256 one{1'000'000'000'000'000'000ULL};
    EXPECT_EQ(event.collateral.raw(), event.seized->liquidator * rate / one);
    // From 2.9 on a part goes to the reserves; before, and at JustLend, nothing does.
    EXPECT_EQ(event.seized->protocol != 0, std::string(GetParam()) == "compound");
    ASSERT_TRUE(event.collateral_price && event.debt_price);
}

TEST(Ledger, ties_borrows_to_what_discovery_told_before_a_restart) {
    RecordedChain chain("compound");
    chain.stand_after(6);
    auto first = make_compound_v2(chain.settings());
    const auto settle = [&](Protocol& ledger) {
        for (auto calls = ledger.reads(4000); !calls.empty(); calls = ledger.reads(4000)) {
            ASSERT_TRUE(ledger.accept_reads(chain.answer(calls), chain.at()));
        }
    };
    settle(*first);
    std::set<Address> candidates;
    std::map<std::string, std::optional<std::string>> kept;
    for (std::size_t step = 0; step <= 4; ++step) {
        for (const Log& log : chain.logs(step)) {
            for (const Address& account : first->discover(log)) candidates.insert(account);
        }
        for (Record& record : first->take_discovered()) kept[record.key] = record.value;
    }
    std::vector<Record> records;
    for (const auto& [key, value] : kept) records.push_back({key, value});
    auto second = make_compound_v2(chain.settings());
    settle(*second);
    ASSERT_TRUE(second->resume_discovery(records));
    for (std::size_t step = 5; step <= 6; ++step) {
        for (const Log& log : chain.logs(step)) {
            for (const Address& account : second->discover(log)) candidates.insert(account);
        }
    }
    second->follow(std::vector<Address>(candidates.begin(), candidates.end()));
    finish_round(*second, chain);
    expect_equal(*second, chain, "resumed");
}

TEST(Ledger, a_borrow_whose_log_was_lost_is_never_called_exact) {
    RecordedChain chain("compound");
    chain.stand_after(3);
    const auto ledger = scanned(chain, 3);
    chain.stand_after(5);
    // The supplier's borrow of step 5 is missing but for the market's accrual.
    for (const std::size_t step : {std::size_t{4}, std::size_t{5}}) {
        for (const Log& log : chain.logs(step)) {
            if (log.topics.front() != abi::topic("Borrow(address,uint256,uint256,uint256)")) {
                ledger->apply(log);
            }
        }
    }
    finish_round(*ledger, chain);
    EXPECT_LT(*ledger->coverage_ppm(), 1'000'000U);
    const std::vector<PositionKey> keys{{chain.user("supplier"), {}}};
    ledger->reseed(keys);
    finish_round(*ledger, chain);
    EXPECT_TRUE(ledger->has_position(keys.front()));
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_THAT(ledger->trust().reason, HasSubstr("known to one unit only"));
}

/// JustLend tells the balance after each change: what does not fit is read again.
TEST(Ledger, a_transfer_whose_log_was_lost_is_noticed_by_the_balance_told) {
    RecordedChain chain("justlend");
    chain.stand_after(7);
    const auto ledger = scanned(chain, 7);
    ASSERT_TRUE(ledger->reads(4000).empty());
    chain.stand_after(8);
    for (const Log& log : chain.logs(8)) {
        if (log.topics.front() != abi::topic("Transfer(address,address,uint256)")) {
            ledger->apply(log);
        }
    }
    EXPECT_FALSE(ledger->reads(4000).empty());
    finish_round(*ledger, chain);
    expect_equal(*ledger, chain, "read again");
}

TEST(Ledger, a_debt_in_a_deprecated_market_is_liquidatable_at_any_health) {
    for (const bool is_deprecated : {false, true}) {
        RecordedChain chain("compound");
        chain.stand_after(6);
        abi::Calldata question("isDeprecated(address)");
        question.add(chain.token());
        chain.answer_instead(chain.settings().comptroller, std::move(question).take(),
                             bytes_of_words({U256(is_deprecated ? 1 : 0)}));
        const auto ledger = scanned(chain, 6);
        for (const char* name : {"borrower", "supplier"}) {
            const PositionHealth health = ledger->health({chain.user(name), {}});
            ASSERT_TRUE(health.computable && health.health_factor) << name;
            EXPECT_GE(*health.health_factor, wad_one()) << name;
            EXPECT_EQ(health.liquidatable, is_deprecated) << name;
        }
    }
}

/// A round whose logs do not come.
void lose(Protocol& ledger, RecordedChain& chain, std::size_t step) {
    chain.stand_after(step);
    finish_round(ledger, chain);
}

void live_through(Protocol& ledger, RecordedChain& chain, std::size_t step) {
    chain.stand_after(step);
    for (const Log& log : chain.logs(step)) ledger.apply(log);
    finish_round(ledger, chain);
}

/// Of a repayment. Its logs come too late for the round of their block, and are asked for again.
TEST_P(Life, is_exact_again_once_lost_logs_have_come) {
    RecordedChain chain(GetParam());
    chain.stand_after(6);
    const auto ledger = scanned(chain, 6);
    lose(*ledger, chain, 7);
    EXPECT_FALSE(ledger->trust().verified);
    EXPECT_THAT(ledger->trust().reason, HasSubstr("its logs told"));
    live_through(*ledger, chain, 8);
    expect_equal(*ledger, chain, "with the logs asked for again");
    EXPECT_THAT(ledger->trust().reason, Not(HasSubstr("USDT: ")));
}

/// One who borrows for the first time is named by nothing but the lost log.
TEST_P(Life, finds_borrowers_that_lost_logs_name) {
    RecordedChain chain(GetParam());
    chain.stand_after(4);
    const auto ledger = scanned(chain, 4);
    lose(*ledger, chain, 5);
    EXPECT_FALSE(ledger->has_position({chain.user("supplier"), {}}));
    EXPECT_LT(ledger->coverage_ppm(), 1'000'000U);
    live_through(*ledger, chain, 6);
    expect_equal(*ledger, chain, "with the logs asked for again");
}

/// That a later log tells the index makes nothing good.
TEST_P(Life, is_doubted_until_all_lost_logs_have_come) {
    RecordedChain chain(GetParam());
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    chain.lose_old_logs(true);
    lose(*ledger, chain, 6);
    for (const std::size_t step : {7U, 8U}) {
        live_through(*ledger, chain, step);
        EXPECT_FALSE(ledger->trust().verified);
        EXPECT_THAT(ledger->trust().reason, HasSubstr("were missing and did not all come yet"));
    }
    chain.lose_old_logs(false);
    chain.wait(10);
    live_through(*ledger, chain, 10);
    expect_equal(*ledger, chain, "with the logs asked for again");
    EXPECT_THAT(ledger->trust().reason, Not(HasSubstr("missing")));
}

bool is_accrual(const Log& log) {
    return log.topics.front() == abi::topic("AccrueInterest(uint256,uint256,uint256,uint256)");
}

/// Whether a later step tells an index of each market that this one accrues.
bool is_covered_by_later(const RecordedChain& chain, std::size_t step) {
    std::set<Address> later;
    for (std::size_t i = step + 1; i < chain.steps(); ++i) {
        for (const Log& log : chain.logs(i)) {
            if (is_accrual(log)) later.insert(log.address);
        }
    }
    return std::ranges::all_of(chain.logs(step), [&](const Log& log) {
        return !is_accrual(log) || later.contains(log.address);
    });
}

/// Of several blocks that are one round. The indexes at its end were all told.
TEST_P(Life, is_doubted_when_logs_between_others_are_lost_until_they_have_come) {
    RecordedChain chain(GetParam());
    std::size_t doubted = 0;
    for (std::size_t lost = 4; lost + 1 < chain.steps(); ++lost) {
        const std::vector<Log> logs = chain.logs(lost);
        if (std::ranges::none_of(logs, is_accrual) || !is_covered_by_later(chain, lost)) continue;
        chain = RecordedChain(GetParam());
        chain.stand_after(lost - 1);
        const auto ledger = scanned(chain, lost - 1);
        chain.stand_after(chain.steps() - 1);
        for (std::size_t step = lost + 1; step < chain.steps(); ++step) {
            for (const Log& log : chain.logs(step)) ledger->apply(log);
        }
        chain.lose_old_logs(true);
        finish_round(*ledger, chain);
        EXPECT_THAT(ledger->trust().reason, HasSubstr("were missing and did not all come yet"))
            << lost;
        chain.lose_old_logs(false);
        chain.wait(1);
        finish_round(*ledger, chain);
        expect_equal(*ledger, chain, "with what step " + std::to_string(lost) + " told");
        EXPECT_THAT(ledger->trust().reason, Not(HasSubstr("missing")));
        ++doubted;
    }
    EXPECT_GT(doubted, 3U);
}

/// The last operations of a block whose first one told the index.
TEST_P(Life, is_doubted_when_the_rest_of_a_block_is_lost) {
    RecordedChain chain(GetParam());
    chain.stand_after(4);
    const auto ledger = scanned(chain, 4);
    chain.stand_after(5);
    for (const Log& log : chain.logs(5)) {
        if (is_accrual(log)) ledger->apply(log);
    }
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().reason,
                AnyOf(HasSubstr("total borrows are "), HasSubstr("were missing")));
    chain.wait(1);
    finish_round(*ledger, chain);
    expect_equal(*ledger, chain, "with the logs asked for again");
    EXPECT_THAT(ledger->trust().reason, Not(HasSubstr("missing")));
}

/// A deposit by one who is known, and all of whose logs are lost for good.
TEST_P(Life, reads_everything_when_lost_logs_never_come) {
    RecordedChain chain(GetParam());
    chain.stand_after(8);
    const auto ledger = scanned(chain, 8);
    chain.lose_old_logs(true);
    lose(*ledger, chain, 9);
    for (int i = 0; i < 62; ++i) {
        chain.wait(1);
        finish_round(*ledger, chain);
        EXPECT_FALSE(ledger->trust().verified) << i;
    }
    chain.wait(1);
    finish_round(*ledger, chain);
    expect_equal(*ledger, chain, "read again");
    EXPECT_THAT(ledger->trust().reason, Not(HasSubstr("USDT: ")));
}

TEST(Ledger, who_got_cTokens_before_their_market_was_known_is_read_again) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    ASSERT_TRUE(ledger->reads(100).empty());
    Log got;
    got.address = chain.token();
    got.topics = {abi::topic("Transfer(address,address,uint256)"),
                  to_bytes32(word_of(chain.token())), to_bytes32(word_of(chain.token()))};
    got.data = bytes_of_words({U256(5)});
    ledger->accept_owed_logs({&got, 1});
    EXPECT_TRUE(ledger->reads(100).empty()) << "nobody who is known";
    got.topics[2] = to_bytes32(word_of(chain.user("borrower")));
    ledger->accept_owed_logs({&got, 1});
    EXPECT_FALSE(ledger->reads(100).empty());
    finish_round(*ledger, chain);
    expect_equal(*ledger, chain, "read again");
}

TEST(Ledger, price_of_zero_makes_its_accounts_not_computable) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    const auto ledger = scanned(chain, 5);
    std::vector<Call> calls = ledger->price_reads();
    auto results = chain.answer(calls);
    results[0].data = bytes_of_words({U256(0)});  // the native market's price
    ASSERT_TRUE(ledger->accept_prices(results, chain.at()));
    const PositionKey borrower{chain.user("borrower"), {}};
    EXPECT_FALSE(ledger->health(borrower).computable);
    EXPECT_FALSE(ledger->health(borrower).liquidatable);
    const PositionReport report = ledger->report(borrower, {}, wad_one());
    EXPECT_EQ(view_of(report, "error"), "13");
    EXPECT_EQ(view_of(report, "liquidity"), "0");
    // Who entered only the token's market does not mind.
    EXPECT_TRUE(ledger->health({chain.user("supplier"), {}}).computable);
}

TEST(Ledger, a_cToken_of_another_Comptroller_is_refused) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    chain.overrides[{chain.token(), abi::Calldata("comptroller()").take()}] =
        bytes_of_words({U256(7)});
    const auto ledger = make_compound_v2(chain.settings());
    const auto first = ledger->reads(4000);
    ASSERT_TRUE(ledger->accept_reads(chain.answer(first), chain.at()));
    const auto markets = ledger->reads(4000);
    const auto refused = ledger->accept_reads(chain.answer(markets), chain.at());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("another Comptroller"));
}

TEST(Ledger, a_token_that_calls_itself_otherwise_than_the_list_is_told) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    CompoundV2Settings settings = chain.settings();
    settings.native_market = chain.native();
    settings.expected[chain.native()] = {Address{}, "GOLD", 18};
    const auto ledger = make_compound_v2(settings);
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().found, HasSubstr("the token listed as GOLD calls itself "));
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
}

/// A state of a later block than the one asked about must not be taken for one that counts seconds.
TEST(Ledger, an_accrual_in_a_block_to_come_is_refused) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    chain.answer_instead(chain.token(), abi::Calldata("accrualBlockNumber()").take(),
                         bytes_of_words({U256(chain.at().number + 1)}));
    const auto ledger = make_compound_v2(chain.settings());
    const auto first = ledger->reads(4000);
    ASSERT_TRUE(ledger->accept_reads(chain.answer(first), chain.at()));
    const auto markets = ledger->reads(4000);
    const auto refused = ledger->accept_reads(chain.answer(markets), chain.at());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("neither a block up to"));
}

// ---- a deployment whose markets a list tells

Address filled(std::uint8_t byte) {
    Address out;
    out.bytes.fill(byte);
    return out;
}

/// The chain as it is, as a list of the deployment would tell it.
CompoundV2Settings listed(const RecordedChain& chain) {
    CompoundV2Settings settings = chain.settings();
    settings.native_market = chain.native();
    settings.addresses = AddressStyle::base58check;
    settings.expected[chain.native()] = {Address{}, "ETH", 18};
    settings.expected[chain.token()] = {filled(0xbb), "USDT", 6};
    return settings;
}

/// Why the contracts are refused; empty where they are taken.
std::string refusal(const CompoundV2Settings& settings, const RecordedChain& chain) {
    const auto ledger = make_compound_v2(settings);
    for (auto calls = ledger->reads(4000); !calls.empty(); calls = ledger->reads(4000)) {
        const auto accepted = ledger->accept_reads(chain.answer(calls), chain.at());
        if (!accepted) return accepted.error().message;
    }
    return {};
}

TEST(Listed, a_market_that_is_something_else_is_refused) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    EXPECT_EQ(refusal(listed(chain), chain), "");

    CompoundV2Settings decimals = listed(chain);
    decimals.expected[chain.token()].decimals = 8;
    EXPECT_THAT(refusal(decimals, chain), HasSubstr("has 6 decimals, expected 8"));
    EXPECT_THAT(refusal(decimals, chain), HasSubstr(to_base58check(chain.token())));

    CompoundV2Settings underlying = listed(chain);
    underlying.expected[chain.token()].underlying = filled(0xcc);
    EXPECT_THAT(
        refusal(underlying, chain),
        HasSubstr("is " + to_base58check(filled(0xbb)) + ", expected " +
                  to_base58check(filled(0xcc)) + "; this is not the deployment its name says"));
}

TEST(Listed, a_Comptroller_without_the_native_market_is_refused) {
    RecordedChain chain("compound");
    chain.stand_after(5);
    CompoundV2Settings settings = listed(chain);
    settings.native_market = filled(0xdd);
    EXPECT_THAT(refusal(settings, chain),
                HasSubstr("does not list " + to_base58check(filled(0xdd)) +
                          ", the market of ETH; this is not the deployment its name says"));
}

TEST(Listed, only_the_native_market_has_no_underlying) {
    for (const bool is_native_wrong : {false, true}) {
        RecordedChain chain("compound");
        chain.stand_after(5);
        const Address wrong = is_native_wrong ? chain.native() : chain.token();
        const Bytes reply = is_native_wrong ? bytes_of_words({word_of(filled(0xbb))}) : Bytes{};
        chain.answer_instead(wrong, abi::Calldata("underlying()").take(), reply);
        EXPECT_THAT(refusal(listed(chain), chain),
                    HasSubstr(is_native_wrong ? "the native coin's market answers one"
                                              : "answers nothing, and it is not the native"));
    }
}

TEST(Listed, markets_that_are_not_there_are_told) {
    RecordedChain chain("compound");
    chain.stand_after(6);
    CompoundV2Settings settings = listed(chain);
    const auto complete = make_compound_v2(settings);
    finish_round(*complete, chain);
    EXPECT_THAT(complete->trust().found, Not(HasSubstr("not there")));
    settings.expected[filled(0xdd)] = {filled(0xcc), "GOLD", 18};
    const auto ledger = make_compound_v2(settings);
    finish_round(*ledger, chain);
    EXPECT_THAT(ledger->trust().found, HasSubstr("; 1 of 3 listed markets are not there"));
    EXPECT_TRUE(ledger->trust().verified) << ledger->trust().reason;
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
