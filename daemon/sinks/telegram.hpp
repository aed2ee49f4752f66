#pragma once

#include "daemon/sinks/http_post.hpp"
#include "daemon/wording/digest.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace plimsoll::sinks {

struct TelegramSettings {
    Secret method_url;  ///< "https://api.telegram.org/bot<token>/sendMessage"
    std::string chat;   ///< id, or "@channel"
    std::optional<std::uint64_t> thread;
    std::string page_url;
};
/// The URL of `sendMessage` at the server for the bot with this token.
Secret telegram_url(std::string_view server, const Secret& token);

/// HTML, everything from outside escaped; at most 4,096 units, its markup counted as well. Without
/// a sound where the alert is information or over.
HttpRequest telegram_request(const wording::Digest& digest, const TelegramSettings& settings);

/// `"ok": true` is taken. Of errors the code in the body counts, and `parameters.retry_after`.
Outcome classify_telegram(const HttpReply& reply, std::chrono::sys_seconds now);

}  // namespace plimsoll::sinks
