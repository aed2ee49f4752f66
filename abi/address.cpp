#include "abi/address.hpp"

#include "abi/base58.hpp"
#include "abi/hex.hpp"
#include "abi/keccak.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace plimsoll {
namespace {

constexpr std::uint8_t kTronPrefix = 0x41;

/// The prefix of TRON's mainnet and test networks, and the address.
Expected<Address, ParseError> without_prefix(std::span<const std::uint8_t> bytes,
                                             std::string_view text) {
    Address out;
    if (bytes.size() != 1 + out.bytes.size() || bytes.front() != kTronPrefix) {
        return parse_error(std::string(text) +
                           " is no address of TRON: it does not hold 0x41 and "
                           "20 bytes");
    }
    std::copy(bytes.begin() + 1, bytes.end(), out.bytes.begin());
    return out;
}

bool is_hex_with_prefix(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    return text.size() == 42 && text.starts_with("41");
}

}  // namespace

std::string to_lower_hex(const Address& address) {
    return to_hex(std::span<const std::uint8_t>(address.bytes));
}

std::string to_checksum(const Address& address) {
    std::string digits = to_hex_digits(address.bytes);
    const Bytes32 hash = keccak256(digits);
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const unsigned nibble = (i % 2 == 0) ? hash.bytes[i / 2] >> 4U : hash.bytes[i / 2] & 0x0fU;
        if (nibble >= 8 && digits[i] >= 'a') digits[i] = static_cast<char>(digits[i] - 'a' + 'A');
    }
    return "0x" + digits;
}

Expected<Address, ParseError> parse_address(std::string_view text) {
    if (text.size() != 42) return parse_error("an address is 0x and 40 hex digits");
    auto bytes = parse_hex(text);
    if (!bytes) return Unexpected<ParseError>{bytes.error()};
    Address out;
    std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
    const std::string_view digits = text.substr(2);
    const bool has_upper =
        std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    const bool has_lower =
        std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'a' && c <= 'f'; });
    if (has_upper && has_lower && to_checksum(out) != text) {
        return parse_error("the address has a wrong EIP-55 checksum; it should read " +
                           to_checksum(out));
    }
    return out;
}

std::string to_base58check(const Address& address) {
    Bytes payload{kTronPrefix};
    payload.insert(payload.end(), address.bytes.begin(), address.bytes.end());
    return to_base58check(std::span<const std::uint8_t>(payload));
}

std::string to_tron_hex(const Address& address) { return "41" + to_hex_digits(address.bytes); }

Expected<Address, ParseError> parse_tron_address(std::string_view text) {
    const auto bytes =
        is_hex_with_prefix(text)
            ? parse_hex(text.starts_with("0x") ? std::string(text) : "0x" + std::string(text))
            : parse_base58check(text);
    if (!bytes) return Unexpected<ParseError>{bytes.error()};
    return without_prefix(*bytes, text);
}

std::string to_text(const Address& address, AddressStyle style) {
    return style == AddressStyle::base58check ? to_base58check(address) : to_checksum(address);
}

AddressStyle address_style(std::string_view caip2) {
    return caip2.starts_with("tron:") ? AddressStyle::base58check : AddressStyle::eip55;
}

bool has_address_form(std::string_view text) {
    constexpr std::size_t kLeast = 30;
    const bool is_base58 =
        text.size() >= kLeast && text.starts_with('T') &&
        std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
    return is_base58 || text.starts_with("0x");
}

Expected<Address, ParseError> parse_any_address(std::string_view text) {
    if (text.starts_with('T') || is_hex_with_prefix(text)) return parse_tron_address(text);
    if (text.starts_with("0x")) return parse_address(text);
    return parse_error("an address is 0x and 40 hex digits, or on TRON T and 33 characters");
}

Expected<Address, ParseError> to_address(const Bytes32& word) {
    if (std::any_of(word.bytes.begin(), word.bytes.begin() + 12,
                    [](std::uint8_t byte) { return byte != 0; })) {
        return parse_error("the word is no address: its high 12 bytes are not zero");
    }
    Address out;
    std::copy(word.bytes.begin() + 12, word.bytes.end(), out.bytes.begin());
    return out;
}

Bytes32 to_bytes32(const Address& address) {
    Bytes32 out;
    std::copy(address.bytes.begin(), address.bytes.end(), out.bytes.begin() + 12);
    return out;
}

}  // namespace plimsoll

std::size_t std::hash<plimsoll::Address>::operator()(
    const plimsoll::Address& value) const noexcept {
    std::size_t out = 0;
    std::memcpy(&out, value.bytes.data() + 8, sizeof out);
    return out * 0x9e3779b97f4a7c15ULL;
}
