#pragma once

#include "abi/expected.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace plimsoll::chain {

/// Multicall3 at the address it has on most chains.
Address canonical_multicall();

/// What of a snapshot's proof must fit the block, since chains differ in what their contracts see.
enum class SnapshotProof {
    full,       ///< block.number, block.timestamp and the hash of the parent
    time_only,  ///< block.number is not the number that RPC uses
    arbitrum,   ///< number by ArbSys, and block.timestamp
};

/// Calldata of Multicall3.aggregate3, every call allowed to fail.
Bytes encode_aggregate3(std::span<const protocols::Call> calls);
/// Bytes that a call adds to that calldata.
std::size_t encoded_size(const protocols::Call& call);
/// The return data of an aggregate3 of `count` calls. Strict: the count fits, every offset and
/// length lies inside the data, booleans are 0 or 1, and all results together are no longer than
/// the data (they may not share bytes to look larger than they are).
Expected<std::vector<protocols::CallResult>, ParseError> decode_aggregate3(
    std::span<const std::uint8_t> data, std::size_t count);

/// The calls that lead a multicall and tell at which block it ran.
std::vector<protocols::Call> proof_calls(const Address& multicall, SnapshotProof proof);
/// Whether their results say `at`; the error says where they differ.
Expected<void, ParseError> check_proof(std::span<const protocols::CallResult> results,
                                       const BlockRef& at, SnapshotProof proof);

/// Code that returns block.number, block.timestamp and the parent's hash: a call without target
/// runs it where no multicall is deployed.
Bytes proof_code();
Expected<void, ParseError> check_proof_code(std::span<const std::uint8_t> returned,
                                            const BlockRef& at, SnapshotProof proof);

}  // namespace plimsoll::chain
