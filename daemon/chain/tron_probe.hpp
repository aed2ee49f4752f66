#pragma once

#include "daemon/chain/tron_node.hpp"

namespace plimsoll::chain {

/// Proves that an endpoint is on the configured chain, finds out which interfaces it offers, and
/// that a multicall there tells at which block it ran. About ten requests. The node's abilities are
/// changed as they are found.
///
/// Errors: `wrong_chain`; `unpinned` when a multicall does not tell its block; `unsupported` when
/// something is not there that cannot be done without; otherwise what kept the probe from an
/// answer.
Expected<void, rpc::RpcError> probe(TronNode& node, rpc::Clock::Time deadline);

}  // namespace plimsoll::chain
