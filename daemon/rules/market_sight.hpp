#pragma once

#include "daemon/rules/history.hpp"
#include "daemon/rules/observation.hpp"
#include "daemon/rules/rule.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/totals.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace plimsoll::rules {

/// A price that stands still while another one moves.
struct Standstill {
    Sighting since;           ///< when the price was first seen as it is
    std::string other_asset;  ///< whose price moved meanwhile
    std::string other_protocol;
    unsigned other_decimals = 8;
    std::string other_quote = "USD";
    Span other;  ///< its extremes since then
};

/// What a rule about a protocol or a market looks at, at one block.
struct MarketSight {
    const protocols::MarketReport* market = nullptr;  ///< none: the protocol as a whole
    const protocols::Totals* totals = nullptr;        ///< of the protocol
    BlockTime time = 0;
    std::optional<std::uint64_t> coverage_ppm;
    std::optional<Span> tvl;    ///< within the rule's window
    std::optional<Span> price;  ///< its compared price within the rule's window
    std::optional<Standstill> standstill;

    Usd8 supplied() const;
    Usd8 borrowed() const;
    Usd8 locked() const;
    /// The market's price; none where the oracle has none, or answers 0.
    std::optional<OraclePrice> oracle_price() const;
    /// Seconds since the feed says that the price was made.
    std::optional<std::uint64_t> feed_age() const;
    /// Seconds; the longer of what the feed says and a standstill.
    std::uint64_t age() const;
};

/// How far a number is from another one it is compared with.
struct Change {
    Ratio percent;
    Sighting from;
};
/// By how much the value locked is below its highest in the window.
Change drop(const MarketSight& sight);
/// How far the price is from the most different one in the window; none without a price.
std::optional<Change> jump(const MarketSight& sight);

/// The metric's number; none: unknown.
std::optional<Ratio> number_of(config::Metric metric, const Rule& rule, const MarketSight& sight);
/// Everything the rule asks for. A drop from less than `min_usd` is none.
Observation observe(const Rule& rule, const MarketSight& sight);

/// What a rule needs of the past.
bool looks_back(const Rule& rule);
/// How far its history must reach: its window, and twice the age it asks for.
config::Window reach_of(const Rule& rule);
/// What tells a market from the others: its own contract where several may have one token.
const Address& place_of(const protocols::MarketReport& market);
/// Names of numbers in a history.
std::string tvl_name(const protocols::MarketReport& market);
/// Of a protocol: sums over different markets are different series.
std::string tvl_name(std::span<const protocols::MarketReport> markets);
std::string price_name(const protocols::MarketReport& market);

/// A price as jumps are measured: in dollars where what prices are stated in has a known worth in
/// them, since a move of that would be one of every price but its own.
struct ComparedPrice {
    std::string series;  ///< its name in a history
    U256 value;
    unsigned decimals = 0;
    std::string quote;
    bool is_converted = false;  ///< from what the oracle states it in
};
/// None without a price, or beyond 256 bits.
std::optional<ComparedPrice> compared_price(const protocols::MarketReport& market);

}  // namespace plimsoll::rules
