#include "protocols/aave_v3/events.hpp"

#include "tests/protocols/aave_v3/ledger_support.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using enum EventKind;
using nlohmann::json;

constexpr std::array kEmitters = {
    Emitter::pool,    Emitter::configurator,  Emitter::provider,   Emitter::oracle,
    Emitter::a_token, Emitter::variable_debt, Emitter::stable_debt};

struct KnownTopic {
    EventKind kind;
    const char* topic;
};

class Topics : public testing::TestWithParam<KnownTopic> {};

TEST_P(Topics, are_the_hashes_of_the_signatures) {
    EXPECT_EQ(to_hex(abi::topic(signature(GetParam().kind))), GetParam().topic);
}

INSTANTIATE_TEST_SUITE_P(
    AaveV3, Topics,
    testing::Values(
        KnownTopic{reserve_data_updated,
                   "0x804c9b842b2748a22bb64b345453a3de7ca54a6ca45ce00d415894979e22897a"},
        KnownTopic{collateral_enabled,
                   "0x00058a56ea94653cdf4f152d227ace22d4c00ad99e2a43f58cb7d9e3feb295f2"},
        KnownTopic{collateral_disabled,
                   "0x44c58d81365b66dd4b1a7f36c25aa97b8c71c361ee4937adc1a00000227db5dd"},
        KnownTopic{e_mode_set,
                   "0xd728da875fc88944cbf17638bcbe4af0eedaef63becd1d1c57cc097eb4608d84"},
        KnownTopic{liquidation_call,
                   "0xe413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286"},
        KnownTopic{deficit_created,
                   "0x2bccfb3fad376d59d7accf970515eb77b2f27b082c90ed0fb15583dd5a942699"},
        KnownTopic{borrow, "0xb3d084820fb1a9decffb176436bd02558d15fac9b0ddfed8c465bc7359d7dce0"},
        KnownTopic{swap_borrow_rate_mode,
                   "0x7962b394d85a534033ba2efcf43cd36de57b7ebeb3de0ca4428965d9b3ddc481"},
        KnownTopic{rebalance_stable_borrow_rate,
                   "0x9f439ae0c81e41a04d3fdfe07aed54e6a179fb0db15be7702eb66fa8ef6f5300"},
        KnownTopic{mint, "0x458f5fa412d0f69b08dd84872b0215675cc67bc1d5b6fd93300a1c3878b86196"},
        KnownTopic{burn, "0x4cf25bc1d991c17529c25213d3cc0cda295eeaad5f13f361969b12ea48015f90"},
        KnownTopic{balance_transfer,
                   "0x4beccb90f994c31aced7a23b5611020728a23d8ec5cddd1a3e9d97b96fda8666"},
        KnownTopic{transfer, "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
        KnownTopic{stable_mint,
                   "0xc16f4e4ca34d790de4c656c72fd015c667d688f20be64eea360618545c4c530f"},
        KnownTopic{stable_burn,
                   "0x44bd20a79e993bdcc7cbedf54a3b4d19fb78490124b6b90d04fe3242eea579e8"},
        KnownTopic{upgraded, "0xbc7cd75a20ee27fd9adebab32041f755214dbc6bffa90cc0225b39da2e5c2d3b"},
        KnownTopic{reserve_initialized,
                   "0x3a0ca721fc364424566385a1aa271ed508cc2c0949c2272575fb3013a163a45f"},
        KnownTopic{reserve_dropped,
                   "0xeeec4c06f7adad215cbdb4d2960896c83c26aedce02dde76d36fa28588d62da4"},
        KnownTopic{collateral_configuration_changed,
                   "0x637febbda9275aea2e85c0ff690444c8d87eb2e8339bbede9715abcc89cb0995"},
        KnownTopic{pending_ltv_changed,
                   "0x6a3fa1f355f7c7ab43e41cb277d1f8471f2693c63dca91049d5ec127bb588e10"},
        KnownTopic{reserve_active,
                   "0xc36c7d11ba01a5869d52aa4a3781939dab851cbc9ee6e7fdcedc7d58898a3f1e"},
        KnownTopic{reserve_frozen,
                   "0x0c4443d258a350d27dc50c378b2ebf165e6469725f786d21b30cab16823f5587"},
        KnownTopic{reserve_paused,
                   "0xe188d542a5f11925d3a3af33703cdd30a43cb3e8066a3cf68b1b57f61a5a94b5"},
        KnownTopic{reserve_borrowing,
                   "0x2443ba28e8d1d88d531a3d90b981816a4f3b3c7f1fd4085c6029e81d1b7a570d"},
        KnownTopic{reserve_factor_changed,
                   "0xb46e2b82b0c2cf3d7d9dece53635e165c53e0eaa7a44f904d61a2b7174826aef"},
        KnownTopic{liquidation_protocol_fee_changed,
                   "0xb5b0a963825337808b6e3154de8e98027595a5cad4219bb3a9bc55b192f4b391"},
        KnownTopic{liquidation_grace_period_changed,
                   "0xdf4f96448786bcd6fecc9f1fa25f1fbbbee6a5c9e76d635a615ac57bb5983d10"},
        KnownTopic{liquidation_grace_period_disabled,
                   "0x1df36dc1651d06d990805068d22811a3a9ca4396190787ef59f9102e61868fff"},
        KnownTopic{e_mode_category_added,
                   "0x0acf8b4a3cace10779798a89a206a0ae73a71b63acdd3be2801d39c2ef7ab3cb"},
        KnownTopic{e_mode_asset_category_changed,
                   "0x5bb69795b6a2ea222d73a5f8939c23471a1f85a99c7ca43c207f1b71f10c6264"},
        KnownTopic{asset_collateral_in_e_mode_changed,
                   "0x79409190108b26fcb0e4570f8e240f627bf18fd01a55f751010224d5bd486098"},
        KnownTopic{asset_borrowable_in_e_mode_changed,
                   "0x60087ca045be9d8d1301445e67d6248eddba97629c80284fa4910c0e52f103ab"},
        KnownTopic{asset_ltvzero_in_e_mode_changed,
                   "0xc0a450fbad635333e47f3322ec028a8e0b3909f79c721312a356a0fab5fa8b94"},
        KnownTopic{e_mode_category_isolation_changed,
                   "0xea07f8a4f488dcc1dc8c27b9c526ac8ba2d04b8024e206616f306c51d9b16826"},
        KnownTopic{debt_ceiling_changed,
                   "0x6824a6c7fbc10d2979b1f1ccf2dd4ed0436541679a661dedb5c10bd4be830682"},
        KnownTopic{siloed_borrowing_changed,
                   "0x842a280b07e8e502a9101f32a3b768ebaba3655556dd674f0831900861fc674b"},
        KnownTopic{asset_source_updated,
                   "0x22c5b7b2d8561d39f7f210b6b326a1aa69f15311163082308ac4877db6339dc1"},
        KnownTopic{fallback_oracle_updated,
                   "0xce7a780d33665b1ea097af5f155e3821b809ecbaa839d3b33aa83ba28168cefb"},
        KnownTopic{base_currency_set,
                   "0xe27c4c1372396a3d15a9922f74f9dfc7c72b1ad6d63868470787249c356454c1"},
        KnownTopic{pool_updated,
                   "0x90affc163f1a2dfedcd36aa02ed992eeeba8100a4014f0b4cdc20ea265a66627"},
        KnownTopic{pool_configurator_updated,
                   "0x8932892569eba59c8382a089d9b732d1f49272878775235761a2a6b0309cd465"},
        KnownTopic{price_oracle_updated,
                   "0x56b5f80d8cac1479698aa7d01605fd6111e90b15fc4d2b377417f46034876cbd"},
        KnownTopic{price_oracle_sentinel_updated,
                   "0x5326514eeca90494a14bedabcff812a0e683029ee85d1e23824d44fd14cd6ae7"}));

TEST(Decode, a_liquidation) {
    const Log log = make_log(numbered(2), liquidation_call,
                             {word_of(numbered(11)), word_of(numbered(12)), word_of(numbered(13))},
                             {500, 600, word_of(numbered(14)), 1});
    const auto event = decode(log, Emitter::pool);
    ASSERT_TRUE(event && *event);
    const auto& call = std::get<LiquidationCall>(**event);
    EXPECT_EQ(call.collateral_asset, numbered(11));
    EXPECT_EQ(call.debt_asset, numbered(12));
    EXPECT_EQ(call.user, numbered(13));
    EXPECT_EQ(call.debt_to_cover, 500);
    EXPECT_EQ(call.liquidated_collateral, 600);
    EXPECT_EQ(call.liquidator, numbered(14));
    EXPECT_TRUE(call.receive_a_token);
}

TEST(Decode, a_borrow_names_whose_debt_it_is) {
    const Log log = make_log(numbered(2), borrow, {word_of(numbered(11)), word_of(numbered(12)), 0},
                             {word_of(numbered(13)), 5, 2, 7});
    const auto event = decode(log, Emitter::pool);
    ASSERT_TRUE(event && *event);
    EXPECT_EQ(std::get<Borrowed>(**event).account, numbered(12));
}

TEST(Decode, a_mint_is_of_the_account_it_is_on_behalf_of) {
    const Log log =
        make_log(numbered(2), mint, {word_of(numbered(11)), word_of(numbered(12))}, {5, 6, 7});
    const auto event = decode(log, Emitter::a_token);
    ASSERT_TRUE(event && *event);
    EXPECT_EQ(std::get<BalanceChange>(**event).account, numbered(12));
    EXPECT_TRUE(std::get<BalanceChange>(**event).is_mint);
}

TEST(Decode, the_same_topic_of_another_contract_is_nothing) {
    const Log log =
        make_log(numbered(2), collateral_enabled, {word_of(numbered(1)), word_of(numbered(2))}, {});
    for (const Emitter emitter : kEmitters) {
        const auto event = decode(log, emitter);
        ASSERT_TRUE(event.has_value());
        EXPECT_EQ(event->has_value(), emitter == Emitter::pool);
    }
}

TEST(Decode, an_anonymous_log_is_nothing) {
    const auto event = decode(Log{}, Emitter::pool);
    ASSERT_TRUE(event.has_value());
    EXPECT_FALSE(event->has_value());
}

TEST(Decode, short_and_long_forms_are_errors) {
    const Log whole =
        make_log(numbered(2), mint, {word_of(numbered(1)), word_of(numbered(2))}, {1, 2, U256(3)});
    Log log = whole;
    log.data.pop_back();
    EXPECT_FALSE(decode(log, Emitter::a_token).has_value());
    log = whole;
    log.topics.pop_back();
    EXPECT_FALSE(decode(log, Emitter::a_token).has_value());
    log = whole;
    log.topics.push_back({});
    EXPECT_FALSE(decode(log, Emitter::a_token).has_value());
    log = whole;
    log.data.push_back(0);  // more data is what a later release may bring
    EXPECT_TRUE(decode(log, Emitter::a_token).has_value());
}

TEST(Decode, words_that_do_not_fit_their_type_are_errors) {
    EXPECT_FALSE(decode(make_log(numbered(2), mint, {1, u256_max()}, {1, 2, 3}), Emitter::a_token)
                     .has_value());
    EXPECT_FALSE(decode(make_log(numbered(2), e_mode_set, {1}, {256}), Emitter::pool).has_value());
    EXPECT_FALSE(
        decode(make_log(numbered(2), liquidation_call, {1, 2, 3}, {1, 2, 3, 2}), Emitter::pool)
            .has_value());
}

TEST(Decode, random_bytes_never_do_harm) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        Log log;
        const auto& topics = wanted_topics();
        log.topics.push_back(topics[random() % topics.size()]);
        for (std::uint64_t more = random() % 5; more > 0; --more) {
            Bytes32 topic;
            for (std::size_t b = random() % 32; b < 32; ++b) {
                topic.bytes[b] = static_cast<std::uint8_t>(random());
            }
            log.topics.push_back(topic);
        }
        log.data.resize(random() % 300);
        for (auto& byte : log.data) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? 0xff : 0);
        for (const Emitter emitter : kEmitters) (void)decode(log, emitter);
    }
}

// ---- recorded transactions --------------------------------------------------------------------

/// A market of the recorded receipts, with the reserves these touch.
Ledger recorded_market(const json& market) {
    std::vector<ListedReserve> reserves;
    for (const json& one : market["reserves"]) {
        ListedReserve reserve;
        reserve.id = static_cast<unsigned>(reserves.size());
        reserve.symbol = one["symbol"].get<std::string>();
        reserve.asset = address_of(one["underlying"].get<std::string>());
        reserve.a_token = address_of(one["a_token"].get<std::string>());
        reserve.debt_token = address_of(one["v_token"].get<std::string>());
        reserves.push_back(reserve);
    }
    return listed_ledger(address_of(market["pool"].get<std::string>()), 11, reserves);
}

std::vector<Log> logs_of(const json& receipt) {
    std::vector<Log> out;
    for (const json& one : receipt["logs"]) {
        Log log;
        log.address = address_of(one["address"].get<std::string>());
        for (const json& topic : one["topics"]) {
            log.topics.push_back(parse_bytes32(topic.get<std::string>()).value());
        }
        log.data = bytes_of(one["data"].get<std::string>());
        log.block = small_number(one["blockNumber"]);
        log.index = small_number(one["logIndex"]);
        log.tx = parse_bytes32(one["transactionHash"].get<std::string>()).value();
        out.push_back(std::move(log));
    }
    return out;
}

TEST(Receipts, every_log_is_understood_and_none_is_a_liquidation) {
    const json recorded = read_vectors("aave/receipts.json");
    std::size_t receipts = 0;
    std::size_t ours = 0;
    for (const auto& [hash, row] : recorded["receipts"].items()) {
        SCOPED_TRACE(row["case"].get<std::string>());
        ++receipts;
        for (const json& market : recorded["markets"]) {
            if (market["chainId"] != row["chainId"]) continue;
            Ledger ledger = recorded_market(market);
            const LogFilter filter = ledger.log_filter();
            for (const Log& log : logs_of(row["receipt"])) {
                for (const Emitter emitter : kEmitters) {
                    const auto event = decode(log, emitter);
                    EXPECT_TRUE(event.has_value()) << event.error().message;
                }
                ours += static_cast<std::size_t>(
                    std::count(filter.addresses.begin(), filter.addresses.end(), log.address));
                ledger.apply(log);
            }
            EXPECT_EQ(ledger.inconsistencies(), 0U);
            EXPECT_TRUE(ledger.take_events().liquidations.empty());
        }
    }
    EXPECT_EQ(receipts, 17U);
    EXPECT_EQ(ours, 103U);
}

TEST(Receipts, a_borrow_makes_its_account_known) {
    const json recorded = read_vectors("aave/receipts.json");
    std::map<std::string, std::size_t> known;
    for (const auto& [hash, row] : recorded["receipts"].items()) {
        for (const json& market : recorded["markets"]) {
            if (market["chainId"] != row["chainId"]) continue;
            Ledger ledger = recorded_market(market);
            for (const Log& log : logs_of(row["receipt"])) ledger.apply(log);
            known[row["case"].get<std::string>()] += ledger.owed().accounts.size();
        }
    }
    EXPECT_EQ(known["test_aave_v3_borrow"], 1U);
    EXPECT_EQ(known["test_aave_v3_borrow_base"], 1U);
    EXPECT_EQ(known["test_aave_v3_borrow_optimism"], 1U);
    EXPECT_EQ(known["test_aave_v3_repay_scroll"], 1U);  // an unknown debt shrinks
    EXPECT_EQ(known["test_aave_v3_deposit_bnb"], 0U);
    EXPECT_EQ(known["test_non_aave_tx"], 1U);  // another protocol that borrows from Aave
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
