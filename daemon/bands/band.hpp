#pragma once

#include "daemon/bands/groups.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::bands {

/// How far the price is from a band, as an exact fraction: above it (price - high) / high, inside
/// it 0, below it (price - low) / low, which is negative.
struct Distance {
    bool negative = false;
    U512 numerator = 0;
    U512 denominator = 1;
};

/// Where the price stands.
enum class Place { above, inside, below };

/// One position of a band.
struct BandPosition {
    protocols::PositionKey key;
    U256 collateral = 0;  ///< leader's smallest units
    Usd8 collateral_usd;
    Usd8 debt_usd;
};

/// The collateral that becomes liquidatable while the price crosses a band, at one block.
struct BandReport {
    std::string band;
    std::string collateral;  ///< as configured: group, symbol or address
    std::string leader;      ///< symbol of the asset the prices and `collateral_amount` are of
    Usd8 low;
    Usd8 high;
    std::optional<OraclePrice> price;  ///< leader's price; none: nothing below is known
    unsigned price_decimals = 8;
    protocols::PriceQuote quote;  ///< what the price is stated in
    U256 collateral_amount = 0;   ///< leader's smallest units
    unsigned leader_decimals = 0;
    Usd8 collateral_usd;
    Usd8 debt_usd;  ///< the whole debt of these positions
    std::size_t positions = 0;
    std::size_t liquidatable = 0;       ///< those among them that are liquidatable already
    std::size_t not_computable = 0;     ///< in the protocol; each might belong
    std::vector<BandPosition> largest;  ///< by collateral value, at most `kLargest`
    Distance distance;
    Place place = Place::above;
    bool approached = false;  ///< price at most 3% over `high`, or inside, or below
};

constexpr std::size_t kLargest = 20;

/// Who belongs to the band. A position does when its liquidation price with the whole group moving
/// (the greatest leader price at which it is liquidatable) lies in [low, high]: liquidatable at
/// low, and not at the next price over high. That price does not depend on where the price is now:
/// a position that is liquidatable already stays in the band it fell in until somebody liquidates
/// or repairs it, and is not in a lower band that the price has not reached. Positions that a
/// rising price endangers (`PriceSide::above`) are in no band.
///
/// Exact: two evaluations of the contract's own health for those that have collateral in the group.
BandReport evaluate_band(const protocols::Protocol& protocol, const ResolvedBand& band,
                         std::span<const protocols::PositionHealth> healths);

/// `distance` in percent with two decimals, half away from zero: "12.34", "0.00", "-3.20".
std::string distance_pct(const Distance& distance);

}  // namespace plimsoll::bands
