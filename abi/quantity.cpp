#include "abi/quantity.hpp"

#include "abi/hex.hpp"

#include <array>
#include <charconv>

namespace plimsoll {

std::string to_quantity(std::uint64_t value) {
    std::array<char, 18> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return "0x" + std::string(digits.data(), result.ptr);
}

Expected<U256, ParseError> parse_quantity(std::string_view text) {
    if (!text.starts_with("0x")) return parse_error("quantity does not start with 0x");
    std::string_view digits = text.substr(2);
    if (digits.empty()) return parse_error("quantity has no digits");
    const std::size_t first = digits.find_first_not_of('0');
    digits = first == std::string_view::npos ? std::string_view("0") : digits.substr(first);
    if (digits.size() > 64) return parse_error("quantity has more than 256 bits");
    const std::string padded = "0x" + std::string(digits.size() % 2, '0') + std::string(digits);
    auto bytes = parse_hex(padded);
    if (!bytes) return parse_error("quantity has a character that is no hex digit");
    return to_u256(*bytes);
}

Expected<std::uint64_t, ParseError> parse_quantity64(std::string_view text) {
    auto value = parse_quantity(text);
    if (!value) return Unexpected<ParseError>{value.error()};
    if (*value > U256(UINT64_MAX)) return parse_error("quantity has more than 64 bits");
    return static_cast<std::uint64_t>(*value);
}

}  // namespace plimsoll
