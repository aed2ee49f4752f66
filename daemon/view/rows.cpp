#include "daemon/view/rows.hpp"

#include "abi/hex.hpp"
#include "protocols/common/leader_price.hpp"
#include "protocols/common/shares.hpp"
#include "protocols/common/totals.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::view {
namespace {

using protocols::AssetEntry;
using protocols::LiquidationPrice;
using protocols::PositionHealth;

constexpr int kSchema = 1;
Row columns(const ProtocolStatus& status, const std::string& caip2, const BlockRef& block) {
    Row row;
    row["schema"] = kSchema;
    row["chain"] = caip2;
    row["protocol"] = status.name;
    row["kind"] = status.kind;
    row["block"] = block.number;
    row["block_hash"] = to_hex(block.hash);
    row["block_time"] = block.time;
    row["state"] = to_string(status.state);
    row["coverage"] = status.coverage_ppm ? Row(millionths(*status.coverage_ppm)) : Row(nullptr);
    return row;
}

template <class T>
Row text_or_null(const std::optional<T>& value) {
    return value ? Row(to_decimal(value->raw())) : Row(nullptr);
}

/// Prices that are not in dollars say so, and what they are in dollars.
void put_dollars(Row& row, const std::optional<OraclePrice>& price, unsigned decimals,
                 const protocols::PriceQuote& quote) {
    if (quote.is_usd()) return;
    row["price_quote"] = quote.name;
    row["price_usd"] = price ? dollars({*price, decimals, quote}) : Row(nullptr);
}

/// The same, and the exact worth of the quote.
void put_quote(Row& row, const std::optional<OraclePrice>& price, unsigned decimals,
               const protocols::PriceQuote& quote) {
    put_dollars(row, price, decimals, quote);
    if (quote.is_usd()) return;
    row["quote_usd"] = quote.numerator == 0
                           ? Row(nullptr)
                           : Row(to_decimal(quote.numerator) + "/" + to_decimal(quote.denominator));
}

/// Null where nothing tells what the prices behind it are worth: that is not 0 dollars.
Row usd_or_null(const Usd8& value, bool is_known) { return is_known ? usd(value) : Row(nullptr); }

bool has_dollars(const protocols::PriceQuote& quote) { return quote.numerator != 0; }

bool has_dollars(const AssetEntry& entry) {
    return has_dollars(entry.quote) && entry.price && entry.price->raw() != 0;
}

bool all_have_dollars(const std::vector<AssetEntry>& entries) {
    return std::ranges::all_of(entries, [](const AssetEntry& one) { return has_dollars(one); });
}

Row price_of(const std::optional<LiquidationPrice>& price, const AssetEntry& entry,
             unsigned decimals) {
    if (!price) return nullptr;
    Row out;
    out["price_raw"] = to_decimal(price->price.raw());
    out["side"] = price->side == protocols::PriceSide::below ? "below" : "above";
    if (decimals != entry.price_decimals) out["price_decimals"] = decimals;
    put_dollars(out, price->price, decimals, entry.quote);
    return out;
}

Row entry_row(const AssetEntry& entry, bool is_collateral, const ProtocolView& view) {
    const AddressStyle style = address_style(view.caip2);
    Row row;
    row["asset"] = entry.asset;
    row["token"] = to_text(entry.token, style);
    row["decimals"] = entry.decimals;
    row["amount_raw"] = to_decimal(entry.amount.raw());
    row["price_raw"] = text_or_null(entry.price);
    row["price_decimals"] = entry.price_decimals;
    put_quote(row, entry.price, entry.price_decimals, entry.quote);
    row["usd"] = usd_or_null(entry.usd, has_dollars(entry));
    if (!entry.market.is_zero()) row["market"] = to_text(entry.market, style);
    if (is_collateral) {
        row["enabled"] = entry.enabled;
        row["liquidation_threshold"] = to_decimal(entry.liquidation_threshold.raw());
    }
    const unsigned leader_decimals = protocols::leader_price_decimals(
        entry, view.groups, [&view] { return view.ledger->markets(); });
    Row group = price_of(entry.group, entry, leader_decimals);
    if (!group.is_null()) group["leader"] = entry.group_leader;
    row["liquidation_price"] = {{"alone", price_of(entry.alone, entry, entry.price_decimals)},
                                {"group", std::move(group)}};
    return row;
}

Row safe_rows(const std::vector<protocols::SafeAmount>& amounts, AddressStyle style) {
    Row rows = Row::array();
    for (const auto& amount : amounts) {
        Row row;
        row["asset"] = amount.asset;
        row["token"] = to_text(amount.token, style);
        row["decimals"] = amount.decimals;
        row["amount_raw"] = to_decimal(amount.amount.raw());
        rows.push_back(std::move(row));
    }
    return rows;
}

Row offer_row(const protocols::LiquidationOffer& offer, AddressStyle style) {
    const auto put = [&](Row& row, const std::string& side, const AssetEntry& entry) {
        row[side + "_asset"] = entry.asset;
        row[side + "_token"] = to_text(entry.token, style);
        if (!entry.market.is_zero()) row[side + "_market"] = to_text(entry.market, style);
        row[side + "_decimals"] = entry.decimals;
        row[side + "_raw"] = to_decimal(entry.amount.raw());
        row[side + "_usd"] = usd_or_null(entry.usd, has_dollars(entry));
    };
    Row row;
    put(row, "debt", offer.repaid);
    put(row, "collateral", offer.taken);
    row["protocol_fee_raw"] = to_decimal(offer.protocol_fee.raw());
    return row;
}

/// Symbols counted as US dollars when a liquidation is called long or short.
bool is_dollar(std::string_view symbol) {
    static constexpr std::array<std::string_view, 24> kDollars{
        "USDC", "USDT",   "DAI",  "USDS",   "GHO",        "USDe",  "sUSDe", "FRAX",
        "LUSD", "crvUSD", "BUSD", "TUSD",   "USDP",       "sDAI",  "PYUSD", "RLUSD",
        "USDD", "USDJ",   "USD1", "USDC.e", "USD\u20ae0", "USDbC", "sUSDS", "eUSDe"};
    return std::find(kDollars.begin(), kDollars.end(), symbol) != kDollars.end();
}

/// Long: a falling collateral against dollars. Short: dollars against a rising debt. Mixed:
/// neither.
std::string_view side_of(const protocols::Liquidation& event) {
    const bool collateral_is_dollar = is_dollar(event.collateral_asset);
    const bool debt_is_dollar = is_dollar(event.debt_asset);
    if (debt_is_dollar && !collateral_is_dollar) return "long";
    if (collateral_is_dollar && !debt_is_dollar) return "short";
    return "mixed";
}

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::live:
            return "live";
        case State::stale:
            return "stale";
        case State::unverified:
            return "unverified";
        case State::unknown:
            break;
    }
    return "unknown";
}

Row common_columns(const ProtocolView& view) {
    return columns(view.status, view.caip2, view.status.block);
}

Row tvl_row(const ProtocolView& view) {
    const std::vector<protocols::MarketReport> markets = view.ledger->markets();
    const protocols::Totals totals = protocols::totals_of(markets, view.healths);
    const bool has_usd =
        std::ranges::all_of(markets, [](const auto& one) { return has_dollars(one.quote); });
    const auto text = [](const std::optional<std::string>& value) {
        return value ? Row(*value) : Row(nullptr);
    };
    Row row = common_columns(view);
    row["supplied_usd"] = usd_or_null(totals.supplied, has_usd);
    row["borrowed_usd"] = usd_or_null(totals.borrowed, has_usd);
    row["tvl_usd"] = usd_or_null(totals.locked(), has_usd);
    row["leverage"] = text(ratio(totals.supplied.raw(), totals.locked().raw(), 4));
    row["utilization"] = text(ratio(totals.borrowed.raw(), totals.supplied.raw(), 4));
    row["borrowers"] = totals.borrowers;
    row["positions_at_risk"] = totals.at_risk;
    row["liquidatable"] = totals.liquidatable;
    row["liquidatable_debt_usd"] = usd_or_null(totals.liquidatable_debt, has_usd);
    row["bad_debt_usd"] = usd_or_null(totals.bad_debt(), has_usd);
    row["not_computable"] = totals.not_computable;
    row["unpriced_markets"] = totals.unpriced;
    return row;
}

Row market_row(const ProtocolView& view, const protocols::MarketReport& market) {
    Row row = common_columns(view);
    row["asset"] = market.asset;
    row["token"] = to_text(market.token, address_style(view.caip2));
    row["decimals"] = market.decimals;
    row["price_raw"] = text_or_null(market.price);
    row["price_decimals"] = market.price_decimals;
    put_quote(row, market.price, market.price_decimals, market.quote);
    if (!market.market.is_zero()) row["market"] = to_text(market.market, address_style(view.caip2));
    row["supplied_raw"] = to_decimal(market.supplied.raw());
    row["borrowed_raw"] = to_decimal(market.borrowed.raw());
    row["cash_raw"] = text_or_null(market.cash);
    const bool has_usd = protocols::is_worth_known(market);
    row["supplied_usd"] = usd_or_null(market.supplied_usd, has_usd);
    row["borrowed_usd"] = usd_or_null(market.borrowed_usd, has_usd);
    row["tvl_usd"] = usd_or_null(protocols::locked_in(market), has_usd);
    row["liquidation_threshold"] = to_decimal(market.liquidation_threshold.raw());
    row["ltv"] = to_decimal(market.ltv.raw());
    row["liquidation_bonus"] = to_decimal(market.liquidation_bonus.raw());
    row["close_factor"] = text_or_null(market.close_factor);
    row["paused"] = market.paused;
    row["frozen"] = market.frozen;
    row["paused_actions"] = market.paused_actions ? Row(*market.paused_actions) : Row(nullptr);
    row["index_supply_raw"] = to_decimal(market.index_supply.raw());
    row["index_borrow_raw"] = to_decimal(market.index_borrow.raw());
    if (market.supply_cap) row["supply_cap_raw"] = to_decimal(market.supply_cap->raw());
    if (market.borrow_cap) row["borrow_cap_raw"] = to_decimal(market.borrow_cap->raw());
    const auto covered = ratio(market.debt_known, market.debt_total, 6);
    row["market_coverage"] = covered ? Row(*covered) : Row("1.000000");
    return row;
}

Row position_row(const ProtocolView& view, const PositionHealth& health) {
    protocols::PositionReport report =
        view.ledger->report(health.key, view.groups, view.target_health_factor);
    const AddressStyle style = address_style(view.caip2);
    Row row = common_columns(view);
    row["account"] = to_text(health.key.account, style);
    if (!health.key.market.is_zero()) row["market"] = to_hex(health.key.market);
    row["computable"] = health.computable;
    row["health_factor"] = text_or_null(health.health_factor);
    row["liquidatable"] = health.computable ? Row(health.liquidatable) : Row(nullptr);
    const bool has_usd =
        health.computable && all_have_dollars(report.collateral) && all_have_dollars(report.debt);
    row["collateral_usd"] = usd_or_null(health.collateral, has_usd);
    row["debt_usd"] = usd_or_null(health.debt, has_usd);
    row["e_mode"] = report.e_mode;
    row["watch"] = nullptr;
    if (view.watch_labels != nullptr) {
        const auto label = view.watch_labels->find(health.key.account);
        if (label != view.watch_labels->end()) row["watch"] = label->second;
    }
    row["contract_view"] = nullptr;
    for (const auto& [name, value] : report.contract_view) row["contract_view"][name] = value;
    row["collateral"] = Row::array();
    for (const auto& entry : report.collateral) {
        row["collateral"].push_back(entry_row(entry, true, view));
    }
    row["debt"] = Row::array();
    for (const auto& entry : report.debt) {
        row["debt"].push_back(entry_row(entry, false, view));
    }
    row["liquidation_time"] =
        report.liquidation_time ? Row(*report.liquidation_time) : Row(nullptr);
    if (report.liquidation_block) row["liquidation_block"] = *report.liquidation_block;
    if (report.stored_health_factor) {
        row["stored_health_factor"] = to_decimal(report.stored_health_factor->raw());
    }
    row["to_safe"] = {{"target", to_decimal(view.target_health_factor.raw())},
                      {"repay", safe_rows(report.repay_to_safe, style)},
                      {"add", safe_rows(report.add_to_safe, style)}};
    if (health.liquidatable) {
        Row offers = report.offers ? Row::array() : Row(nullptr);
        auto known = std::move(report.offers).value_or(std::vector<protocols::LiquidationOffer>());
        std::ranges::stable_sort(known, [](const auto& a, const auto& b) {
            return a.repaid.usd.raw() > b.repaid.usd.raw();
        });
        for (const auto& offer : known) offers.push_back(offer_row(offer, style));
        row["liquidation_offers"] = std::move(offers);
    }
    return row;
}

Row band_row(const ProtocolView& view, const bands::BandReport& band) {
    Row row = common_columns(view);
    row["band"] = band.band;
    row["collateral"] = band.collateral;
    row["leader"] = band.leader;
    row["low"] = scaled(band.low.raw(), 8, 8);
    row["high"] = scaled(band.high.raw(), 8, 8);
    row["price_raw"] = text_or_null(band.price);
    row["price_decimals"] = band.price_decimals;
    row["price"] =
        band.price ? dollars({*band.price, band.price_decimals, band.quote}) : Row(nullptr);
    if (!band.quote.is_usd()) row["price_quote"] = band.quote.name;
    // Without the leader's price nobody knows who is in it.
    const auto known = [&band](Row value) { return band.price ? std::move(value) : Row(nullptr); };
    row["collateral_raw"] = known(to_decimal(band.collateral_amount));
    row["collateral_decimals"] = band.leader_decimals;
    row["collateral_usd"] = known(usd(band.collateral_usd));
    row["debt_usd"] = known(usd(band.debt_usd));
    row["positions"] = known(band.positions);
    row["liquidatable"] = known(band.liquidatable);
    row["not_computable"] = band.not_computable;
    row["largest"] = Row::array();
    for (const auto& position : band.largest) {
        Row one;
        one["account"] = to_text(position.key.account, address_style(view.caip2));
        one["collateral_raw"] = to_decimal(position.collateral);
        one["collateral_usd"] = usd(position.collateral_usd);
        one["debt_usd"] = usd(position.debt_usd);
        row["largest"].push_back(std::move(one));
    }
    row["distance_pct"] = band.price ? Row(bands::distance_pct(band.distance)) : Row(nullptr);
    row["approached"] = band.approached;
    return row;
}

Row liquidation_row(const ProtocolStatus& status, const std::string& caip2,
                    const protocols::Liquidation& event, const std::string& finality) {
    Row row = columns(status, caip2, event.block);
    const auto written = [style = address_style(caip2)](const Address& address) {
        return to_text(address, style);
    };
    const auto worth = [](const TokenAmount& amount, unsigned decimals, const auto& price) {
        return price ? protocols::usd_value(amount, decimals, *price) : std::nullopt;
    };
    // Shares whose worth in the underlying is not known tell no amount.
    const bool is_counted = protocols::has_amounts(event);
    const auto collateral_usd =
        worth(event.collateral, event.collateral_decimals, event.collateral_price);
    const auto fee_usd =
        worth(event.protocol_fee, event.collateral_decimals, event.collateral_price);
    const auto debt_usd = worth(event.debt, event.debt_decimals, event.debt_price);
    const auto bad_usd = worth(event.bad_debt, event.debt_decimals, event.debt_price);
    const auto or_null = [](const std::optional<Usd8>& value) {
        return value ? usd(*value) : Row(nullptr);
    };
    row["tx"] = to_hex(event.tx);
    row["log_index"] = event.log_index;
    row["account"] = written(event.account);
    row["liquidator"] = written(event.liquidator);
    row["collateral_asset"] = event.collateral_asset;
    row["collateral_token"] = written(event.collateral_token);
    row["collateral_decimals"] = event.collateral_decimals;
    row["collateral_raw"] = is_counted ? Row(to_decimal(event.collateral.raw())) : Row(nullptr);
    if (event.seized) {
        row["seized_shares_raw"] = to_decimal(event.seized->liquidator + event.seized->protocol);
    }
    row["collateral_usd"] = or_null(collateral_usd);
    row["debt_asset"] = event.debt_asset;
    row["debt_token"] = written(event.debt_token);
    row["debt_decimals"] = event.debt_decimals;
    row["debt_raw"] = to_decimal(event.debt.raw());
    row["debt_usd"] = or_null(debt_usd);
    row["bonus_usd"] = nullptr;
    if (collateral_usd && debt_usd) {
        const bool gained = *collateral_usd > *debt_usd;
        row["bonus_usd"] =
            usd(Usd8::from_raw(gained ? collateral_usd->raw() - debt_usd->raw() : U256(0)));
    }
    row["protocol_fee_raw"] = is_counted ? Row(to_decimal(event.protocol_fee.raw())) : Row(nullptr);
    row["protocol_fee_usd"] = or_null(fee_usd);
    row["bad_debt_raw"] = to_decimal(event.bad_debt.raw());
    row["bad_debt_usd"] = or_null(bad_usd);
    row["side"] = side_of(event);
    row["price_source"] = event.collateral_price && event.debt_price
                              ? Row("protocol oracle at the event's block")
                              : Row(nullptr);
    row["finality"] = finality;
    return row;
}

}  // namespace plimsoll::view
