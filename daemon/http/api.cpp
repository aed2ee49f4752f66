#include "daemon/http/api.hpp"

#include "abi/hex.hpp"
#include "daemon/http/envelope.hpp"
#include "daemon/http/params.hpp"
#include "daemon/view/rows.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace plimsoll::http {
namespace {

using view::Row;

Row endpoint_row(const chain::EndpointStatus& endpoint) {
    Row row;
    row["name"] = endpoint.alias;
    row["up"] = endpoint.up;
    row["state"] = endpoint.state;
    row["head"] = endpoint.head ? Row(*endpoint.head) : Row(nullptr);
    row["requests"] = endpoint.requests;
    row["failures"] = endpoint.failures;
    row["offers"] = endpoint.offers.empty() ? Row(nullptr) : Row(endpoint.offers);
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

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string cell(std::string_view text) { return "<td>" + escaped(text) + "</td>"; }

std::string status_tables(const view::Live& live) {
    std::string out =
        "<table><tr><th>chain</th><th>block</th><th>age</th><th>state</th><th></th></tr>\n";
    for (const auto& chain : live.chains()) {
        out += "<tr>" + cell(chain.name) + cell(std::to_string(chain.processed.number)) +
               cell(std::to_string(chain.age_seconds) + " s") + cell(view::to_string(chain.state)) +
               cell(chain.reason) + "</tr>\n";
    }
    out +=
        "</table>\n<table><tr><th>protocol</th><th>positions</th><th>coverage</th><th>state</th>"
        "<th></th></tr>\n";
    for (const auto& one : live.protocols()) {
        out += "<tr>" + cell(one.name) + cell(std::to_string(one.positions)) +
               cell(one.coverage_ppm ? view::millionths(*one.coverage_ppm) : "unknown") +
               cell(view::to_string(one.state)) + cell(one.reason) + "</tr>\n";
    }
    return out + "</table>\n";
}

}  // namespace

std::span<const Api::Route> Api::routes() {
    static constexpr std::array kRoutes{
        Route{"/", "", "this page", &Api::index},
        Route{"/status", "", "chains, protocols, endpoints, sinks", &Api::status},
        Route{"/-/healthy", "", "200 while every worker lives", &Api::healthy},
        Route{"/-/ready", "", "200 while every chain is fresh and the store commits", &Api::ready},
        Route{"/metrics", "", "for Prometheus", &Api::metrics},
        Route{"/v1/tvl", "", "supplied, borrowed and locked value; protocol=", &Api::tvl},
        Route{"/v1/markets", "", "prices, sizes, parameters; protocol=", &Api::markets},
        Route{"/v1/positions", "?at_risk=true&limit=20",
              "loans; protocol= account= max_health_factor= at_risk= limit= cursor=",
              &Api::positions},
        Route{"/v1/explain", "", "all of one account's loans; account= protocol=", &Api::explain},
        Route{"/v1/bands", "", "what liquidates inside each price band; protocol=", &Api::bands},
        Route{
            "/v1/heatmap", "?collateral=ETH",
            "what liquidates at each price; collateral= step= low= high= protocol=", &Api::heatmap},
        Route{"/v1/what-if", "?collateral=ETH&change=-20",
              "who a move of the price endangers, or another threshold; collateral= price= or "
              "change= or threshold=, or e_mode= threshold=; protocol= limit=",
              &Api::what_if},
        Route{"/v1/liquidations", "",
              "realised liquidations; since= until= protocol= account= limit= cursor=",
              &Api::liquidations},
        Route{"/v1/alerts", "",
              "since= until= type= severity= rule= chain= protocol= subject= limit= cursor=",
              &Api::alerts},
    };
    return kRoutes;
}

Response Api::answer(const Request& request) const {
    for (const Route& route : routes()) {
        if (route.path == request.path) return (this->*route.answer)(request);
    }
    Row body;
    body["error"] = "no such path";
    body["paths"] = Row::array();
    for (const Route& route : routes()) body["paths"].push_back(route.path);
    return json_response(body, 404);
}

Response Api::healthy(const Request& request) const {
    if (const Params none(request, {}); !none.ok()) return none.refusal();
    std::string reason;
    if (parts_.healthy(reason)) return json_response({{"healthy", true}});
    return json_response({{"healthy", false}, {"reason", reason}}, 503);
}

Response Api::ready(const Request& request) const {
    if (const Params none(request, {}); !none.ok()) return none.refusal();
    Row reasons = Row::array();
    for (const auto& chain : parts_.live.chains()) {
        if (chain.state == view::State::live) continue;
        reasons.push_back(chain.name + ": " + std::string(view::to_string(chain.state)) +
                          (chain.reason.empty() ? "" : ": " + chain.reason));
    }
    if (!parts_.store.healthy()) reasons.push_back("the store does not commit");
    const bool is_ready = reasons.empty();
    return json_response({{"ready", is_ready}, {"reasons", std::move(reasons)}},
                         is_ready ? 200 : 503);
}

Response Api::status(const Request& request) const {
    if (const Params none(request, {}); !none.ok()) return none.refusal();
    Row body;
    body["version"] = PLIMSOLL_VERSION;
    body["chains"] = Row::array();
    for (const auto& chain : parts_.live.chains()) body["chains"].push_back(chain_row(chain));
    body["protocols"] = Row::array();
    for (const auto& one : parts_.live.protocols()) body["protocols"].push_back(protocol_row(one));
    const view::ConfigStatus config = parts_.live.config();
    body["config"] = {{"loaded_at", config.loaded_at},
                      {"last_reload_successful", config.last_reload_successful},
                      {"reloads", config.reloads},
                      {"problem", config.problem.empty() ? Row(nullptr) : Row(config.problem)}};
    body["store"] = {{"healthy", parts_.store.healthy()}};
    body["sinks"] = Row::parse(parts_.sinks_json(), nullptr, false);
    return json_response(body);
}

Response Api::metrics(const Request& request) const {
    if (const Params none(request, {}); !none.ok()) return none.refusal();
    if (!parts_.metrics_text) return error_response(404, "metrics are not collected");
    return {200, "text/plain; version=0.0.4; charset=utf-8", parts_.metrics_text()};
}

Response Api::index(const Request& request) const {
    if (const Params none(request, {}); !none.ok()) return none.refusal();
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Plimsoll</title>\n"
        "<style>body{font-family:sans-serif;margin:2em}td,th{text-align:left;padding:.2em 1em "
        ".2em 0}table{margin-bottom:1.5em}</style></head><body>\n<h1>Plimsoll " PLIMSOLL_VERSION
        "</h1>\n" +
        status_tables(parts_.live) + "<table>\n";
    for (const Route& route : routes()) {
        const std::string link = escaped(std::string(route.path) + std::string(route.example));
        out.append("<tr><td><a href=\"")
            .append(link)
            .append("\">")
            .append(link)
            .append("</a></td>");
        out.append(cell(route.help)).append("</tr>\n");
    }
    return {200, "text/html; charset=utf-8", out + "</table></body></html>\n"};
}

}  // namespace plimsoll::http
