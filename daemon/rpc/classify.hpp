#pragma once

#include "daemon/rpc/http_transport.hpp"
#include "daemon/rpc/rpc_error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::rpc {

/// An error as a node told it: in a JSON-RPC error object, or by its HTTP status alone.
struct ErrorReply {
    long http_status = 200;
    std::optional<std::int64_t> code;      ///< absent: the body was no JSON-RPC error
    std::string_view message;              ///< of the error object only; never an HTML page
    const nlohmann::json* data = nullptr;  ///< of the error object, any type
    std::optional<std::chrono::seconds> retry_after;
    /// TRON hosts answer 403 (older ones 503) to those who ask too often, and then nothing at all
    /// for up to 30 s.
    bool is_forbidden_rate = false;
};

/// What the error means. Pure; the message stays empty. The order of its rules matters: "limit
/// exceeded" stands both in range and in rate errors, and a contract chooses the text of a revert,
/// so reverts come first.
RpcError classify(const ErrorReply& reply);

/// The same for an exchange that brought no reply.
RpcError classify(const HttpFault& fault);

}  // namespace plimsoll::rpc
