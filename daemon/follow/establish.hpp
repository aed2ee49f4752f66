#pragma once

#include "daemon/chain/source.hpp"
#include "daemon/follow/followed.hpp"
#include "daemon/store/store.hpp"

#include <functional>
#include <vector>

namespace plimsoll::follow {

/// What bringing ledgers to a block needs.
struct EstablishContext {
    chain::Source& source;
    store::Store& store;
    std::string chain;                  ///< configured name
    BlockNumber final_number = 0;       ///< scan progress is stored up to here only
    std::function<void()> on_progress;  ///< scan status changed
    std::function<bool()> stopping;
};

/// Reads what the ledger owes at `at`, until it owes nothing.
Expected<void, chain::Fault> settle(EstablishContext& context, protocols::Protocol& ledger,
                                    const BlockRef& at);

/// Applies the logs of (from, to] to every ledger, then settles them at `to`. Liquidations seen on
/// the way are handed to `on_events` with each step.
Expected<void, chain::Fault> bring_forward(EstablishContext& context,
                                           std::span<Followed* const> followed,
                                           const BlockRef& from, const BlockRef& to,
                                           const std::function<void(Followed&)>& on_events);

/// Builds a protocol's ledger from nothing: structure, discovery of borrowers since the start
/// block (resumed where an earlier run left it), seeding. `at` moves forward when the node no
/// longer has the state of the block it began with.
Expected<void, chain::Fault> bootstrap(EstablishContext& context, Followed& followed,
                                       std::unique_ptr<protocols::Protocol>& ledger, BlockRef& at);

/// Liquidations in the blocks [from, to], which the ledger was read after.
Expected<std::vector<protocols::Liquidation>, chain::Fault> liquidations_in(
    EstablishContext& context, const protocols::Protocol& ledger, BlockNumber from, BlockNumber to);

}  // namespace plimsoll::follow
