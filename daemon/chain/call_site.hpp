#pragma once

#include "daemon/chain/evm_limits.hpp"
#include "daemon/rpc/rpc_error.hpp"
#include "protocols/common/log.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace plimsoll::chain {

/// The return data of one call, or why there is none; a revert is `execution`.
using Returned = Expected<Bytes, rpc::RpcError>;

/// Where calls run: one node, at one block. What a reader of contracts needs of it; one thread.
class CallSite {
  public:
    using Done = Expected<void, rpc::RpcError>;

    virtual ~CallSite() = default;

    /// How many calls a multicall there may hold; learned.
    virtual ChunkSize& chunk_size() = 0;
    /// The calls that lead each multicall and tell at which block it ran.
    virtual std::vector<protocols::Call> proofs() const = 0;
    /// Whether their results say that it was the block of this site.
    virtual Done prove(std::span<const protocols::CallResult> proofs) = 0;

    /// Before anything is asked: whether the node has the block at all.
    virtual Done begin() = 0;
    /// Runs the multicall with each of these calldata, several at a time; `accept` gets what they
    /// returned, in order. Empty data: no multicall is deployed at this block.
    virtual void run(std::span<const Bytes> multicalls,
                     const std::function<void(std::size_t, Returned)>& accept) = 0;
    /// Runs each call by itself, proved as far as the node can.
    virtual Expected<std::vector<Returned>, rpc::RpcError> run_singly(
        std::span<const protocols::Call> calls) = 0;
    /// After everything was answered.
    virtual Done end() = 0;

    virtual Unexpected<rpc::RpcError> fault(rpc::ErrorKind kind,
                                            const std::string& message) const = 0;
};

}  // namespace plimsoll::chain
