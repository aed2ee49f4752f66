#include "daemon/sinks/pagerduty.hpp"

#include "abi/hex.hpp"
#include "daemon/alerts/utc.hpp"
#include "daemon/sinks/fitting.hpp"
#include "daemon/sinks/json_request.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <openssl/sha.h>

namespace plimsoll::sinks {
namespace {

using nlohmann::json;
using wording::Digest;

constexpr std::size_t kMaxSummary = 1024;
constexpr std::size_t kPagerValue = 2048;
constexpr std::size_t kPagerSource = 255;

std::string shortened(const std::string& text, std::size_t max) {
    return fit(text, max, escape_nothing);
}

/// Two facts of the same name become one of two lines.
void put(json& details, const std::string& name, const std::string& value) {
    std::string text = details.value(name, std::string());
    text += (text.empty() ? "" : "\n") + value;
    details[name] = shortened(text, kPagerValue);
}

json details_of(const Digest& digest) {
    json out = json::object();
    for (const auto& fact : digest.facts) put(out, fact.label, fact.value);
    out["id"] = digest.id;
    if (!digest.remark.empty()) out["remark"] = shortened(digest.remark, kPagerValue);
    for (const auto& member : digest.members) {
        out["alerts"].push_back(shortened(digest.line(member), kPagerValue));
    }
    if (digest.more != 0) out["more"] = digest.more;
    return out;
}

json payload_of(const Digest& digest) {
    json out{{"summary", shortened(digest.mark + " " + digest.title, kMaxSummary)},
             {"source", shortened(digest.source, kPagerSource)},
             {"severity", alerts::to_string(digest.severity)},
             {"timestamp", alerts::utc_time(digest.at)},
             {"custom_details", details_of(digest)}};
    if (!digest.protocol.empty()) out["component"] = digest.protocol;
    if (!digest.rule.empty()) out["group"] = digest.rule;
    if (!digest.condition.empty()) out["class"] = digest.condition;
    return out;
}

}  // namespace

std::string dedup_key(std::string_view key) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const std::uint8_t*>(key.data()), key.size(), hash.data());
    return to_hex_digits(hash);
}

HttpRequest pagerduty_request(const Digest& digest, const PagerDutySettings& settings) {
    json event{{"routing_key", std::string(settings.routing_key.reveal())},
               {"event_action", digest.is_over && !digest.leaves_open ? "resolve" : "trigger"},
               {"dedup_key", dedup_key(digest.key)},
               {"payload", payload_of(digest)},
               {"client", "Plimsoll"}};
    if (!settings.page_url.empty()) event["client_url"] = settings.page_url;
    return json_request(settings.url, event);
}

Outcome classify_pagerduty(const HttpReply& reply, std::chrono::sys_seconds now) {
    Outcome out = classify(reply, now);
    if (out.kind != Outcome::Kind::ok || reply.status == 202) return out;
    return {Outcome::Kind::retry, std::nullopt,
            "HTTP " + std::to_string(reply.status) + " where 202 means taken: " + reply.text};
}

}  // namespace plimsoll::sinks
