#include "protocols/compound_v2/parameter_change.hpp"

#include <string_view>

namespace plimsoll::protocols::compound_v2 {
namespace {

using enum EventKind;

Address address_in(const U256& word) { return to_address(to_bytes32(word)).value_or(Address{}); }

std::string numbers(const ConfigurationChange& event, std::string_view what, std::size_t from) {
    return std::string(what) + " " + to_decimal(event.words[from]) + " to " +
           to_decimal(event.words[from + 1]);
}

std::string addresses(const ConfigurationChange& event, const Structure& structure,
                      std::string_view what) {
    return std::string(what) + " " + structure.written(address_in(event.words[0])) + " to " +
           structure.written(address_in(event.words[1]));
}

std::string pool_prefix(const ConfigurationChange& event) {
    return event.words[0] == 0 ? "" : "pool " + to_decimal(event.words[0]) + ": ";
}

/// What changed; the subject is told apart.
std::string what_changed(const ConfigurationChange& event, const Structure& structure) {
    switch (event.kind) {
        case new_reserve_factor:
            return numbers(event, "reserve factor", 0);
        case new_interest_rate_model:
            return addresses(event, structure, "interest rate model");
        case new_comptroller:
            return addresses(event, structure, "Comptroller");
        case new_implementation:
            return addresses(event, structure, "implementation");
        case market_listed:
            return "listed";
        case market_unlisted:
            return "unlisted";
        case new_close_factor:
            return numbers(event, "close factor", 0);
        case new_collateral_factor:
            return numbers(event, "collateral factor", 1);
        case new_liquidation_incentive:
            return numbers(event, "liquidation incentive", 0);
        case new_price_oracle:
            return addresses(event, structure, "price oracle");
        case new_borrow_cap:
            return "borrow cap " + to_decimal(event.words[1]);
        case new_supply_cap:
            return "supply cap " + to_decimal(event.words[1]);
        case action_paused_market:
            return "action " + to_decimal(event.words[1]) +
                   (event.words[2] != 0 ? " paused" : " not paused");
        case forced_liquidation:
            return event.words[1] != 0 ? "liquidation forced" : "liquidation not forced";
        case action_protocol_paused:
            return event.words[0] != 0 ? "paused" : "not paused";
        case pool_collateral_factor:
            return pool_prefix(event) + numbers(event, "collateral factor", 2);
        case pool_liquidation_threshold:
            return pool_prefix(event) + numbers(event, "liquidation threshold", 2);
        case pool_liquidation_incentive:
            return pool_prefix(event) + numbers(event, "liquidation incentive", 2);
        default:
            return std::string(signature(event.kind));
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
    const Address market = emitter.is_zero() ? subject_of(event) : emitter;
    return {market.is_zero() ? "comptroller" : structure.name_of(market),
            what_changed(event, structure)};
}

}  // namespace plimsoll::protocols::compound_v2
