#include "daemon/chain/call_reader.hpp"

#include "abi/keccak.hpp"
#include "daemon/chain/multicall.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::chain {
namespace {

using protocols::Call;
using protocols::CallResult;
using rpc::ErrorKind;
using rpc::RpcError;

/// Suspected of starvation: more than so many are read as a smaller multicall first.
constexpr std::size_t kFewStarved = 4;
/// How often those calls of one read are repeated that ran at an older block, and after how long.
constexpr unsigned kMostRepeats = 8;
constexpr auto kRepeatAfter = std::chrono::milliseconds(100);

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

Expected<std::vector<CallResult>, RpcError> CallReader::read(std::span<const Call> calls) {
    calls_ = calls;
    results_.assign(calls.size(), CallResult{});
    if (auto known = site_.begin(); !known) {
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
    if (done) done = site_.end();
    if (!done) return Unexpected<RpcError>{std::move(done.error())};
    remember_odd();
    return std::move(results_);
}

std::vector<CallReader::Chunk> CallReader::chunks_of(const Chunk& indexes) const {
    std::vector<Chunk> chunks;
    std::size_t bytes = 0;
    for (const std::size_t index : indexes) {
        const std::size_t size = encoded_size(calls_[index]);
        if (chunks.empty() || chunks.back().size() >= site_.chunk_size().get() ||
            bytes + size > limits_.max_calldata) {
            chunks.emplace_back();
            bytes = 0;
        }
        chunks.back().push_back(index);
        bytes += size;
    }
    return chunks;
}

Bytes CallReader::multicall_of(const Chunk& chunk) const {
    std::vector<Call> calls = site_.proofs();
    for (const std::size_t index : chunk) calls.push_back(calls_[index]);
    return encode_aggregate3(calls);
}

CallReader::Done CallReader::read_chunks(std::vector<Chunk> chunks) {
    while (!chunks.empty()) {
        std::vector<Chunk> late;
        if (auto done = read_once(chunks, late); !done) return done;
        chunks = std::move(late);
        if (!chunks.empty()) clock_.wait(kRepeatAfter, {});
    }
    return {};
}

CallReader::Done CallReader::read_once(const std::vector<Chunk>& chunks, std::vector<Chunk>& late) {
    std::vector<Bytes> multicalls;
    multicalls.reserve(chunks.size());
    for (const Chunk& chunk : chunks) multicalls.push_back(multicall_of(chunk));
    Done done;
    std::vector<std::pair<std::size_t, RpcError>> refused;
    site_.run(multicalls, [&](std::size_t i, Returned returned) {
        if (!done) return;
        if (!returned && is_divisible(returned.error().kind)) {
            refused.emplace_back(i, std::move(returned.error()));
            return;
        }
        const bool is_answer = returned.has_value();
        done = accept_chunk(chunks[i], std::move(returned));
        if (!done && is_answer && may_repeat(done.error())) {
            late.push_back(chunks[i]);
            done = {};
        }
    });
    if (!late.empty()) ++repeats_;
    for (auto& [i, error] : refused) {
        if (done) done = divide(chunks[i], std::move(error));
    }
    return done;
}

CallReader::Done CallReader::accept_chunk(const Chunk& chunk, Returned returned) {
    if (!returned) {
        if (returned.error().kind == ErrorKind::timeout) site_.chunk_size().refused(chunk.size());
        return Unexpected<RpcError>{std::move(returned.error())};
    }
    if (returned->empty()) {  // no code there at this block: the multicall is younger
        single_.insert(single_.end(), chunk.begin(), chunk.end());
        return {};
    }
    const std::size_t proofs = site_.proofs().size();
    auto results = decode_aggregate3(*returned, proofs + chunk.size());
    if (!results) {
        return site_.fault(ErrorKind::malformed, "multicall: " + results.error().message);
    }
    if (auto proved = site_.prove(std::span(*results).first(proofs)); !proved) return proved;
    results->erase(results->begin(), results->begin() + static_cast<std::ptrdiff_t>(proofs));
    return accept_results(chunk, std::move(*results));
}

CallReader::Done CallReader::accept_results(const Chunk& chunk, std::vector<CallResult> results) {
    site_.chunk_size().succeeded(chunk.size());
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

CallReader::Done CallReader::divide(const Chunk& chunk, RpcError error) {
    site_.chunk_size().refused(chunk.size());
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
CallReader::Done CallReader::settle_starved() {
    while (starved_.size() > kFewStarved) {
        const Chunk suspects = std::exchange(starved_, {});
        const std::size_t half = (suspects.size() + 1) / 2;
        const auto middle = suspects.begin() + static_cast<std::ptrdiff_t>(half);
        Done done = read_chunks({Chunk(suspects.begin(), middle), Chunk(middle, suspects.end())});
        if (!done) return done;
        if (starved_.size() < suspects.size()) {
            was_starved_ = true;
            site_.chunk_size().refused(site_.chunk_size().get());
        } else {
            single_.insert(single_.end(), starved_.begin(), starved_.end());
            starved_.clear();
        }
    }
    single_.insert(single_.end(), starved_.begin(), starved_.end());
    starved_.clear();
    return {};
}

/// It ran at an older block, and another try may not: behind one address are several nodes.
bool CallReader::may_repeat(const RpcError& error) const {
    return error.kind == ErrorKind::lag_or_reorg && repeats_ < kMostRepeats &&
           clock_.now() < deadline_;
}

CallReader::Done CallReader::read_singly(Chunk indexes) {
    while (!indexes.empty()) {
        std::vector<Call> calls;
        for (const std::size_t index : indexes) calls.push_back(calls_[index]);
        auto returned = site_.run_singly(calls);
        if (!returned) return Unexpected<RpcError>{std::move(returned.error())};
        Chunk late;
        for (std::size_t i = 0; i < indexes.size(); ++i) {
            Returned& one = (*returned)[i];
            if (!one && may_repeat(one.error())) {
                late.push_back(indexes[i]);
            } else if (auto done = accept_single(indexes[i], std::move(one)); !done) {
                return done;
            }
        }
        indexes = std::move(late);
        if (indexes.empty()) break;
        ++repeats_;
        clock_.wait(kRepeatAfter, {});
    }
    return {};
}

CallReader::Done CallReader::accept_single(std::size_t index, Returned returned) {
    if (!returned) {
        if (returned.error().kind != ErrorKind::execution) {
            return Unexpected<RpcError>{std::move(returned.error())};
        }
        results_[index] = CallResult{false, returned.error().revert.value_or(Bytes{})};
        if (results_[index].data.empty()) failed_empty_.push_back(index);
        return {};
    }
    if (starved_once_.contains(index)) was_starved_ = true;
    results_[index] = CallResult{true, std::move(*returned)};
    return {};
}

/// Where calls were starved, those that fail without data may have burnt the gas: they stay out of
/// multicalls from now on. Otherwise they are as harmless as they were.
void CallReader::remember_odd() {
    for (const std::size_t index : failed_empty_) {
        const Call& call = calls_[index];
        if (odd_.is(call, OddCalls::Kind::alone, clock_.now())) continue;
        odd_.remember(call, was_starved_ ? OddCalls::Kind::alone : OddCalls::Kind::fails_empty,
                      clock_.now());
    }
}

}  // namespace plimsoll::chain
