#pragma once

#include "daemon/sinks/http_post.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace plimsoll::sinks {

/// A POST of the value. Text that is no UTF-8, which only a setting can hold, is replaced.
HttpRequest json_request(const Secret& url, const nlohmann::json& value);

/// The object a service answered with; none where it is none, or nested deeper than 16.
std::optional<nlohmann::json> reply_object(const HttpReply& reply);

/// A number of seconds, whole or not, as the time to wait; at most a day. None where it is no
/// number, or negative.
std::optional<std::chrono::milliseconds> seconds_at(const nlohmann::json& object,
                                                    std::string_view name);
std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

}  // namespace plimsoll::sinks
