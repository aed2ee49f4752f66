#include "abi/hex.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_hex_digits(std::span<const std::uint8_t> bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out.push_back(kDigits[byte >> 4U]);
        out.push_back(kDigits[byte & 0x0fU]);
    }
    return out;
}

std::string to_hex(std::span<const std::uint8_t> bytes) { return "0x" + to_hex_digits(bytes); }

std::string to_hex(const Bytes32& word) {
    return to_hex(std::span<const std::uint8_t>(word.bytes));
}

Expected<Bytes, ParseError> parse_hex(std::string_view text) {
    if (!text.starts_with("0x")) return parse_error("hex data does not start with 0x");
    text.remove_prefix(2);
    if (text.size() % 2 != 0) return parse_error("hex data has an odd number of digits");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_value(text[i]);
        const int low = digit_value(text[i + 1]);
        if (high < 0 || low < 0)
            return parse_error("hex data has a character that is no hex digit");
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return out;
}

Expected<Bytes32, ParseError> parse_bytes32(std::string_view text) {
    if (text.size() != 66) return parse_error("expected 0x and 64 hex digits");
    auto bytes = parse_hex(text);
    if (!bytes) return Unexpected<ParseError>{bytes.error()};
    Bytes32 out;
    std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
    return out;
}

}  // namespace plimsoll
