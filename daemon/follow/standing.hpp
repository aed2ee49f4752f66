#pragma once

#include "abi/address.hpp"
#include "config/settings.hpp"
#include "protocols/common/block.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::follow {

/// What the store remembers of one followed protocol besides its records, written in the same
/// transaction as the round. A protocol that is not remembered was never followed.
struct Standing {
    Address address;
    BlockNumber start_block = 0;
    /// The stored records are true at the chain's stored final block. Others are leftovers.
    bool saved = false;
    /// Liquidations are told up to here; none: up to the stored tip.
    std::optional<BlockNumber> told;

    friend bool operator==(const Standing&, const Standing&) = default;
};
/// Whether it is about the protocol as configured now: another address or start begins anew.
bool is_about(const Standing& standing, const config::ProtocolSettings& protocol);

/// By protocol.
using Standings = std::map<std::string, Standing>;

/// One line for each: address, start block, "saved" or "-", "tip" or a block number, name.
std::string to_text(const Standings& standings);
/// Lines that do not parse are left out: those protocols are scanned anew.
Standings parse_standings(std::string_view text);

/// Where a chain's standings are, among the store's metas.
std::string standings_key(const std::string& chain);

}  // namespace plimsoll::follow
