#pragma once

#include "config/settings.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/protocol.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::bands {

/// The groups of one protocol: the configured ones in their order, then a group of one for every
/// asset outside all of them, in the order of the markets.
///
/// A member is named by symbol (case counts) or by address. Members the protocol does not list are
/// left out, and so is a group without any. The leader is a member even where the list forgets it;
/// when the protocol does not list it, the first present member leads. An asset named by two groups
/// belongs to the first. A symbol that several tokens carry names all of them, so where anybody
/// may list a token, name it by address.
std::vector<protocols::AssetGroup> resolve_groups(
    const std::vector<config::GroupSettings>& settings,
    std::span<const protocols::MarketReport> markets);

/// Dollars in units of the oracle, rounded up or down. Throws over 256 bits.
OraclePrice to_oracle_price(const Usd8& usd, unsigned price_decimals,
                            const protocols::PriceQuote& quote, bool up);

/// A band in one protocol's own units.
struct ResolvedBand {
    std::string name;
    std::string collateral;  ///< as configured: group, symbol or address
    Usd8 low;
    Usd8 high;
    protocols::AssetGroup group;
    unsigned leader_decimals = 0;
    unsigned price_decimals = 8;
    protocols::PriceQuote quote;  ///< what the oracle states prices in
    /// The oracle prices inside [low, high]: low rounded up, high rounded down. Both are the same
    /// interval as the configured one, since an oracle price is an integer.
    OraclePrice low_price;
    OraclePrice high_price;
};

/// A group's name stands for the whole group; a symbol or an address for that asset alone, whatever
/// group it is in. None: the protocol lists nothing of that name, or the interval is not one
/// (`low` over `high`, `high` zero, out of 256 bits).
std::optional<ResolvedBand> resolve_band(const config::BandSettings& settings,
                                         std::span<const protocols::AssetGroup> groups,
                                         std::span<const protocols::MarketReport> markets);

}  // namespace plimsoll::bands
