#include "daemon/sinks/json_request.hpp"

#include <algorithm>

namespace plimsoll::sinks {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kReplyDepth = 16;
constexpr milliseconds kLongestWait = std::chrono::hours{24};

}  // namespace

HttpRequest json_request(const Secret& url, const json& value) {
    return {url,
            {{"content-type", "application/json"}, {"user-agent", "plimsoll/" PLIMSOLL_VERSION}},
            value.dump(-1, ' ', false, json::error_handler_t::replace)};
}

std::optional<json> reply_object(const HttpReply& reply) {
    const auto bounded = [](int depth, json::parse_event_t, const json&) {
        return depth <= kReplyDepth;
    };
    json value = json::parse(reply.text, bounded, false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

std::optional<milliseconds> seconds_at(const json& object, std::string_view name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return parse_seconds(found->dump());
}

std::optional<milliseconds> parse_seconds(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    const std::string_view whole = text.substr(0, text.find('.'));
    const std::string_view rest =
        whole.size() == text.size() ? std::string_view() : text.substr(whole.size() + 1);
    const auto is_digits = [](std::string_view part) {
        return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (whole.empty() || !is_digits(whole) || !is_digits(rest)) return std::nullopt;
    if (whole.size() > 6) return kLongestWait;
    std::int64_t out = 0;
    for (const char c : whole) out = out * 10 + (c - '0');
    out *= 1000;
    std::int64_t scale = 100;
    for (const char c : rest.substr(0, 3)) {
        out += (c - '0') * scale;
        scale /= 10;
    }
    if (rest.size() > 3) ++out;  // rather a little too long than too short
    return std::min(milliseconds{out}, kLongestWait);
}

}  // namespace plimsoll::sinks
