#include "daemon/bands/heatmap.hpp"

#include "daemon/bands/groups.hpp"
#include "daemon/http/api.hpp"
#include "daemon/http/collateral.hpp"
#include "daemon/http/envelope.hpp"
#include "daemon/http/heat_range.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/rows.hpp"

#include <optional>
#include <utility>

namespace plimsoll::http {
namespace {

using view::ProtocolView;
using view::Row;

/// The leader's price in dollars, cut off.
Usd8 dollars_of(const FoundCollateral& found) {
    return protocols::usd_price({found.price, found.band.price_decimals, found.band.quote})
        .value_or(Usd8::from_raw(u256_max()));
}

}  // namespace

Response Api::heatmap(const Request& request) const {
    Params params(request, {"collateral", "step", "low", "high", "protocol"});
    const std::string collateral = params.name_or_address("collateral");
    const std::string protocol = params.one_of("protocol", protocol_names(parts_.live));
    const HeatRange asked{usd_param(params, "low"), usd_param(params, "high"),
                          usd_param(params, "step")};
    if (collateral.empty()) params.fail("collateral", "missing; for example collateral=ETH");
    if (!params.ok()) return params.refusal();
    if (const auto fine = check(asked); !fine) return error_response(400, fine.error());
    const Turn turn(*this);
    if (!turn) return busy_response();
    Row body = envelope(parts_.live, protocol);
    std::vector<FoundCollateral> found;
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
    for (const FoundCollateral& one : found) {
        const ProtocolView& view = one.copy->view();
        const auto band = bands::resolve_band({"", collateral, range->low, range->high},
                                              view.groups, view.ledger->markets());
        if (!band) return error_response(400, "low and high: out of range");
        const auto map = bands::evaluate_heatmap(*view.ledger, *band, range->step, view.healths);
        for (Row& row : view::heat_rows(view, *band, map)) body["rows"].push_back(std::move(row));
    }
    return json_response(body);
}

}  // namespace plimsoll::http
