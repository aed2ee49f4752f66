#include "config/settings.hpp"

#include <algorithm>
#include <string_view>

namespace plimsoll::config {

Milliseconds ChainSettings::stale_limit() const {
    return stale_after.value_or(std::max(3 * poll_every, Milliseconds(60'000)));
}

std::string ChainSettings::caip2() const {
    if (kind != "tron") return "eip155:" + std::to_string(chain_id);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (std::uint64_t rest = chain_id; rest != 0; rest >>= 4U) {
        hex.insert(hex.begin(), kDigits[rest & 0xfU]);
    }
    return "tron:0x" + hex;
}

AddressStyle ChainSettings::address_style() const { return plimsoll::address_style(caip2()); }

}  // namespace plimsoll::config
