#pragma once

#include "abi/word.hpp"
#include "daemon/http/api.hpp"

#include <charconv>
#include <optional>
#include <string>

namespace plimsoll::http {

/// The first value of a query parameter; empty when it is not there.
inline std::string query_text(const Request& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
}

/// A whole number; `fallback` when the parameter is not there, none when it is no number.
inline std::optional<std::uint64_t> query_number(const Request& request, const std::string& name,
                                                 std::uint64_t fallback) {
    const std::string text = query_text(request, name);
    if (text.empty()) return fallback;
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Decimal text such as "1.05", scaled to an integer with `decimals`; more digits are an error.
Expected<U256, ParseError> parse_fixed(std::string_view text, unsigned decimals);

}  // namespace plimsoll::http
