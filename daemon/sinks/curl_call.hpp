#pragma once

#include "daemon/sinks/http_reply.hpp"
#include "daemon/sinks/network_guard.hpp"

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace plimsoll::sinks {

/// What a sink may do on the network, whatever it speaks.
struct NetworkRules {
    std::vector<Cidr> allow_private;  ///< special addresses that may be dialled all the same
    std::string ca_file;              ///< PEM; empty: the system's
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds total_timeout{15'000};
    /// Names answered without DNS, "host:port:address,address". What they lead to is checked as
    /// any other address is.
    std::vector<std::string> resolve;
};

struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, FreeList>;
/// Null when memory ran out.
CurlList make_list(const std::vector<std::string>& entries);

/// One request in progress, as libcurl's callbacks see it.
struct CurlCall {
    const NetworkRules* rules = nullptr;
    const std::atomic<bool>* is_cancelled = nullptr;
    CurlList resolve;
    std::string denied;  ///< the address that was refused
    std::array<char, CURL_ERROR_SIZE> error{};
};

/// What every request has: no proxy, no netrc, certificates always checked, both timeouts, an end
/// when cancelled, and the guard: the address of every new connection is checked when its socket
/// is made, so a name that changes its address between check and use gains nothing. `call` must
/// outlive the request.
void set_common(CURL* handle, CurlCall& call);

/// What went wrong, of a request that did not end with `CURLE_OK`.
HttpReply failed(CURL* handle, CURLcode code, const CurlCall& call);

/// Handles that keep their connections between requests; one per request at the same time. Safe
/// from any thread.
class CurlHandles {
  public:
    CurlHandles();
    /// Null when memory ran out.
    Easy take();
    /// Forgets every option, so no pointer into the caller's frame stays behind.
    void give_back(Easy handle);

  private:
    std::mutex mutex_;  // guards idle_
    std::vector<Easy> idle_;
};

}  // namespace plimsoll::sinks
