#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll::protocols {

/// One event log, checked by the chain stage: it lies in the block it names, and logs come in
/// strict (block, index) order. `data` and `topics` are still the contract's word: decode with
/// bounds.
struct Log {
    Address address;
    std::vector<Bytes32> topics;  ///< 0 to 4
    Bytes data;
    BlockNumber block = 0;
    Bytes32 block_hash;
    BlockTime block_time = 0;
    Bytes32 tx;
    std::uint32_t index = 0;
};

/// The block a log lies in; its parent is not known.
inline BlockRef block_of(const Log& log) {
    BlockRef out;
    out.number = log.block;
    out.hash = log.block_hash;
    out.time = log.block_time;
    return out;
}

/// Logs wanted: emitted by any of `addresses`, topic 0 any of `topics`.
struct LogFilter {
    std::vector<Address> addresses;
    std::vector<Bytes32> topics;
};

/// Logs of the blocks from `from` to the round's that were not asked for when the blocks were read,
/// since their emitters were not known yet.
struct OwedLogs {
    LogFilter filter;
    BlockNumber from = 0;
};

/// A read-only call at a pinned block. The reads of one round are bundled into multicalls.
struct Call {
    Address to;
    Bytes data;
};

/// What one call returned at the pinned block. A failed transport never arrives here.
struct CallResult {
    bool success = false;  ///< false: the contract reverted
    Bytes data;
};

/// A reply that does not decode, or that contradicts what is known. `message` names call and
/// reason.
struct ReadFault {
    std::string message;
};

}  // namespace plimsoll::protocols
