#include "protocols/aave_v3/parameter_change.hpp"

#include <string_view>

namespace plimsoll::protocols::aave_v3 {
namespace {

using enum EventKind;
using Values = std::vector<ParameterValue>;

std::string flag_text(bool value) { return value ? "true" : "false"; }

std::string flag_text(const U256& word) { return flag_text(word != 0); }

/// An address, or nothing where it is zero.
std::string address_text(const Address& address) {
    return address.is_zero() ? std::string() : to_checksum(address);
}

ParameterValue number(std::string_view name, const U256& from, const U256& to) {
    return {std::string(name), to_decimal(from), to_decimal(to)};
}

/// In basis points.
ParameterValue share(std::string_view name, const std::optional<U256>& from, const U256& to) {
    constexpr unsigned kBpsDecimals = 4;
    return {std::string(name), from ? to_decimal(*from) : std::string(), to_decimal(to),
            kBpsDecimals};
}

struct Risk {
    U256 ltv;
    U256 threshold;
    U256 bonus;
};

/// Threshold, ltv and bonus, of which those that stay are left out; all where none moves.
Values risk_values(const Risk& now, const std::vector<U256>& words) {
    const Values all{share("ltv", now.ltv, words[0]),
                     share("liquidation_threshold", now.threshold, words[1]),
                     share("liquidation_bonus", now.bonus, words[2])};
    Values changed = all;
    std::erase_if(changed, [](const ParameterValue& value) { return value.from == value.to; });
    return changed.empty() ? all : changed;
}

Values of_reserve(const ConfigurationChange& event, const ReserveState* reserve) {
    if (reserve == nullptr) {
        return {share("ltv", std::nullopt, event.words[0]),
                share("liquidation_threshold", std::nullopt, event.words[1]),
                share("liquidation_bonus", std::nullopt, event.words[2])};
    }
    const ReserveConfig& now = reserve->stored.config;
    return risk_values(
        Risk{now.ltv().raw(), now.liquidation_threshold().raw(), now.liquidation_bonus().raw()},
        event.words);
}

Values of_category(const ConfigurationChange& event, const Structure& structure) {
    const auto found = structure.e_modes.find(event.category);
    const EMode now = found == structure.e_modes.end() ? EMode{} : found->second;
    return risk_values(
        Risk{now.ltv.raw(), now.liquidation_threshold.raw(), now.liquidation_bonus.raw()},
        event.words);
}

/// Whether an asset plays a part in an e-mode category.
Values membership(const ConfigurationChange& event, const Structure& structure,
                  std::string_view part) {
    std::string from;
    const ReserveState* reserve = structure.find(event.subject);
    const auto category = structure.e_modes.find(event.category);
    const bool is_known = reserve != nullptr && category != structure.e_modes.end();
    const auto is_in = [&](const U256& bitmap) { return bit_test(bitmap, reserve->stored.id); };
    if (is_known && event.kind == asset_collateral_in_e_mode_changed) {
        from = flag_text(is_in(category->second.collateral_bitmap));
    } else if (is_known && event.kind == asset_ltvzero_in_e_mode_changed) {
        from = flag_text(is_in(category->second.ltvzero_bitmap));
    }
    return {{std::string(part) + "_in_e_mode_" + std::to_string(event.category), from,
             flag_text(event.words[1])}};
}

Values flag(std::string_view name, const ConfigurationChange& event, const ReserveState* reserve,
            bool (ReserveConfig::*now)() const) {
    return {{std::string(name),
             reserve == nullptr ? std::string() : flag_text((reserve->stored.config.*now)()),
             flag_text(event.words[0])}};
}

Values of_asset(const ConfigurationChange& event, const Structure& structure) {
    const ReserveState* reserve = structure.find(event.subject);
    switch (event.kind) {
        case reserve_initialized:
            return {{"listed", "false", "true"}};
        case reserve_dropped:
            return {{"listed", "true", "false"}};
        case collateral_configuration_changed:
            return of_reserve(event, reserve);
        case pending_ltv_changed:
            return {share("pending_ltv", std::nullopt, event.words[0])};
        case reserve_active:
            return flag("active", event, reserve, &ReserveConfig::is_active);
        case reserve_frozen:
            return flag("frozen", event, reserve, &ReserveConfig::is_frozen);
        case reserve_paused:
            return flag("paused", event, reserve, &ReserveConfig::is_paused);
        case reserve_borrowing:
            return flag("borrowing", event, reserve, &ReserveConfig::is_borrowing_enabled);
        case reserve_factor_changed:
            return {share("reserve_factor", event.words[0], event.words[1])};
        case liquidation_protocol_fee_changed:
            return {share("liquidation_protocol_fee", event.words[0], event.words[1])};
        case liquidation_grace_period_changed:
            return {{"no_liquidation_until",
                     reserve == nullptr ? std::string()
                                        : std::to_string(reserve->stored.liquidation_grace_until),
                     to_decimal(event.words[0])}};
        case liquidation_grace_period_disabled:
            return {{"no_liquidation_until",
                     reserve == nullptr ? std::string()
                                        : std::to_string(reserve->stored.liquidation_grace_until),
                     "0"}};
        case debt_ceiling_changed:
            return {number("debt_ceiling", event.words[0], event.words[1])};
        case siloed_borrowing_changed:
            return {{"siloed_borrowing", flag_text(event.words[0]), flag_text(event.words[1])}};
        case e_mode_asset_category_changed:
            return {number("e_mode_category", event.words[0], event.words[1])};
        case asset_collateral_in_e_mode_changed:
            return membership(event, structure, "collateral");
        case asset_borrowable_in_e_mode_changed:
            return membership(event, structure, "borrowable");
        case asset_ltvzero_in_e_mode_changed:
            return membership(event, structure, "ltv_zero");
        case asset_source_updated:
            return {{"price_source",
                     reserve == nullptr ? std::string() : address_text(reserve->price_source),
                     address_text(event.second)}};
        default:
            return {{std::string(signature(event.kind)), "", ""}};
    }
}

}  // namespace

ChangeText describe(const ConfigurationChange& event, const Structure& structure) {
    const Contracts& contracts = structure.contracts;
    const std::string category = "e-mode " + std::to_string(event.category);
    const auto address = [&](std::string_view name, const Address& from, const Address& to) {
        return Values{{std::string(name), address_text(from), address_text(to)}};
    };
    switch (event.kind) {
        case e_mode_category_added:
            return {category, {}, of_category(event, structure)};
        case e_mode_category_isolation_changed: {
            const auto found = structure.e_modes.find(event.category);
            return {category,
                    {},
                    {{"isolated",
                      found == structure.e_modes.end() ? std::string()
                                                       : flag_text(found->second.isolated),
                      flag_text(event.words[0])}}};
        }
        case fallback_oracle_updated:
            return {"oracle", {}, address("fallback_oracle", {}, event.subject)};
        case base_currency_set:
            return {
                "oracle", {}, {number("base_currency_unit", structure.base_unit, event.words[0])}};
        case pool_updated:
            return {"pool", {}, address("implementation", {}, event.second)};
        case pool_configurator_updated:
            return {"configurator", {}, address("implementation", {}, event.second)};
        case price_oracle_updated:
            return {"provider", {}, address("oracle", contracts.oracle, event.second)};
        case price_oracle_sentinel_updated:
            return {"provider", {}, address("sentinel", contracts.sentinel, event.second)};
        case address_set:
        case address_set_as_proxy:
            return {"provider", {}, address("address", {}, event.second)};
        default:
            return {structure.name_of(event.subject), event.subject, of_asset(event, structure)};
    }
}

std::shared_ptr<const BeforeChange> before_change(const ConfigurationChange& event,
                                                  const Structure& structure) {
    auto out = std::make_shared<ConfigurationBefore>();
    const auto keep_category = [&] {
        const auto found = structure.e_modes.find(event.category);
        out->category.emplace(event.category, found == structure.e_modes.end()
                                                  ? std::nullopt
                                                  : std::optional(found->second));
    };
    switch (event.kind) {
        case collateral_configuration_changed:
        case e_mode_asset_category_changed: {
            const ReserveState* reserve = structure.find(event.subject);
            if (reserve == nullptr) return nullptr;
            out->reserve.emplace(reserve->stored.id, reserve->stored.config);
            return out;
        }
        case e_mode_category_added:
        case e_mode_category_isolation_changed:
        case asset_collateral_in_e_mode_changed:
        case asset_ltvzero_in_e_mode_changed:
            keep_category();
            return out;
        default:
            return nullptr;
    }
}

Market market_without(Market market, const ConfigurationBefore& before) {
    if (before.reserve) {
        const auto found = market.reserves.find(before.reserve->first);
        if (found != market.reserves.end()) found->second.config = before.reserve->second;
    }
    if (before.category) {
        const auto& [id, mode] = *before.category;
        if (mode) {
            market.e_modes.insert_or_assign(id, *mode);
        } else {
            market.e_modes.erase(id);
        }
    }
    return market;
}

Market market_with(Market market, const SupposedThreshold& supposed) {
    constexpr unsigned kThresholdBit = 16;
    for (auto& [id, reserve] : market.reserves) {
        if (reserve.asset != supposed.token) continue;
        const U256 present = reserve.config.liquidation_threshold().raw();
        const U256 others = reserve.config.word() - (present << kThresholdBit);
        reserve.config = ReserveConfig(others + (supposed.threshold.raw() << kThresholdBit));
    }
    return market;
}

Market market_with(Market market, const SupposedCategoryThreshold& supposed) {
    const auto found = market.e_modes.find(supposed.category);
    if (found != market.e_modes.end()) found->second.liquidation_threshold = supposed.threshold;
    return market;
}

std::optional<Market> market_in_thought(const Market& market, const BeforeChange* change) {
    if (const auto* before = dynamic_cast<const ConfigurationBefore*>(change)) {
        return market_without(market, *before);
    }
    if (const auto* asset = dynamic_cast<const SupposedThreshold*>(change)) {
        return market_with(market, *asset);
    }
    if (const auto* category = dynamic_cast<const SupposedCategoryThreshold*>(change)) {
        return market_with(market, *category);
    }
    return std::nullopt;
}

}  // namespace plimsoll::protocols::aave_v3
