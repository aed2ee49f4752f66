#include "daemon/chain/multicall.hpp"

#include "abi/codec.hpp"
#include "abi/hex.hpp"

#include <array>
#include <string>
#include <utility>

namespace plimsoll::chain {
namespace {

constexpr std::size_t kWord = 32;
constexpr std::uint64_t kMostOffset = UINT32_MAX;

void append_word(Bytes& out, std::uint64_t value) {
    const Bytes32 word = to_bytes32(U256(value));
    out.insert(out.end(), word.bytes.begin(), word.bytes.end());
}

std::size_t padded(std::size_t bytes) { return (bytes + kWord - 1) / kWord * kWord; }

/// A word that is an offset or a length: multiples are not demanded, bounds are.
Expected<std::size_t, ParseError> position(const abi::Reader& reader, std::size_t index) {
    return reader.uint64(index).and_then(
        [](std::uint64_t value) -> Expected<std::size_t, ParseError> {
            if (value > kMostOffset)
                return parse_error("offset or length in a multicall is too large");
            return value;
        });
}

/// One (bool, bytes) tuple, which begins at the front of `tuple`.
Expected<protocols::CallResult, ParseError> decode_result(std::span<const std::uint8_t> tuple) {
    const abi::Reader reader(tuple);
    const auto success = reader.boolean(0);
    if (!success) return Unexpected<ParseError>{success.error()};
    const auto offset = position(reader, 1);
    if (!offset) return Unexpected<ParseError>{offset.error()};
    if (*offset > tuple.size()) return parse_error("bytes of a multicall lie outside the reply");
    const std::span<const std::uint8_t> tail = tuple.subspan(*offset);
    const auto length = position(abi::Reader(tail), 0);
    if (!length) return Unexpected<ParseError>{length.error()};
    if (*length > tail.size() - kWord) {
        return parse_error("bytes of a multicall lie outside the reply");
    }
    const auto bytes = tail.subspan(kWord, *length);
    return protocols::CallResult{*success, Bytes(bytes.begin(), bytes.end())};
}

Expected<void, ParseError> mismatch(const char* what) {
    return parse_error(std::string("the call ran at another block: ") + what + " differs");
}

/// One word of a proof.
Expected<U256, ParseError> proof_word(const protocols::CallResult& result) {
    if (!result.success) return parse_error("a proof of the snapshot failed");
    return abi::Reader(result.data).uint(0);
}

Expected<void, ParseError> check_words(const U256& number, const U256& time, const U256& parent,
                                       const BlockRef& at) {
    if (number != U256(at.number)) return mismatch("block number");
    if (time != U256(at.time)) return mismatch("timestamp");
    if (parent != to_u256(at.parent)) return mismatch("parent hash");
    return {};
}

Address arb_sys() {
    return Address{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x64}};
}

}  // namespace

Address canonical_multicall() {
    return parse_address("0xca11bde05977b3631167028862be2a173976ca11").value();
}

std::size_t encoded_size(const protocols::Call& call) {
    return kWord + 4 * kWord + padded(call.data.size());
}

Bytes encode_aggregate3(std::span<const protocols::Call> calls) {
    Bytes out = abi::Calldata("aggregate3((address,bool,bytes)[])").take();
    append_word(out, kWord);
    append_word(out, calls.size());
    std::size_t offset = calls.size() * kWord;
    for (const protocols::Call& call : calls) {
        append_word(out, offset);
        offset += encoded_size(call) - kWord;
    }
    for (const protocols::Call& call : calls) {
        const Bytes32 target = to_bytes32(call.to);
        out.insert(out.end(), target.bytes.begin(), target.bytes.end());
        append_word(out, 1);
        append_word(out, 3 * kWord);
        append_word(out, call.data.size());
        out.insert(out.end(), call.data.begin(), call.data.end());
        out.resize(out.size() + padded(call.data.size()) - call.data.size());
    }
    return out;
}

Expected<std::vector<protocols::CallResult>, ParseError> decode_aggregate3(
    std::span<const std::uint8_t> data, std::size_t count) {
    const auto start = position(abi::Reader(data), 0);
    if (!start) return Unexpected<ParseError>{start.error()};
    if (*start > data.size()) return parse_error("list of a multicall lies outside the reply");
    const abi::Reader list(data.subspan(*start));
    const auto given = position(list, 0);
    if (!given) return Unexpected<ParseError>{given.error()};
    if (*given != count) return parse_error("multicall answers another number of calls");
    const std::span<const std::uint8_t> tuples = data.subspan(*start + kWord);

    std::vector<protocols::CallResult> out;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto offset = position(list, 1 + i);
        if (!offset) return Unexpected<ParseError>{offset.error()};
        if (*offset > tuples.size()) return parse_error("result of a multicall lies outside");
        auto result = decode_result(tuples.subspan(*offset));
        if (!result) return Unexpected<ParseError>{result.error()};
        // Every result has four words of its own besides its bytes.
        bytes += result->data.size() + 4 * kWord;
        if (bytes > data.size()) return parse_error("results of a multicall overlap");
        out.push_back(std::move(*result));
    }
    return out;
}

std::vector<protocols::Call> proof_calls(const Address& multicall, SnapshotProof proof) {
    const auto call = [](const Address& to, std::string_view signature) {
        return protocols::Call{to, abi::Calldata(signature).take()};
    };
    const auto time = call(multicall, "getCurrentBlockTimestamp()");
    switch (proof) {
        case SnapshotProof::time_only:
            return {time};
        case SnapshotProof::arbitrum:
            return {time, call(arb_sys(), "arbBlockNumber()")};
        case SnapshotProof::full:
            break;
    }
    return {call(multicall, "getBlockNumber()"), time, call(multicall, "getLastBlockHash()")};
}

Expected<void, ParseError> check_proof(std::span<const protocols::CallResult> results,
                                       const BlockRef& at, SnapshotProof proof) {
    std::vector<U256> words;
    for (const protocols::CallResult& result : results) {
        auto word = proof_word(result);
        if (!word) return Unexpected<ParseError>{word.error()};
        words.push_back(std::move(*word));
    }
    const std::size_t wanted = proof == SnapshotProof::full       ? 3
                               : proof == SnapshotProof::arbitrum ? 2
                                                                  : 1;
    if (words.size() != wanted) return parse_error("the proof of the snapshot is incomplete");
    if (proof == SnapshotProof::full) return check_words(words[0], words[1], words[2], at);
    if (words[0] != U256(at.time)) return mismatch("timestamp");
    if (proof == SnapshotProof::arbitrum && words[1] != U256(at.number)) {
        return mismatch("block number");
    }
    return {};
}

Bytes proof_code() {
    return {0x43, 0x60, 0x00, 0x52,         // memory[0x00] = block.number
            0x42, 0x60, 0x20, 0x52,         // memory[0x20] = block.timestamp
            0x60, 0x01, 0x43, 0x03, 0x40,   // blockhash(block.number - 1)
            0x60, 0x40, 0x52,               // memory[0x40] = it
            0x60, 0x60, 0x60, 0x00, 0xf3};  // return memory[0x00 .. 0x60]
}

Expected<void, ParseError> check_proof_code(std::span<const std::uint8_t> returned,
                                            const BlockRef& at, SnapshotProof proof) {
    if (returned.size() != 3 * kWord) return parse_error("the proof of the snapshot is incomplete");
    const U256 time = to_u256(returned.subspan(kWord, kWord));
    if (proof != SnapshotProof::full) {
        return time == U256(at.time) ? Expected<void, ParseError>{} : mismatch("timestamp");
    }
    return check_words(to_u256(returned.first(kWord)), time, to_u256(returned.last(kWord)), at);
}

}  // namespace plimsoll::chain
