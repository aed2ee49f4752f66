// Answers of the real contracts, recorded: every number must be equal to the last digit.
#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/interest.hpp"
#include "protocols/compound_v2/liquidation.hpp"
#include "protocols/compound_v2/liquidation_price.hpp"
#include "tests/protocols/compound_v2/small_market.hpp"
#include "tests/protocols/compound_v2/vector_files.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array kModes{std::pair{Rounding::truncate, "truncate"},
                            std::pair{Rounding::half_up, "half_up"}};

EnteredAsset asset_of(const json& row, const char* factor = "collateralFactorMantissa") {
    EnteredAsset out;
    out.c_tokens = CTokens::from_raw(number(row["cTokenBalance"]));
    out.borrow = TokenAmount::from_raw(number(row["borrowBalance"]));
    out.exchange_rate = mantissa(number(row["exchangeRateMantissa"]));
    out.factor = mantissa(number(row[factor]));
    out.price = OraclePrice::from_raw(number(row["priceMantissa"]));
    return out;
}

SmallMarket market_of(const json& vector, Rounding rounding,
                      const char* factor = "collateralFactorMantissa") {
    SmallMarket out;
    out.market.rounding = rounding;
    for (const json& row : vector["assets"]) out.add(asset_of(row, factor));
    return out;
}

void expect_liquidity(const json& expected, const Expected<AccountData, Reverted>& data,
                      const std::string& name) {
    ASSERT_TRUE(data) << name;
    EXPECT_EQ(std::to_string(data->error), expected["error"].get<std::string>()) << name;
    EXPECT_EQ(to_decimal(data->liquidity()), expected["liquidity"].get<std::string>()) << name;
    EXPECT_EQ(to_decimal(data->shortfall()), expected["shortfall"].get<std::string>()) << name;
}

TEST(Vectors, account_liquidity_in_both_roundings) {
    int differing = 0;
    const json vectors = read_vectors();
    for (const json& vector : vectors["account_liquidity"]) {
        for (const auto& [rounding, name] : kModes) {
            const json& expected = vector["expected"][name];
            const auto data = market_of(vector, rounding).data();
            const std::string where = vector["name"].get<std::string>() + " " + name;
            expect_liquidity(expected, data, where);
            EXPECT_EQ(data->is_liquidatable(), expected["liquidatable"].get<bool>()) << where;
            const auto health = data->health_factor();
            EXPECT_EQ(data->is_liquidatable(), data->error == 0 && health && *health < wad_one())
                << where;
        }
        differing += vector["expected"]["truncate"]["liquidatable"] !=
                     vector["expected"]["half_up"]["liquidatable"];
    }
    EXPECT_EQ(vectors["account_liquidity"].size(), 27U);
    EXPECT_GE(differing, 1);  // the roundings' verdicts differ
}

/// The hypothetical redemption and borrow are one more asset with that much debt.
TEST(Vectors, hypothetical_liquidity_is_the_sum_with_effects) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["hypothetical"]) {
        for (const auto& [rounding, name] : kModes) {
            std::vector<EnteredAsset> assets;
            for (const json& row : vector["assets"]) assets.push_back(asset_of(row));
            AccountData data = sum_assets(rounding, assets);
            const EnteredAsset& changed = assets.at(vector["modifyIndex"].get<std::size_t>());
            data.borrow += mul_scalar_truncate(
                tokens_to_denom(rounding, changed.factor, changed.exchange_rate, changed.price),
                number(vector["redeemTokens"]));
            data.borrow += mul_scalar_truncate(changed.price.raw(), number(vector["borrowAmount"]));
            expect_liquidity(vector["expected"][name], data, vector["name"].get<std::string>());
        }
    }
}

TEST(Vectors, venus_by_liquidation_threshold_with_its_stablecoin) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["venus_liquidity"]) {
        SmallMarket world = market_of(vector, Rounding::truncate, "liquidationThresholdMantissa");
        world.market.skips_empty = true;
        world.account.stable_debt.minted = TokenAmount::from_raw(number(vector["vaiRepayAmount"]));
        expect_liquidity(vector["expected"]["liquidation_threshold_path"], world.data(),
                         vector["name"].get<std::string>());
    }
}

/// The path that borrowing is judged by: collateral and debt at prices of their own. No account is
/// liquidated by it.
TEST(Vectors, venus_by_collateral_factor_at_bounded_prices) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["venus_liquidity"]) {
        std::vector<EnteredAsset> assets;
        for (const json& row : vector["assets"]) {
            EnteredAsset collateral = asset_of(row);
            EnteredAsset debt = collateral;
            if (collateral.c_tokens.raw() == 0 && debt.borrow.raw() == 0) continue;
            collateral.borrow = {};
            collateral.price = OraclePrice::from_raw(number(row["boundedCollateralPrice"]));
            debt.c_tokens = {};
            debt.price = OraclePrice::from_raw(number(row["boundedDebtPrice"]));
            assets.push_back(collateral);
            assets.push_back(debt);
        }
        AccountData data = sum_assets(Rounding::truncate, assets);
        data.borrow += number(vector["vaiRepayAmount"]);
        expect_liquidity(vector["expected"]["collateral_factor_path"], data,
                         vector["name"].get<std::string>());
    }
    EXPECT_EQ(vectors["venus_liquidity"].size(), 3U);
}

TEST(Vectors, liquidation_price_of_one_asset) {
    int found = 0;
    const json vectors = read_vectors();
    for (const json& vector : vectors["liquidation_price"]) {
        for (const auto& [rounding, name] : kModes) {
            const json& expected = vector["expected"][name];
            const SmallMarket world = market_of(vector, rounding);
            const auto id = vector["priceIndex"].get<unsigned>();
            const auto price = liquidation_price(AccruedMarket(world.market), world.account,
                                                 {.leader = id, .members = {}});
            const std::string where = vector["name"].get<std::string>() + " " + name;
            const std::string direction = expected["direction"].get<std::string>();
            ASSERT_EQ(price.has_value(), direction != "none") << where;
            if (!price) continue;
            ++found;
            const bool falls = direction == "falls";
            EXPECT_EQ(price->side == PriceSide::below, falls) << where;
            EXPECT_EQ(to_decimal(price->price.raw()),
                      expected[falls ? "highest_liquidatable_price" : "lowest_liquidatable_price"]
                          .get<std::string>())
                << where;
        }
    }
    EXPECT_GE(found, 10);
}

TEST(Vectors, seize_tokens_in_both_roundings) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["seize_tokens"]) {
        for (const auto& [rounding, name] : kModes) {
            const json& expected = vector["expected"][name];
            SeizePrices prices;
            prices.borrowed = OraclePrice::from_raw(number(vector["priceBorrowedMantissa"]));
            prices.collateral = OraclePrice::from_raw(number(vector["priceCollateralMantissa"]));
            prices.exchange_rate = mantissa(number(vector["exchangeRateMantissa"]));
            const auto seized =
                seize_tokens(rounding, mantissa(number(vector["liquidationIncentiveMantissa"])),
                             prices, TokenAmount::from_raw(number(vector["actualRepayAmount"])));
            ASSERT_EQ(seized.has_value(), expected["error"].get<std::string>() == "0") << vector;
            if (seized) {
                EXPECT_EQ(to_decimal(seized->raw()), expected["seizeTokens"].get<std::string>());
            }
        }
    }
}

TEST(Vectors, max_close) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["max_close"]) {
        const auto most = max_close(mantissa(number(vector["closeFactorMantissa"])),
                                    TokenAmount::from_raw(number(vector["borrowBalance"])));
        ASSERT_TRUE(most);
        EXPECT_EQ(to_decimal(most->raw()), vector["expected"]["maxClose"].get<std::string>());
    }
}

TEST(Vectors, accrue_interest) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["accrue_interest"]) {
        const json& in = vector["inputs"];
        const json& expected = vector["expected"];
        MarketState state;
        state.cash = TokenAmount::from_raw(number(in["cashPrior"]));
        state.total_borrows = TokenAmount::from_raw(number(in["totalBorrows"]));
        state.total_reserves = TokenAmount::from_raw(number(in["totalReserves"]));
        state.borrow_index = mantissa(number(in["borrowIndex"]));
        state.total_supply = CTokens::from_raw(number(in["totalSupply"]));
        state.borrow_rate = mantissa(number(in["borrowRatePerBlock"]));
        state.initial_exchange_rate = mantissa(number(in["initialExchangeRateMantissa"]));
        state.accrued_at = 1000;
        const auto after =
            accrue_interest(state, mantissa(number(in["reserveFactorMantissa"])),
                            1000 + static_cast<std::uint64_t>(number(in["blockDelta"])));
        ASSERT_TRUE(after) << vector;
        const auto same = [&](const char* name, const U256& ours) {
            EXPECT_EQ(to_decimal(ours), expected[name].get<std::string>()) << name << vector;
        };
        same("exchangeRateStored_before", exchange_rate(state).raw());
        same("interestAccumulated", after->total_borrows.raw() - state.total_borrows.raw());
        same("borrowIndex", after->borrow_index.raw());
        same("totalBorrows", after->total_borrows.raw());
        same("totalReserves", after->total_reserves.raw());
        same("exchangeRateStored_after", exchange_rate(*after).raw());
    }
    EXPECT_EQ(vectors["accrue_interest"].size(), 10U);
}

// ---- what a market's rate models answer; the ledger takes their answers and has no model

struct RateModel {
    U256 base;
    U256 slope;
    U256 jump;
    U256 kink;  ///< zero: a model without

    U256 borrow_rate(const U256& use) const {
        if (kink == 0 || use <= kink) return mul_scalar_truncate(use, slope) + base;
        return mul_scalar_truncate(use - kink, jump) + mul_scalar_truncate(kink, slope) + base;
    }
};

RateModel model_of(const json& vector) {
    const json& params = vector["params"];
    const U256 blocks = number(params["blocksPerYear"]);
    const bool has_kink = params.contains("kink");
    const bool is_second = vector["name"].get<std::string>().ends_with("V2");
    RateModel out;
    out.base = number(params["baseRatePerYear"]) / blocks;
    out.kink = has_kink ? number(params["kink"]) : U256(0);
    if (has_kink) out.jump = number(params["jumpMultiplierPerYear"]) / blocks;
    const U256 slope = number(params["multiplierPerYear"]);
    out.slope = is_second ? slope * kExpScale / (blocks * out.kink) : slope / blocks;
    return out;
}

TEST(Vectors, interest_rate_models) {
    const json vectors = read_vectors();
    std::size_t compared = 0;
    for (const json& vector : vectors["interest_rate_models"]) {
        const std::string where = vector["name"].get<std::string>();
        const RateModel model = model_of(vector);
        const auto is = [&](const json& expected, const U256& ours) {
            EXPECT_EQ(to_decimal(ours), expected.get<std::string>()) << where;
            ++compared;
        };
        is(vector["per_block"]["baseRatePerBlock"], model.base);
        is(vector["per_block"]["multiplierPerBlock"], model.slope);
        if (model.kink != 0) is(vector["per_block"]["jumpMultiplierPerBlock"], model.jump);
        for (const json& row : vector["expected"]) {
            const U256 borrows = number(row["borrows"]);
            const U256 lent = number(row["cash"]) + borrows - number(row["reserves"]);
            const U256 use = borrows == 0 ? U256(0) : div_exp(borrows, lent);
            const U256 rate = model.borrow_rate(use);
            const U256 to_lenders = mul_scalar_truncate(rate, kExpScale * 4U / 5U);
            is(row["utilization"], use);
            is(row["borrowRatePerBlock"], rate);
            is(row["supplyRate_rf_20pct"], mul_scalar_truncate(use, to_lenders));
        }
    }
    EXPECT_EQ(vectors["interest_rate_models"].size(), 4U);
    EXPECT_GE(compared, 4U * 17U);
}

/// A group that is added to the file needs a reader here (or is played by `RecordedChain`).
TEST(Vectors, has_no_group_without_a_reader) {
    const std::set<std::string> read{
        "meta",         "account_liquidity", "hypothetical",    "liquidation_price",
        "seize_tokens", "max_close",         "venus_liquidity", "interest_rate_models",
        "lifecycle",    "accrue_interest",   "borrow_balance"};
    const json vectors = read_vectors();
    for (const auto& [name, group] : vectors.items()) EXPECT_TRUE(read.contains(name)) << name;
}

TEST(Vectors, borrow_balance) {
    const json vectors = read_vectors();
    for (const json& vector : vectors["borrow_balance"]) {
        const TokenAmount ours = borrow_balance(TokenAmount::from_raw(number(vector["principal"])),
                                                mantissa(number(vector["interestIndex"])),
                                                mantissa(number(vector["marketBorrowIndex"])));
        EXPECT_EQ(to_decimal(ours.raw()),
                  vector["expected"]["borrowBalanceStored"].get<std::string>());
    }
    EXPECT_EQ(vectors["borrow_balance"].size(), 24U);
}

/// One market as JustLend's own interface told it, with the rate it told.
TEST(Vectors, recorded_jtrx_exchange_rate) {
    const json recorded = read_vectors("jtrx_market.json");
    MarketState state;
    state.cash = TokenAmount::from_raw(number(recorded["cash"]));
    state.total_borrows = TokenAmount::from_raw(number(recorded["totalBorrows"]));
    state.total_reserves = TokenAmount::from_raw(number(recorded["reserves"]));
    state.total_supply = CTokens::from_raw(number(recorded["totalSupply"]));
    EXPECT_EQ(to_decimal(exchange_rate(state).raw()),
              recorded["expected"]["exchangeRateStoredMantissa"].get<std::string>());
}

}  // namespace
}  // namespace plimsoll::protocols::compound_v2
