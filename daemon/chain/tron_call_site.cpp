#include "daemon/chain/tron_call_site.hpp"

#include "abi/codec.hpp"
#include "daemon/chain/multicall.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::chain {

using protocols::Call;
using protocols::CallResult;
using rpc::ErrorKind;
using rpc::RpcError;

namespace {

constexpr std::size_t kHeightBytes = 8;

}  // namespace

Expected<BlockRef, ParseError> tron_block_of(std::span<const CallResult> proofs) {
    if (proofs.size() != 3) return parse_error("the proof of the snapshot is incomplete");
    for (const CallResult& proof : proofs) {
        if (!proof.success) return parse_error("a proof of the snapshot failed");
    }
    const auto number = abi::Reader(proofs[0].data).uint64(0);
    const auto time = abi::Reader(proofs[1].data).uint64(0);
    const auto parent = abi::Reader(proofs[2].data).word(0);
    if (!number || !time || !parent) return parse_error("a proof of the snapshot is no word");
    BlockRef out;
    out.number = *number;
    out.time = *time;
    std::copy(parent->bytes.begin() + kHeightBytes, parent->bytes.end(),
              out.parent.bytes.begin() + kHeightBytes);
    return out;
}

bool is_block_of_proof(const BlockRef& seen, const BlockRef& block) {
    return seen.number == block.number && seen.time == block.time &&
           std::equal(seen.parent.bytes.begin() + kHeightBytes, seen.parent.bytes.end(),
                      block.parent.bytes.begin() + kHeightBytes);
}

std::vector<Call> TronCallSite::proofs() const {
    return proof_calls(node_.abilities.multicall, SnapshotProof::full);
}

CallSite::Done TronCallSite::prove(std::span<const CallResult> proofs) {
    const auto seen = tron_block_of(proofs);
    if (!seen) return fault(ErrorKind::unpinned, seen.error().message);
    if (is_block_of_proof(*seen, at_)) return {};
    const std::string where = "ran at block " + std::to_string(seen->number);
    if (seen->number > at_.number) {
        node_.endpoint.set_head(seen->number);
        return fault(ErrorKind::missing_state,
                     where + ": the head moved on from block " + std::to_string(at_.number));
    }
    return fault(ErrorKind::lag_or_reorg,
                 where + (seen->number == at_.number ? " of another fork" : ", which is behind"));
}

CallSite::Done TronCallSite::begin() {
    const auto head = node_.endpoint.head();
    if (!head || *head <= at_.number) return {};
    return fault(ErrorKind::missing_state, "its head is block " + std::to_string(*head) +
                                               ", and TRON keeps no state of block " +
                                               std::to_string(at_.number));
}

void TronCallSite::run(std::span<const Bytes> multicalls,
                       const std::function<void(std::size_t, Returned)>& accept) {
    auto returned = node_.run(node_.abilities.multicall, multicalls, deadline_);
    for (std::size_t i = 0; i < returned.size(); ++i) accept(i, std::move(returned[i]));
}

Expected<std::vector<Returned>, RpcError> TronCallSite::run_singly(std::span<const Call> calls) {
    std::vector<Bytes> multicalls;
    for (const Call& call : calls) {
        std::vector<Call> led = proofs();
        led.push_back(call);
        multicalls.push_back(encode_aggregate3(led));
    }
    std::vector<Returned> out;
    for (const Returned& returned : node_.run(node_.abilities.multicall, multicalls, deadline_)) {
        out.push_back(single(returned));
    }
    return out;
}

/// The last result of a multicall, whose others prove the block. That a multicall fails as a whole
/// says nothing about the contract.
Returned TronCallSite::single(const Returned& returned) {
    if (!returned) {
        RpcError error = returned.error();
        const bool is_limit = error.kind == ErrorKind::execution || error.kind == ErrorKind::split;
        if (is_limit) error.kind = ErrorKind::timeout;
        return Unexpected<RpcError>{std::move(error)};
    }
    if (returned->empty()) return fault(ErrorKind::unsupported, "the multicall is gone");
    const std::size_t count = proofs().size();
    auto results = decode_aggregate3(*returned, count + 1);
    if (!results) return fault(ErrorKind::malformed, "multicall: " + results.error().message);
    if (auto proved = prove(std::span(*results).first(count)); !proved) {
        return Unexpected<RpcError>{std::move(proved.error())};
    }
    CallResult& result = results->back();
    if (result.success) return std::move(result.data);
    auto reverted = fault(ErrorKind::execution, "reverted");
    reverted.value().revert = std::move(result.data);
    return reverted;
}

}  // namespace plimsoll::chain
