#include "daemon/sinks/http_post.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace plimsoll::sinks {
namespace {

using Fault = HttpReply::Fault;

constexpr std::size_t kMaxReply = 64 * 1024;  ///< bytes of body, and of headers
constexpr std::size_t kHeaderBytes = 128;     ///< bytes kept of one header's value
constexpr std::size_t kHeaderCount = 64;

struct Call : CurlCall {
    std::size_t body_size = 0;
    std::size_t header_size = 0;
    bool is_over = false;  ///< the reply was cut off by us, at the limit
    std::string text;
    std::map<std::string, std::string> headers;
};

std::size_t on_body(char* bytes, std::size_t /*size*/, std::size_t count, void* user) {
    auto& call = *static_cast<Call*>(user);
    call.body_size += count;
    call.text.append(bytes, std::min(count, kMaxReply - std::min(kMaxReply, call.text.size())));
    call.is_over = call.body_size > kMaxReply;
    return call.is_over ? CURL_WRITEFUNC_ERROR : count;
}

void keep_header(Call& call, std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || call.headers.size() == kHeaderCount) return;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    call.headers[std::move(name)] = line.substr(colon + 1, kHeaderBytes);
}

std::size_t on_header(char* bytes, std::size_t /*size*/, std::size_t count, void* user) {
    auto& call = *static_cast<Call*>(user);
    const std::string_view line(bytes, count);
    call.header_size += count;
    if (call.header_size > kMaxReply) return CURL_WRITEFUNC_ERROR;
    if (line.starts_with("HTTP/")) call.headers.clear();
    keep_header(call, line);
    return count;
}

class CurlPoster final : public HttpPoster {
  public:
    explicit CurlPoster(HttpRules rules) : rules_(std::move(rules)) {}

    HttpReply post(const HttpRequest& request) override {
        Easy handle = handles_.take();
        std::vector<std::string> lines{"Expect:"};  // no waiting for 100 Continue
        for (const auto& [name, value] : request.headers) lines.push_back(name + ": " + value);
        const CurlList headers = make_list(lines);
        if (!handle || !headers) return {Fault::connect, 0, {}, "out of memory"};
        Call call;
        call.rules = &rules_;
        call.is_cancelled = &is_cancelled_;
        set_up(handle.get(), request, headers.get(), call);
        const CURLcode code = curl_easy_perform(handle.get());
        HttpReply reply = reply_of(handle.get(), code, std::move(call));
        handles_.give_back(std::move(handle));
        return reply;
    }

    void cancel() override { is_cancelled_.store(true); }

  private:
    void set_up(CURL* handle, const HttpRequest& request, curl_slist* headers, Call& call) const {
        const auto set = [handle](CURLoption option, auto value) {
            curl_easy_setopt(handle, option, value);
        };
        set_common(handle, call);
        std::string url(request.url.reveal());
        set(CURLOPT_URL, url.c_str());  // copied by libcurl
        Secret::wipe(url);
        set(CURLOPT_PROTOCOLS_STR, rules_.allow_http ? "https,http" : "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.data());
        set(CURLOPT_HTTPHEADER, headers);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &call);
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, &call);
    }

    static HttpReply reply_of(CURL* handle, CURLcode code, Call call) {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        // A status in hand decides, even where the rest of the reply was too long to read.
        if (code != CURLE_OK && !(call.is_over && status >= 200)) {
            return failed(handle, code, call);
        }
        return {Fault::none, static_cast<int>(status), call.headers["retry-after"],
                std::move(call.text), std::move(call.headers)};
    }

    const HttpRules rules_;
    std::atomic<bool> is_cancelled_{false};
    CurlHandles handles_;
};

}  // namespace

std::unique_ptr<HttpPoster> make_curl_poster(HttpRules rules) {
    return std::make_unique<CurlPoster>(std::move(rules));
}

}  // namespace plimsoll::sinks
