#include "abi/hex.hpp"
#include "daemon/http/api.hpp"
#include "daemon/http/envelope.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/copy.hpp"
#include "daemon/view/rows.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace plimsoll::http {
namespace {

using protocols::PositionHealth;
using view::ProtocolView;
using view::Row;

constexpr std::size_t kDefaultRows = 100;
constexpr std::size_t kMaxRows = 1000;
constexpr std::uint64_t kMaxCursor = 1'000'000;

/// The place of a row among all positions: protocols in the order of the configuration, in each
/// the keys ascending. It does not depend on the block.
struct Place {
    std::string protocol;
    protocols::PositionKey key;
};

std::string to_cursor(const Place& place, AddressStyle style) {
    std::string out = place.protocol + ":" + to_text(place.key.account, style);
    if (!place.key.market.is_zero()) out += ":" + to_hex(place.key.market);
    return out;
}

std::optional<Place> parse_cursor(const std::string& cursor) {
    const auto fields = split_cursor(cursor);
    if (fields.size() != 2 && fields.size() != 3) return std::nullopt;
    const auto account = parse_any_address(fields[1]);
    if (!account) return std::nullopt;
    Place out{fields[0], {*account, {}}};
    if (fields.size() == 3) {
        const auto market = parse_hex(fields[2]);
        if (!market || market->size() != 32) return std::nullopt;
        std::copy(market->begin(), market->end(), out.key.market.bytes.begin());
    }
    return out;
}

/// What `/v1/positions` is asked for.
struct PositionFilter {
    std::string protocol;
    std::optional<Address> account;
    std::optional<Wad> below;  ///< health factor at most this
    std::size_t limit = kDefaultRows;
    std::optional<Place> after;  ///< rows strictly behind this place

    bool wants(const PositionHealth& health) const {
        if (account && health.key.account != *account) return false;
        if (!below) return true;
        // Unknown is not healthy: what cannot be computed is shown to those who ask for risk.
        return !health.computable || (health.health_factor && *health.health_factor <= *below);
    }
};

PositionFilter read_filter(Params& params, const view::Live& live) {
    PositionFilter out;
    const auto names = protocol_names(live);
    out.protocol = params.one_of("protocol", names);
    out.account = params.address("account");
    if (const auto value = params.fixed("max_health_factor", 18)) out.below = Wad::from_raw(*value);
    if (params.flag("at_risk") && (!out.below || view::at_risk_below() < *out.below)) {
        out.below = view::at_risk_below();
    }
    out.limit = params.limit(kDefaultRows, kMaxRows);
    if (const std::string cursor = params.text("cursor"); !cursor.empty()) {
        out.after = parse_cursor(cursor);
        const bool is_known =
            out.after && std::find(names.begin(), names.end(), out.after->protocol) != names.end();
        if (!is_known) params.fail("cursor", "not one of this server's");
    }
    return out;
}

/// The protocol's matching positions behind the cursor, ascending.
std::vector<const PositionHealth*> matching(const ProtocolView& view, const PositionFilter& filter,
                                            bool is_cursor_protocol) {
    std::vector<const PositionHealth*> out;
    for (const auto& health : view.healths) {
        if (is_cursor_protocol && health.key <= filter.after->key) continue;
        if (filter.wants(health)) out.push_back(&health);
    }
    std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    return out;
}

/// One page, copied out of the running daemon.
struct Page {
    std::vector<std::unique_ptr<view::ProtocolCopy>> protocols;
    std::optional<std::string> next;
};

Page take_page(std::span<const ProtocolView> views, const PositionFilter& filter) {
    Page page;
    std::size_t left = filter.limit;
    bool reached = !filter.after;
    Place last;
    AddressStyle style = AddressStyle::eip55;
    for (const auto& view : views) {
        const bool is_cursor_protocol = filter.after && view.status.name == filter.after->protocol;
        reached = reached || is_cursor_protocol;
        if (!reached || (!filter.protocol.empty() && view.status.name != filter.protocol)) continue;
        const auto found = matching(view, filter, is_cursor_protocol);
        if (found.empty()) continue;
        if (left == 0) {
            page.next = to_cursor(last, style);
            return page;
        }
        std::vector<PositionHealth> taken;
        for (const auto* health : found) {
            if (taken.size() == left) break;
            taken.push_back(*health);
        }
        left -= taken.size();
        last = {view.status.name, taken.back().key};
        style = address_style(view.caip2);
        const bool is_cut = taken.size() < found.size();
        page.protocols.push_back(std::make_unique<view::ProtocolCopy>(view, std::move(taken)));
        if (is_cut) {
            page.next = to_cursor(last, style);
            return page;
        }
    }
    return page;
}

/// A table whose rows are quickly made and stand in the order of the configuration, so that a
/// cursor is how many were passed; `add` puts those of one protocol.
template <class Add>
Response quick_table(const view::Live& live, const Request& request, Add&& add) {
    Params params(request, {"protocol", "limit", "cursor"});
    const std::string wanted = params.one_of("protocol", protocol_names(live));
    const std::size_t limit = params.limit(kMaxRows, kMaxRows);
    const std::uint64_t passed = params.number("cursor", 0, 0, kMaxCursor);
    if (!params.ok()) return params.refusal();
    Row body = envelope(live, wanted);
    const auto protocols = live.protocols();
    std::optional<Response> blind;
    live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        blind = note_unknown(body, protocols, views, wanted);
        for (const auto& view : views) {
            if (wanted.empty() || view.status.name == wanted) add(body["rows"], view);
        }
    });
    if (blind) return *blind;
    Row& rows = body["rows"];
    const auto begin = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(passed, rows.size()));
    rows.erase(rows.begin(), rows.begin() + begin);
    if (rows.size() > limit) {
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
        body["next"] = std::to_string(passed + limit);
    }
    return json_response(body);
}

}  // namespace

Response Api::tvl(const Request& request) const {
    return quick_table(parts_.live, request, [](Row& rows, const ProtocolView& view) {
        rows.push_back(view::tvl_row(view));
    });
}

Response Api::markets(const Request& request) const {
    return quick_table(parts_.live, request, [](Row& rows, const ProtocolView& view) {
        for (const auto& market : view.ledger->markets()) {
            rows.push_back(view::market_row(view, market));
        }
    });
}

Response Api::bands(const Request& request) const {
    return quick_table(parts_.live, request, [](Row& rows, const ProtocolView& view) {
        for (const auto& band : view.bands) rows.push_back(view::band_row(view, band));
    });
}

Response Api::positions(const Request& request) const {
    Params params(request,
                  {"protocol", "account", "max_health_factor", "at_risk", "limit", "cursor"});
    const PositionFilter filter = read_filter(params, parts_.live);
    if (!params.ok()) return params.refusal();
    const Turn turn(*this);
    if (!turn) return busy_response();
    Row body = envelope(parts_.live, filter.protocol);
    Page page;
    const auto protocols = parts_.live.protocols();
    std::optional<Response> blind;
    parts_.live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        blind = note_unknown(body, protocols, views, filter.protocol);
        page = take_page(views, filter);
    });
    if (blind) return *blind;
    for (const auto& one : page.protocols) {
        for (const auto& health : one->view().healths) {
            body["rows"].push_back(view::position_row(one->view(), health));
        }
    }
    if (page.next) body["next"] = *page.next;
    return json_response(body);
}

Response Api::explain(const Request& request) const {
    Params params(request, {"protocol", "account", "cursor", "limit"});
    if (!params.has("account")) params.fail("account", "missing; for example account=0x…");
    if (!params.ok()) return params.refusal();
    return positions(request);
}

}  // namespace plimsoll::http
