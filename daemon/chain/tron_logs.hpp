#pragma once

#include "daemon/chain/evm_logs.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/chain/tron_node.hpp"

#include <vector>

namespace plimsoll::chain {

/// All logs of one block: by its id from /jsonrpc, and out of the infos of its transactions, where
/// the node offers both, since either may be there before the other; see `complete_logs`. Infos are
/// followed by a look at the chain. Each block is compared once.
Expected<std::vector<protocols::Log>, rpc::RpcError> fetch_tron_logs_of(TronNode& node,
                                                                        const EvmLogFilter& filter,
                                                                        const BlockRef& block,
                                                                        rpc::Clock::Time deadline);

/// Logs of a few blocks at the beginning of the range, block by block: slow, and proved for each.
Expected<Source::RangeLogs, rpc::RpcError> fetch_tron_logs_near(TronNode& node,
                                                                const EvmLogFilter& filter,
                                                                const LogStep& step,
                                                                rpc::Clock::Time deadline);

/// Logs of final blocks with the help of event pages, for nodes without /jsonrpc. The pages only
/// tell in which blocks a contract emitted anything; the logs come out of those blocks. A page
/// without a fingerprint is not believed to be the last: the pages are over when one from behind
/// the last event on holds nothing.
Expected<Source::RangeLogs, rpc::RpcError> fetch_tron_logs_by_events(TronNode& node,
                                                                     const EvmLogFilter& filter,
                                                                     const LogStep& step,
                                                                     rpc::Clock::Time deadline);

}  // namespace plimsoll::chain
