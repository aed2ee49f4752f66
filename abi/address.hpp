#pragma once

#include "abi/word.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll {

/// A 20-byte account, on EVM chains and on TRON alike. How it is printed depends on the chain.
struct Address {
    std::array<std::uint8_t, 20> bytes{};

    friend auto operator<=>(const Address&, const Address&) = default;
    bool is_zero() const { return *this == Address{}; }
};

/// Accepts `0x` and 40 hex digits, in one case or with a valid EIP-55 checksum.
Expected<Address, ParseError> parse_address(std::string_view text);
/// EIP-55 mixed case.
std::string to_checksum(const Address& address);
/// `0x` and 40 lower-case digits, as JSON-RPC wants it.
std::string to_lower_hex(const Address& address);

/// TRON's form: base58check of 0x41 and the 20 bytes, always 34 characters that begin with `T`.
std::string to_base58check(const Address& address);
/// As nodes of TRON write it in JSON: `41` and 40 lower-case digits.
std::string to_tron_hex(const Address& address);
/// Accepts base58check, and hex with or without `0x` in front of `41` and 40 digits.
Expected<Address, ParseError> parse_tron_address(std::string_view text);

/// How the addresses of a chain are written where a person or a file sees them.
enum class AddressStyle { eip55, base58check };
std::string to_text(const Address& address, AddressStyle style);
/// The style of a chain, by the namespace of its CAIP-2 name: `tron:0x2b6653dc`.
AddressStyle address_style(std::string_view caip2);
/// Hex, or what can only be meant as an address of TRON: no symbol is that long. It may be wrong.
bool has_address_form(std::string_view text);
/// An address in whatever way a person may write it, of any chain.
Expected<Address, ParseError> parse_any_address(std::string_view text);

/// The low 20 bytes of a word; an error when the high 12 are not zero.
Expected<Address, ParseError> to_address(const Bytes32& word);
Bytes32 to_bytes32(const Address& address);

}  // namespace plimsoll

template <>
struct std::hash<plimsoll::Address> {
    std::size_t operator()(const plimsoll::Address& value) const noexcept;
};
