#pragma once

#include "daemon/sinks/http_post.hpp"
#include "daemon/wording/digest.hpp"

#include <chrono>
#include <string>

namespace plimsoll::sinks {

struct SlackSettings {
    Secret url;            ///< of the incoming webhook
    std::string page_url;  ///< of our page, for people; may be empty
};

/// Plain text in blocks, so that no name can be markup: title, facts or member alerts, id.
/// Limits: header 150, section 3,000, `text` 1,024 of the 40,000 it may have.
HttpRequest slack_request(const wording::Digest& digest, const SlackSettings& settings);

/// 200 and the text "ok" is taken; what Slack says of a bad payload refuses the one message.
Outcome classify_slack(const HttpReply& reply, std::chrono::sys_seconds now);

}  // namespace plimsoll::sinks
