#pragma once

#include "protocols/common/market.hpp"

namespace plimsoll::protocols {

/// Whether `collateral` and `protocol_fee` are known. Shares that were taken have no amount of the
/// asset until the rate of the event's block is known.
inline bool has_amounts(const Liquidation& event) {
    return !event.seized || event.seized->liquidator == 0 || event.collateral.raw() != 0;
}

/// The same of `amount`.
inline bool has_amount(const AccountEvent& event) {
    return !event.shares || *event.shares == 0 || event.amount.raw() != 0;
}

}  // namespace plimsoll::protocols
