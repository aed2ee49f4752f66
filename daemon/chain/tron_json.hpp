#pragma once

#include "abi/expected.hpp"
#include "daemon/chain/call_site.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::chain {

// java-tron's HTTP interface: hex without 0x, times in milliseconds, members that are zero left
// out, whole numbers sometimes as text.

/// A block of `getblock` and its kin, with or without its transactions; none for `{}`. The first
/// eight bytes of a block's id are its height, which is checked.
Expected<std::optional<BlockRef>, ParseError> parse_tron_block(const nlohmann::json& value);

/// What `triggerconstantcontract` returned. Empty: there is no such contract. `result: true` alone
/// is no success: a revert says so too. Errors: `execution` for what the contract did, `timeout`
/// when the node gave it no more time, `unsupported`, `bad_request`, `malformed`.
Returned parse_tron_call(const nlohmann::json& value);

/// What `gettransactioninfobyblocknum` tells of a block.
struct TronInfos {
    std::size_t transactions = 0;
    /// Those of failed transactions left out. The index counts all logs of the block in their
    /// order.
    std::vector<protocols::Log> logs;
};
Expected<TronInfos, ParseError> parse_tron_infos(const nlohmann::json& value,
                                                 const BlockRef& block);

/// One page of a contract's events, as far as it tells where events lie.
struct EventPage {
    struct Place {
        BlockNumber block = 0;
        std::uint64_t time_ms = 0;
    };
    std::vector<Place> events;
    std::string fingerprint;  ///< names the next page; empty: the server knows of none
};
Expected<EventPage, ParseError> parse_event_page(const nlohmann::json& value);

// Bodies of requests, as JSON text.

/// The newest block where there is no number; the header alone where the node can.
std::string tron_block_body(std::optional<BlockNumber> number);
/// `aggregate3` of the multicall with this calldata (selector included).
std::string tron_call_body(const Address& multicall, std::span<const std::uint8_t> calldata);

}  // namespace plimsoll::chain
