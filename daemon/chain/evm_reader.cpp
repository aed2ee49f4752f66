#include "daemon/chain/evm_reader.hpp"

#include "abi/hex.hpp"
#include "abi/keccak.hpp"
#include "daemon/rpc/json.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::chain {
namespace {

using protocols::Call;
using protocols::CallResult;
using rpc::ErrorKind;
using rpc::RpcError;
using rpc::RpcRequest;
using rpc::RpcResult;

/// Suspected of starvation: more than so many are read as a smaller multicall first.
constexpr std::size_t kFewStarved = 4;

Bytes32 key_of(const Call& call) {
    Bytes bytes(call.to.bytes.begin(), call.to.bytes.end());
    bytes.insert(bytes.end(), call.data.begin(), call.data.end());
    return keccak256(bytes);
}

/// The multicall as a whole asked for too much: fewer calls may do.
bool is_divisible(ErrorKind kind) {
    return kind == ErrorKind::execution || kind == ErrorKind::split ||
           kind == ErrorKind::split_batch;
}

Expected<Bytes, ParseError> bytes_of(const nlohmann::json& result) {
    const auto text = rpc::text(result);
    if (!text) return parse_error("result is no text");
    return parse_hex(*text);
}

}  // namespace

void OddCalls::remember(const Call& call, Kind kind, rpc::Clock::Time now) {
    if (entries_.size() >= kMost) entries_.clear();
    entries_.insert_or_assign(key_of(call), Entry{kind, now + std::chrono::hours(1)});
}

bool OddCalls::is(const Call& call, Kind kind, rpc::Clock::Time now) const {
    if (entries_.empty()) return false;
    const auto found = entries_.find(key_of(call));
    return found != entries_.end() && found->second.kind == kind && now < found->second.until;
}

Expected<std::vector<CallResult>, RpcError> EvmReader::read(std::span<const Call> calls) {
    calls_ = calls;
    results_.assign(calls.size(), CallResult{});
    if (auto known = node_.require_block(at_, deadline_); !known) {
        return Unexpected<RpcError>{std::move(known.error())};
    }
    Chunk together;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const bool is_alone = odd_.is(calls[i], OddCalls::Kind::alone, clock_.now());
        (is_alone ? single_ : together).push_back(i);
    }
    Done done = read_chunks(chunks_of(together));
    if (done) done = settle_starved();
    if (done && !single_.empty()) done = read_singly(std::exchange(single_, {}));
    if (done && node_.abilities.pin == EvmAbilities::Pin::number) {
        done = node_.require_canonical(at_, deadline_);
    }
    if (!done) return Unexpected<RpcError>{std::move(done.error())};
    remember_odd();
    return std::move(results_);
}

std::vector<EvmReader::Chunk> EvmReader::chunks_of(const Chunk& indexes) const {
    std::vector<Chunk> chunks;
    std::size_t bytes = 0;
    for (const std::size_t index : indexes) {
        const std::size_t size = encoded_size(calls_[index]);
        if (chunks.empty() || chunks.back().size() >= node_.calls.get() ||
            bytes + size > limits_.max_calldata) {
            chunks.emplace_back();
            bytes = 0;
        }
        chunks.back().push_back(index);
        bytes += size;
    }
    return chunks;
}

std::string EvmReader::multicall_params(const Chunk& chunk) const {
    std::vector<Call> calls = proof_calls(node_.chain.multicall, node_.chain.proof);
    for (const std::size_t index : chunk) calls.push_back(calls_[index]);
    return call_params(node_.chain.multicall, encode_aggregate3(calls), node_.block_argument(at_));
}

EvmReader::Done EvmReader::read_chunks(const std::vector<Chunk>& chunks) {
    std::vector<RpcRequest> requests;
    for (const Chunk& chunk : chunks) requests.push_back({"eth_call", multicall_params(chunk)});
    Done done;
    std::vector<std::pair<std::size_t, RpcError>> refused;
    node_.endpoint.call_parallel(requests, node_.limits(deadline_),
                                 [&](std::size_t i, RpcResult result) {
                                     if (!done) return;
                                     if (!result && is_divisible(result.error().kind)) {
                                         refused.emplace_back(i, std::move(result.error()));
                                     } else {
                                         done = accept_chunk(chunks[i], std::move(result));
                                     }
                                 });
    for (auto& [i, error] : refused) {
        if (done) done = divide(chunks[i], std::move(error));
    }
    return done;
}

EvmReader::Done EvmReader::accept_chunk(const Chunk& chunk, RpcResult result) {
    if (!result) {
        if (result.error().kind == ErrorKind::timeout) node_.calls.refused(chunk.size());
        return Unexpected<RpcError>{std::move(result.error())};
    }
    const auto bytes = bytes_of(*result);
    if (!bytes) return node_.fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    if (bytes->empty()) {  // no code there at this block: the multicall is younger
        single_.insert(single_.end(), chunk.begin(), chunk.end());
        return {};
    }
    const std::size_t proofs = proof_calls(node_.chain.multicall, node_.chain.proof).size();
    auto results = decode_aggregate3(*bytes, proofs + chunk.size());
    if (!results) {
        return node_.fault(ErrorKind::malformed, "multicall: " + results.error().message);
    }
    const auto proof = check_proof(std::span(*results).first(proofs), at_, node_.chain.proof);
    if (!proof) return node_.fault(ErrorKind::unpinned, proof.error().message);
    results->erase(results->begin(), results->begin() + static_cast<std::ptrdiff_t>(proofs));
    return accept_results(chunk, std::move(*results));
}

EvmReader::Done EvmReader::accept_results(const Chunk& chunk, std::vector<CallResult> results) {
    node_.calls.succeeded(chunk.size());
    for (std::size_t i = 0; i < chunk.size(); ++i) {
        const std::size_t index = chunk[i];
        const bool may_be_starved =
            !results[i].success && results[i].data.empty() &&
            !odd_.is(calls_[index], OddCalls::Kind::fails_empty, clock_.now());
        if (may_be_starved) {
            starved_.push_back(index);
            starved_once_.insert(index);
        }
        results_[index] = std::move(results[i]);
    }
    return {};
}

EvmReader::Done EvmReader::divide(const Chunk& chunk, RpcError error) {
    node_.calls.refused(chunk.size());
    if (chunk.size() == 1) {
        odd_.remember(calls_[chunk.front()], OddCalls::Kind::alone, clock_.now());
        single_.push_back(chunk.front());
        return {};
    }
    if (clock_.now() >= deadline_) return Unexpected<RpcError>{std::move(error)};
    const auto middle = chunk.begin() + static_cast<std::ptrdiff_t>(chunk.size() / 2);
    return read_chunks({Chunk(chunk.begin(), middle), Chunk(middle, chunk.end())});
}

/// Asks those again that may have lacked gas: many in half-size multicalls, few by themselves.
EvmReader::Done EvmReader::settle_starved() {
    while (starved_.size() > kFewStarved) {
        const Chunk suspects = std::exchange(starved_, {});
        const std::size_t half = (suspects.size() + 1) / 2;
        const auto middle = suspects.begin() + static_cast<std::ptrdiff_t>(half);
        Done done = read_chunks({Chunk(suspects.begin(), middle), Chunk(middle, suspects.end())});
        if (!done) return done;
        if (starved_.size() < suspects.size()) {
            was_starved_ = true;
            node_.calls.refused(node_.calls.get());
        } else {
            single_.insert(single_.end(), starved_.begin(), starved_.end());
            starved_.clear();
        }
    }
    single_.insert(single_.end(), starved_.begin(), starved_.end());
    starved_.clear();
    return {};
}

EvmReader::Done EvmReader::read_singly(const Chunk& indexes) {
    std::vector<RpcRequest> requests;
    const std::string block = node_.block_argument(at_);
    requests.push_back({"eth_call", call_params(std::nullopt, proof_code(), block)});
    for (const std::size_t index : indexes) {
        requests.push_back({"eth_call", call_params(calls_[index].to, calls_[index].data, block)});
    }
    const auto results = node_.endpoint.call_batch(requests, node_.limits(deadline_));
    if (auto proved = check_code_proof(results.front()); !proved) return proved;
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        if (auto done = accept_single(indexes[i], results[i + 1]); !done) return done;
    }
    return {};
}

/// Nodes that run no code without an address were proved to pin by the probe alone.
EvmReader::Done EvmReader::check_code_proof(const RpcResult& result) {
    if (!result) {
        const ErrorKind kind = result.error().kind;
        if (kind == ErrorKind::execution || kind == ErrorKind::unsupported ||
            kind == ErrorKind::bad_request) {
            return {};
        }
        return Unexpected<RpcError>{result.error()};
    }
    const auto bytes = bytes_of(*result);
    if (!bytes) return node_.fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    const auto proof = check_proof_code(*bytes, at_, node_.chain.proof);
    if (!proof) return node_.fault(ErrorKind::unpinned, proof.error().message);
    return {};
}

EvmReader::Done EvmReader::accept_single(std::size_t index, const RpcResult& result) {
    if (!result) {
        if (result.error().kind != ErrorKind::execution) {
            return Unexpected<RpcError>{result.error()};
        }
        results_[index] = CallResult{false, result.error().revert.value_or(Bytes{})};
        if (results_[index].data.empty()) failed_empty_.push_back(index);
        return {};
    }
    auto bytes = bytes_of(*result);
    if (!bytes) return node_.fault(ErrorKind::malformed, "eth_call: " + bytes.error().message);
    if (starved_once_.contains(index)) was_starved_ = true;
    results_[index] = CallResult{true, std::move(*bytes)};
    return {};
}

/// Where calls were starved, those that fail without data may have burnt the gas: they stay out of
/// multicalls from now on. Otherwise they are as harmless as they were.
void EvmReader::remember_odd() {
    for (const std::size_t index : failed_empty_) {
        const Call& call = calls_[index];
        if (odd_.is(call, OddCalls::Kind::alone, clock_.now())) continue;
        odd_.remember(call, was_starved_ ? OddCalls::Kind::alone : OddCalls::Kind::fails_empty,
                      clock_.now());
    }
}

}  // namespace plimsoll::chain
