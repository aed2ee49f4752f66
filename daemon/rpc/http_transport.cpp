#include "daemon/rpc/http_transport.hpp"

#include "daemon/rpc/private_address.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <utility>

namespace plimsoll::rpc {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct EasyDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct MultiDeleter {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
using Multi = std::unique_ptr<CURLM, MultiDeleter>;

/// Header lines hold keys, so they are overwritten before libcurl frees them.
struct HeadersDeleter {
    void operator()(curl_slist* list) const {
        for (curl_slist* line = list; line != nullptr; line = line->next) {
            OPENSSL_cleanse(line->data, std::strlen(line->data));
        }
        curl_slist_free_all(list);
    }
};
using Headers = std::unique_ptr<curl_slist, HeadersDeleter>;

bool has_scheme(std::string_view url, std::string_view scheme) {
    return url.size() > scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), url.begin(), [](char wanted, char given) {
               return wanted == (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given);
           });
}

/// `url` with `path` appended to its path, and its query behind that of `path`.
std::string join(std::string_view url, std::string_view path) {
    const std::size_t end = std::min(url.find_first_of("?#"), url.size());
    std::string out(url.substr(0, end));
    if (!path.empty() && out.ends_with('/')) out.pop_back();
    out.append(path);
    const bool has_both = url.substr(end).starts_with('?') && path.find('?') != path.npos;
    out.append(has_both ? "&" : "");
    out.append(url.substr(has_both ? end + 1 : end));
    return out;
}

/// One exchange: its handle, its limits, and what has arrived so far.
class Transfer {
  public:
    Transfer(const HttpRequest& request, const CurlOptions& options)
        : request_(request), options_(options), easy_(curl_easy_init()) {}
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    Transfer(Transfer&&) = delete;
    Transfer& operator=(Transfer&&) = delete;
    ~Transfer() = default;

    CURL* handle() const { return easy_.get(); }
    bool is_done() const { return is_done_; }
    HttpResult& result() { return result_; }

    /// False when the request may not be sent; the result says why.
    bool prepare();
    void finish(CURLcode code);
    void fail(HttpFault::Kind kind, std::string message) {
        result_ = Unexpected<HttpFault>{HttpFault{kind, std::move(message)}};
        is_done_ = true;
    }

  private:
    template <class T>
    void set(CURLoption option, T value) {
        if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) all_set_ = false;
    }
    void set_request(std::string_view url);
    void set_limits(bool is_plain);
    void add_header(const std::string& line);
    HttpFault fault_of(CURLcode code) const;

    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
    static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

    const HttpRequest& request_;
    const CurlOptions& options_;
    Easy easy_;
    Headers headers_;
    bool all_set_ = true;
    bool is_done_ = false;
    bool is_too_large_ = false;
    bool is_too_slow_ = false;
    bool is_public_plaintext_ = false;
    std::size_t header_bytes_ = 0;
    std::size_t window_bytes_ = 0;  ///< body bytes since `window_start_`
    SteadyTime window_start_;
    std::string body_;
    HttpResult result_;
};

bool Transfer::prepare() {
    const std::string_view url = request_.endpoint->url.reveal();
    const bool is_plain = has_scheme(url, "http://");
    if (!is_plain && !has_scheme(url, "https://")) {
        fail(HttpFault::Kind::refused, "the URL is neither http nor https");
        return false;
    }
    if (!easy_) {
        fail(HttpFault::Kind::refused, "out of memory");
        return false;
    }
    set_request(url);
    set_limits(is_plain);
    if (!all_set_) fail(HttpFault::Kind::refused, "libcurl refuses an option or a header");
    return all_set_;
}

void Transfer::set_request(std::string_view url) {
    std::string full = join(url, request_.path);
    set(CURLOPT_URL, full.c_str());
    Secret::wipe(full);
    if (request_.is_get) {
        set(CURLOPT_HTTPGET, 1L);
    } else {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.c_str());
        add_header("Content-Type: application/json");
    }
    set(CURLOPT_USERAGENT, "plimsoll/" PLIMSOLL_VERSION);
    set(CURLOPT_ACCEPT_ENCODING, "");
    add_header("Accept: application/json");
    add_header("Expect:");
    for (const auto& [name, value] : request_.endpoint->headers) {
        std::string line = name + ": ";
        line.append(value.reveal());
        if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            all_set_ = false;
        } else {
            add_header(line);
        }
        Secret::wipe(line);
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
}

void Transfer::add_header(const std::string& line) {
    curl_slist* grown = curl_slist_append(headers_.get(), line.c_str());
    if (grown == nullptr) {
        all_set_ = false;
        return;
    }
    static_cast<void>(headers_.release());
    headers_.reset(grown);
}

void Transfer::set_limits(bool is_plain) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // never wait for a name server that does not answer
    set(CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!request_.endpoint->ca_file.empty()) {
        set(CURLOPT_CAINFO, request_.endpoint->ca_file.c_str());
    }
    const bool is_http1 = is_plain || options_.force_http1;
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(is_http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_PIPEWAIT, is_http1 ? 0L : 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_MAXAGE_CONN, 60L);
    set(CURLOPT_DNS_CACHE_TIMEOUT, 60L);
    const long timeout = std::max<long>(1, request_.timeout.count());
    set(CURLOPT_TIMEOUT_MS, timeout);
    set(CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(timeout, options_.connect_timeout.count()));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
    if (is_plain) {
        set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
        set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    }
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = size * count;
    long status = 0;
    curl_easy_getinfo(transfer.handle(), CURLINFO_RESPONSE_CODE, &status);
    const std::size_t cap =
        status >= 300 ? std::min(transfer.request_.max_bytes, transfer.options_.max_error_bytes)
                      : transfer.request_.max_bytes;
    if (length > cap || transfer.body_.size() > cap - length) {
        transfer.is_too_large_ = true;
        return 0;
    }
    if (transfer.body_.empty()) transfer.window_start_ = std::chrono::steady_clock::now();
    transfer.body_.append(bytes, length);
    transfer.window_bytes_ += length;
    return length;
}

std::size_t Transfer::on_header(char* /*bytes*/, std::size_t size, std::size_t count, void* self) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    transfer.header_bytes_ += size * count;
    if (transfer.header_bytes_ > transfer.options_.max_header_bytes) {
        transfer.is_too_large_ = true;
        return 0;
    }
    return size * count;
}

// libcurl's own low-speed limit also counts the time in which a node computes its answer, so the
// speed is judged only once the body has begun.
int Transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    if (transfer.body_.empty()) return 0;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now - transfer.window_start_ < transfer.options_.slow_after) return 0;
    if (transfer.window_bytes_ < transfer.options_.slow_bytes) {
        transfer.is_too_slow_ = true;
        return 1;
    }
    transfer.window_start_ = now;
    transfer.window_bytes_ = 0;
    return 0;
}

curl_socket_t Transfer::on_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    if (!is_private_address(address->addr)) {
        static_cast<Transfer*>(self)->is_public_plaintext_ = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

HttpFault Transfer::fault_of(CURLcode code) const {
    using Kind = HttpFault::Kind;
    if (is_too_large_) return {Kind::too_large, "the reply is larger than allowed"};
    if (is_too_slow_) return {Kind::timeout, "the reply arrives too slowly"};
    if (is_public_plaintext_) {
        return {Kind::refused, "plain http is allowed only to loopback and private addresses"};
    }
    const char* text = curl_easy_strerror(code);
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_SSL_CONNECT_ERROR:
            return {Kind::unreachable, text};
        case CURLE_OPERATION_TIMEDOUT:
            return {Kind::timeout, text};
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_CERTPROBLEM:
            return {Kind::untrusted, text};
        case CURLE_URL_MALFORMAT:
            return {Kind::refused, text};
        default:
            return {Kind::truncated, text};
    }
}

void Transfer::finish(CURLcode code) {
    if (code != CURLE_OK) {
        HttpFault fault = fault_of(code);
        fail(fault.kind, std::move(fault.message));
        return;
    }
    HttpReply reply;
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &reply.status);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(handle(), CURLINFO_RETRY_AFTER, &retry_after);
    if (retry_after > 0) reply.retry_after = std::chrono::seconds(retry_after);
    reply.body = std::move(body_);
    result_ = std::move(reply);
    is_done_ = true;
}

class CurlTransport final : public HttpTransport {
  public:
    explicit CurlTransport(const CurlOptions& options) : options_(options) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        multi_.reset(curl_multi_init());
        curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                          options_.connections_per_host);
        curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, options_.connections);
        curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, options_.connections);
    }

    std::vector<HttpResult> send(std::span<const HttpRequest> requests) override;
    void cancel() override {
        is_cancelled_ = true;
        curl_multi_wakeup(multi_.get());
    }

  private:
    void run();
    void collect();

    CurlOptions options_;
    Multi multi_;
    std::atomic<bool> is_cancelled_ = false;
    int running_ = 0;
};

std::vector<HttpResult> CurlTransport::send(std::span<const HttpRequest> requests) {
    std::vector<std::unique_ptr<Transfer>> transfers;
    for (const HttpRequest& request : requests) {
        auto& transfer = transfers.emplace_back(std::make_unique<Transfer>(request, options_));
        if (transfer->prepare()) curl_multi_add_handle(multi_.get(), transfer->handle());
    }
    run();
    std::vector<HttpResult> out;
    for (auto& transfer : transfers) {
        if (!transfer->is_done()) transfer->fail(HttpFault::Kind::cancelled, "cancelled");
        if (transfer->handle() != nullptr) {
            curl_multi_remove_handle(multi_.get(), transfer->handle());
        }
        out.push_back(std::move(transfer->result()));
    }
    return out;
}

void CurlTransport::run() {
    while (!is_cancelled_) {
        if (curl_multi_perform(multi_.get(), &running_) != CURLM_OK) return;
        collect();
        if (running_ == 0) return;
        if (curl_multi_poll(multi_.get(), nullptr, 0, 1'000, nullptr) != CURLM_OK) return;
    }
}

void CurlTransport::collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        void* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        static_cast<Transfer*>(transfer)->finish(message->data.result);
    }
}

}  // namespace

std::string_view to_string(HttpFault::Kind kind) {
    switch (kind) {
        case HttpFault::Kind::unreachable:
            return "unreachable";
        case HttpFault::Kind::timeout:
            return "timeout";
        case HttpFault::Kind::truncated:
            return "truncated";
        case HttpFault::Kind::too_large:
            return "too large";
        case HttpFault::Kind::untrusted:
            return "untrusted certificate";
        case HttpFault::Kind::refused:
            return "refused";
        case HttpFault::Kind::too_late:
            return "too late";
        case HttpFault::Kind::cancelled:
            return "cancelled";
    }
    return "unknown";
}

std::unique_ptr<HttpTransport> make_curl_transport(const CurlOptions& options) {
    return std::make_unique<CurlTransport>(options);
}

}  // namespace plimsoll::rpc
