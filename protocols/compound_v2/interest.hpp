#pragma once

#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/model.hpp"

namespace plimsoll::protocols::compound_v2 {

/// The rate per block above which a cToken refuses to accrue: 0.0005 %.
inline constexpr std::uint64_t kMaxBorrowRate = 5'000'000'000'000ULL;

/// The state after `CToken.accrueInterest` at `now` (block or second): simple interest over the
/// time since the last accrual, every part rounded down. Cash does not move.
///
/// Errors: `Reverted` where the contract reverts: the rate is above `kMaxBorrowRate` (the market
/// is frozen as it stands), an overflow, or `now` before the last accrual.
/// Source: `CToken.accrueInterest` of Compound v2.0 to v2.9, JustLend, Venus.
Expected<MarketState, Reverted> accrue_interest(const MarketState& state, const Wad& reserve_factor,
                                                std::uint64_t now);

/// The state accounts are judged by at `now`: accrued, or as stored where accruing reverts.
MarketState accrued_or_stored(const CToken& market, std::uint64_t now);

/// Whether the contract could accrue at `now`. Where it could not, nothing that begins with an
/// accrual can be done in the market.
bool can_accrue(const CToken& market, std::uint64_t now);

}  // namespace plimsoll::protocols::compound_v2
