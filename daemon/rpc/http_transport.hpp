#pragma once

#include "abi/expected.hpp"
#include "daemon/rpc/endpoint_settings.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rpc {

inline constexpr std::size_t kMiB = std::size_t{1} << 20U;

/// One POST of JSON, or a GET. `endpoint` outlives the call; `path` is appended to the path of its
/// URL, and may bring a query of its own.
struct HttpRequest {
    const EndpointSettings* endpoint = nullptr;
    std::string path;
    std::string body;                           ///< of a POST
    bool is_get = false;                        ///< without a body
    std::chrono::milliseconds timeout{10'000};  ///< of the whole exchange, queueing included
    std::size_t max_bytes = 16 * kMiB;          ///< of the decoded body; error replies: 1 MiB
};

/// Whatever the server answered, any status. The body is hostile text.
struct HttpReply {
    long status = 0;
    std::string body;
    std::optional<std::chrono::seconds> retry_after;  ///< given as seconds or as a date
};

struct HttpFault {
    enum class Kind {
        unreachable,  ///< no connection: name, refusal, handshake
        timeout,      ///< too long in all, or too slow once it had begun
        truncated,    ///< the connection ended before the reply did
        too_large,    ///< more bytes than allowed; the rest was not read
        untrusted,    ///< the certificate does not fit
        refused,      ///< not sent: the URL, its scheme or its address is not allowed
        too_late,     ///< not sent: no time was left for it
        cancelled,
    };
    Kind kind = Kind::unreachable;
    std::string message;  ///< fit for logs: no URL, no header
};
std::string_view to_string(HttpFault::Kind kind);

using HttpResult = Expected<HttpReply, HttpFault>;

/// Exchanges with servers. `send` serves one thread at a time; `cancel` is safe from any.
class HttpTransport {
  public:
    virtual ~HttpTransport() = default;
    /// Sends all requests in parallel and returns when each has its result, in their order.
    virtual std::vector<HttpResult> send(std::span<const HttpRequest> requests) = 0;
    /// Ends the exchange in progress and all later ones with `cancelled`, at once and for good.
    virtual void cancel() = 0;
};

struct CurlOptions {
    std::chrono::milliseconds connect_timeout{3'000};
    std::size_t max_error_bytes = kMiB;
    std::size_t max_header_bytes = 64 * 1024;
    /// Less than this within `slow_after` once the body has begun counts as a timeout.
    std::size_t slow_bytes = 5'000;
    std::chrono::milliseconds slow_after{5'000};
    long connections_per_host = 8;
    long connections = 32;
    bool force_http1 = false;
};

/// libcurl's multi interface with kept-alive connections. Redirects are not followed, certificates
/// are always verified, the proxy environment is ignored, and plain http goes only to loopback,
/// private and link-local addresses (checked on the address really dialled).
std::unique_ptr<HttpTransport> make_curl_transport(const CurlOptions& options = {});

}  // namespace plimsoll::rpc
