#pragma once

#include "abi/expected.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::rpc {

struct JsonLimits {
    std::size_t depth = 64;
    std::size_t nodes = 500'000;  ///< values and keys; each costs up to some hundred bytes
};

/// Parses hostile JSON text: bounded depth and size, no duplicate keys, valid UTF-8, nothing after
/// the value. Throws nothing. A whole number beyond 64 bits comes out as floating point, so
/// `integer` refuses it like any fraction.
Expected<nlohmann::json, ParseError> parse_json(std::string_view text,
                                                const JsonLimits& limits = {});

/// The member, or null when `value` is no object or has no such member.
const nlohmann::json* member(const nlohmann::json& value, std::string_view name);
/// The text, when `value` is a string. The view lives as long as `value`.
std::optional<std::string_view> text(const nlohmann::json& value);
/// The number, when `value` is a whole one within 64 bits with sign.
std::optional<std::int64_t> integer(const nlohmann::json& value);

}  // namespace plimsoll::rpc
