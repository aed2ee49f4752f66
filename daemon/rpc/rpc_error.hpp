#pragma once

#include "abi/expected.hpp"
#include "abi/word.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::rpc {

/// What went wrong with a request, by meaning rather than by a provider's code.
enum class ErrorKind {
    transient,        ///< transport, 5xx, unknown: another try may do
    timeout,          ///< took too long, at the node or on the way: less may do
    split,            ///< range or result too large: ask for less
    split_addresses,  ///< too many addresses or topics in one filter
    split_batch,      ///< too many requests in one batch
    quota,            ///< plan used up
    rate,             ///< asked too often
    missing_state,    ///< the node no longer has the state of that block
    lag_or_reorg,     ///< the block is not known there, or no longer canonical
    execution,        ///< the call itself failed in the EVM: an answer, no failure of the endpoint
    unsupported,      ///< method or feature not there
    auth,             ///< credentials refused
    bad_request,      ///< the node does not understand us
    malformed,        ///< the reply breaks the protocol
    wrong_chain,      ///< chain id differs from the configuration
    unpinned,         ///< the endpoint does not honour the block argument
    no_endpoint,      ///< every endpoint is out of use just now
    cancelled,
};
std::string_view to_string(ErrorKind kind);

/// What a provider told about the ranges it accepts. Hostile until compared with the request.
struct RangeHint {
    std::optional<std::uint64_t> from;  ///< with `to`: a range that should work, both inclusive
    std::optional<std::uint64_t> to;
    std::optional<std::uint64_t> max_blocks;  ///< a range of so many blocks should work
};

struct RpcError {
    ErrorKind kind = ErrorKind::transient;
    std::string message;               ///< fit for people and logs: alias, no secrets, bounded
    std::optional<std::int64_t> code;  ///< of a JSON-RPC error object: the node itself answered
    RangeHint range;
    std::optional<std::uint64_t> max_batch;
    std::optional<std::chrono::milliseconds> wait;  ///< how long the server wants, clamped
    std::optional<Bytes> revert;                    ///< the bytes a contract reverted with
    unsigned max_tries = 4;
    bool is_wait_told = false;    ///< `wait` is the server's word, not what its kind is known for
    bool is_unreachable = false;  ///< no connection came about: what answers next may be another
    bool is_truncated = false;    ///< the connection ended before the reply did
};

}  // namespace plimsoll::rpc
