#include "daemon/sinks/curl_call.hpp"

#include <sys/socket.h>
#include <utility>

namespace plimsoll::sinks {
namespace {

using Fault = HttpReply::Fault;

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<CurlCall*>(user)->is_cancelled->load() ? 1 : 0;
}

curl_socket_t on_open_socket(void* user, curlsocktype purpose, curl_sockaddr* address) {
    auto& call = *static_cast<CurlCall*>(user);
    const auto ip = ip_of(&address->addr, address->addrlen);
    if (purpose != CURLSOCKTYPE_IPCXN || !ip || !may_dial(*ip, call.rules->allow_private)) {
        call.denied = ip ? to_string(*ip) : "of another family";
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Fault fault_of(CURL* handle, CURLcode code, const CurlCall& call) {
    if (call.is_cancelled->load()) return Fault::cancelled;
    long sent = 0;
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return Fault::timeout;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Fault::dns;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_USE_SSL_FAILED:
            return Fault::tls;
        case CURLE_URL_MALFORMAT:
            return Fault::denied;
        case CURLE_UNSUPPORTED_PROTOCOL:  // before sending our scheme, afterwards a reply not HTTP
            return sent == 0 ? Fault::denied : Fault::connect;
        case CURLE_COULDNT_CONNECT:
            return call.denied.empty() ? Fault::connect : Fault::denied;
        default:
            return Fault::connect;
    }
}

}  // namespace

CurlList make_list(const std::vector<std::string>& entries) {
    CurlList list;
    for (const std::string& entry : entries) {
        curl_slist* const longer = curl_slist_append(list.get(), entry.c_str());
        if (longer == nullptr) return nullptr;
        // Appending to a list that exists changes it in place.
        if (!list) list.reset(longer);
    }
    return list;
}

void set_common(CURL* handle, CurlCall& call) {
    const auto set = [handle](CURLoption option, auto value) {
        curl_easy_setopt(handle, option, value);
    };
    const NetworkRules& rules = *call.rules;
    call.resolve = make_list(rules.resolve);
    if (call.resolve) set(CURLOPT_RESOLVE, call.resolve.get());
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!rules.ca_file.empty()) set(CURLOPT_CAINFO, rules.ca_file.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a resolver that hangs
    set(CURLOPT_CONNECTTIMEOUT_MS, long{rules.connect_timeout.count()});
    set(CURLOPT_TIMEOUT_MS, long{rules.total_timeout.count()});
    set(CURLOPT_ERRORBUFFER, call.error.data());
    set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
    set(CURLOPT_OPENSOCKETDATA, &call);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, &call);
}

HttpReply failed(CURL* handle, CURLcode code, const CurlCall& call) {
    const Fault fault = fault_of(handle, code, call);
    if (fault == Fault::denied && !call.denied.empty()) {
        return {fault, 0, {}, call.denied + " (see allow_private)"};
    }
    return {
        fault, 0, {}, call.error.front() != '\0' ? call.error.data() : curl_easy_strerror(code)};
}

CurlHandles::CurlHandles() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(started);
}

Easy CurlHandles::take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return Easy(curl_easy_init());
    Easy handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
}

void CurlHandles::give_back(Easy handle) {
    curl_easy_reset(handle.get());
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(handle));
}

}  // namespace plimsoll::sinks
