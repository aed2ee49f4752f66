#pragma once

#include "daemon/sinks/http_post.hpp"
#include "daemon/wording/digest.hpp"

#include <chrono>
#include <string>

namespace plimsoll::sinks {

struct PagerDutySettings {
    Secret url;          ///< of `/v2/enqueue`
    Secret routing_key;  ///< of the integration
    std::string page_url;
};

/// An event of Events API v2: `trigger` while something of it holds, else `resolve`. All messages
/// of one alert, or of one group, have the `dedup_key` SHA-256 of what they belong to, so they are
/// one incident. Limits: summary 1,024, event 512 kB.
HttpRequest pagerduty_request(const wording::Digest& digest, const PagerDutySettings& settings);

/// 202 is taken.
Outcome classify_pagerduty(const HttpReply& reply, std::chrono::sys_seconds now);

/// 64 hex digits.
std::string dedup_key(std::string_view key);

}  // namespace plimsoll::sinks
