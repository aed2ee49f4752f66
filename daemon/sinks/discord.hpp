#pragma once

#include "daemon/sinks/http_post.hpp"
#include "daemon/wording/digest.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace plimsoll::sinks {

struct DiscordSettings {
    Secret url;  ///< of the channel's webhook; `wait=true` is added
    std::string page_url;
};

/// The title as content, the rest in one embed; nothing in it mentions anybody. Limits: content
/// 2,000, embed title 256, description 4,096, 25 fields of 256 and 1,024, 6,000 in all.
HttpRequest discord_request(const wording::Digest& digest, const DiscordSettings& settings);

/// 200 (or 204) is taken. The wait of a 429 is the longest of header and body.
Outcome classify_discord(const HttpReply& reply, std::chrono::sys_seconds now);

/// How long the webhook's bucket stays empty after this reply; none while something is left in it.
std::optional<std::chrono::milliseconds> discord_pause(const HttpReply& reply);

}  // namespace plimsoll::sinks
