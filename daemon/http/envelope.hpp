#pragma once

#include "daemon/http/message.hpp"
#include "daemon/view/rows.hpp"
#include "daemon/view/view.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::http {

Response json_response(const view::Row& body, int status = 200);
/// 503: too many costly questions at once.
Response busy_response();

/// `{"block":…,"blocks":[…],"rows":[],"next":null}`; `block` is that of the chain of `protocol`,
/// and of the first chain when that is empty.
view::Row envelope(const view::Live& live, const std::string& protocol);
/// The block of the rows themselves, which a round may have moved since the status was made.
void use_blocks_of(view::Row& body, std::span<const view::ProtocolView> views);

/// No rows must not look like no positions: `unknown` names the protocols among those asked for
/// (all when `wanted` is empty) that have no view, and why. Answers a 503 when that is all of them.
std::optional<Response> note_unknown(view::Row& body,
                                     std::span<const view::ProtocolStatus> protocols,
                                     std::span<const view::ProtocolView> views,
                                     const std::string& wanted);

/// Names of the protocols watched, for filters.
std::vector<std::string> protocol_names(const view::Live& live);
std::vector<std::string> chain_names(const view::Live& live);

/// The fields of a cursor, which are joined by ':'.
std::vector<std::string> split_cursor(const std::string& cursor);

}  // namespace plimsoll::http
