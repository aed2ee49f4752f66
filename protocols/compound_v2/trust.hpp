#pragma once

#include "protocols/common/protocol.hpp"
#include "protocols/compound_v2/ledger.hpp"
#include "protocols/compound_v2/valuation.hpp"

namespace plimsoll::protocols::compound_v2 {

/// Why the deployment's numbers are not to be believed: a rounding or a price unit that was not
/// found out, a ledger that the contracts contradict. Healed by what the next rounds read.
/// `valuation` null: before the first round.
Trust trust_of(const Ledger& ledger, const Valuation* valuation);

}  // namespace plimsoll::protocols::compound_v2
