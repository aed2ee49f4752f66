#pragma once

#include "config/secret.hpp"
#include "daemon/sinks/curl_call.hpp"
#include "daemon/sinks/http_reply.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::sinks {

struct HttpRequest {
    Secret url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// Sends one POST. The only way a sink talks to the network. Blocks up to the poster's own limits;
/// safe from any thread; throws nothing.
class HttpPoster {
  public:
    HttpPoster() = default;
    HttpPoster(const HttpPoster&) = delete;
    HttpPoster& operator=(const HttpPoster&) = delete;
    virtual ~HttpPoster() = default;

    virtual HttpReply post(const HttpRequest& request) = 0;
    /// Makes requests in progress and all later ones end with `cancelled`, within about a second.
    virtual void cancel() = 0;
};

struct HttpRules : NetworkRules {
    bool allow_http = false;  ///< else https only
};

/// libcurl with one handle (so one kept-alive connection) per request at the same time, under the
/// rules of `set_common`. Redirects are never followed. Reads at most 64 KiB of a reply.
std::unique_ptr<HttpPoster> make_curl_poster(HttpRules rules);

}  // namespace plimsoll::sinks
