#pragma once

#include "daemon/bands/heatmap.hpp"
#include "daemon/bands/shock.hpp"
#include "daemon/view/view.hpp"
#include "protocols/common/totals.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace plimsoll::view {

/// Rows of the tables in docs/formats/snapshots.md, as they stand in files and in HTTP answers.
/// Exact integers are decimal text; `*_usd` are numbers with 2 decimals, cut off, for reading and
/// sums.
using Row = nlohmann::ordered_json;

/// Positions with a health factor from 1 up to below this count as at risk in `tvl` and in filters.
using protocols::at_risk_below;

/// The columns every table begins with.
Row common_columns(const ProtocolView& view);

Row tvl_row(const ProtocolView& view);
Row market_row(const ProtocolView& view, const protocols::MarketReport& market);
Row position_row(const ProtocolView& view, const protocols::PositionHealth& health);
Row band_row(const ProtocolView& view, const bands::BandReport& band);
/// The rows of a heat map, ascending by price; those of the side `above` only where there is
/// something in them.
std::vector<Row> heat_rows(const ProtocolView& view, const bands::ResolvedBand& range,
                           const bands::HeatMap& map);
/// One position that a shock endangers.
Row shock_row(const ProtocolView& view, const bands::ResolvedBand& range,
              const bands::BandPosition& position);
/// The sums of a shock in one protocol.
Row shock_summary(const ProtocolView& view, const bands::ResolvedBand& range,
                  const bands::Shock& shock);
/// The same for an e-mode category: its assets have no one price, and no one unit to count them in.
Row shock_row(const ProtocolView& view, const bands::BandPosition& position);
Row shock_summary(const ProtocolView& view, const protocols::EModeReport& category,
                  const bands::Shock& shock);
/// `finality` is "latest" or "finalized".
Row liquidation_row(const ProtocolStatus& status, const std::string& caip2,
                    const protocols::Liquidation& event, const std::string& finality);

/// US dollars with 2 decimals as a JSON number, from 8 decimals; the rest is cut off.
nlohmann::ordered_json usd(const Usd8& value);
/// `ppm` millionths as text with 6 digits after the point: "1.000000".
std::string millionths(std::uint64_t ppm);
/// numerator / denominator with `digits` decimals, cut off; none when the denominator is 0.
std::optional<std::string> ratio(const U256& numerator, const U256& denominator, unsigned digits);
/// value / 10^decimals with at most `digits` decimals, cut off, without trailing zeros: "2199.99".
std::string scaled(const U256& value, unsigned decimals, unsigned digits);
/// The price of one whole token in dollars as text with at most 8 decimals, cut off; null where
/// the quote's worth is not known.
Row dollars(const protocols::AssetPrice& price);

}  // namespace plimsoll::view
