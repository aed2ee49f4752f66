#include "daemon/sinks/redact.hpp"

#include "daemon/alerts/text.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace plimsoll::sinks {
namespace {

/// Shorter pieces of a path ("hooks", "v2") are no secrets, and taking them out of every text would
/// leave nothing to read.
constexpr std::size_t kMinSecret = 6;
constexpr std::size_t kMinPiece = 8;
constexpr std::string_view kMask = "***";
constexpr std::size_t kMaxDetail = 512;  // bytes

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return {};
    std::string out(text);
    curl_free(text);
    return out;
}

}  // namespace

Redactor::Redactor(const Secret& url, const std::vector<Secret>& secrets) {
    for (const Secret& secret : secrets) {
        add(secret.reveal());
        if (secret.reveal().starts_with("whsec_")) add(secret.reveal().substr(6));
    }
    add(url.reveal());
    const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
    const std::string text(url.reveal());
    if (parsed && curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK) {
        for (const unsigned flags : {0U, static_cast<unsigned>(CURLU_URLDECODE)}) {
            for (const CURLUPart part :
                 {CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_USER, CURLUPART_PASSWORD}) {
                add_with_pieces(part_of(parsed.get(), part, flags));
            }
        }
        shown_url_ = part_of(parsed.get(), CURLUPART_SCHEME, 0) + "://" +
                     part_of(parsed.get(), CURLUPART_HOST, 0) + "/…";
    }
    std::sort(secrets_.begin(), secrets_.end(), [](const Secret& a, const Secret& b) {
        return a.reveal().size() > b.reveal().size();
    });
}

void Redactor::add(std::string_view secret) {
    if (secret.size() >= kMinSecret) secrets_.emplace_back(std::string(secret));
}

void Redactor::add_with_pieces(std::string_view part_of_url) {
    add(part_of_url);
    constexpr std::string_view kBreaks = "/?&=:@";
    for (std::size_t at = 0; at < part_of_url.size();) {
        const std::size_t end =
            std::min(part_of_url.find_first_of(kBreaks, at), part_of_url.size());
        if (end - at >= kMinPiece) add(part_of_url.substr(at, end - at));
        at = end + 1;
    }
}

std::string Redactor::clean(std::string_view text, std::size_t max_bytes) const {
    std::string out(text);
    for (const Secret& secret : secrets_) {
        for (auto at = out.find(secret.reveal()); at != std::string::npos;
             at = out.find(secret.reveal(), at + kMask.size())) {
            out.replace(at, secret.reveal().size(), kMask);
        }
    }
    std::replace(out.begin(), out.end(), '\n', ' ');
    out = alerts::clean_text(out);
    std::size_t size = 0;
    while (size < out.size()) {
        const std::size_t step = alerts::first_code_point(std::string_view(out).substr(size)).bytes;
        if (size + step > max_bytes) break;
        size += step;
    }
    out.resize(size);
    return out;
}

Outcome Redactor::clean(Outcome outcome) const {
    if (!outcome.detail.empty()) {
        outcome.detail = clean(shown_url_ + ": " + outcome.detail, kMaxDetail);
    }
    return outcome;
}

}  // namespace plimsoll::sinks
