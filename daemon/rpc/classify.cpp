#include "daemon/rpc/classify.hpp"

#include "abi/hex.hpp"
#include "daemon/rpc/json.hpp"
#include "daemon/rpc/range_hint.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <string>

namespace plimsoll::rpc {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostWords = 4'096;

void append_lower(std::string& out, std::string_view text) {
    for (const char c : text.substr(0, kMostWords - std::min(kMostWords, out.size()))) {
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
}

/// Message and the texts in data, in lower case. Hex in data is a contract's, not the node's.
std::string words_of(const ErrorReply& reply) {
    std::string words;
    append_lower(words, reply.message);
    const auto add = [&words](const nlohmann::json& value) {
        const auto piece = text(value);
        if (!piece || piece->starts_with("0x")) return;
        words.push_back('\n');
        append_lower(words, *piece);
    };
    if (reply.data == nullptr) return words;
    add(*reply.data);
    if (reply.data->is_object()) {
        for (const auto& item : *reply.data) add(item);
    }
    return words;
}

/// One error's words and numbers, and the rules as questions about them.
class Rules {
  public:
    explicit Rules(const ErrorReply& reply) : reply_(reply), words_(words_of(reply)) {}

    ErrorKind kind() const;
    const std::string& words() const { return words_; }

  private:
    bool has(std::string_view phrase) const { return words_.find(phrase) != std::string::npos; }
    bool has_any(std::initializer_list<std::string_view> phrases) const {
        return std::any_of(phrases.begin(), phrases.end(), [this](auto p) { return has(p); });
    }
    bool code_is(std::initializer_list<std::int64_t> codes) const {
        return reply_.code && std::find(codes.begin(), codes.end(), *reply_.code) != codes.end();
    }
    bool status_is(std::initializer_list<long> statuses) const {
        return std::find(statuses.begin(), statuses.end(), reply_.http_status) != statuses.end();
    }

    bool is_revert() const {
        return code_is({3}) || words_.starts_with("execution reverted") ||
               words_.starts_with("reverted") || words_.starts_with("vm execution error") ||
               words_.starts_with("evm error") || words_.starts_with("revert opcode");
    }
    bool is_batch() const {
        return has("batch") && has_any({"too large", "too big", "more than", "size", "limit",
                                        "exceed", "maximum", "not allowed", "not supported"});
    }
    bool is_range() const {
        return has("range") && !has_any({"out of range", "outofrange", "beyond current head",
                                         "invalid block range", "invalid range"});
    }
    bool is_split() const {
        return is_range() || (has("more than") && has("results")) ||
               (has("is limited") && !rate()) || (has("limited to a ") && !rate()) ||
               has_any({"too large", "too big", "response size", "response exceeds",
                        "blocks distance", "max results", "too many results", "too many logs",
                        "too many blocks", "limit the query", "logs matched by query exceeds"}) ||
               status_is({413});
    }
    bool is_split_addresses() const {
        return has_any({"addresses", "topics", "filter param"}) &&
               has_any({"exceed", "too many", "max", "limit"});
    }
    bool is_quota() const {
        return status_is({402}) || has_any({"free tier", "monthly capacity", "/billing",
                                            "limit for your current plan"});
    }
    bool is_timeout() const {
        return code_is({-32002}) || has_any({"query timeout", "timed out", "execution aborted",
                                             "took too long", "request timeout", "cpu timeout"});
    }
    bool rate() const {
        return has_any({"rate limit", "ratelimit", "too many requests", "compute units",
                        "request limit reached", "per second", "request rate", "frequency limit",
                        "query frequency", "user daily usage", "lack of computing resources"});
    }
    bool is_rate() const {
        return status_is({429}) || code_is({429, -32007, -32005}) || rate() ||
               (status_is({403, 503}) && reply_.is_forbidden_rate);
    }
    bool is_missing_state() const {
        return code_is({4444}) ||
               has_any({"missing trie node", "historical state", "no historical rpc",
                        "pruned history", "state is pruned"}) ||
               (has("state") && has_any({"not available", "unavailable"}));
    }
    bool is_lag() const {
        if (code_is({-32601}) || has("method")) return false;
        return has_any({"unknown block", "unknown header", "not currently canonical",
                        "resource not found", "blockoutofrange", "beyond current head",
                        "invalid blockhash"}) ||
               (has_any({"block", "header"}) && has_any({"not found", "not be found"}));
    }
    bool is_execution() const {
        return code_is({-32015}) ||
               has_any({"revert", "evm error", "vm execution error", "invalid opcode", "out of gas",
                        "not enough energy", "stack underflow"});
    }
    bool is_unsupported() const {
        return code_is({-32601, -32004}) ||
               has_any({"does not exist/is not available", "not supported", "unsupported",
                        "does not support", "is closed because"});
    }

    const ErrorReply& reply_;
    std::string words_;
};

ErrorKind Rules::kind() const {
    if (!reply_.code && words_.empty() && status_is({408, 425, 500, 502, 503, 504})) {
        return status_is({503}) && reply_.is_forbidden_rate ? ErrorKind::rate
                                                            : ErrorKind::transient;
    }
    if (is_revert()) return ErrorKind::execution;
    if (is_batch()) return ErrorKind::split_batch;
    if (is_split()) return ErrorKind::split;
    if (is_split_addresses()) return ErrorKind::split_addresses;
    if (is_quota()) return ErrorKind::quota;
    if (is_timeout()) return ErrorKind::timeout;
    if (is_rate()) return ErrorKind::rate;
    if (is_missing_state()) return ErrorKind::missing_state;
    if (is_lag()) return ErrorKind::lag_or_reorg;
    if (is_execution()) return ErrorKind::execution;
    if (is_unsupported()) return ErrorKind::unsupported;
    if (status_is({401, 403})) return ErrorKind::auth;
    if (code_is({-32700, -32600, -32602})) return ErrorKind::bad_request;
    if (!reply_.code && reply_.http_status >= 300 && reply_.http_status < 500) {
        return status_is({408, 425}) ? ErrorKind::transient : ErrorKind::bad_request;
    }
    return ErrorKind::transient;
}

/// Alchemy writes "Reverted 0x…" where others write the bytes alone.
std::optional<Bytes> revert_bytes(const nlohmann::json* data) {
    if (data == nullptr) return std::nullopt;
    auto hex = text(*data);
    if (!hex) return std::nullopt;
    for (const std::string_view prefix : {"Reverted ", "revert: "}) {
        if (hex->starts_with(prefix)) hex->remove_prefix(prefix.size());
    }
    auto bytes = parse_hex(*hex);
    return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

milliseconds clamp_wait(std::chrono::seconds wait) {
    static constexpr std::chrono::seconds kMost{120};
    return std::max(milliseconds(200), milliseconds(std::min(wait, kMost)));
}

/// The seconds of "the query server is suspended for 30s", as TronGrid puts it.
std::optional<std::chrono::seconds> suspension(std::string_view words) {
    static constexpr std::string_view kSuspended = "suspended for ";
    const std::size_t at = words.find(kSuspended);
    if (at == std::string_view::npos) return std::nullopt;
    const auto seconds = first_number(words.substr(at + kSuspended.size()));
    if (!seconds) return std::nullopt;
    return std::chrono::seconds(std::min<std::uint64_t>(*seconds, 120));
}

/// How long a TRON host leaves one alone who asked too often: what it says, else the longest known.
/// A node that is only busy sets no such time.
std::optional<milliseconds> penalty(const ErrorReply& reply, std::string_view words) {
    if (const auto seconds = suspension(words)) return clamp_wait(*seconds);
    const bool is_penalty = reply.http_status == 403 || reply.http_status == 429 ||
                            reply.http_status == 503 ||
                            words.find("exceed") != std::string_view::npos;
    if (!reply.is_forbidden_rate || !is_penalty) return std::nullopt;
    return milliseconds(30'000);
}

/// How long the server wants to be left alone: the Retry-After header, or Infura's
/// data.rate.backoff_seconds.
std::optional<milliseconds> wait_of(const ErrorReply& reply) {
    if (reply.retry_after) return clamp_wait(*reply.retry_after);
    const nlohmann::json* rate = reply.data == nullptr ? nullptr : member(*reply.data, "rate");
    const nlohmann::json* backoff = rate == nullptr ? nullptr : member(*rate, "backoff_seconds");
    const auto seconds = backoff == nullptr ? std::nullopt : integer(*backoff);
    if (!seconds || *seconds < 0) return std::nullopt;
    return clamp_wait(std::chrono::seconds(std::min<std::int64_t>(*seconds, 120)));
}

}  // namespace

RpcError classify(const ErrorReply& reply) {
    const Rules rules(reply);
    RpcError error;
    error.kind = rules.kind();
    error.code = reply.code;
    error.wait = wait_of(reply);
    error.is_wait_told = error.wait.has_value() || suspension(rules.words()).has_value();
    if (error.kind == ErrorKind::rate && !error.wait) error.wait = penalty(reply, rules.words());
    switch (error.kind) {
        case ErrorKind::split:
            error.range = range_hint(rules.words(), reply.data);
            break;
        case ErrorKind::split_batch:
            error.max_batch = first_number(rules.words());
            break;
        case ErrorKind::execution:
            error.revert = revert_bytes(reply.data);
            break;
        case ErrorKind::transient:
            if (reply.code) error.max_tries = 2;
            break;
        default:
            break;
    }
    return error;
}

RpcError classify(const HttpFault& fault) {
    RpcError error;
    switch (fault.kind) {
        case HttpFault::Kind::unreachable:
            error.is_unreachable = true;
            break;
        case HttpFault::Kind::timeout:
            error.kind = ErrorKind::timeout;
            break;
        case HttpFault::Kind::too_large:
            error.kind = ErrorKind::split;
            break;
        case HttpFault::Kind::untrusted:
        case HttpFault::Kind::refused:
            error.kind = ErrorKind::auth;
            break;
        case HttpFault::Kind::too_late:
            error.kind = ErrorKind::no_endpoint;
            break;
        case HttpFault::Kind::cancelled:
            error.kind = ErrorKind::cancelled;
            break;
        case HttpFault::Kind::truncated:
            error.is_truncated = true;
            break;
    }
    return error;
}

}  // namespace plimsoll::rpc
