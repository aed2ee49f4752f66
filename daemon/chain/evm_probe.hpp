#pragma once

#include "daemon/chain/evm_node.hpp"

namespace plimsoll::chain {

/// Proves that an endpoint is on the configured chain and honours the block argument, and finds out
/// what else it can do. About eight requests.
///
/// A call at an unknown block hash must be an error, and a call at the hash of an older block must
/// see that block: some nodes pass the first and run the second at the head without a word. Where
/// the hash form is not honoured, a number is tried the same way.
///
/// Errors: `wrong_chain`; `unpinned` when neither form is honoured; otherwise what kept the probe
/// from an answer.
Expected<EvmAbilities, rpc::RpcError> probe(EvmNode& node, rpc::Clock::Time deadline);

/// What of it concerns logs: whether eth_getLogs understands the hash of this known block, and
/// denies one that no block has.
Expected<void, rpc::RpcError> probe_logs(EvmNode& node, const BlockRef& known,
                                         EvmAbilities& abilities, rpc::Clock::Time deadline);

}  // namespace plimsoll::chain
