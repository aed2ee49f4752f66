#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace plimsoll::rpc {

/// Hears of requests to endpoints, which it knows by alias. Called from the thread that uses the
/// endpoint; must return soon and throw nothing.
class RequestObserver {
  public:
    RequestObserver() = default;
    RequestObserver(const RequestObserver&) = delete;
    RequestObserver& operator=(const RequestObserver&) = delete;
    virtual ~RequestObserver() = default;

    /// An exchange over HTTP is over; several requests in parallel count as one.
    virtual void exchanged(const std::string& endpoint, std::chrono::duration<double> took) = 0;
    /// What came of one JSON-RPC request: "ok", or the kind of its error.
    virtual void finished(const std::string& endpoint, std::string_view result) = 0;
};

}  // namespace plimsoll::rpc
