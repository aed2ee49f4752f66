#include "daemon/sinks/discord.hpp"

#include "daemon/alerts/utc.hpp"
#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/json_request.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace plimsoll::sinks {
namespace {

using nlohmann::json;
using wording::Digest;

constexpr std::size_t kMaxContent = 2000;
constexpr std::size_t kEmbedTitle = 256;
constexpr std::size_t kMaxDescription = 4096;
constexpr std::size_t kMaxFields = 25;
constexpr std::size_t kFieldName = 256;
constexpr std::size_t kFieldValue = 1024;
constexpr std::size_t kMaxEmbed = 6000;
constexpr std::size_t kMemberLine = 400;

constexpr int kGreen = 0x2E7D32;
constexpr int kGrey = 0x607D8B;
constexpr int kAmber = 0xF9A825;
constexpr int kRed = 0xC62828;

int color_of(const Digest& digest) {
    if (digest.is_over) return kGreen;
    switch (digest.severity) {
        case alerts::Severity::critical:
            return kRed;
        case alerts::Severity::warning:
            return kAmber;
        case alerts::Severity::info:
            break;
    }
    return kGrey;
}

std::string discord_text(const std::string& text, std::size_t max) {
    return fit(text, max, escape_markdown);
}

/// The embed's text is counted as a whole too; this is what is left of that.
class Room {
  public:
    std::string take(std::string text) {
        left_ -= std::min(left_, units(text));
        return text;
    }
    std::size_t left() const { return left_; }

  private:
    std::size_t left_ = kMaxEmbed;
};

std::string description(const Digest& digest, std::size_t max) {
    std::vector<std::string> lines;
    if (!digest.remark.empty()) lines.push_back(discord_text(digest.remark, kMaxDescription / 2));
    for (const auto& member : digest.members) {
        lines.push_back(discord_text(digest.line(member), kMemberLine));
    }
    if (digest.more != 0) lines.push_back(discord_text(digest.more_line(), kMemberLine));
    return fit_lines(lines, std::min(max, kMaxDescription));
}

std::string with_wait(const Secret& url) {
    const std::string_view text = url.reveal();
    return std::string(text) +
           (text.find('?') == std::string_view::npos ? "?wait=true" : "&wait=true");
}

}  // namespace

HttpRequest discord_request(const Digest& digest, const DiscordSettings& settings) {
    Room room;
    json embed{{"color", color_of(digest)}, {"timestamp", alerts::utc_time(digest.at)}};
    embed["title"] = room.take(discord_text(digest.title, kEmbedTitle));
    embed["footer"]["text"] = room.take(wording::short_id(digest.id));
    if (!settings.page_url.empty()) embed["url"] = settings.page_url;
    json fields = json::array();
    for (const auto& fact : digest.facts) {
        std::string name = discord_text(fact.label, kFieldName);
        std::string value = discord_text(fact.value, kFieldValue);
        const bool is_room = units(name) + units(value) <= room.left();
        if (value.empty() || !is_room || fields.size() == kMaxFields) continue;
        fields.push_back({{"name", room.take(std::move(name))},
                          {"value", room.take(std::move(value))},
                          {"inline", true}});
    }
    if (!fields.empty()) embed["fields"] = std::move(fields);
    std::string text = description(digest, room.left());
    if (!text.empty()) embed["description"] = std::move(text);
    return json_request(Secret(with_wait(settings.url)),
                        {{"content", discord_text(digest.headline(), kMaxContent)},
                         {"embeds", json::array({std::move(embed)})},
                         {"allowed_mentions", {{"parse", json::array()}}}});
}

Outcome classify_discord(const HttpReply& reply, std::chrono::sys_seconds now) {
    Outcome out = classify(reply, now);
    if (out.kind != Outcome::Kind::throttled) return out;
    const auto body = reply_object(reply);
    const auto asked = body ? seconds_at(*body, "retry_after") : std::nullopt;
    if (asked) out.wait = std::max(out.wait.value_or(*asked), *asked);
    return out;
}

std::optional<std::chrono::milliseconds> discord_pause(const HttpReply& reply) {
    const auto left = reply.headers.find("x-ratelimit-remaining");
    const auto reset = reply.headers.find("x-ratelimit-reset-after");
    if (left == reply.headers.end() || reset == reply.headers.end()) return std::nullopt;
    if (parse_seconds(left->second) != std::chrono::milliseconds{0}) return std::nullopt;
    return parse_seconds(reset->second);
}

}  // namespace plimsoll::sinks
