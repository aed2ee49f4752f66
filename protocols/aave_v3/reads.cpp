#include "protocols/aave_v3/reads.hpp"

#include "abi/codec.hpp"
#include "protocols/common/call.hpp"
#include "protocols/common/symbol.hpp"

#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

std::optional<std::uint64_t> optional_uint64(const CallResult& result) {
    const auto word = optional_word(result);
    if (!word || *word > U256(UINT64_MAX)) return std::nullopt;
    return static_cast<std::uint64_t>(*word);
}

Reply<Address> contract_address(const CallResult& result, std::string_view name) {
    Words words(result, name);
    const Address address = words.address(0);
    if (address.is_zero()) words.fail("answers the zero address");
    return finish(address, {&words});
}

}  // namespace

std::vector<Call> contract_calls(const Address& provider) {
    return {call(provider, "getPool()"), call(provider, "getPoolConfigurator()"),
            call(provider, "getPriceOracle()"), call(provider, "getPriceOracleSentinel()"),
            call(provider, "ADDRESSES_PROVIDER()")};  // which a Pool answers
}

Reply<Contracts> decode_contracts(Results results) {
    const auto pool = contract_address(results[0], "getPool()");
    if (!pool) {
        const Address provider = optional_address(results[4]);
        return Unexpected<ReadFault>{
            ReadFault{pool.error().message + "; `address` has to be the PoolAddressesProvider" +
                      (provider.is_zero()
                           ? ""
                           : ": it is a Pool now, whose provider is " + to_checksum(provider))}};
    }
    const auto configurator = contract_address(results[1], "getPoolConfigurator()");
    if (!configurator) return Unexpected<ReadFault>{configurator.error()};
    const auto oracle = contract_address(results[2], "getPriceOracle()");
    if (!oracle) return Unexpected<ReadFault>{oracle.error()};
    return Contracts{*pool, *configurator, *oracle, optional_address(results[3])};
}

std::vector<Call> pool_calls(const Contracts& contracts) {
    return {call(contracts.pool, "POOL_REVISION()"), call(contracts.pool, "getReservesList()"),
            call(contracts.oracle, "BASE_CURRENCY_UNIT()")};
}

Reply<PoolReply> decode_pool(Results results) {
    Words list(results[1], "getReservesList()");
    PoolReply out;
    out.revision = optional_uint64(results[0]);
    out.assets = list.addresses(0, kMaxReserves);
    out.base_unit = optional_word(results[2]);
    if (out.base_unit == U256(0)) out.base_unit.reset();
    return finish(std::move(out), {&list});
}

std::vector<Call> reserve_calls(const Contracts& contracts, const Address& asset) {
    return {call(contracts.pool, "getReserveData(address)", asset),
            call(contracts.pool, "getLiquidationGracePeriod(address)", asset),
            call(contracts.oracle, "getSourceOfAsset(address)", asset), call(asset, "symbol()")};
}

Reply<ReserveReply> decode_reserve(RuleSet rules, const Address& asset, Results results) {
    Words words(results[0], "getReserveData(address)");
    ReserveReply out;
    Reserve& stored = out.stored;
    stored.asset = asset;
    stored.config = ReserveConfig(words.uint(0));
    stored.liquidity_index = words.ray(1);
    stored.liquidity_rate = words.ray(2);
    stored.variable_borrow_index = words.ray(3);
    stored.variable_borrow_rate = words.ray(4);
    stored.last_update = static_cast<BlockTime>(words.bounded(6, 40));
    stored.id = static_cast<unsigned>(words.bounded(7, 7));
    stored.a_token = words.address(8);
    // From 3.2 on a placeholder may stand where the stable debt token was.
    if (rules <= RuleSet::v3_1) stored.stable_debt_token = words.address(9);
    stored.variable_debt_token = words.address(10);
    if (stored.a_token.is_zero() || stored.variable_debt_token.is_zero()) {
        words.fail("a listed reserve has no tokens");
    }
    stored.liquidation_grace_until = optional_uint64(results[1]).value_or(0);
    out.price_source = optional_address(results[2]);
    if (results[3].success) {
        out.symbol = clean_symbol(abi::Reader(results[3].data).string(0).value_or(std::string()));
    }
    return finish(std::move(out), {&words});
}

std::vector<Call> token_calls(const Reserve& reserve) {
    return {call(reserve.a_token, "ATOKEN_REVISION()"),
            call(reserve.variable_debt_token, "DEBT_TOKEN_REVISION()"),
            call(reserve.a_token, "RESERVE_TREASURY_ADDRESS()")};
}

Reply<TokensReply> decode_tokens(Results results) {
    return TokensReply{optional_uint64(results[0]), optional_uint64(results[1]),
                       optional_address(results[2])};
}

std::vector<Call> category_calls(const Contracts& contracts, RuleSet rules, unsigned id) {
    const Address& pool = contracts.pool;
    if (rules <= RuleSet::v3_1) return {call(pool, "getEModeCategoryData(uint8)", U256(id))};
    std::vector<Call> out{call(pool, "getEModeCategoryCollateralConfig(uint8)", U256(id)),
                          call(pool, "getEModeCategoryCollateralBitmap(uint8)", U256(id))};
    if (rules >= RuleSet::v3_6) {
        out.push_back(call(pool, "getEModeCategoryLtvzeroBitmap(uint8)", U256(id)));
    }
    if (rules >= RuleSet::v3_7) {
        out.push_back(call(pool, "getIsEModeCategoryIsolated(uint8)", U256(id)));
    }
    return out;
}

Reply<std::optional<EMode>> decode_category(RuleSet rules, unsigned id, Results results) {
    std::optional<EMode> out = EMode{};
    out->id = id;
    const auto only_if_set_up = [&]() -> std::optional<EMode> {
        return out->liquidation_threshold.raw() == 0 ? std::nullopt : std::move(out);
    };
    if (rules <= RuleSet::v3_1) {
        Words words(results[0], "getEModeCategoryData(uint8)");  // word 0: offset of the struct
        out->ltv = words.bps(1);
        out->liquidation_threshold = words.bps(2);
        out->liquidation_bonus = words.bps(3);
        out->price_source = words.address(4);
        return finish(only_if_set_up(), {&words});
    }
    Words config(results[0], "getEModeCategoryCollateralConfig(uint8)");
    Words members(results[1], "getEModeCategoryCollateralBitmap(uint8)");
    out->ltv = config.bps(0);
    out->liquidation_threshold = config.bps(1);
    out->liquidation_bonus = config.bps(2);
    out->collateral_bitmap = members.bounded(0, 128);
    if (rules < RuleSet::v3_6) return finish(only_if_set_up(), {&config, &members});
    Words ltvzero(results[2], "getEModeCategoryLtvzeroBitmap(uint8)");
    out->ltvzero_bitmap = ltvzero.bounded(0, 128);
    if (rules < RuleSet::v3_7) return finish(only_if_set_up(), {&config, &members, &ltvzero});
    Words isolated(results[3], "getIsEModeCategoryIsolated(uint8)");
    out->isolated = isolated.boolean(0);
    return finish(only_if_set_up(), {&config, &members, &ltvzero, &isolated});
}

bool AccountFlags::is_borrowing(unsigned reserve) const { return bit_test(bitmap, 2 * reserve); }

bool AccountFlags::is_collateral(unsigned reserve) const {
    return bit_test(bitmap, 2 * reserve + 1);
}

std::vector<Call> flag_calls(const Contracts& contracts, const Address& account) {
    return {call(contracts.pool, "getUserConfiguration(address)", account),
            call(contracts.pool, "getUserEMode(address)", account)};
}

Reply<AccountFlags> decode_flags(Results results) {
    Words bitmap(results[0], "getUserConfiguration(address)");
    Words e_mode(results[1], "getUserEMode(address)");
    AccountFlags out;
    out.bitmap = bitmap.uint(0);
    out.e_mode = static_cast<unsigned>(e_mode.bounded(0, 8));
    return finish(std::move(out), {&bitmap, &e_mode});
}

std::vector<Call> balance_calls(const Structure& structure, const Address& account,
                                const AccountFlags& flags) {
    std::vector<Call> out;
    for (const auto& [id, reserve] : structure.reserves) {
        const Reserve& stored = reserve.stored;
        out.push_back(call(stored.a_token, "scaledBalanceOf(address)", account));
        if (!flags.is_borrowing(id)) continue;
        out.push_back(call(stored.variable_debt_token, "scaledBalanceOf(address)", account));
        if (!reserve.has_stable_debt(structure.rules)) continue;
        for (const char* name : {"principalBalanceOf(address)", "getUserStableRate(address)",
                                 "getUserLastUpdated(address)"}) {
            out.push_back(call(stored.stable_debt_token, name, account));
        }
    }
    return out;
}

Reply<AccountState> decode_balances(const Structure& structure, const AccountFlags& flags,
                                    Results results) {
    AccountState out;
    out.e_mode = static_cast<std::uint8_t>(flags.e_mode);
    std::optional<ReadFault> fault;
    std::size_t next = 0;
    const auto compact = [&](std::string_view name) {
        Words words(results[next++], name);
        const auto value = to_compact(words.bounded(0, 128));
        if (words.fault() && !fault) fault = words.fault();
        return value.value_or(Compact128{});
    };
    for (const auto& [id, reserve] : structure.reserves) {
        out.tracked.set(id);
        const Compact128 supplied = compact("scaledBalanceOf(address) of an aToken");
        if (flags.is_collateral(id) || !supplied.is_zero()) {
            HoldingState& holding = out.holding(id);
            holding.collateral = flags.is_collateral(id);
            holding.supplied = supplied;
        }
        if (!flags.is_borrowing(id)) continue;
        const Compact128 debt = compact("scaledBalanceOf(address) of a debt token");
        if (!debt.is_zero()) out.holding(id).variable_debt = debt;
        if (!reserve.has_stable_debt(structure.rules)) continue;
        StableState stable;
        stable.reserve = static_cast<std::uint8_t>(id);
        stable.principal = compact("principalBalanceOf(address)");
        stable.rate = compact("getUserStableRate(address)");
        stable.last_update = compact("getUserLastUpdated(address)").low;
        if (!stable.principal.is_zero()) out.stable_debt(id) = stable;
    }
    if (fault) return Unexpected<ReadFault>{*fault};
    return out;
}

}  // namespace plimsoll::protocols::aave_v3
