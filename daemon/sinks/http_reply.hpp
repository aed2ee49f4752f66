#pragma once

#include "daemon/sinks/sink.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::sinks {

/// What one request came to.
struct HttpReply {
    enum class Fault {
        none,  ///< there is a status
        timeout,
        connect,  ///< also: cut off before the reply was complete
        tls,
        dns,
        denied,  ///< the name leads to an address that sinks may not connect to
        cancelled,
    };
    Fault fault = Fault::none;
    int status = 0;           ///< of HTTP, or the last reply code of SMTP
    std::string retry_after;  ///< the header's value; empty when there was none
    std::string text;         ///< the reply's body, or what went wrong
    std::map<std::string, std::string> headers = {};  ///< by name in lower case
};

/// Seconds or an HTTP date (RFC 9110 section 10.2.3) as the time left at `now`; none when it is
/// neither. Never negative, at most 30 days.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::chrono::sys_seconds now);

/// What a webhook's reply means. `detail` may still hold what the other side echoed.
Outcome classify(const HttpReply& reply, std::chrono::sys_seconds now);

}  // namespace plimsoll::sinks
