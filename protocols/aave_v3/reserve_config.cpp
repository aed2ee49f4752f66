#include "protocols/aave_v3/model.hpp"

namespace plimsoll::protocols::aave_v3 {

U256 ReserveConfig::field(unsigned first_bit, unsigned bits) const {
    return (word_ >> first_bit) & ((U256(1U) << bits) - 1U);
}

Bps ReserveConfig::ltv() const { return Bps::from_raw(field(0, 16)); }
Bps ReserveConfig::liquidation_threshold() const { return Bps::from_raw(field(16, 16)); }
Bps ReserveConfig::liquidation_bonus() const { return Bps::from_raw(field(32, 16)); }
unsigned ReserveConfig::decimals() const { return static_cast<unsigned>(field(48, 8)); }
bool ReserveConfig::is_active() const { return !field(56, 1).is_zero(); }
bool ReserveConfig::is_frozen() const { return !field(57, 1).is_zero(); }
bool ReserveConfig::is_borrowing_enabled() const { return !field(58, 1).is_zero(); }
bool ReserveConfig::is_paused() const { return !field(60, 1).is_zero(); }
Bps ReserveConfig::liquidation_protocol_fee() const { return Bps::from_raw(field(152, 16)); }

unsigned ReserveConfig::e_mode_category(RuleSet rules) const {
    return rules <= RuleSet::v3_1 ? static_cast<unsigned>(field(168, 8)) : 0;
}

U256 ReserveConfig::debt_ceiling(RuleSet rules) const {
    return rules <= RuleSet::v3_6 ? field(212, 40) : U256(0U);
}

}  // namespace plimsoll::protocols::aave_v3
