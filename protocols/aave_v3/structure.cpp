#include "protocols/aave_v3/structure.hpp"

namespace plimsoll::protocols::aave_v3 {

TokenRules token_rules_or_newest(const std::optional<std::uint64_t>& revision) {
    const auto rules = revision ? token_rules_of(*revision) : std::nullopt;
    return rules.value_or(TokenRules::directed);
}

const ReserveState* Structure::find(const Address& asset) const {
    for (const auto& [id, reserve] : reserves) {
        if (reserve.stored.asset == asset) return &reserve;
    }
    return nullptr;
}

ReserveState* Structure::find(const Address& asset) {
    for (auto& [id, reserve] : reserves) {
        if (reserve.stored.asset == asset) return &reserve;
    }
    return nullptr;
}

std::string Structure::name_of(const Address& asset) const {
    const ReserveState* reserve = find(asset);
    return reserve == nullptr ? to_checksum(asset) : reserve->stored.symbol;
}

unsigned Structure::price_decimals() const {
    U256 unit = 1;
    for (unsigned decimals = 0; decimals <= 76; ++decimals, unit *= 10U) {
        if (unit == base_unit) return decimals;
    }
    return 8;
}

}  // namespace plimsoll::protocols::aave_v3
