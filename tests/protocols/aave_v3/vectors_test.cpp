// Answers of the real contracts, recorded: every number must be equal to the last digit.
#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/interest.hpp"
#include "protocols/aave_v3/liquidation.hpp"
#include "protocols/aave_v3/liquidation_price.hpp"
#include "protocols/common/fixed_point.hpp"
#include "tests/protocols/aave_v3/small_world.hpp"
#include "tests/protocols/aave_v3/vector_files.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {
namespace {

using nlohmann::json;

// ---- math -------------------------------------------------------------------------------------

using TwoArguments = std::function<U256(const U256&, const U256&)>;

const std::map<std::string, TwoArguments>& two_argument_functions() {
    static const std::map<std::string, TwoArguments> functions = {
        {"rayMul", ray_mul},
        {"rayDiv", ray_div},
        {"rayMulFloor", ray_mul_floor},
        {"rayMulCeil", ray_mul_ceil},
        {"rayDivFloor", ray_div_floor},
        {"rayDivCeil", ray_div_ceil},
        {"wadMul", wad_mul},
        {"wadDiv", wad_div},
        {"percentMul", percent_mul},
        {"percentDiv", percent_div},
        {"percentMulFloor", percent_mul_floor},
        {"percentMulCeil", percent_mul_ceil},
        {"percentDivFloor", percent_div_floor},
        {"percentDivCeil", percent_div_ceil},
        {"rayToWad", [](const U256& a, const U256&) { return ray_to_wad(a); }},
        {"wadToRay", [](const U256& a, const U256&) { return wad_to_ray(a); }},
    };
    return functions;
}

std::string text_of(const Expected<U256, Reverted>& result) {
    return result ? to_decimal(*result) : "revert";
}

TEST(Vectors, math_of_two_arguments) {
    int count = 0;
    const json vectors = read_vectors("aave/math.json");
    for (const json& row : vectors["math"]["two_arg"]) {
        const auto& function = two_argument_functions().at(row["fn"].get<std::string>());
        const U256 a = number(row["a"]);
        const U256 b = number(row["b"]);
        const std::string ours = text_of(as_contract([&] { return function(a, b); }));
        for (const char* version : {"v3.0.2", "v3.7"}) {
            if (!row.contains(version)) continue;
            EXPECT_EQ(ours, row[version].get<std::string>()) << row;
            ++count;
        }
    }
    EXPECT_GT(count, 84);
}

TEST(Vectors, math_mul_div_ceil) {
    const json vectors = read_vectors("aave/math.json");
    for (const json& row : vectors["math"]["muldivceil"]) {
        const auto ours = as_contract(
            [&] { return mul_div_up(number(row["a"]), number(row["b"]), number(row["c"])); });
        EXPECT_EQ(text_of(ours), row["v3.7"].get<std::string>()) << row;
    }
}

TEST(Vectors, compounded_interest) {
    constexpr BlockTime kSince = 1'700'000'000;
    const json vectors = read_vectors("aave/math.json");
    for (const json& row : vectors["math"]["compounded"]) {
        for (const auto& [version, rules] :
             {std::pair{"v3.0.2", RuleSet::v3_0}, std::pair{"v3.7", RuleSet::v3_7}}) {
            const auto ours = as_contract([&, set = rules] {
                return compounded_interest(set, Ray::from_raw(number(row["rate"])), kSince,
                                           kSince + seconds(row["dt"]))
                    .raw();
            });
            EXPECT_EQ(text_of(ours), row[version].get<std::string>()) << row;
        }
    }
}

TEST(Vectors, linear_interest) {
    constexpr BlockTime kSince = 1'700'000'000;
    const json vectors = read_vectors("aave/math.json");
    for (const json& row : vectors["math"]["linear"]) {
        const auto ours = as_contract([&] {
            return linear_interest(Ray::from_raw(number(row["rate"])), kSince,
                                   kSince + seconds(row["dt"]))
                .raw();
        });
        EXPECT_EQ(text_of(ours), row["v3.7"].get<std::string>()) << row;
    }
}

// ---- account data -----------------------------------------------------------------------------

struct World {
    Market market;
    std::map<std::string, unsigned> ids;
};

Reserve reserve_from(const json& row, RuleSet rules) {
    Reserve reserve;
    reserve.id = small_number(row["id"]);
    reserve.config = ReserveConfig(number(row["configuration"]));
    reserve.liquidity_index = Ray::from_raw(number(row["liquidity_index"]));
    reserve.liquidity_rate = Ray::from_raw(number(row["liquidity_rate"]));
    reserve.variable_borrow_index = Ray::from_raw(number(row["variable_borrow_index"]));
    reserve.variable_borrow_rate = Ray::from_raw(number(row["variable_borrow_rate"]));
    reserve.last_update = seconds(row["last_update_timestamp"]);
    reserve.a_token_rules = balance_rules_of(rules);
    reserve.debt_token_rules = balance_rules_of(rules);
    return reserve;
}

World world_from(const json& snapshot, RuleSet rules) {
    World world;
    world.market.rules = rules;
    world.market.time = seconds(snapshot["timestamp"]);
    for (const auto& [name, row] : snapshot["reserves"].items()) {
        Reserve reserve = reserve_from(row, rules);
        world.ids[name] = reserve.id;
        world.market.prices[reserve.id] = OraclePrice::from_raw(number(row["oracle_price"]));
        world.market.reserves[reserve.id] = std::move(reserve);
    }
    for (const auto& [name, row] : snapshot["emode_categories"].items()) {
        EMode category;
        category.id = static_cast<unsigned>(std::stoul(name));
        category.ltv = Bps::from_raw(number(row["ltv"]));
        category.liquidation_threshold = Bps::from_raw(number(row["liquidation_threshold"]));
        category.liquidation_bonus = Bps::from_raw(number(row["liquidation_bonus"]));
        category.collateral_bitmap = number(row["collateral_bitmap"]);
        category.ltvzero_bitmap = number(row["ltvzero_bitmap"]);
        category.isolated = row["isolated"].get<bool>();
        world.market.e_modes[category.id] = category;
    }
    return world;
}

Account account_from(const json& user, const World& world) {
    Account account;
    account.e_mode = small_number(user["emode"]);
    const U256 bitmap = number(user["user_configuration"]);
    std::map<unsigned, Holding> holdings;
    for (const auto& [name, row] : user["balances"].items()) {
        Holding holding;
        holding.reserve = world.ids.at(name);
        holding.supplied = ScaledBalance::from_raw(number(row["scaled_atoken"]));
        holding.variable_debt = ScaledBalance::from_raw(number(row["scaled_variable_debt"]));
        holding.collateral = bit_test(bitmap, 2 * holding.reserve + 1);
        if (row.contains("stable_principal")) {
            holding.stable_debt.principal = TokenAmount::from_raw(number(row["stable_principal"]));
            holding.stable_debt.rate = Ray::from_raw(number(row["stable_rate"]));
            holding.stable_debt.last_update = seconds(row["stable_last_update"]);
        }
        EXPECT_EQ(holding.has_debt(), bit_test(bitmap, 2 * holding.reserve));
        holdings[holding.reserve] = holding;
    }
    for (auto& [id, holding] : holdings) account.holdings.push_back(holding);
    return account;
}

void expect_account_data(const AccountData& ours, const json& expected) {
    EXPECT_EQ(ours.total_collateral_base, number(expected["total_collateral_base"]));
    EXPECT_EQ(ours.total_debt_base, number(expected["total_debt_base"]));
    EXPECT_EQ(ours.available_borrows_base, number(expected["available_borrows_base"]));
    EXPECT_EQ(ours.current_liquidation_threshold.raw(),
              number(expected["current_liquidation_threshold"]));
    EXPECT_EQ(ours.ltv.raw(), number(expected["ltv"]));
    const U256 health_factor = number(expected["health_factor"]);
    EXPECT_EQ(ours.health_factor ? ours.health_factor->raw() : u256_max(), health_factor);
}

void expect_balances(const World& world, const json& balances, const Account& account) {
    for (const auto& [name, row] : balances.items()) {
        const auto holding =
            std::ranges::find(account.holdings, world.ids.at(name), &Holding::reserve);
        const auto supplied = supplied_balance(world.market, *holding);
        ASSERT_TRUE(supplied);
        EXPECT_EQ(supplied->raw(), number(row["expect_atoken_balance"]));
        U256 debt = number(row["expect_variable_debt_balance"]);
        if (row.contains("expect_stable_debt_balance")) {
            debt += number(row["expect_stable_debt_balance"]);
        }
        const auto ours = debt_balance(world.market, *holding);
        ASSERT_TRUE(ours);
        EXPECT_EQ(ours->raw(), debt);
    }
}

TEST(Vectors, account_data_of_all_rule_sets) {
    int users = 0;
    const json vectors = read_vectors("aave/account_data.json");
    for (const json& snapshot : vectors["account_data"]) {
        const auto rules = rules_of_version(snapshot["version"].get<std::string>());
        if (!rules) continue;  // V2
        SCOPED_TRACE(snapshot["version"].get<std::string>() + snapshot["label"].get<std::string>());
        const World world = world_from(snapshot, *rules);
        for (const auto& [name, row] : snapshot["reserves"].items()) {
            const Reserve& reserve = world.market.reserves.at(world.ids.at(name));
            EXPECT_EQ(normalized_income(*rules, reserve, world.market.time)->raw(),
                      number(row["expect_normalized_income"]));
            EXPECT_EQ(normalized_debt(*rules, reserve, world.market.time)->raw(),
                      number(row["expect_normalized_debt"]));
        }
        const AccruedMarket accrued(world.market);
        for (const auto& [name, user] : snapshot["users"].items()) {
            SCOPED_TRACE(name);
            const Account account = account_from(user, world);
            const auto ours = account_data(world.market, account);
            ASSERT_TRUE(ours);
            expect_account_data(*ours, user["expect_get_user_account_data"]);
            EXPECT_EQ(account_data(accrued, account), ours);
            expect_balances(world, user["balances"], account);
            ++users;
        }
    }
    EXPECT_EQ(users, 31 * 4);
}

// ---- world_a: a pool of ten reserves and ninety users -------------------------------------------

Market market_of_world_a(const json& world) {
    Market market;
    market.rules = RuleSet::v3_0;
    market.time = seconds(world["blockTimestamp"]);
    for (const json& row : world["reserves"]) {
        Reserve reserve;
        reserve.id = row["id"].get<unsigned>();
        reserve.config = ReserveConfig(number(row["configuration"]));
        reserve.liquidity_index = Ray::from_raw(number(row["liquidityIndex"]));
        reserve.liquidity_rate = Ray::from_raw(number(row["currentLiquidityRate"]));
        reserve.variable_borrow_index = Ray::from_raw(number(row["variableBorrowIndex"]));
        reserve.variable_borrow_rate = Ray::from_raw(number(row["currentVariableBorrowRate"]));
        reserve.last_update = seconds(row["lastUpdateTimestamp"]);
        EXPECT_EQ(reserve.config.decimals(), row["decimals"].get<unsigned>());
        EXPECT_EQ(normalized_income(market.rules, reserve, market.time)->raw(),
                  number(row["normalizedIncome"]));
        EXPECT_EQ(normalized_debt(market.rules, reserve, market.time)->raw(),
                  number(row["normalizedVariableDebt"]));
        market.prices[reserve.id] = OraclePrice::from_raw(number(row["price"]));
        market.reserves[reserve.id] = reserve;
    }
    return market;
}

TEST(Vectors, world_a_has_the_contracts_answers) {
    const json world = read_vectors("aave_v3_evm/world_a.json");
    const Market market = market_of_world_a(world);
    int users = 0;
    for (const json& user : world["users"]) {
        Account account;
        for (const json& entry : user["entries"]) {
            Holding holding;
            holding.reserve = entry["reserve"].get<unsigned>();
            holding.supplied = ScaledBalance::from_raw(number(entry["scaledAToken"]));
            holding.variable_debt = ScaledBalance::from_raw(number(entry["scaledVariableDebt"]));
            holding.collateral = entry["collateral"].get<bool>();
            account.holdings.push_back(holding);
        }
        const auto ours = account_data(market, account);
        ASSERT_TRUE(ours);
        const json& expected = user["expected"];
        expect_account_data(
            *ours, {{"total_collateral_base", expected["totalCollateralBase"]},
                    {"total_debt_base", expected["totalDebtBase"]},
                    {"available_borrows_base", expected["availableBorrowsBase"]},
                    {"current_liquidation_threshold", expected["currentLiquidationThreshold"]},
                    {"ltv", expected["ltv"]},
                    {"health_factor", expected["healthFactor"]}});
        ++users;
    }
    EXPECT_EQ(users, 90);
}

// ---- liquidations -----------------------------------------------------------------------------

TEST(Vectors, liquidations_move_the_recorded_amounts) {
    int count = 0;
    const json vectors = read_vectors("aave/liquidations.json");
    for (const json& row : vectors["liquidations"]) {
        const auto rules = rules_of_version(row["version"].get<std::string>());
        if (!rules) continue;  // V2
        SCOPED_TRACE(row.dump());
        LiquidationTerms terms;
        terms.collateral_balance = TokenAmount::from_raw(number(row["collateral_balance"]));
        terms.debt_balance = TokenAmount::from_raw(number(row["debt_balance"]));
        terms.collateral_price = OraclePrice::from_raw(number(row["collateral_price"]));
        terms.debt_price = OraclePrice::from_raw(number(row["debt_price"]));
        terms.collateral_unit = number(row["collateral_unit"]);
        terms.debt_unit = number(row["debt_unit"]);
        terms.bonus = Bps::from_raw(number(row["bonus_bps"]));
        terms.protocol_fee = Bps::from_raw(number(row["protocol_fee_bps"]));
        terms.health_factor = Wad::from_raw(number(row["health_factor"]));
        terms.total_debt_base = number(row["total_debt_base"]);
        terms.scaled_collateral = ScaledBalance::from_raw(terms.collateral_balance.raw());
        terms.liquidity_index = Ray::from_raw(kRayOne);
        const auto ours =
            liquidation_amounts(*rules, terms, TokenAmount::from_raw(number(row["debt_to_cover"])));
        ASSERT_TRUE(ours);
        EXPECT_EQ(ours->debt_to_cover.raw(), number(row["expect_event_debt_to_cover"]));
        EXPECT_EQ(ours->collateral.raw(), number(row["expect_event_liquidated_collateral"]));
        EXPECT_EQ(ours->protocol_fee.raw(), number(row["model_protocol_fee"]));
        EXPECT_FALSE(ours->leaves_dust);
        ++count;
    }
    EXPECT_EQ(count, 28);
}

// ---- liquidation prices -------------------------------------------------------------------------

unsigned decimals_of(const U256& unit) {
    unsigned decimals = 0;
    for (U256 power = 1; power < unit; power *= 10U) ++decimals;
    return decimals;
}

/// The account of a row with its amounts, thresholds and units; prices are given by the row but for
/// the one that moves.
SmallWorld world_of_price_row(const json& row, RuleSet rules) {
    static const std::map<std::string, unsigned> ids = {{"weth", 0}, {"wst", 1}, {"usdc", 2}};
    WorldBuilder builder(rules);
    for (const auto& [name, id] : ids) {
        const json& collateral = row["collateral_balances_and_lt"];
        const json& debt = row["debt_balances"];
        const bool is_collateral = collateral.contains(name);
        ConfigFields fields;
        fields.decimals = decimals_of(number(row["units"][name]));
        if (is_collateral) fields.liquidation_threshold = small_number(collateral[name]["lt_bps"]);
        const json& prices = row["other_prices"];
        builder.reserve(id, fields, prices.contains(name) ? number(prices[name]) : U256(0U));
        builder.holds(id, is_collateral ? number(collateral[name]["balance"]) : U256(0U),
                      debt.contains(name) ? number(debt[name]) : U256(0U));
    }
    SmallWorld world = builder.take();
    std::ranges::sort(world.account.holdings, {}, &Holding::reserve);
    return world;
}

std::string text_of(const std::optional<LiquidationPrice>& found) {
    if (!found) return "none";
    return to_decimal(found->price.raw()) + (found->side == PriceSide::below ? " below" : " above");
}

std::string price_text(const SmallWorld& world, const std::vector<unsigned>& members) {
    return text_of(liquidation_price(world.market, world.account,
                                     {.leader = members.front(), .members = members}));
}

unsigned id_of_asset(const json& row) {
    const auto asset = row["asset"].get<std::string>();
    return asset.starts_with("weth") ? 0 : asset == "wst" ? 1 : 2;
}

/// The recorded price is the greatest at which the account is unhealthy; ours the nearest crossing.
/// From above all unhealthy prices, and from the price itself, they are the same.
void expect_price(const json& row, RuleSet rules) {
    SmallWorld world = world_of_price_row(row, rules);
    const unsigned id = id_of_asset(row);
    const U256 p = number(row["liquidation_price"]);
    const auto health_at = [&](const U256& at) {
        world.market.prices[id] = OraclePrice::from_raw(at);
        return account_data(world.market, world.account)->health_factor->raw();
    };
    EXPECT_EQ(health_at(p), number(row["expect_hf_at_price"]));
    EXPECT_EQ(health_at(p + 1U), number(row["expect_hf_at_price_plus_1"]));
    for (const U256& now : {p * 2U, p + 1U, p}) {
        world.market.prices[id] = OraclePrice::from_raw(now);
        EXPECT_EQ(price_text(world, {id}), to_decimal(p) + " below");
    }
}

/// WETH at q and wstETH at floor(q * 1171829345678901234 / 1e18), with the amounts of `alice`.
void expect_group_price(const json& row, const json& alice, RuleSet rules) {
    SmallWorld world = world_of_price_row(alice, rules);
    world.market.prices[0] = OraclePrice::from_raw(kWadOne);
    world.market.prices[1] = OraclePrice::from_raw(U256(1'171'829'345'678'901'234ULL));
    EXPECT_EQ(price_text(world, {0, 1}), row["liquidation_price"].get<std::string>() + " below");
    EXPECT_EQ(price_text(world, {0, 1, 7}), row["liquidation_price"].get<std::string>() + " below");
}

/// No price of the asset makes the account of snapshot B unhealthy.
void expect_no_price(const json& row, const json& snapshots, RuleSet rules) {
    for (const json& snapshot : snapshots) {
        if (snapshot["version"] != row["version"] || snapshot["label"] != "B") continue;
        const World world = world_from(snapshot, rules);
        const Account account =
            account_from(snapshot["users"][row["user"].get<std::string>()], world);
        EXPECT_EQ(price_text({world.market, account}, {id_of_asset(row)}), "none");
    }
}

TEST(Vectors, liquidation_prices) {
    const json vectors = read_vectors("aave/liquidation_prices.json");
    const json snapshots = read_vectors("aave/account_data.json");
    json alice;
    int count = 0;
    for (const json& row : vectors["liquidation_prices"]) {
        const auto rules = rules_of_version(row["version"].get<std::string>());
        if (!rules) continue;  // V2
        SCOPED_TRACE(row.dump());
        if (row["liquidation_price"].is_null()) {
            expect_no_price(row, snapshots["account_data"], *rules);
        } else if (row.contains("kind")) {
            expect_group_price(row, alice, *rules);
        } else {
            if (row["user"] == "alice") alice = row;
            expect_price(row, *rules);
        }
        ++count;
    }
    EXPECT_EQ(count, 43);
}

}  // namespace
}  // namespace plimsoll::protocols::aave_v3
