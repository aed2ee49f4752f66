#include "daemon/chain/evm_bloom.hpp"

#include "abi/keccak.hpp"

#include <algorithm>

namespace plimsoll::chain {

// Yellow paper, section 4.3.1: three bits, each from eleven bits of the hash, counted from the end.
bool may_hold(const Bloom& bloom, std::span<const std::uint8_t> item) {
    const Bytes32 hash = keccak256(item);
    for (const std::size_t at : {0U, 2U, 4U}) {
        const unsigned bit = ((unsigned{hash.bytes[at]} << 8U) | hash.bytes[at + 1]) & 2047U;
        if ((bloom[255 - bit / 8] & (1U << (bit % 8))) == 0) return false;
    }
    return true;
}

bool may_hold_any(const Bloom& bloom, const EvmLogFilter& filter) {
    const auto held = [&bloom](const auto& item) { return may_hold(bloom, item.bytes); };
    const auto addresses = filter.addresses();
    const auto topics = filter.topics();
    return std::any_of(addresses.begin(), addresses.end(), held) &&
           std::any_of(topics.begin(), topics.end(), held);
}

bool holds_all(const Bloom& bloom, std::span<const protocols::Log> logs) {
    return std::all_of(logs.begin(), logs.end(), [&bloom](const protocols::Log& log) {
        return may_hold(bloom, log.address.bytes) &&
               std::all_of(log.topics.begin(), log.topics.end(),
                           [&bloom](const Bytes32& topic) { return may_hold(bloom, topic.bytes); });
    });
}

}  // namespace plimsoll::chain
