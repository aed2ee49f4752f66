#pragma once

#include "daemon/chain/call_site.hpp"
#include "daemon/chain/evm_node.hpp"

namespace plimsoll::chain {

/// Calls pinned to a block by its hash, or by its number where the node knows no better. Calls by
/// themselves are led by code that tells the block, where the node runs code without an address.
class EvmCallSite final : public CallSite {
  public:
    EvmCallSite(EvmNode& node, const BlockRef& at, rpc::Clock::Time deadline)
        : node_(node), at_(at), deadline_(deadline) {}

    ChunkSize& chunk_size() override { return node_.calls; }
    std::vector<protocols::Call> proofs() const override;
    Done prove(std::span<const protocols::CallResult> proofs) override;
    Done begin() override;
    void run(std::span<const Bytes> multicalls,
             const std::function<void(std::size_t, Returned)>& accept) override;
    Expected<std::vector<Returned>, rpc::RpcError> run_singly(
        std::span<const protocols::Call> calls) override;
    Done end() override;
    Unexpected<rpc::RpcError> fault(rpc::ErrorKind kind, const std::string& message) const override;

  private:
    Returned bytes_of(const rpc::RpcResult& result) const;
    Done check_code_proof(const Returned& result) const;

    EvmNode& node_;
    BlockRef at_;
    rpc::Clock::Time deadline_;
};

}  // namespace plimsoll::chain
