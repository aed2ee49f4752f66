#include "daemon/http/envelope.hpp"

#include "abi/hex.hpp"

#include <algorithm>

namespace plimsoll::http {
namespace {

using view::Row;

Row block_row(const std::string& chain, const BlockRef& block) {
    return {{"chain", chain},
            {"number", block.number},
            {"hash", to_hex(block.hash)},
            {"time", block.time}};
}

}  // namespace

Response json_response(const Row& body, int status) {
    return {status, "application/json", body.dump(-1, ' ', false, Row::error_handler_t::replace)};
}

Response error_response(int status, const std::string& message) {
    return json_response({{"error", message}}, status);
}

Response busy_response() {
    return error_response(503, "too many costly questions at once; ask again in a moment");
}

Row envelope(const view::Live& live, const std::string& protocol) {
    std::string wanted;
    for (const auto& one : live.protocols()) {
        if (one.name == protocol) wanted = one.chain;
    }
    Row out;
    out["block"] = nullptr;
    out["blocks"] = Row::array();
    for (const auto& chain : live.chains()) {
        Row block = block_row(chain.name, chain.processed);
        const bool is_asked = wanted.empty() ? out["block"].is_null() : chain.name == wanted;
        if (is_asked) out["block"] = block;
        out["blocks"].push_back(std::move(block));
    }
    out["rows"] = Row::array();
    out["next"] = nullptr;
    return out;
}

void use_blocks_of(Row& body, std::span<const view::ProtocolView> views) {
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

std::optional<Response> note_unknown(Row& body, std::span<const view::ProtocolStatus> protocols,
                                     std::span<const view::ProtocolView> views,
                                     const std::string& wanted) {
    bool is_known = false;
    std::string told;
    for (const view::ProtocolStatus& one : protocols) {
        if (!wanted.empty() && one.name != wanted) continue;
        const bool has_view = std::any_of(views.begin(), views.end(), [&](const auto& view) {
            return view.status.name == one.name;
        });
        is_known = is_known || has_view;
        if (has_view) continue;
        const std::string reason = one.reason.empty() ? "first scan" : one.reason;
        body["unknown"].push_back({{"protocol", one.name}, {"reason", reason}});
        told += (told.empty() ? "" : "; ") + one.name + ": " + reason;
    }
    if (is_known || told.empty()) return std::nullopt;
    body["error"] = "nothing is known just now of " + told;
    return json_response(body, 503);
}

std::vector<std::string> protocol_names(const view::Live& live) {
    std::vector<std::string> out;
    for (const auto& one : live.protocols()) out.push_back(one.name);
    return out;
}

std::vector<std::string> chain_names(const view::Live& live) {
    std::vector<std::string> out;
    for (const auto& one : live.chains()) out.push_back(one.name);
    return out;
}

std::vector<std::string> split_cursor(const std::string& cursor) {
    std::vector<std::string> out;
    std::size_t from = 0;
    for (;;) {
        const std::size_t colon = cursor.find(':', from);
        out.push_back(cursor.substr(from, colon - from));
        if (colon == std::string::npos) return out;
        from = colon + 1;
    }
}

}  // namespace plimsoll::http
