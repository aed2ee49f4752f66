#pragma once

#include "daemon/chain/evm_logs.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace plimsoll::chain {

using Bloom = std::array<std::uint8_t, 256>;

/// Whether a header's filter may hold this address or topic. "No" is certain, "yes" is not.
bool may_hold(const Bloom& bloom, std::span<const std::uint8_t> item);
/// Whether some log that `filter` accepts may lie in the block of this header.
bool may_hold_any(const Bloom& bloom, const EvmLogFilter& filter);
/// Whether the filter holds the address and every topic of each log.
bool holds_all(const Bloom& bloom, std::span<const protocols::Log> logs);

}  // namespace plimsoll::chain
