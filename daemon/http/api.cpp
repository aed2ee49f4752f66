#include "daemon/http/api.hpp"

#include "abi/hex.hpp"
#include "daemon/http/query.hpp"
#include "daemon/view/rows.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace plimsoll::http {
namespace {

using view::ProtocolView;
using view::Row;

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxLimit = 1000;

Response json(const Row& body, int status = 200) {
    return {status, "application/json", body.dump(-1, ' ', false, Row::error_handler_t::replace)};
}

Response error(int status, const std::string& message) {
    return json({{"error", message}}, status);
}

Row block_row(const std::string& chain, const BlockRef& block) {
    return {{"chain", chain},
            {"number", block.number},
            {"hash", to_hex(block.hash)},
            {"time", block.time}};
}

/// `{"block":…,"blocks":[…],"rows":[…],"next":…}`; `block` is the first chain's.
Row envelope(const view::Live& live) {
    Row out;
    out["block"] = nullptr;
    out["blocks"] = Row::array();
    for (const auto& chain : live.chains()) {
        Row block = block_row(chain.name, chain.processed);
        if (out["block"].is_null()) out["block"] = block;
        out["blocks"].push_back(std::move(block));
    }
    out["rows"] = Row::array();
    out["next"] = nullptr;
    return out;
}

/// The block of the rows themselves, which a round may have moved since the status was made.
void use_blocks_of(Row& body, std::span<const ProtocolView> views) {
    for (const auto& view : views) {
        const Row block = block_row(view.status.chain, view.status.block);
        if (body["block"].is_null() || body["block"]["chain"] == view.status.chain) {
            body["block"] = block;
        }
        for (auto& one : body["blocks"]) {
            if (one["chain"] == view.status.chain) one = block;
        }
    }
}

Row endpoint_row(const chain::EndpointStatus& endpoint) {
    Row row;
    row["name"] = endpoint.alias;
    row["up"] = endpoint.up;
    row["state"] = endpoint.state;
    row["head"] = endpoint.head ? Row(*endpoint.head) : Row(nullptr);
    row["requests"] = endpoint.requests;
    row["failures"] = endpoint.failures;
    row["last_error"] = endpoint.last_error.empty() ? Row(nullptr) : Row(endpoint.last_error);
    return row;
}

Row chain_row(const view::ChainStatus& chain) {
    Row row;
    row["name"] = chain.name;
    row["chain"] = chain.caip2;
    row["kind"] = chain.kind;
    row["head"] = chain.head;
    row["processed"] = chain.processed.number;
    row["hash"] = to_hex(chain.processed.hash);
    row["block_time"] = chain.processed.time;
    row["final"] = chain.final_block ? Row(chain.final_block->number) : Row(nullptr);
    row["age_seconds"] = chain.age_seconds;
    row["state"] = view::to_string(chain.state);
    row["reason"] = chain.reason.empty() ? Row(nullptr) : Row(chain.reason);
    row["gap_blocks"] = chain.gap_blocks;
    row["reorgs"] = chain.reorgs;
    row["requests"] = chain.requests;
    row["endpoints"] = Row::array();
    for (const auto& endpoint : chain.endpoints) row["endpoints"].push_back(endpoint_row(endpoint));
    return row;
}

Row protocol_row(const view::ProtocolStatus& protocol) {
    Row row;
    row["name"] = protocol.name;
    row["kind"] = protocol.kind;
    row["chain"] = protocol.chain;
    row["state"] = view::to_string(protocol.state);
    row["reason"] = protocol.reason.empty() ? Row(nullptr) : Row(protocol.reason);
    if (!protocol.found.empty()) row["found"] = protocol.found;
    row["coverage"] =
        protocol.coverage_ppm ? Row(view::millionths(*protocol.coverage_ppm)) : Row(nullptr);
    row["positions"] = protocol.positions;
    row["block"] = protocol.block.number;
    row["block_hash"] = to_hex(protocol.block.hash);
    row["audit"] = {{"checked", protocol.audit.checked}, {"mismatched", protocol.audit.mismatched}};
    row["scan"] = {{"stage", protocol.scan.stage},
                   {"done", protocol.scan.done},
                   {"total", protocol.scan.total},
                   {"eta_seconds",
                    protocol.scan.eta_seconds ? Row(*protocol.scan.eta_seconds) : Row(nullptr)}};
    return row;
}

/// What `/v1/positions` is asked for.
struct PositionFilter {
    std::string protocol;
    std::optional<Address> account;
    std::optional<Wad> below;  ///< health factor at most this
    std::size_t limit = kDefaultLimit;
    std::string after_protocol;  ///< cursor: rows strictly behind this place
    Address after_account;

    bool wants(const protocols::PositionHealth& health) const {
        if (account && health.key.account != *account) return false;
        if (!below) return true;
        // Unknown is not healthy: what cannot be computed is shown to those who ask for risk.
        return !health.computable || (health.health_factor && *health.health_factor <= *below);
    }
};

Expected<PositionFilter, std::string> position_filter(const Request& request) {
    PositionFilter out;
    out.protocol = query_text(request, "protocol");
    if (const std::string text = query_text(request, "account"); !text.empty()) {
        const auto address = parse_address(text);
        if (!address) return Unexpected<std::string>{"account: " + address.error().message};
        out.account = *address;
    }
    if (const std::string text = query_text(request, "max_health_factor"); !text.empty()) {
        const auto value = parse_fixed(text, 18);
        if (!value) return Unexpected<std::string>{"max_health_factor: " + value.error().message};
        out.below = Wad::from_raw(*value);
    }
    const std::string at_risk = query_text(request, "at_risk");
    if (at_risk == "true" || at_risk == "1") out.below = view::at_risk_below();
    const auto limit = query_number(request, "limit", kDefaultLimit);
    if (!limit || *limit == 0)
        return Unexpected<std::string>{"limit: a whole number from 1 to 1000"};
    out.limit = std::min<std::size_t>(*limit, kMaxLimit);
    if (const std::string cursor = query_text(request, "cursor"); !cursor.empty()) {
        const std::size_t colon = cursor.rfind(':');
        const auto address = colon == std::string::npos ? parse_address("")
                                                        : parse_address(cursor.substr(colon + 1));
        if (!address) return Unexpected<std::string>{"cursor: not one of this server's"};
        out.after_protocol = cursor.substr(0, colon);
        out.after_account = *address;
    }
    return out;
}

/// The protocol's matching positions behind the cursor, by account.
std::vector<const protocols::PositionHealth*> matching(const ProtocolView& view,
                                                       const PositionFilter& filter,
                                                       bool is_cursor_protocol) {
    std::vector<const protocols::PositionHealth*> out;
    for (const auto& health : view.healths) {
        if (is_cursor_protocol && health.key.account <= filter.after_account) continue;
        if (filter.wants(health)) out.push_back(&health);
    }
    std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    return out;
}

void add_positions(Row& body, std::span<const ProtocolView> views, const PositionFilter& filter) {
    bool reached = filter.after_protocol.empty();
    for (const auto& view : views) {
        const bool is_cursor_protocol = view.status.name == filter.after_protocol;
        reached = reached || is_cursor_protocol;
        if (!reached || (!filter.protocol.empty() && view.status.name != filter.protocol)) continue;
        for (const auto* health : matching(view, filter, is_cursor_protocol)) {
            if (body["rows"].size() == filter.limit) {
                const auto& last = body["rows"].back();
                body["next"] =
                    last["protocol"].get<std::string>() + ":" + last["account"].get<std::string>();
                return;
            }
            body["rows"].push_back(view::position_row(view, *health));
        }
    }
}

}  // namespace

Response Api::answer(const Request& request) const {
    const std::string& path = request.path;
    if (path == "/-/healthy") {
        std::string reason;
        if (parts_.healthy(reason)) return json({{"healthy", true}});
        return json({{"healthy", false}, {"reason", reason}}, 503);
    }
    if (path == "/-/ready") return ready();
    if (path == "/status") return status();
    if (path == "/v1/tvl" || path == "/v1/markets" || path == "/v1/bands") {
        return table(path.substr(4), request);
    }
    if (path == "/v1/positions") return positions(request);
    if (path == "/v1/explain") return explain(request);
    if (path == "/v1/liquidations") return liquidations(request);
    if (path == "/v1/alerts") return alerts(request);
    if (path == "/") {
        return {200, "text/plain; charset=utf-8",
                "Plimsoll " PLIMSOLL_VERSION
                "\n\n/status\n/-/healthy\n/-/ready\n/v1/tvl\n/v1/markets\n/v1/positions"
                "?protocol=&account=&max_health_factor=&at_risk=&limit=&cursor=\n"
                "/v1/explain?protocol=&account=\n/v1/bands\n/v1/liquidations?since=\n"
                "/v1/alerts?since=\n"};
    }
    return error(404, "no such path; see /");
}

Response Api::status() const {
    Row body;
    body["version"] = PLIMSOLL_VERSION;
    body["chains"] = Row::array();
    for (const auto& chain : parts_.live.chains()) body["chains"].push_back(chain_row(chain));
    body["protocols"] = Row::array();
    for (const auto& one : parts_.live.protocols()) body["protocols"].push_back(protocol_row(one));
    body["store"] = {{"healthy", parts_.store.healthy()}};
    body["sinks"] = Row::parse(parts_.sinks_json(), nullptr, false);
    return json(body);
}

Response Api::ready() const {
    Row reasons = Row::array();
    for (const auto& chain : parts_.live.chains()) {
        if (chain.state == view::State::live) continue;
        reasons.push_back(chain.name + ": " + std::string(view::to_string(chain.state)) +
                          (chain.reason.empty() ? "" : ": " + chain.reason));
    }
    if (!parts_.store.healthy()) reasons.push_back("the store does not commit");
    const bool is_ready = reasons.empty();
    return json({{"ready", is_ready}, {"reasons", std::move(reasons)}}, is_ready ? 200 : 503);
}

Response Api::table(const std::string& table, const Request& request) const {
    const std::string wanted = query_text(request, "protocol");
    Row body = envelope(parts_.live);
    parts_.live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        for (const auto& view : views) {
            if (!wanted.empty() && view.status.name != wanted) continue;
            if (table == "tvl") body["rows"].push_back(view::tvl_row(view));
            if (table == "markets") {
                for (const auto& market : view.ledger->markets()) {
                    body["rows"].push_back(view::market_row(view, market));
                }
            }
            if (table == "bands") {
                for (const auto& band : view.bands) {
                    body["rows"].push_back(view::band_row(view, band));
                }
            }
        }
    });
    return json(body);
}

Response Api::positions(const Request& request) const {
    const auto filter = position_filter(request);
    if (!filter) return error(400, filter.error());
    Row body = envelope(parts_.live);
    parts_.live.read([&](std::span<const ProtocolView> views) {
        use_blocks_of(body, views);
        add_positions(body, views, *filter);
    });
    return json(body);
}

Response Api::explain(const Request& request) const {
    if (query_text(request, "account").empty()) return error(400, "account: missing");
    return positions(request);
}

Response Api::liquidations(const Request& request) const {
    const auto since = query_number(request, "since", 0);
    const auto limit = query_number(request, "limit", kMaxLimit);
    const auto skip = query_number(request, "cursor", 0);
    if (!since || !limit || !skip) {
        return error(400, "since, limit and cursor: whole numbers; since in unix seconds");
    }
    const std::size_t wanted = std::min<std::size_t>(*limit, kMaxLimit);
    Row body = envelope(parts_.live);
    std::size_t seen = 0;  // over all chains, in their order
    for (const auto& chain : parts_.live.chains()) {
        const auto rows = parts_.store.liquidations(chain.name, *since, *skip + wanted + 1);
        if (!rows) return error(503, rows.error().message);
        for (const auto& row : *rows) {
            if (seen++ < *skip) continue;
            if (body["rows"].size() == wanted) {
                body["next"] = std::to_string(*skip + wanted);
                return json(body);
            }
            Row one = Row::parse(row.row, nullptr, false);
            if (chain.final_block && row.block <= chain.final_block->number) {
                one["finality"] = "finalized";
            }
            body["rows"].push_back(std::move(one));
        }
    }
    return json(body);
}

Response Api::alerts(const Request& request) const {
    const auto since = query_number(request, "since", 0);
    const auto limit = query_number(request, "limit", kDefaultLimit);
    if (!since || !limit)
        return error(400, "since and limit: whole numbers; since in unix seconds");
    const auto alerts = parts_.store.alerts_since(*since, std::min<std::size_t>(*limit, kMaxLimit));
    if (!alerts) return error(503, alerts.error().message);
    Row body = envelope(parts_.live);
    for (const auto& alert : *alerts)
        body["rows"].push_back(Row::parse(alert.body, nullptr, false));
    return json(body);
}

}  // namespace plimsoll::http
