#pragma once

#include "abi/expected.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;

namespace plimsoll::sinks {

/// An address in one form: IPv4 as the IPv4-mapped IPv6 address, so that no second spelling of the
/// same address slips past a check.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const;
    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};
/// Dotted quads and RFC 4291 forms only; `127.1`, octal and decimal forms are errors here.
Expected<IpAddress, ParseError> parse_ip(std::string_view text);
/// None for families other than IPv4 and IPv6, and for sizes too small for their family.
std::optional<IpAddress> ip_of(const sockaddr* address, std::size_t size);
std::string to_string(const IpAddress& address);

struct Cidr {
    IpAddress base;
    unsigned prefix = 128;  ///< bits of the 128

    bool contains(const IpAddress& address) const;
};
/// `10.1.0.0/16`, `fd00::/8`, or one address; bits below the prefix must be zero.
Expected<Cidr, ParseError> parse_cidr(std::string_view text);

/// Whether the address is one that nothing on the public internet has: private, loopback,
/// link-local, shared, reserved, documentation, multicast, or a translation of such.
bool is_special(const IpAddress& address);

/// Whether a sink may connect there. Asked about the address really dialled, after name resolution.
bool may_dial(const IpAddress& address, std::span<const Cidr> allow_private);

}  // namespace plimsoll::sinks
