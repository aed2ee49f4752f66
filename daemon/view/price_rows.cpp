#include "abi/hex.hpp"
#include "daemon/view/rows.hpp"

namespace plimsoll::view {
namespace {

void add_place(Row& row, const bands::ResolvedBand& range,
               const std::optional<OraclePrice>& price) {
    row["collateral"] = range.collateral;
    row["leader"] = range.group.leader_symbol;
    row["price"] = price ? dollars({*price, range.price_decimals, range.quote}) : Row(nullptr);
}

Row heat_row(const ProtocolView& view, const bands::ResolvedBand& range, const bands::HeatMap& map,
             const bands::HeatStep& step, bool is_below) {
    const bands::HeatSum& sum = is_below ? step.below : step.above;
    Row row = common_columns(view);
    add_place(row, range, map.price);
    row["low"] = scaled(step.low.raw(), 8, 8);
    row["high"] = scaled(step.high.raw(), 8, 8);
    row["side"] = is_below ? "below" : "above";
    row["positions"] = sum.positions;
    row["liquidatable"] = sum.liquidatable;
    row["collateral_raw"] = to_decimal(sum.collateral);
    row["collateral_decimals"] = range.leader_decimals;
    row["collateral_usd"] = usd(sum.collateral_usd);
    row["debt_usd"] = usd(sum.debt_usd);
    row["not_computable"] = map.not_computable;
    return row;
}

void add_sums(Row& row, const bands::Shock& shock) {
    row["positions"] = shock.endangered.size();
    row["collateral_usd"] = usd(shock.collateral_usd);
    row["debt_usd"] = usd(shock.debt_usd);
    row["already"] = shock.already;
    row["relieved"] = shock.relieved;
    row["not_computable"] = shock.not_computable;
}

}  // namespace

std::vector<Row> heat_rows(const ProtocolView& view, const bands::ResolvedBand& range,
                           const bands::HeatMap& map) {
    std::vector<Row> out;
    for (const bands::HeatStep& step : map.steps) {
        out.push_back(heat_row(view, range, map, step, true));
        if (step.above.positions != 0) out.push_back(heat_row(view, range, map, step, false));
    }
    return out;
}

Row shock_row(const ProtocolView& view, const bands::ResolvedBand& range,
              const bands::BandPosition& position) {
    Row row = shock_row(view, position);
    row["collateral_raw"] = to_decimal(position.collateral);
    row["collateral_decimals"] = range.leader_decimals;
    return row;
}

Row shock_row(const ProtocolView& view, const bands::BandPosition& position) {
    const protocols::PositionHealth health = view.ledger->health(position.key);
    Row row = common_columns(view);
    row["account"] = to_text(position.key.account, address_style(view.caip2));
    if (!position.key.market.is_zero()) row["market"] = to_hex(position.key.market);
    row["health_factor"] =
        health.health_factor ? Row(to_decimal(health.health_factor->raw())) : Row(nullptr);
    row["collateral_raw"] = nullptr;
    row["collateral_decimals"] = nullptr;
    row["collateral_usd"] = usd(position.collateral_usd);
    row["debt_usd"] = usd(position.debt_usd);
    return row;
}

Row shock_summary(const ProtocolView& view, const bands::ResolvedBand& range,
                  const bands::Shock& shock) {
    Row row = common_columns(view);
    add_place(row, range, shock.price);
    row["shocked_price"] = dollars({shock.shocked, range.price_decimals, range.quote});
    add_sums(row, shock);
    return row;
}

Row shock_summary(const ProtocolView& view, const protocols::EModeReport& category,
                  const bands::Shock& shock) {
    Row row = common_columns(view);
    row["collateral"] = "e-mode " + std::to_string(category.id);
    for (const char* of_one_asset : {"leader", "price", "shocked_price"}) {
        row[of_one_asset] = nullptr;
    }
    add_sums(row, shock);
    row["e_mode"] = category.id;
    row["e_mode_assets"] = category.assets;
    row["liquidation_threshold"] = to_decimal(category.liquidation_threshold.raw());
    return row;
}

}  // namespace plimsoll::view
