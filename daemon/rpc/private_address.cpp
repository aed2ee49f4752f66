#include "daemon/rpc/private_address.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace plimsoll::rpc {
namespace {

struct Net4 {
    std::uint32_t prefix;
    unsigned bits;
};
constexpr std::array kPrivate4 = {
    Net4{0x7f000000, 8},   // loopback
    Net4{0x0a000000, 8},   // RFC 1918
    Net4{0xac100000, 12},  // RFC 1918
    Net4{0xc0a80000, 16},  // RFC 1918
    Net4{0x64400000, 10},  // shared (RFC 6598): overlay networks
    Net4{0xa9fe0000, 16},  // link-local
};

bool is_private4(std::uint32_t address) {
    return std::any_of(kPrivate4.begin(), kPrivate4.end(), [&](const Net4& net) {
        return (address ^ net.prefix) >> (32U - net.bits) == 0;
    });
}

bool is_private6(const in6_addr& address) {
    const std::array<std::uint8_t, 16> bytes = std::bit_cast<std::array<std::uint8_t, 16>>(address);
    static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                             0, 0, 0, 0, 0xff, 0xff};
    static constexpr std::array<std::uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                               0, 0, 0, 0, 0, 0, 0, 1};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
        return is_private4((std::uint32_t{bytes[12]} << 24U) | (std::uint32_t{bytes[13]} << 16U) |
                           (std::uint32_t{bytes[14]} << 8U) | bytes[15]);
    }
    const bool unique_local = (bytes[0] & 0xfeU) == 0xfcU;
    const bool link_local = bytes[0] == 0xfeU && (bytes[1] & 0xc0U) == 0x80U;
    return bytes == kLoopback || unique_local || link_local;
}

}  // namespace

bool is_private_address(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return is_private4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        return is_private6(v6.sin6_addr);
    }
    return false;
}

}  // namespace plimsoll::rpc
