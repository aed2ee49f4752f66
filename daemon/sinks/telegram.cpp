#include "daemon/sinks/telegram.hpp"

#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/json_request.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace plimsoll::sinks {
namespace {

using nlohmann::json;
using wording::Digest;
using Kind = Outcome::Kind;

constexpr std::size_t kTelegramText = 4096;
constexpr std::size_t kMaxHeadline = 512;
constexpr std::size_t kTelegramLine = 512;
constexpr std::size_t kTelegramRemark = 2048;
constexpr std::size_t kTelegramUrl = 512;

std::string telegram_text(const std::string& text, std::size_t max) {
    return fit(text, max, escape_entities);
}

std::string ending(const Digest& digest, const std::string& page_url) {
    const std::string id = "<code>" + wording::short_id(digest.id) + "</code>";
    const std::string url = fit(page_url, kTelegramUrl, escape_attribute);
    const bool is_whole = url.find("…") == std::string::npos;
    if (page_url.empty() || !is_whole) return id;
    return "<a href=\"" + url + "\">" + id + "</a>";
}

bool says(const std::string& description, std::string_view what) {
    return description.find(what) != std::string::npos;
}

/// A 400 may be about the message or about the chat; only the first kind passes with the message.
Kind kind_of_400(const std::string& description) {
    for (const std::string_view about_chat :
         {"chat not found", "chat_id", "upgraded to a supergroup", "thread not found",
          "not enough rights", "TOPIC_CLOSED", "have no rights", "PEER_ID_INVALID"}) {
        if (says(description, about_chat)) return Kind::misconfigured;
    }
    return Kind::refused;
}

}  // namespace

Secret telegram_url(std::string_view server, const Secret& token) {
    while (server.ends_with('/')) server.remove_suffix(1);
    return Secret(std::string(server) + "/bot" + std::string(token.reveal()) + "/sendMessage");
}

HttpRequest telegram_request(const Digest& digest, const TelegramSettings& settings) {
    std::vector<std::string> lines{"<b>" + telegram_text(digest.headline(), kMaxHeadline) + "</b>"};
    for (const auto& fact : digest.facts) {
        lines.push_back("<b>" + telegram_text(fact.label, kTelegramLine) + "</b> " +
                        telegram_text(fact.value, kTelegramLine));
    }
    if (!digest.remark.empty()) lines.push_back(telegram_text(digest.remark, kTelegramRemark));
    for (const auto& member : digest.members) {
        lines.push_back(telegram_text(digest.line(member), kTelegramLine));
    }
    if (digest.more != 0) lines.push_back(telegram_text(digest.more_line(), kTelegramLine));
    const std::string end = ending(digest, settings.page_url);
    json body{
        {"chat_id", settings.chat},
        {"text", fit_lines(lines, kTelegramText - units(end) - 1) + "\n" + end},
        {"parse_mode", "HTML"},
        {"link_preview_options", {{"is_disabled", true}}},
        {"disable_notification", digest.is_over || digest.severity == alerts::Severity::info}};
    if (settings.thread) body["message_thread_id"] = *settings.thread;
    return json_request(settings.method_url, body);
}

Outcome classify_telegram(const HttpReply& reply, std::chrono::sys_seconds now) {
    Outcome out = classify(reply, now);
    if (reply.fault != HttpReply::Fault::none) return out;
    const auto body = reply_object(reply);
    if (!body || !body->contains("ok") || !body->at("ok").is_boolean()) {
        if (out.kind == Kind::ok) {
            out = {Kind::retry, std::nullopt,
                   "HTTP " + std::to_string(reply.status) + " without \"ok\": " + reply.text};
        }
        return out;
    }
    if (body->at("ok") == true) return {Kind::ok};
    HttpReply said = reply;
    const auto code = body->find("error_code");
    if (code != body->end() && code->is_number_unsigned()) {
        said.status = static_cast<int>(std::min<std::uint64_t>(code->get<std::uint64_t>(), 599));
    }
    out = classify(said, now);
    if (out.kind == Kind::ok) out = {Kind::retry, std::nullopt, "\"ok\" is false: " + reply.text};
    const auto description = body->find("description");
    if (said.status == 400 && description != body->end() && description->is_string()) {
        out.kind = kind_of_400(description->get<std::string>());
    }
    const auto parameters = body->find("parameters");
    const auto asked = parameters != body->end() && parameters->is_object()
                           ? seconds_at(*parameters, "retry_after")
                           : std::nullopt;
    if (asked) {
        out.kind = Kind::throttled;
        out.wait = std::max(out.wait.value_or(*asked), *asked);
    }
    return out;
}

}  // namespace plimsoll::sinks
