#include "daemon/sinks/http_post.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <mutex>
#include <sys/socket.h>

namespace plimsoll::sinks {
namespace {

using Fault = HttpReply::Fault;

constexpr std::size_t kMaxReply = 64 * 1024;  ///< bytes of body, and of headers
constexpr std::size_t kKeptText = 4 * 1024;   ///< more than is shown: secrets go before the cut
constexpr std::size_t kMaxRetryAfterBytes = 128;

struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// One request in progress, as libcurl's callbacks see it.
struct Call {
    const HttpRules* rules = nullptr;
    const std::atomic<bool>* is_cancelled = nullptr;
    std::size_t body_size = 0;
    std::size_t header_size = 0;
    bool is_over = false;  ///< the reply was cut off by us, at the limit
    std::string text;
    std::string retry_after;
    std::string denied;  ///< the address that was refused
};

std::size_t on_body(char* bytes, std::size_t /*size*/, std::size_t count, void* user) {
    auto& call = *static_cast<Call*>(user);
    call.body_size += count;
    call.text.append(bytes, std::min(count, kKeptText - std::min(kKeptText, call.text.size())));
    call.is_over = call.body_size > kMaxReply;
    return call.is_over ? CURL_WRITEFUNC_ERROR : count;
}

bool starts_with_name(std::string_view line, std::string_view lower_name) {
    return line.size() >= lower_name.size() &&
           std::equal(lower_name.begin(), lower_name.end(), line.begin(), [](char a, char b) {
               return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
           });
}

std::size_t on_header(char* bytes, std::size_t /*size*/, std::size_t count, void* user) {
    constexpr std::string_view kName = "retry-after:";
    auto& call = *static_cast<Call*>(user);
    const std::string_view line(bytes, count);
    call.header_size += count;
    if (call.header_size > kMaxReply) return CURL_WRITEFUNC_ERROR;
    if (line.starts_with("HTTP/")) call.retry_after.clear();
    if (starts_with_name(line, kName)) {
        call.retry_after = line.substr(kName.size(), kMaxRetryAfterBytes);
    }
    return count;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Call*>(user)->is_cancelled->load() ? 1 : 0;
}

curl_socket_t on_open_socket(void* user, curlsocktype purpose, curl_sockaddr* address) {
    auto& call = *static_cast<Call*>(user);
    const auto ip = ip_of(&address->addr, address->addrlen);
    if (purpose != CURLSOCKTYPE_IPCXN || !ip || !may_dial(*ip, call.rules->allow_private)) {
        call.denied = ip ? to_string(*ip) : "of another family";
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Fault fault_of(CURL* handle, CURLcode code, const Call& call) {
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

class CurlPoster final : public HttpPoster {
  public:
    explicit CurlPoster(HttpRules rules) : rules_(std::move(rules)) {
        static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
        static_cast<void>(started);
    }

    HttpReply post(const HttpRequest& request) override {
        Easy handle = take_handle();
        const HeaderList headers = headers_of(request);
        if (!handle || !headers) return {Fault::connect, 0, {}, "out of memory"};
        Call call;
        call.rules = &rules_;
        call.is_cancelled = &is_cancelled_;
        std::array<char, CURL_ERROR_SIZE> error{};
        set_up(handle.get(), request, headers.get(), call, error.data());
        const CURLcode code = curl_easy_perform(handle.get());
        HttpReply reply = reply_of(handle.get(), code, std::move(call), error.data());
        curl_easy_reset(handle.get());  // keeps connections, forgets pointers into this frame
        give_back(std::move(handle));
        return reply;
    }

    void cancel() override { is_cancelled_.store(true); }

  private:
    Easy take_handle() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) return Easy(curl_easy_init());
        Easy handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
    }

    void give_back(Easy handle) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(handle));
    }

    /// Null when memory ran out.
    static HeaderList headers_of(const HttpRequest& request) {
        HeaderList list(curl_slist_append(nullptr, "Expect:"));  // no waiting for 100 Continue
        for (const auto& [name, value] : request.headers) {
            if (!list) break;
            // Appending to a list that exists changes it in place.
            if (curl_slist_append(list.get(), (name + ": " + value).c_str()) == nullptr) {
                list.reset();
            }
        }
        return list;
    }

    void set_up(CURL* handle, const HttpRequest& request, curl_slist* headers, Call& call,
                char* error) const {
        const auto set = [handle](CURLoption option, auto value) {
            curl_easy_setopt(handle, option, value);
        };
        std::string url(request.url.reveal());
        set(CURLOPT_URL, url.c_str());  // copied by libcurl
        Secret::wipe(url);
        set(CURLOPT_PROTOCOLS_STR, rules_.allow_http ? "https,http" : "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_PROXY, "");
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        if (!rules_.ca_file.empty()) set(CURLOPT_CAINFO, rules_.ca_file.c_str());
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a resolver that hangs
        set(CURLOPT_CONNECTTIMEOUT_MS, long{rules_.connect_timeout.count()});
        set(CURLOPT_TIMEOUT_MS, long{rules_.total_timeout.count()});
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.data());
        set(CURLOPT_HTTPHEADER, headers);
        set(CURLOPT_ERRORBUFFER, error);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &call);
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, &call);
        set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
        set(CURLOPT_OPENSOCKETDATA, &call);
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &on_progress);
        set(CURLOPT_XFERINFODATA, &call);
    }

    static HttpReply reply_of(CURL* handle, CURLcode code, Call call, const char* error) {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        // A status in hand decides, even where the rest of the reply was too long to read.
        if (code == CURLE_OK || (call.is_over && status >= 200)) {
            return {Fault::none, static_cast<int>(status), std::move(call.retry_after),
                    std::move(call.text)};
        }
        const Fault fault = fault_of(handle, code, call);
        if (fault == Fault::denied && !call.denied.empty()) {
            return {fault, 0, {}, call.denied + " (see allow_private)"};
        }
        return {fault, 0, {}, *error != '\0' ? error : curl_easy_strerror(code)};
    }

    const HttpRules rules_;
    std::atomic<bool> is_cancelled_{false};
    std::mutex mutex_;  // guards idle_
    std::vector<Easy> idle_;
};

}  // namespace

std::unique_ptr<HttpPoster> make_curl_poster(HttpRules rules) {
    return std::make_unique<CurlPoster>(std::move(rules));
}

}  // namespace plimsoll::sinks
