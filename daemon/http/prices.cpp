#include "daemon/bands/groups.hpp"
#include "daemon/bands/heatmap.hpp"
#include "daemon/bands/shock.hpp"
#include "daemon/http/api.hpp"
#include "daemon/http/envelope.hpp"
#include "daemon/http/heat_range.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/copy.hpp"
#include "daemon/view/rows.hpp"
#include "protocols/common/reverted.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace plimsoll::http {
namespace {

using view::ProtocolView;
using view::Row;

constexpr std::size_t kDefaultEndangered = 100;
constexpr std::size_t kMaxEndangered = 1000;

/// A group or asset in one protocol.
struct Found {
    std::unique_ptr<view::ProtocolCopy> copy;
    bands::ResolvedBand band;  ///< its limits mean nothing yet
    OraclePrice price;
};

/// Where the collateral is listed and has a price, copied out of the running daemon.
std::vector<Found> find_collateral(std::span<const ProtocolView> views,
                                   const std::string& collateral, const std::string& protocol) {
    std::vector<Found> out;
    const Usd8 one = Usd8::from_raw(U256(100'000'000));
    for (const auto& view : views) {
        if (!protocol.empty() && view.status.name != protocol) continue;
        auto band =
            bands::resolve_band({"", collateral, one, one}, view.groups, view.ledger->markets());
        if (!band) continue;
        const auto price = view.ledger->price(band->group.leader);
        if (!price) continue;
        out.push_back({std::make_unique<view::ProtocolCopy>(view), std::move(*band), *price});
    }
    return out;
}

Response not_listed(const std::string& collateral) {
    return error_response(404, "collateral: no protocol that is watched lists '" +
                                   collateral.substr(0, 80) +
                                   "', or its price is not known; a group such as ETH, a symbol "
                                   "or a token's address");
}

/// The leader's price in dollars, cut off.
Usd8 dollars_of(const Found& found) {
    return protocols::usd_price({found.price, found.band.price_decimals, found.band.quote})
        .value_or(Usd8::from_raw(u256_max()));
}

std::optional<Usd8> usd_param(Params& params, std::string_view name) {
    const auto value = params.fixed(name, 8);
    return value ? std::optional(Usd8::from_raw(*value)) : std::nullopt;
}

constexpr const char* kChangeWanted = "a percentage such as -20 or +12.5, more than -100";

/// Refuses a price or a change that is wrong whatever the present price is.
void check_move(Params& params) {
    const auto price = usd_param(params, "price");
    if (price && price->raw() == 0) params.fail("price", "must be above 0");
    if (params.has("change") && !parse_change(params.text("change"))) {
        params.fail("change", kChangeWanted);
    }
}

/// Basis points out of percent; none when the parameter is wrong.
std::optional<Bps> threshold_param(Params& params) {
    const auto value = params.fixed("threshold", 2);
    if (!value) return std::nullopt;
    if (*value <= 10'000) return Bps::from_raw(*value);
    params.fail("threshold", "a percentage up to 100, such as 78.5");
    return std::nullopt;
}

/// The leader's price after the move; none when the parameters are wrong.
std::optional<OraclePrice> shocked_price(Params& params, const Found& found) {
    if (const auto price = usd_param(params, "price")) {
        const auto scaled = protocols::as_contract([&] {
            return bands::to_oracle_price(*price, found.band.price_decimals, found.band.quote,
                                          false);
        });
        if (scaled && scaled->raw() != 0) return *scaled;
        params.fail("price", "out of range");
        return std::nullopt;
    }
    const auto change = parse_change(params.text("change"));
    if (!change) {
        params.fail("change", kChangeWanted);
        return std::nullopt;
    }
    auto moved = change->of(found.price);
    if (!moved) params.fail("change", "out of range");
    return moved;
}

/// The present threshold of the one asset.
Row threshold_now(const Found& found) {
    for (const protocols::MarketReport& market : found.copy->view().ledger->markets()) {
        if (market.token == found.band.group.leader) {
            return to_decimal(market.liquidation_threshold.raw());
        }
    }
    return nullptr;
}

/// What a move of the price does, or another threshold where one is given. None when the parameters
/// are wrong.
std::optional<bands::Shock> shock_of(Params& params, const Found& found, Row& summary,
                                     const std::optional<Bps>& threshold) {
    const ProtocolView& view = found.copy->view();
    bands::Shock shock;
    if (threshold) {
        shock = bands::evaluate_threshold(*view.ledger, found.band.group, *threshold, view.healths);
        shock.price = shock.shocked = found.price;
    } else {
        const auto shocked = shocked_price(params, found);
        if (!shocked) return std::nullopt;
        shock = bands::evaluate_shock(*view.ledger, found.band.group, found.price, *shocked,
                                      view.healths);
    }
    summary = view::shock_summary(view, found.band, shock);
    if (threshold) {
        summary["liquidation_threshold"] = threshold_now(found);
        summary["supposed_threshold"] = to_decimal(threshold->raw());
    }
    return shock;
}

}  // namespace

Response Api::heatmap(const Request& request) const {
    Params params(request, {"collateral", "step", "low", "high", "protocol"});
    const std::string collateral = params.text("collateral");
    const std::string protocol = params.one_of("protocol", protocol_names(parts_.live));
    const HeatRange asked{usd_param(params, "low"), usd_param(params, "high"),
                          usd_param(params, "step")};
    if (collateral.empty()) params.fail("collateral", "missing; for example collateral=ETH");
    if (!params.ok()) return params.refusal();
    if (const auto fine = check(asked); !fine) return error_response(400, fine.error());
    const Turn turn(*this);
    if (!turn) return busy_response();
    Row body = envelope(parts_.live, protocol);
    std::vector<Found> found;
    const auto protocols = parts_.live.protocols();
    std::optional<Response> blind;
    parts_.live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        blind = note_unknown(body, protocols, views, protocol);
        found = find_collateral(views, collateral, protocol);
    });
    if (blind) return *blind;
    if (found.empty()) return not_listed(collateral);
    const auto range = complete(asked, dollars_of(found[0]));
    if (!range) return error_response(400, range.error());
    for (const Found& one : found) {
        const ProtocolView& view = one.copy->view();
        const auto band = bands::resolve_band({"", collateral, range->low, range->high},
                                              view.groups, view.ledger->markets());
        if (!band) return error_response(400, "low and high: out of range");
        const auto map = bands::evaluate_heatmap(*view.ledger, *band, range->step, view.healths);
        for (Row& row : view::heat_rows(view, *band, map)) body["rows"].push_back(std::move(row));
    }
    return json_response(body);
}

Response Api::what_if(const Request& request) const {
    Params params(request, {"collateral", "price", "change", "threshold", "protocol", "limit"});
    const std::string collateral = params.text("collateral");
    const std::string protocol = params.one_of("protocol", protocol_names(parts_.live));
    std::size_t left = params.number("limit", kDefaultEndangered, 0, kMaxEndangered);
    if (collateral.empty()) params.fail("collateral", "missing; for example collateral=ETH");
    const auto threshold = threshold_param(params);
    check_move(params);
    if (params.has("price") + params.has("change") + params.has("threshold") != 1) {
        params.fail(
            "price",
            "give either a price in USD, price=1800, or a change in percent, change=-20, or "
            "a liquidation threshold in percent, threshold=78.5");
    }
    if (!params.ok()) return params.refusal();
    const Turn turn(*this);
    if (!turn) return busy_response();
    Row body = envelope(parts_.live, protocol);
    body["summary"] = Row::array();
    std::vector<Found> found;
    const auto protocols = parts_.live.protocols();
    std::optional<Response> blind;
    parts_.live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        blind = note_unknown(body, protocols, views, protocol);
        found = find_collateral(views, collateral, protocol);
    });
    if (blind) return *blind;
    if (found.empty()) return not_listed(collateral);
    for (const Found& one : found) {
        if (threshold && one.band.group.members.size() > 1) {
            return error_response(
                400, "collateral: a threshold is one asset's; '" + collateral + "' is a group");
        }
        Row summary;
        const auto shock = shock_of(params, one, summary, threshold);
        if (!shock) return params.refusal();
        const ProtocolView& view = one.copy->view();
        body["summary"].push_back(std::move(summary));
        for (const auto& position : shock->endangered) {
            if (left == 0) break;
            --left;
            body["rows"].push_back(view::shock_row(view, one.band, position));
        }
    }
    return json_response(body);
}

}  // namespace plimsoll::http
