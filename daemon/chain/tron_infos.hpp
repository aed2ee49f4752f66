#pragma once

#include "daemon/chain/evm_logs.hpp"
#include "daemon/chain/tron_node.hpp"

#include <span>
#include <vector>

namespace plimsoll::chain {

/// The logs of these blocks, each out of the infos of its transactions. A node stores the infos of
/// a block together, so that it has all of them or none: none of a block that has transactions is
/// `lag_or_reorg`.
Expected<std::vector<protocols::Log>, rpc::RpcError> fetch_tron_infos(
    TronNode& node, const EvmLogFilter& filter, std::span<const BlockRef> blocks,
    rpc::Clock::Time deadline);

/// Whether the node has the infos of a block that is not new. Some keep none, or do not serve them.
Expected<bool, rpc::RpcError> offers_tron_infos(TronNode& node, rpc::Clock::Time deadline);

/// Of two lists of a block's logs the one that has all of the other, both by their index. One that
/// lacks some was answered before they were there. An error when each has what the other lacks, or
/// both have another log in the same place.
Expected<std::vector<protocols::Log>, ParseError> complete_logs(std::vector<protocols::Log> one,
                                                                std::vector<protocols::Log> other);

}  // namespace plimsoll::chain
