#include "abi/codec.hpp"
#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/balances.hpp"
#include "tests/protocols/aave_v3/fake_aave.hpp"
#include "tests/protocols/aave_v3/ledger_support.hpp"

#include <algorithm>
#include <stdexcept>

namespace plimsoll::protocols::aave_v3 {
namespace {

U256 word_at(const std::map<Address, U256>& words, const Address& key) {
    const auto found = words.find(key);
    return found == words.end() ? U256(0) : found->second;
}

/// An offset, a length, and the bytes padded to whole words.
Bytes string_reply(const std::string& text) {
    Bytes out = words_of({32, text.size()});
    out.insert(out.end(), text.begin(), text.end());
    out.resize((out.size() + 31) / 32 * 32);
    return out;
}

}  // namespace

std::vector<CallResult> FakeAave::answer(std::span<const Call> calls) const {
    std::vector<CallResult> out;
    for (const Call& call : calls) {
        auto found = reverting.contains(call.data) ? std::nullopt : reply(call);
        out.push_back(found ? CallResult{true, std::move(*found)} : CallResult{});
    }
    return out;
}

std::optional<Bytes> FakeAave::reply(const Call& call) const {
    static const auto names = [] {
        std::map<abi::Selector, std::string> known;
        for (const char* name : {"getPool()",
                                 "getPoolConfigurator()",
                                 "getPriceOracle()",
                                 "getPriceOracleSentinel()",
                                 "ADDRESSES_PROVIDER()",
                                 "POOL_REVISION()",
                                 "getReservesList()",
                                 "BASE_CURRENCY_UNIT()",
                                 "getReserveData(address)",
                                 "getLiquidationGracePeriod(address)",
                                 "getSourceOfAsset(address)",
                                 "symbol()",
                                 "ATOKEN_REVISION()",
                                 "DEBT_TOKEN_REVISION()",
                                 "RESERVE_TREASURY_ADDRESS()",
                                 "getEModeCategoryData(uint8)",
                                 "getEModeCategoryCollateralConfig(uint8)",
                                 "getEModeCategoryCollateralBitmap(uint8)",
                                 "getEModeCategoryLtvzeroBitmap(uint8)",
                                 "getIsEModeCategoryIsolated(uint8)",
                                 "getUserConfiguration(address)",
                                 "getUserEMode(address)",
                                 "scaledBalanceOf(address)",
                                 "principalBalanceOf(address)",
                                 "getUserStableRate(address)",
                                 "getUserLastUpdated(address)",
                                 "getAssetPrice(address)",
                                 "scaledTotalSupply()",
                                 "totalSupply()",
                                 "balanceOf(address)",
                                 "getReserveNormalizedIncome(address)",
                                 "getReserveNormalizedVariableDebt(address)",
                                 "getUserAccountData(address)",
                                 "getReserveDeficit(address)",
                                 "latestRoundData()"}) {
            known[abi::selector(name)] = name;
        }
        return known;
    }();
    abi::Selector four{};
    std::copy_n(call.data.begin(), 4, four.begin());
    const std::string& name = names.at(four);
    const abi::Reader in(std::span(call.data).subspan(4));
    if (call.to == provider) {
        if (name == "getPool()") return words_of({word_of(pool)});
        if (name == "getPoolConfigurator()") return words_of({word_of(configurator)});
        if (name == "getPriceOracle()") return words_of({word_of(oracle)});
        if (name == "ADDRESSES_PROVIDER()") return std::nullopt;
        return words_of({0});
    }
    if (call.to == oracle) {
        if (name == "BASE_CURRENCY_UNIT()") return words_of({100'000'000U});
        for (const auto& [id, one] : reserves_) {
            if (one.stored.asset != in.address(0).value()) continue;
            if (name == "getSourceOfAsset(address)") return words_of({word_of(numbered(500 + id))});
            return one.price ? std::optional(words_of({*one.price})) : std::nullopt;
        }
        return std::nullopt;
    }
    if (name == "latestRoundData()") {
        for (const auto& [id, one] : reserves_) {
            if (call.to != numbered(500 + id) || !one.price_updated_at) continue;
            return words_of(
                {1, one.price.value_or(0), *one.price_updated_at, *one.price_updated_at, 1});
        }
        return std::nullopt;
    }
    return call.to == pool ? reply_of_pool(name, in) : reply_of_token(name, call, in);
}

std::optional<Bytes> FakeAave::reply_of_pool(const std::string& name, const abi::Reader& in) const {
    if (name == "POOL_REVISION()") return words_of({pool_revision});
    if (name == "getReservesList()") {
        Bytes out = words_of({32, reserves_.size()});
        for (const auto& [id, one] : reserves_) {
            const Bytes word = words_of({word_of(one.stored.asset)});
            out.insert(out.end(), word.begin(), word.end());
        }
        return out;
    }
    const auto reserve_named = [&]() -> const FakeReserve* {
        for (const auto& [id, one] : reserves_) {
            if (one.stored.asset == in.address(0).value()) return &one;
        }
        throw std::out_of_range("no such reserve");
    };
    const auto category = [&]() -> EMode {
        const auto found = categories_.find(static_cast<unsigned>(in.uint64(0).value()));
        return found == categories_.end() ? EMode{} : found->second;
    };
    const bool liquid = rules() >= RuleSet::v3_2;
    if (name == "getReserveData(address)") {
        const Reserve& r = reserve_named()->stored;
        return words_of({r.config.word(), r.liquidity_index.raw(), r.liquidity_rate.raw(),
                         r.variable_borrow_index.raw(), r.variable_borrow_rate.raw(), 0,
                         r.last_update, r.id, word_of(r.a_token),
                         liquid ? word_of(numbered(99)) : word_of(r.stable_debt_token),
                         word_of(r.variable_debt_token), 0, 0, 0, 0});
    }
    if (name == "getReserveDeficit(address)") return words_of({reserve_named()->deficit});
    if (name == "getReserveNormalizedIncome(address)") {
        return words_of(
            {normalized_income(rules(), reserve_named()->stored, head_.time).value().raw()});
    }
    if (name == "getReserveNormalizedVariableDebt(address)") {
        return words_of(
            {normalized_debt(rules(), reserve_named()->stored, head_.time).value().raw()});
    }
    if (name == "getEModeCategoryData(uint8)") {
        const EMode mode = category();
        return words_of({32, mode.ltv.raw(), mode.liquidation_threshold.raw(),
                         mode.liquidation_bonus.raw(), word_of(mode.price_source), 160, 0});
    }
    if (name == "getEModeCategoryCollateralConfig(uint8)" && liquid) {
        const EMode mode = category();
        return words_of(
            {mode.ltv.raw(), mode.liquidation_threshold.raw(), mode.liquidation_bonus.raw()});
    }
    if (name == "getEModeCategoryCollateralBitmap(uint8)" && liquid) {
        return words_of({category().collateral_bitmap});
    }
    if (name == "getEModeCategoryLtvzeroBitmap(uint8)" && rules() >= RuleSet::v3_6) {
        return words_of({category().ltvzero_bitmap});
    }
    if (name == "getIsEModeCategoryIsolated(uint8)" && rules() >= RuleSet::v3_7) {
        return words_of({category().isolated ? 1U : 0U});
    }
    if (name == "getUserConfiguration(address)") {
        U256 bitmap = 0;
        for (const Holding& holding : account(in.address(0).value()).holdings) {
            if (holding.has_debt()) bit_set(bitmap, 2 * holding.reserve);
            if (holding.collateral) bit_set(bitmap, 2 * holding.reserve + 1);
        }
        return words_of({bitmap});
    }
    if (name == "getUserEMode(address)") {
        return words_of({account(in.address(0).value()).e_mode});
    }
    if (name == "getUserAccountData(address)") {
        const auto values = account_data(market(), account(in.address(0).value()));
        if (!values) return std::nullopt;
        return words_of({values->total_collateral_base, values->total_debt_base,
                         values->available_borrows_base,
                         values->current_liquidation_threshold.raw(), values->ltv.raw(),
                         values->health_factor ? values->health_factor->raw() : u256_max()});
    }
    return std::nullopt;
}

std::optional<Bytes> FakeAave::reply_of_token(const std::string& name, const Call& call,
                                              const abi::Reader& in) const {
    for (const auto& [id, one] : reserves_) {
        const Reserve& stored = one.stored;
        if (call.to == stored.asset) {
            return name == "symbol()" ? string_reply(stored.symbol) : words_of({one.cash});
        }
        if (call.to == stored.stable_debt_token && !stored.stable_debt_token.is_zero()) {
            if (name == "totalSupply()") return words_of({one.stable_total});
            const auto found = one.stable.find(in.address(0).value());
            const StableDebt debt = found == one.stable.end() ? StableDebt{} : found->second;
            if (name == "principalBalanceOf(address)") return words_of({debt.principal.raw()});
            if (name == "getUserStableRate(address)") return words_of({debt.rate.raw()});
            return words_of({debt.last_update});
        }
        for (const FakeToken* token : {&one.a_token, &one.debt_token}) {
            if (call.to != token->address) continue;
            if (name == "RESERVE_TREASURY_ADDRESS()") return words_of({word_of(treasury)});
            if (name == "scaledTotalSupply()") return words_of({token->total});
            if (name.ends_with("_REVISION()")) return words_of({token->revision});
            if (name == "scaledBalanceOf(address)") {
                return words_of({word_at(token->scaled, in.address(0).value())});
            }
            const U256 index = (token->is_debt ? normalized_debt(rules(), stored, head_.time)
                                               : normalized_income(rules(), stored, head_.time))
                                   .value()
                                   .raw();
            return words_of({balance(*token, token->total, index)});
        }
    }
    return std::nullopt;
}

std::size_t finish_round(Protocol& ledger, const FakeAave& chain, std::size_t max_calls) {
    std::size_t requests = 0;
    for (auto calls = ledger.reads(max_calls); !calls.empty(); calls = ledger.reads(max_calls)) {
        const auto accepted = ledger.accept_reads(chain.answer(calls), chain.head());
        if (!accepted) throw std::runtime_error(accepted.error().message);
        if (++requests > 10'000) throw std::runtime_error("reads never end");
    }
    const auto accepted = ledger.accept_prices(chain.answer(ledger.price_reads()), chain.head());
    if (!accepted) throw std::runtime_error(accepted.error().message);
    return requests;
}

}  // namespace plimsoll::protocols::aave_v3
