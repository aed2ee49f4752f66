#include "daemon/rpc/json_rpc.hpp"

#include "daemon/rpc/classify.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <unordered_map>
#include <utility>

namespace plimsoll::rpc {
namespace {

using nlohmann::json;

Unexpected<RpcError> fault(ErrorKind kind, std::string message) {
    RpcError error;
    error.kind = kind;
    error.message = std::move(message);
    return Unexpected<RpcError>{std::move(error)};
}

constexpr std::size_t kMostPlainWords = 300;

bool is_success(long status) { return status >= 200 && status < 300; }

/// What a reply without a JSON-RPC error object means by its status alone.
RpcError by_status(const HttpReply& reply, const ReplyRules& rules, std::string_view words = {}) {
    ErrorReply told;
    told.http_status = reply.status;
    told.message = words;
    told.retry_after = reply.retry_after;
    told.is_forbidden_rate = rules.is_forbidden_rate;
    RpcError error = classify(told);
    error.message = "HTTP " + std::to_string(reply.status);
    const std::string shown = rules.redactor.clean(words.empty() ? reply.body : words);
    if (!shown.empty()) error.message += ": " + shown;
    return error;
}

/// The JSON of a reply, or what its lack means: proxies answer pages of HTML or plain text.
Expected<json, RpcError> parse_body(const HttpReply& reply, const ReplyRules& rules) {
    auto parsed = parse_json(reply.body, rules.json);
    if (parsed) return std::move(*parsed);
    if (!is_success(reply.status)) return Unexpected<RpcError>{by_status(reply, rules)};
    const std::size_t first = reply.body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return fault(ErrorKind::transient, "empty reply");
    if (reply.body[first] == '{' || reply.body[first] == '[') {
        return fault(ErrorKind::malformed, parsed.error().message);
    }
    return fault(ErrorKind::transient, "reply is no JSON: " + rules.redactor.clean(reply.body));
}

/// The meaning of an `error` member; some proxies send a bare text there.
RpcError error_of(const json& told, const HttpReply& reply, const ReplyRules& rules) {
    ErrorReply error;
    error.http_status = reply.status;
    error.retry_after = reply.retry_after;
    error.is_forbidden_rate = rules.is_forbidden_rate;
    if (const auto words = text(told)) error.message = *words;
    if (const json* code = member(told, "code")) error.code = integer(*code);
    if (const json* message = member(told, "message")) {
        error.message = text(*message).value_or(std::string_view{});
    }
    error.data = member(told, "data");
    RpcError out = classify(error);
    out.message = rules.redactor.clean(error.message);
    if (error.code) out.message += " (" + std::to_string(*error.code) + ")";
    if (!is_success(reply.status)) out.message += ", HTTP " + std::to_string(reply.status);
    return out;
}

/// What a plain HTTP interface calls wrong, if anything.
std::optional<std::string_view> plain_error(const json& reply) {
    if (const json* told = member(reply, "Error")) return text(*told).value_or("an error");
    const json* success = member(reply, "success");
    if (success == nullptr || *success != false) return std::nullopt;
    const json* told = member(reply, "error");
    return told == nullptr ? "no success" : text(*told).value_or("an error");
}

bool is_id(const json& value, std::uint64_t id) {
    const auto number = integer(value);
    return number && *number >= 0 && static_cast<std::uint64_t>(*number) == id;
}

const json* error_member(const json& reply) {
    const json* error = member(reply, "error");
    return error != nullptr && !error->is_null() ? error : nullptr;
}

/// One reply object, whose id is already known to fit or to be absent.
RpcResult open_envelope(json& reply, const HttpReply& http, const ReplyRules& rules) {
    const json* error = error_member(reply);
    const auto result = reply.find("result");
    if (error != nullptr && result != reply.end()) {
        return fault(ErrorKind::malformed, "reply has both a result and an error");
    }
    if (error != nullptr) return Unexpected<RpcError>{error_of(*error, http, rules)};
    if (!is_success(http.status)) {
        const json* words = member(reply, "message");
        const auto shown = words == nullptr ? std::nullopt : text(*words);
        return Unexpected<RpcError>{by_status(http, rules, shown.value_or(std::string_view{}))};
    }
    if (result == reply.end()) {
        return fault(ErrorKind::malformed, "reply has neither a result nor an error");
    }
    return std::move(*result);
}

}  // namespace

std::uint64_t next_request_id() {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

std::string encode_request(const RpcRequest& request, std::uint64_t id) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + request.method +
           R"(","params":)" + request.params + "}";
}

std::string encode_batch(std::span<const RpcRequest> requests, std::span<const std::uint64_t> ids) {
    std::string out = "[";
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (i > 0) out.push_back(',');
        out += encode_request(requests[i], ids[i]);
    }
    return out + "]";
}

RpcResult decode_plain(const HttpReply& reply, const ReplyRules& rules) {
    auto parsed = parse_body(reply, rules);
    if (!parsed) {
        // Nodes say in plain words that an interface is closed; pages of proxies are no words.
        const bool is_page =
            reply.body.size() > kMostPlainWords || reply.body.find('<') != std::string::npos;
        if (is_page || parsed.error().kind != ErrorKind::transient) {
            return Unexpected<RpcError>{std::move(parsed.error())};
        }
        return Unexpected<RpcError>{by_status(reply, rules, reply.body)};
    }
    const auto words = plain_error(*parsed);
    if (words || !is_success(reply.status)) {
        return Unexpected<RpcError>{by_status(reply, rules, words.value_or(std::string_view{}))};
    }
    return std::move(*parsed);
}

RpcResult decode_reply(const HttpReply& reply, std::uint64_t id, const ReplyRules& rules) {
    auto parsed = parse_body(reply, rules);
    if (!parsed) return Unexpected<RpcError>{std::move(parsed.error())};
    if (!parsed->is_object()) {
        if (!is_success(reply.status)) return Unexpected<RpcError>{by_status(reply, rules)};
        return fault(ErrorKind::malformed, "reply is no JSON object");
    }
    const json* given = member(*parsed, "id");
    const bool is_absent = given == nullptr || given->is_null();
    const bool may_lack_id = error_member(*parsed) != nullptr || !is_success(reply.status);
    if (is_absent ? !may_lack_id : !is_id(*given, id)) {
        return fault(ErrorKind::malformed, "reply has another id than the request");
    }
    return open_envelope(*parsed, reply, rules);
}

std::vector<RpcResult> decode_batch(const HttpReply& reply, std::span<const std::uint64_t> ids,
                                    const ReplyRules& rules) {
    const auto all = [&ids](const Unexpected<RpcError>& error) {
        return std::vector<RpcResult>(ids.size(), RpcResult(error));
    };
    auto parsed = parse_body(reply, rules);
    if (!parsed) return all(Unexpected<RpcError>{std::move(parsed.error())});
    if (parsed->is_object()) {
        const RpcResult bare = open_envelope(*parsed, reply, rules);
        if (!bare) return all(Unexpected<RpcError>{bare.error()});
    }
    if (!parsed->is_array())
        return all(fault(ErrorKind::malformed, "reply to a batch is no array"));

    std::unordered_map<std::uint64_t, std::size_t> position;
    for (std::size_t i = 0; i < ids.size(); ++i) position.emplace(ids[i], i);
    std::vector<std::optional<RpcResult>> answers(ids.size());
    Unexpected<RpcError> without_answer = fault(ErrorKind::malformed, "no reply in the batch");
    for (json& item : *parsed) {
        const json* id = member(item, "id");
        if ((id == nullptr || id->is_null()) && error_member(item) != nullptr) {
            without_answer = Unexpected<RpcError>{error_of(*error_member(item), reply, rules)};
            continue;
        }
        const auto number = id == nullptr ? std::nullopt : integer(*id);
        const auto at = number && *number >= 0 ? position.find(static_cast<std::uint64_t>(*number))
                                               : position.end();
        if (at == position.end()) continue;
        std::optional<RpcResult>& answer = answers[at->second];
        answer = answer ? fault(ErrorKind::malformed, "two replies with one id")
                        : open_envelope(item, reply, rules);
    }
    std::vector<RpcResult> out;
    for (auto& answer : answers) out.push_back(answer ? std::move(*answer) : without_answer);
    return out;
}

}  // namespace plimsoll::rpc
