#include "protocols/aave_v3/parameter_change.hpp"

#include <string_view>

namespace plimsoll::protocols::aave_v3 {
namespace {

std::string from_to(std::string_view what, const std::string& from, const std::string& to) {
    return std::string(what) + " " + from + " to " + to;
}

std::string from_to(std::string_view what, const U256& from, const U256& to) {
    return from_to(what, to_decimal(from), to_decimal(to));
}

std::string on_off(const ConfigurationChange& event, std::size_t word, std::string_view on,
                   std::string_view off) {
    return std::string(event.words[word] != 0 ? on : off);
}

std::string collateral_configuration(const ConfigurationChange& event, const Structure& structure) {
    const ReserveState* reserve = structure.find(event.subject);
    if (reserve == nullptr) return "collateral configuration set";
    const ReserveConfig& now = reserve->stored.config;
    return from_to("ltv", now.ltv().raw(), event.words[0]) + ", " +
           from_to("liquidation threshold", now.liquidation_threshold().raw(), event.words[1]) +
           ", " + from_to("liquidation bonus", now.liquidation_bonus().raw(), event.words[2]);
}

std::string category_text(const ConfigurationChange& event, const Structure& structure) {
    const auto found = structure.e_modes.find(event.category);
    const EMode now = found == structure.e_modes.end() ? EMode{} : found->second;
    return from_to("ltv", now.ltv.raw(), event.words[0]) + ", " +
           from_to("liquidation threshold", now.liquidation_threshold.raw(), event.words[1]) +
           ", " + from_to("liquidation bonus", now.liquidation_bonus.raw(), event.words[2]);
}

std::string membership(const ConfigurationChange& event, std::string_view as_what) {
    return std::string(as_what) + " in e-mode " + std::to_string(event.category) + ": " +
           on_off(event, 1, "on", "off");
}

std::string asset_text(const ConfigurationChange& event, const Structure& structure) {
    using enum EventKind;
    switch (event.kind) {
        case reserve_initialized:
            return "listed";
        case reserve_dropped:
            return "dropped";
        case collateral_configuration_changed:
            return collateral_configuration(event, structure);
        case pending_ltv_changed:
            return "pending ltv " + to_decimal(event.words[0]);
        case reserve_active:
            return on_off(event, 0, "active", "not active");
        case reserve_frozen:
            return on_off(event, 0, "frozen", "not frozen");
        case reserve_paused:
            return on_off(event, 0, "paused", "not paused");
        case reserve_borrowing:
            return on_off(event, 0, "borrowing on", "borrowing off");
        case reserve_factor_changed:
            return from_to("reserve factor", event.words[0], event.words[1]);
        case liquidation_protocol_fee_changed:
            return from_to("liquidation protocol fee", event.words[0], event.words[1]);
        case liquidation_grace_period_changed:
            return "no liquidations until " + to_decimal(event.words[0]);
        case liquidation_grace_period_disabled:
            return "liquidation grace period ended";
        case debt_ceiling_changed:
            return from_to("debt ceiling", event.words[0], event.words[1]);
        case siloed_borrowing_changed:
            return "siloed borrowing " + on_off(event, 1, "on", "off");
        case e_mode_asset_category_changed:
            return from_to("e-mode category", event.words[0], event.words[1]);
        case asset_collateral_in_e_mode_changed:
            return membership(event, "collateral");
        case asset_borrowable_in_e_mode_changed:
            return membership(event, "borrowable");
        case asset_ltvzero_in_e_mode_changed:
            return membership(event, "ltv zero");
        case asset_source_updated: {
            const ReserveState* reserve = structure.find(event.subject);
            const Address from = reserve == nullptr ? Address{} : reserve->price_source;
            return from_to("price source", to_checksum(from), to_checksum(event.second));
        }
        default:
            return std::string(signature(event.kind));
    }
}

}  // namespace

ChangeText describe(const ConfigurationChange& event, const Structure& structure) {
    using enum EventKind;
    const Contracts& contracts = structure.contracts;
    const std::string category = "e-mode " + std::to_string(event.category);
    switch (event.kind) {
        case e_mode_category_added:
            return {category, category_text(event, structure)};
        case e_mode_category_isolation_changed:
            return {category, on_off(event, 0, "isolated", "not isolated")};
        case fallback_oracle_updated:
            return {"oracle", "fallback oracle is " + to_checksum(event.subject)};
        case base_currency_set:
            return {"oracle", "base currency " + to_checksum(event.subject) + ", unit " +
                                  to_decimal(event.words[0])};
        case pool_updated:
            return {"pool", "implementation is " + to_checksum(event.second)};
        case pool_configurator_updated:
            return {"configurator", "implementation is " + to_checksum(event.second)};
        case price_oracle_updated:
            return {"oracle",
                    from_to("replaced:", to_checksum(contracts.oracle), to_checksum(event.second))};
        case price_oracle_sentinel_updated:
            return {"sentinel", from_to("replaced:", to_checksum(contracts.sentinel),
                                        to_checksum(event.second))};
        case address_set:
        case address_set_as_proxy:
            return {"provider", "an address is now " + to_checksum(event.second)};
        default:
            return {structure.name_of(event.subject), asset_text(event, structure)};
    }
}

}  // namespace plimsoll::protocols::aave_v3
