#include "daemon/sinks/network_guard.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <vector>

namespace plimsoll::sinks {
namespace {

constexpr std::size_t kV4Offset = 12;  // an IPv4 address is the tail of its mapped form
constexpr unsigned kV4Bits = 96;

IpAddress mapped(const in_addr& v4) {
    IpAddress out;
    out.bytes[10] = 0xFF;
    out.bytes[11] = 0xFF;
    std::memcpy(out.bytes.data() + kV4Offset, &v4.s_addr, 4);
    return out;
}

/// IANA's special-purpose registries (2024), and the deprecated ranges that still name IPv4 hosts
/// (`::/96`) or sites (`fec0::/10`).
constexpr std::array kSpecial{
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "::/96",         "64:ff9b::/96",    "64:ff9b:1::/48", "100::/64",       "2001:db8::/32",
    "2002::/16",     "3fff::/20",       "5f00::/16",      "fc00::/7",       "fe80::/10",
    "fec0::/10",     "ff00::/8",
};

const std::vector<Cidr>& special_blocks() {
    static const std::vector<Cidr> blocks = [] {
        std::vector<Cidr> out;
        for (const char* text : kSpecial) out.push_back(parse_cidr(text).value());
        return out;
    }();
    return blocks;
}

Expected<unsigned, ParseError> parse_prefix(std::string_view text, unsigned max) {
    if (text.empty() || text.size() > 3) return parse_error("prefix is not 0 to 3 digits");
    unsigned value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return parse_error("prefix has a character that is no digit");
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (text.size() > 1 && text.front() == '0') return parse_error("prefix has a leading zero");
    if (value > max) return parse_error("prefix is longer than the address");
    return value;
}

bool has_bits_below(const IpAddress& address, unsigned prefix) {
    for (unsigned bit = prefix; bit < 128; ++bit) {
        if ((address.bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) return true;
    }
    return false;
}

}  // namespace

bool IpAddress::is_v4() const {
    static constexpr std::array<std::uint8_t, kV4Offset> kPrefix{0, 0, 0, 0, 0,    0,
                                                                 0, 0, 0, 0, 0xFF, 0xFF};
    return std::equal(kPrefix.begin(), kPrefix.end(), bytes.begin());
}

Expected<IpAddress, ParseError> parse_ip(std::string_view text) {
    const std::string terminated(text);
    const bool is_whole = text.find('\0') == std::string_view::npos;
    in_addr v4{};
    if (is_whole && inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return mapped(v4);
    IpAddress out;
    if (is_whole && inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) return out;
    return parse_error("not an IP address");
}

std::optional<IpAddress> ip_of(const sockaddr* address, std::size_t size) {
    sa_family_t family{};
    if (size < sizeof family) return std::nullopt;
    std::memcpy(&family, &address->sa_family, sizeof family);
    const void* bytes = address;  // the caller's buffer is as large as `size` says
    if (family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in v4{};
        std::memcpy(&v4, bytes, sizeof v4);
        return mapped(v4.sin_addr);
    }
    if (family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, bytes, sizeof v6);
        IpAddress out;
        std::memcpy(out.bytes.data(), &v6.sin6_addr, out.bytes.size());
        return out;
    }
    return std::nullopt;
}

std::string to_string(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.is_v4()) {
        inet_ntop(AF_INET, address.bytes.data() + kV4Offset, text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
    }
    return text.data();
}

bool Cidr::contains(const IpAddress& address) const {
    const std::size_t whole = prefix / 8;
    if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    address.bytes.begin())) {
        return false;
    }
    const unsigned rest = prefix % 8;
    return rest == 0 || ((base.bytes[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
}

Expected<Cidr, ParseError> parse_cidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto base = parse_ip(text.substr(0, slash));
    if (!base) return Unexpected<ParseError>{base.error()};
    Cidr out{*base, 128};
    if (slash != std::string_view::npos) {
        // An address written as IPv4 has its prefix counted from its own first bit.
        const bool is_dotted = text.substr(0, slash).find(':') == std::string_view::npos;
        const unsigned offset = is_dotted ? kV4Bits : 0;
        const auto prefix = parse_prefix(text.substr(slash + 1), 128 - offset);
        if (!prefix) return Unexpected<ParseError>{prefix.error()};
        out.prefix = *prefix + offset;
    }
    if (has_bits_below(out.base, out.prefix))
        return parse_error("address has bits below its prefix");
    return out;
}

bool is_special(const IpAddress& address) {
    return std::any_of(special_blocks().begin(), special_blocks().end(),
                       [&](const Cidr& block) { return block.contains(address); });
}

bool may_dial(const IpAddress& address, std::span<const Cidr> allow_private) {
    return !is_special(address) ||
           std::any_of(allow_private.begin(), allow_private.end(),
                       [&](const Cidr& block) { return block.contains(address); });
}

}  // namespace plimsoll::sinks
