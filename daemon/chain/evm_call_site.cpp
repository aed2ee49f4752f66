#include "daemon/chain/evm_call_site.hpp"

#include "abi/hex.hpp"
#include "daemon/rpc/json.hpp"

#include <utility>

namespace plimsoll::chain {

using protocols::Call;
using protocols::CallResult;
using rpc::ErrorKind;
using rpc::RpcError;
using rpc::RpcRequest;
using rpc::RpcResult;

Unexpected<RpcError> EvmCallSite::fault(ErrorKind kind, const std::string& message) const {
    return node_.fault(kind, message);
}

std::vector<Call> EvmCallSite::proofs() const {
    return proof_calls(node_.chain.multicall, node_.chain.proof);
}

CallSite::Done EvmCallSite::prove(std::span<const CallResult> proofs) {
    const auto proof = check_proof(proofs, at_, node_.chain.proof);
    if (!proof) return fault(ErrorKind::unpinned, proof.error().message);
    return {};
}

CallSite::Done EvmCallSite::begin() { return node_.require_block(at_, deadline_); }

CallSite::Done EvmCallSite::end() {
    if (node_.abilities.pin == EvmAbilities::Pin::hash) return {};
    return node_.require_canonical(at_, deadline_);
}

Returned EvmCallSite::bytes_of(const RpcResult& result) const {
    if (!result) return Unexpected<RpcError>{result.error()};
    const auto text = rpc::text(*result);
    auto bytes = text ? parse_hex(*text) : parse_error("result is no text");
    if (!bytes) return fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    return std::move(*bytes);
}

void EvmCallSite::run(std::span<const Bytes> multicalls,
                      const std::function<void(std::size_t, Returned)>& accept) {
    std::vector<RpcRequest> requests;
    for (const Bytes& data : multicalls) {
        requests.push_back(
            {"eth_call", call_params(node_.chain.multicall, data, node_.block_argument(at_))});
    }
    node_.endpoint.call_parallel(
        requests, node_.limits(deadline_),
        [&](std::size_t i, const RpcResult& result) { accept(i, bytes_of(result)); });
}

Expected<std::vector<Returned>, RpcError> EvmCallSite::run_singly(std::span<const Call> calls) {
    std::vector<RpcRequest> requests;
    const std::string block = node_.block_argument(at_);
    requests.push_back({"eth_call", call_params(std::nullopt, proof_code(), block)});
    for (const Call& call : calls) {
        requests.push_back({"eth_call", call_params(call.to, call.data, block)});
    }
    const auto results = node_.endpoint.call_batch(requests, node_.limits(deadline_));
    if (auto proved = check_code_proof(bytes_of(results.front())); !proved) {
        return Unexpected<RpcError>{std::move(proved.error())};
    }
    std::vector<Returned> out;
    for (std::size_t i = 1; i < results.size(); ++i) out.push_back(bytes_of(results[i]));
    return out;
}

/// Nodes that run no code without an address were proved to pin by the probe alone.
CallSite::Done EvmCallSite::check_code_proof(const Returned& result) const {
    if (!result) {
        const ErrorKind kind = result.error().kind;
        if (kind == ErrorKind::execution || kind == ErrorKind::unsupported ||
            kind == ErrorKind::bad_request) {
            return {};
        }
        return Unexpected<RpcError>{result.error()};
    }
    const auto proof = check_proof_code(*result, at_, node_.chain.proof);
    if (!proof) return fault(ErrorKind::unpinned, proof.error().message);
    return {};
}

}  // namespace plimsoll::chain
