#include "protocols/compound_v2/parameter_change.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace plimsoll::protocols::compound_v2 {
namespace {

using enum EventKind;

Address address_in(const U256& word) { return to_address(to_bytes32(word)).value_or(Address{}); }

constexpr unsigned kMantissaDecimals = 18;

using Values = std::vector<ParameterValue>;

std::string flag_text(bool value) { return value ? "true" : "false"; }

std::string address_text(const Structure& structure, const Address& address) {
    return address.is_zero() ? std::string() : structure.written(address);
}

/// Two mantissas that follow each other in the event.
Values share(const ConfigurationChange& event, const std::string& name, std::size_t from) {
    return {{name, to_decimal(event.words[from]), to_decimal(event.words[from + 1]),
             kMantissaDecimals}};
}

Values address(const ConfigurationChange& event, const Structure& structure, std::string name) {
    return {{std::move(name), address_text(structure, address_in(event.words[0])),
             address_text(structure, address_in(event.words[1]))}};
}

Values flag(std::string name, const std::optional<bool>& from, bool to) {
    return {{std::move(name), from ? flag_text(*from) : std::string(), flag_text(to)}};
}

Values cap(std::string name, const MarketEntry* market, std::optional<TokenAmount> CToken::*now,
           const U256& to) {
    std::string from;
    if (market != nullptr && market->c_token.*now) from = to_decimal((market->c_token.*now)->raw());
    return {{std::move(name), std::move(from), to_decimal(to)}};
}

/// Values of a pool of risk other than the markets' own say which one.
std::string pool_name(const ConfigurationChange& event, std::string_view name) {
    return event.words[0] == 0 ? std::string(name)
                               : std::string(name) + "_in_pool_" + to_decimal(event.words[0]);
}

/// Actions of Venus by their number, as its `Action` lists them.
std::string action_name(const U256& action) {
    constexpr std::array<std::string_view, 9> kActions{"mint",     "redeem",       "borrow",
                                                       "repay",    "seize",        "liquidate",
                                                       "transfer", "enter_market", "exit_market"};
    return action < kActions.size() ? std::string(kActions[static_cast<std::size_t>(action)])
                                    : "action_" + to_decimal(action);
}

/// What changed; whose it is is told apart.
Values what_changed(const ConfigurationChange& event, const Structure& structure,
                    const MarketEntry* market) {
    switch (event.kind) {
        case new_reserve_factor:
            return share(event, "reserve_factor", 0);
        case new_interest_rate_model:
            return address(event, structure, "interest_rate_model");
        case new_comptroller:
            return address(event, structure, "comptroller");
        case new_implementation:
            return address(event, structure, "implementation");
        case market_listed:
            return flag("listed", false, true);
        case market_unlisted:
            return flag("listed", true, false);
        case new_close_factor:
            return share(event, "close_factor", 0);
        case new_collateral_factor:
            return share(event, "collateral_factor", 1);
        case new_liquidation_incentive:
            return share(event, "liquidation_incentive", 0);
        case new_price_oracle:
            return address(event, structure, "price_oracle");
        case new_borrow_cap:
            return cap("borrow_cap", market, &CToken::borrow_cap, event.words[1]);
        case new_supply_cap:
            return cap("supply_cap", market, &CToken::supply_cap, event.words[1]);
        case action_paused_market:
            return flag(action_name(event.words[1]) + "_paused", std::nullopt, event.words[2] != 0);
        case forced_liquidation:
            return flag("forced_liquidation",
                        market == nullptr ? std::nullopt
                                          : std::optional(market->c_token.is_always_liquidatable),
                        event.words[1] != 0);
        case action_protocol_paused:
            return flag("paused", std::nullopt, event.words[0] != 0);
        case pool_collateral_factor:
            return share(event, pool_name(event, "collateral_factor"), 2);
        case pool_liquidation_threshold:
            return share(event, pool_name(event, "liquidation_threshold"), 2);
        case pool_liquidation_incentive:
            return share(event, pool_name(event, "liquidation_incentive"), 2);
        case pool_market_initialized:
            return flag(pool_name(event, "listed"), false, true);
        case pool_market_removed:
            return flag(pool_name(event, "listed"), true, false);
        case pool_active_status:
            return flag(pool_name(event, "active"), event.words[1] != 0, event.words[2] != 0);
        case pool_fallback_status:
            return flag(pool_name(event, "core_fallback"), event.words[1] != 0,
                        event.words[2] != 0);
        default:
            return {{std::string(signature(event.kind)), "", ""}};
    }
}

}  // namespace

Address subject_of(const ConfigurationChange& event) {
    switch (event.kind) {
        case market_listed:
        case market_unlisted:
        case new_collateral_factor:
        case market_action_paused:
        case action_paused_market:
        case new_borrow_cap:
        case new_supply_cap:
        case forced_liquidation:
            return address_in(event.words[0]);
        case pool_collateral_factor:
        case pool_liquidation_threshold:
        case pool_liquidation_incentive:
        case pool_market_initialized:
        case pool_market_removed:
            return address_in(event.words[1]);
        default:
            return {};
    }
}

ChangeText describe(const ConfigurationChange& event, const Address& emitter,
                    const Structure& structure) {
    const Address about = emitter.is_zero() ? subject_of(event) : emitter;
    const MarketEntry* market = structure.find(about);
    ChangeText out;
    out.subject = about.is_zero() ? "comptroller" : structure.name_of(about);
    if (market != nullptr) out.token = market->c_token.underlying;
    out.values = what_changed(event, structure, market);
    return out;
}

std::shared_ptr<const BeforeChange> before_change(const ConfigurationChange& event,
                                                  const Address& emitter,
                                                  const Structure& structure) {
    const auto market = [&]() -> std::shared_ptr<const BeforeChange> {
        const MarketEntry* found = structure.find(emitter.is_zero() ? subject_of(event) : emitter);
        if (found == nullptr || found->read_at == 0) return nullptr;
        const CToken& c_token = found->c_token;
        auto out = std::make_shared<ConfigurationBefore>();
        out->market = {c_token.id, c_token.factors, c_token.is_always_liquidatable};
        return out;
    };
    switch (event.kind) {
        // The last two may make a market deprecated, whose borrowers anybody may liquidate.
        case new_collateral_factor:
        case forced_liquidation:
        case new_reserve_factor:
        case market_action_paused:
            return market();
        case pool_collateral_factor:
        case pool_liquidation_threshold:
        case pool_market_removed:
            if (event.words[0] == 0) return market();
            [[fallthrough]];
        case pool_active_status:
        case pool_fallback_status: {
            if (event.words[0] > UINT32_MAX) return nullptr;
            const auto pool = structure.pools.find(static_cast<unsigned>(event.words[0]));
            if (pool == structure.pools.end()) return nullptr;  // nobody followed is in it
            auto out = std::make_shared<ConfigurationBefore>();
            out->pool = *pool;
            return out;
        }
        default:
            return nullptr;
    }
}

Market market_without(Market market, const ConfigurationBefore& before) {
    if (before.market) {
        const auto found = market.markets.find(before.market->id);
        if (found != market.markets.end()) {
            found->second.factors = before.market->factors;
            found->second.is_always_liquidatable = before.market->is_always_liquidatable;
        }
    }
    if (before.pool) market.pools.insert_or_assign(before.pool->first, before.pool->second);
    return market;
}

Market market_with(Market market, const SupposedThreshold& supposed) {
    constexpr std::uint64_t kWadPerBps = 100'000'000'000'000;
    for (auto& [id, c_token] : market.markets) {
        if (c_token.underlying != supposed.token) continue;
        c_token.factors.liquidation = Wad::from_raw(supposed.threshold.raw() * kWadPerBps);
    }
    return market;
}

}  // namespace plimsoll::protocols::compound_v2
