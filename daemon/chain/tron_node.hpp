#pragma once

#include "daemon/chain/evm_node.hpp"
#include "daemon/chain/tron_json.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::chain {

/// Blocks are final once 19 of the 27 producers have built on them.
inline constexpr std::uint64_t kTronFinalDepth = 19;

/// What every part that talks to a TRON node has to know of the chain.
struct TronChain {
    std::vector<Address> multicalls;  ///< Multicall3, by preference
    /// Event pages are believed only about blocks so far below the last final one: they are late.
    std::uint64_t event_delay = 200;
    EvmChain evm;  ///< the chain as its /jsonrpc shows it; timeouts hold for all interfaces
};

/// The interfaces an endpoint offers, found out before its first use.
struct TronAbilities {
    bool has_wallet = false;          ///< /wallet: blocks at the head
    bool has_light_blocks = false;    ///< /wallet/getblock: headers alone
    bool has_wallet_calls = false;    ///< /wallet/triggerconstantcontract
    bool has_solidity = false;        ///< /walletsolidity: final blocks
    bool has_light_solidity = false;  ///< ... headers alone
    bool has_rpc = false;             ///< /jsonrpc
    bool has_rpc_final = false;       ///< ... which knows the tag `finalized`
    bool has_events = false;          ///< /v1: TronGrid's event pages
    bool has_infos = false;           ///< /wallet: what transactions of a block did
    Address multicall;
};
/// "wallet, walletsolidity, jsonrpc, v1"; "wallet without infos".
std::string to_string(const TronAbilities& abilities);

/// Blocks that were dealt with lately.
class RecentBlocks {
  public:
    void add(const BlockRef& block) {
        hashes_.push_back(block.hash);
        if (hashes_.size() > kMost) hashes_.pop_front();
    }
    bool contains(const BlockRef& block) const {
        return std::find(hashes_.begin(), hashes_.end(), block.hash) != hashes_.end();
    }

  private:
    static constexpr std::size_t kMost = 64;
    std::deque<Bytes32> hashes_;
};

/// Nothing is served under this path, rather than not just now.
inline bool is_absent(const rpc::RpcError& error) {
    return error.kind == rpc::ErrorKind::bad_request || error.kind == rpc::ErrorKind::unsupported;
}

/// One endpoint as a TRON node. Whatever it is asked goes through an interface it offers. One
/// thread uses it at a time.
struct TronNode {
    rpc::Endpoint& endpoint;
    const TronChain& chain;
    EvmNode evm;  ///< its /jsonrpc
    TronAbilities abilities;
    LogSpan event_span;
    ChunkSize calls;
    std::optional<std::size_t> refused{};  ///< the step at which the last probe was refused
    RecentBlocks compared{};               ///< blocks whose logs both interfaces told

    rpc::CallLimits limits(rpc::Clock::Time deadline) const { return evm.limits(deadline); }

    /// The newest block.
    Expected<BlockRef, rpc::RpcError> latest(rpc::Clock::Time deadline);
    /// The newest final block, by its depth where the node does not tell.
    Expected<std::optional<BlockRef>, rpc::RpcError> solid(rpc::Clock::Time deadline);
    Expected<std::optional<BlockRef>, rpc::RpcError> header(BlockNumber number,
                                                            rpc::Clock::Time deadline);
    Expected<std::vector<std::optional<BlockRef>>, rpc::RpcError> headers(
        BlockNumber first, BlockNumber last, rpc::Clock::Time deadline);
    /// Makes sure that this block is the canonical one at its height.
    Expected<void, rpc::RpcError> require_canonical(const BlockRef& block,
                                                    rpc::Clock::Time deadline);
    /// Runs the multicall with each of these calldata at the node's head, whatever block that is. A
    /// call that the node gave no more time is tried once more; then it is `split`.
    std::vector<Returned> run(const Address& multicall, std::span<const Bytes> calldata,
                              rpc::Clock::Time deadline);

    Unexpected<rpc::RpcError> fault(rpc::ErrorKind kind, const std::string& message) const {
        return Unexpected<rpc::RpcError>{endpoint.error(kind, message)};
    }
    /// A block out of a plain reply.
    Expected<std::optional<BlockRef>, rpc::RpcError> block_of(const rpc::RpcResult& reply) const;

  private:
    Returned returned_of(const rpc::RpcResult& reply) const;
};

}  // namespace plimsoll::chain
