#pragma once

#include "abi/address.hpp"
#include "daemon/chain/evm_json.hpp"
#include "daemon/chain/evm_limits.hpp"
#include "daemon/chain/multicall.hpp"
#include "daemon/rpc/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace plimsoll::chain {

/// What every part that talks to an EVM node has to know of the chain.
struct EvmChain {
    std::uint64_t chain_id = 0;
    Address multicall;
    SnapshotProof proof = SnapshotProof::full;
    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds logs_timeout{30'000};
};

/// What the probe found out about an endpoint.
struct EvmAbilities {
    enum class Pin {
        hash,    ///< honours a block hash as block argument
        number,  ///< honours a number only: the hash has to be compared afterwards
    } pin = Pin::hash;
    bool has_multicall = false;        ///< a little below the head
    bool has_logs_by_hash = false;     ///< eth_getLogs understands `blockHash`
    bool denies_unknown_logs = false;  ///< and answers an unknown hash with an error
};

/// One endpoint as an EVM node: its transport, what it can do, and what was learned of its limits.
/// One thread uses it at a time.
struct EvmNode {
    rpc::Endpoint& endpoint;
    const EvmChain& chain;
    EvmAbilities abilities;
    LogSpan log_span;
    ChunkSize log_addresses{500};
    ChunkSize calls;
    SeenBlocks seen;
    std::optional<EvmHeader> newest;  ///< the header read last, for its bloom filter
    std::string client;

    /// The limits of a request that ends by `deadline`.
    rpc::CallLimits limits(rpc::Clock::Time deadline) const;
    /// A block argument for `at`, of the kind the node honours.
    std::string block_argument(const BlockRef& at) const;

    /// A block by a quoted tag or number; none where the node answers null. Remembers it as seen.
    Expected<std::optional<EvmHeader>, rpc::RpcError> header(const std::string& block,
                                                             rpc::Clock::Time deadline);
    /// The same without its filter.
    Expected<std::optional<BlockRef>, rpc::RpcError> block(const std::string& block,
                                                           rpc::Clock::Time deadline);
    /// The blocks [first, last], in order; none for each the node answers null for.
    Expected<std::vector<std::optional<BlockRef>>, rpc::RpcError> blocks(BlockNumber first,
                                                                         BlockNumber last,
                                                                         rpc::Clock::Time deadline);
    /// The newest block.
    Expected<EvmHeader, rpc::RpcError> latest(rpc::Clock::Time deadline);
    /// Makes sure that the node knows exactly this block, unless it showed it before.
    Expected<void, rpc::RpcError> require_block(const BlockRef& block, rpc::Clock::Time deadline);
    /// Makes sure that this block is the canonical one at its height.
    Expected<void, rpc::RpcError> require_canonical(const BlockRef& block,
                                                    rpc::Clock::Time deadline);
    /// Reads one header out of a reply; null is none.
    Expected<std::optional<EvmHeader>, rpc::RpcError> accept_header(const nlohmann::json& result);

    Unexpected<rpc::RpcError> fault(rpc::ErrorKind kind, const std::string& message) const {
        return Unexpected<rpc::RpcError>{endpoint.error(kind, message)};
    }
};

}  // namespace plimsoll::chain
