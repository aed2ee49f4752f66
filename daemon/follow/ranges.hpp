#pragma once

#include "daemon/chain/source.hpp"

#include <functional>

namespace plimsoll::follow {

/// The block of a height where it is known; none: final, or not known.
using KnownBlock = std::function<std::optional<BlockRef>(BlockNumber)>;

/// One step of logs from `from` up to at most `to`. Logs lie in the blocks that are known
/// (`lag_or_reorg` otherwise), and have their times.
Expected<chain::Source::RangeLogs, chain::Fault> read_range(chain::Source& source, BlockNumber from,
                                                            BlockNumber to,
                                                            const protocols::LogFilter& filter,
                                                            const KnownBlock& known);

/// The same, step by step until `to`.
Expected<std::vector<protocols::Log>, chain::Fault> read_whole_range(
    chain::Source& source, BlockNumber from, BlockNumber to, const protocols::LogFilter& filter,
    const KnownBlock& known);

/// What both ask for; each address and topic once.
protocols::LogFilter merged(protocols::LogFilter a, const protocols::LogFilter& b);

}  // namespace plimsoll::follow
