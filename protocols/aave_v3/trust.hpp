#pragma once

#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/valuation.hpp"
#include "protocols/common/protocol.hpp"

namespace plimsoll::protocols::aave_v3 {

/// Why the market's numbers are not to be believed: contracts of unknown rules, a ledger that the
/// contract's own totals contradict. Healed by what the next rounds read. `valuation` null: before
/// the first round.
Trust trust_of(const Ledger& ledger, const Valuation* valuation);

}  // namespace plimsoll::protocols::aave_v3
