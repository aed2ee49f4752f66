#pragma once

#include "daemon/rpc/http_transport.hpp"
#include "daemon/rpc/json.hpp"
#include "daemon/rpc/redact.hpp"
#include "daemon/rpc/rpc_error.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::rpc {

/// One JSON-RPC 2.0 request. `params` is JSON text: the caller builds it once, canonically.
struct RpcRequest {
    std::string method;
    std::string params;  ///< an array as text, `[]` when there are none
};

/// A result of any type, null included, or why there is none.
using RpcResult = Expected<nlohmann::json, RpcError>;

/// Whole numbers from 1, unique inside the process, far below 2^53. Safe from any thread.
std::uint64_t next_request_id();

std::string encode_request(const RpcRequest& request, std::uint64_t id);
std::string encode_batch(std::span<const RpcRequest> requests, std::span<const std::uint64_t> ids);

/// One request of a node's plain HTTP interface: a POST of JSON, or a GET where there is none.
struct PlainRequest {
    std::string path;  ///< appended to the endpoint's URL
    std::string body;
};

/// How replies of one endpoint are read.
struct ReplyRules {
    const Redactor& redactor;
    JsonLimits json;
    bool is_forbidden_rate = false;
};

/// The reply to one request. Valid is only an object with exactly one of `result` and `error` (a
/// null `error` beside a result counts as none) that echoes the id; an error may lack the id.
RpcResult decode_reply(const HttpReply& reply, std::uint64_t id, const ReplyRules& rules);

/// The JSON that a plain HTTP interface answered. Errors come as a status, as a text in `Error`, or
/// as a text in `error` beside `success: false`, whatever the status.
RpcResult decode_plain(const HttpReply& reply, const ReplyRules& rules);

/// The replies to a batch, matched by id, in the order of `ids`. A reply that is missing or comes
/// twice is an error of its request. An error about the batch as a whole stands at every request.
std::vector<RpcResult> decode_batch(const HttpReply& reply, std::span<const std::uint64_t> ids,
                                    const ReplyRules& rules);

}  // namespace plimsoll::rpc
