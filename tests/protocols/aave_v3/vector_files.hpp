#pragma once

#include "abi/quantity.hpp"
#include "protocols/aave_v3/model.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>

namespace plimsoll::protocols::aave_v3 {

/// One file below tests/vectors.
inline nlohmann::json read_vectors(const std::string& name) {
    std::ifstream file(std::string(PLIMSOLL_TEST_VECTORS) + "/" + name);
    if (!file) throw std::runtime_error("no vectors " + name);
    return nlohmann::json::parse(file);
}

/// Decimal text or `0x` quantity.
inline U256 number(const nlohmann::json& value) {
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    const auto text = value.get<std::string>();
    const auto parsed = text.starts_with("0x") ? parse_quantity(text) : parse_decimal(text);
    if (!parsed) throw std::runtime_error("no number: " + text);
    return *parsed;
}

inline unsigned small_number(const nlohmann::json& value) {
    return static_cast<unsigned>(number(value));
}

inline std::uint64_t seconds(const nlohmann::json& value) {
    return static_cast<std::uint64_t>(number(value));
}

/// The rule set of a vector's `version`; none for V2, a kind of its own.
inline std::optional<RuleSet> rules_of_version(const std::string& version) {
    if (version == "v3.0.2") return RuleSet::v3_0;
    if (version == "v3.2.1") return RuleSet::v3_2;
    if (version == "v3.3.0") return RuleSet::v3_3;
    if (version == "v3.4.0") return RuleSet::v3_4;
    if (version == "v3.5.0") return RuleSet::v3_5;
    if (version == "v3.6.0") return RuleSet::v3_6;
    if (version == "v3.7") return RuleSet::v3_7;
    return std::nullopt;
}

/// A reserve with the given configuration fields; active, not paused.
struct ConfigFields {
    unsigned ltv = 0;
    unsigned liquidation_threshold = 0;
    unsigned liquidation_bonus = 10500;
    unsigned decimals = 18;
    unsigned protocol_fee = 0;
    unsigned e_mode_category = 0;
};
inline ReserveConfig make_config(const ConfigFields& fields) {
    U256 word = U256(fields.ltv) | (U256(fields.liquidation_threshold) << 16U) |
                (U256(fields.liquidation_bonus) << 32U) | (U256(fields.decimals) << 48U) |
                (U256(1U) << 56U) | (U256(fields.protocol_fee) << 152U) |
                (U256(fields.e_mode_category) << 168U);
    return ReserveConfig(word);
}

}  // namespace plimsoll::protocols::aave_v3
