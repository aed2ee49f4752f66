#include "daemon/bands/shock.hpp"
#include "daemon/http/api.hpp"
#include "daemon/http/collateral.hpp"
#include "daemon/http/e_mode.hpp"
#include "daemon/http/envelope.hpp"
#include "daemon/http/heat_range.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/rows.hpp"
#include "protocols/common/reverted.hpp"
#include "protocols/common/supposition.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace plimsoll::http {
namespace {

using view::ProtocolView;
using view::Row;

constexpr std::size_t kDefaultEndangered = 100;
constexpr std::size_t kMaxEndangered = 1000;
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

/// The question, as far as it does not depend on what is found.
struct Asked {
    std::string collateral;
    std::optional<unsigned> e_mode;
    std::string protocol;
    std::optional<Bps> threshold;
    std::size_t left = 0;  ///< how many positions may still be told
};

Asked read_question(Params& params, std::span<const std::string> protocols) {
    Asked out;
    out.collateral = params.name_or_address("collateral");
    out.protocol = params.one_of("protocol", protocols);
    out.left = params.number("limit", kDefaultEndangered, 0, kMaxEndangered);
    out.e_mode = e_mode_param(params);
    if (!params.has("e_mode") && out.collateral.empty()) {
        params.fail("collateral",
                    "missing; for example collateral=ETH, or e_mode=1 with a threshold");
    }
    out.threshold = threshold_param(params);
    check_move(params);
    if (params.has("price") + params.has("change") + params.has("threshold") != 1) {
        params.fail(
            "price",
            "give either a price in USD, price=1800, or a change in percent, change=-20, or "
            "a liquidation threshold in percent, threshold=78.5");
    }
    return out;
}

/// The leader's price after the move; none when the parameters are wrong.
std::optional<OraclePrice> shocked_price(Params& params, const FoundCollateral& found) {
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
Row threshold_now(const FoundCollateral& found) {
    for (const protocols::MarketReport& market : found.copy->view().ledger->markets()) {
        if (market.token == found.band.group.leader) {
            return to_decimal(market.liquidation_threshold.raw());
        }
    }
    return nullptr;
}

/// What a move of the price does, or another threshold where one is given. None when the parameters
/// are wrong.
std::optional<bands::Shock> shock_of(Params& params, const FoundCollateral& found, Row& summary,
                                     const std::optional<Bps>& threshold) {
    const ProtocolView& view = found.copy->view();
    const protocols::AssetGroup& group = found.band.group;
    bands::Shock shock;
    if (threshold) {
        shock = bands::evaluate_threshold(
            *view.ledger, group,
            std::make_shared<protocols::SupposedThreshold>(group.leader, *threshold), view.healths);
        shock.price = shock.shocked = found.price;
    } else {
        const auto shocked = shocked_price(params, found);
        if (!shocked) return std::nullopt;
        shock = bands::evaluate_shock(*view.ledger, group, found.price, *shocked, view.healths);
    }
    summary = view::shock_summary(view, found.band, shock);
    if (threshold) {
        summary["liquidation_threshold"] = threshold_now(found);
        summary["supposed_threshold"] = to_decimal(threshold->raw());
    }
    return shock;
}

/// Puts the sums of one protocol and its endangered positions into the answer.
template <class RowOf>
void tell(Row& body, Asked& asked, Row summary, const bands::Shock& shock, const RowOf& row_of) {
    body["summary"].push_back(std::move(summary));
    for (const auto& position : shock.endangered) {
        if (asked.left == 0) break;
        --asked.left;
        body["rows"].push_back(row_of(position));
    }
}

/// The refusal, where the question is wrong after all.
std::optional<Response> tell_collateral(Row& body, Params& params, Asked& asked,
                                        std::span<const FoundCollateral> found) {
    if (found.empty()) return not_listed(asked.collateral);
    for (const FoundCollateral& one : found) {
        if (asked.threshold && one.band.group.members.size() > 1) {
            return error_response(400, "collateral: a threshold is one asset's; '" +
                                           asked.collateral + "' is a group");
        }
        Row summary;
        const auto shock = shock_of(params, one, summary, asked.threshold);
        if (!shock) return params.refusal();
        tell(body, asked, std::move(summary), *shock, [&](const bands::BandPosition& position) {
            return view::shock_row(one.copy->view(), one.band, position);
        });
    }
    return std::nullopt;
}

void tell_category(Row& body, Asked& asked, const FoundCategory& found) {
    const ProtocolView& view = found.copy->view();
    const auto supposed =
        std::make_shared<protocols::SupposedCategoryThreshold>(found.category.id, *asked.threshold);
    const auto shock =
        bands::evaluate_threshold(*view.ledger, assets_of(found.category), supposed, view.healths);
    Row summary = view::shock_summary(view, found.category, shock);
    summary["supposed_threshold"] = to_decimal(asked.threshold->raw());
    tell(body, asked, std::move(summary), shock,
         [&](const bands::BandPosition& position) { return view::shock_row(view, position); });
}

}  // namespace

Response Api::what_if(const Request& request) const {
    Params params(request,
                  {"collateral", "e_mode", "price", "change", "threshold", "protocol", "limit"});
    Asked asked = read_question(params, protocol_names(parts_.live));
    if (!params.ok()) return params.refusal();
    const Turn turn(*this);
    if (!turn) return busy_response();
    Row body = envelope(parts_.live, asked.protocol);
    body["summary"] = Row::array();
    std::vector<FoundCollateral> found;
    Categories categories;
    const auto protocols = parts_.live.protocols();
    std::optional<Response> blind;
    parts_.live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        blind = note_unknown(body, protocols, views, asked.protocol);
        if (asked.e_mode) {
            categories = find_category(views, *asked.e_mode, asked.protocol);
        } else {
            found = find_collateral(views, asked.collateral, asked.protocol);
        }
    });
    if (blind) return *blind;
    if (asked.e_mode) {
        if (categories.found.empty()) return no_category(*asked.e_mode, categories);
        for (const FoundCategory& one : categories.found) tell_category(body, asked, one);
    } else if (auto refusal = tell_collateral(body, params, asked, found)) {
        return std::move(*refusal);
    }
    return json_response(body);
}

}  // namespace plimsoll::http
