#pragma once

#include "daemon/chain/call_site.hpp"
#include "daemon/chain/tron_node.hpp"

namespace plimsoll::chain {

/// Calls at the head of a TRON node, while that head is the block asked for. There is no other
/// state: a node has none but its head's, and what its eth_call takes as a block argument it
/// ignores.
///
/// A multicall that ran at a later block means that the state is gone (`missing_state`), at an
/// earlier one that this node is behind (`lag_or_reorg`). Calls by themselves are multicalls of
/// one, since nothing else is proved.
class TronCallSite final : public CallSite {
  public:
    TronCallSite(TronNode& node, const BlockRef& at, rpc::Clock::Time deadline)
        : node_(node), at_(at), deadline_(deadline) {}

    ChunkSize& chunk_size() override { return node_.calls; }
    std::vector<protocols::Call> proofs() const override;
    Done prove(std::span<const protocols::CallResult> proofs) override;
    Done begin() override;
    void run(std::span<const Bytes> multicalls,
             const std::function<void(std::size_t, Returned)>& accept) override;
    Expected<std::vector<Returned>, rpc::RpcError> run_singly(
        std::span<const protocols::Call> calls) override;
    Done end() override { return {}; }
    Unexpected<rpc::RpcError> fault(rpc::ErrorKind kind,
                                    const std::string& message) const override {
        return node_.fault(kind, message);
    }

  private:
    Returned single(const Returned& returned);

    TronNode& node_;
    BlockRef at_;
    rpc::Clock::Time deadline_;
};

/// What the proofs that lead a multicall say: the block it ran at. Of the parent's hash only the
/// low 24 bytes are filled in: above them a block's id holds its height.
Expected<BlockRef, ParseError> tron_block_of(std::span<const protocols::CallResult> proofs);
/// Whether the two are one block as far as a proof can tell.
bool is_block_of_proof(const BlockRef& seen, const BlockRef& block);

}  // namespace plimsoll::chain
