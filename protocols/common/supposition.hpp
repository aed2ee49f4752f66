#pragma once

#include "protocols/common/market.hpp"
#include "protocols/common/units.hpp"

namespace plimsoll::protocols {

/// Not what was before a change but what might come: another liquidation threshold of one asset,
/// all else as it is. A change that has it as `before` makes `Protocol::healths_without` answer the
/// health that every position would have with it. Accounts that another threshold counts for (an
/// e-mode category, a pool of risk) keep theirs.
struct SupposedThreshold final : BeforeChange {
    SupposedThreshold(const Address& asset, const Bps& share) : token(asset), threshold(share) {}

    Address token;  ///< the underlying
    Bps threshold;
};

/// The same for the threshold of an e-mode category. Who is in it and which assets count in it stay
/// as they are, so it moves nobody but its accounts, and them by those assets alone. A category
/// that is not set up changes nothing.
struct SupposedCategoryThreshold final : BeforeChange {
    SupposedCategoryThreshold(unsigned id, const Bps& share) : category(id), threshold(share) {}

    unsigned category;
    Bps threshold;
};

}  // namespace plimsoll::protocols
