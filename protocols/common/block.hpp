#pragma once

#include "abi/word.hpp"

#include <cstdint>
#include <string>

namespace plimsoll {

using BlockNumber = std::uint64_t;
/// Seconds since 1970, as a block header has them. Never the host's clock.
using BlockTime = std::uint64_t;

/// The block something is true at.
struct BlockRef {
    BlockNumber number = 0;
    Bytes32 hash;
    Bytes32 parent;
    BlockTime time = 0;

    friend bool operator==(const BlockRef&, const BlockRef&) = default;
};

}  // namespace plimsoll
