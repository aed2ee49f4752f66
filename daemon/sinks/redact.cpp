#include "daemon/sinks/redact.hpp"

#include "config/base64.hpp"
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
constexpr std::size_t kMinLogin = 3;  // of a user or a password
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

Redactor::Redactor(const Secret& url, const std::vector<Secret>& secrets, const Login& login) {
    for (const Secret& secret : secrets) {
        add(secret.reveal(), kMinSecret);
        if (secret.reveal().starts_with("whsec_")) add(secret.reveal().substr(6), kMinSecret);
    }
    add(url.reveal(), kMinSecret);
    add(login.password.reveal(), kMinLogin);
    add_login(login.user, login.password.reveal());
    const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
    const std::string text(url.reveal());
    if (parsed && curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK) {
        for (const unsigned flags : {0U, static_cast<unsigned>(CURLU_URLDECODE)}) {
            for (const CURLUPart part :
                 {CURLUPART_PATH, CURLUPART_QUERY, CURLUPART_USER, CURLUPART_PASSWORD}) {
                add_with_pieces(part_of(parsed.get(), part, flags));
            }
            const std::string user = part_of(parsed.get(), CURLUPART_USER, flags);
            const std::string password = part_of(parsed.get(), CURLUPART_PASSWORD, flags);
            add(user, kMinLogin);
            add(password, kMinLogin);
            add_login(user, password);
        }
        shown_url_ = part_of(parsed.get(), CURLUPART_SCHEME, 0) + "://" +
                     part_of(parsed.get(), CURLUPART_HOST, 0) + "/…";
    }
    std::sort(secrets_.begin(), secrets_.end(), [](const Secret& a, const Secret& b) {
        return a.reveal().size() > b.reveal().size();
    });
}

void Redactor::add(std::string_view secret, std::size_t min_bytes) {
    if (secret.size() >= min_bytes) secrets_.emplace_back(std::string(secret));
}

void Redactor::add_with_pieces(std::string_view part_of_url) {
    add(part_of_url, kMinSecret);
    constexpr std::string_view kBreaks = "/?&=:@";
    for (std::size_t at = 0; at < part_of_url.size();) {
        const std::size_t end =
            std::min(part_of_url.find_first_of(kBreaks, at), part_of_url.size());
        add(part_of_url.substr(at, end - at), kMinPiece);
        at = end + 1;
    }
}

/// As it goes out: `Authorization: Basic`, and AUTH PLAIN and AUTH LOGIN of mail.
void Redactor::add_login(std::string_view user, std::string_view password) {
    if (user.empty() && password.empty()) return;
    const auto joined = [&](std::string before, char between) {
        return before.append(user).append(1, between).append(password);
    };
    if (!user.empty() && !password.empty()) add(joined("", ':'), kMinLogin);
    add_base64(joined("", ':'));
    add_base64(joined(std::string(1, '\0'), '\0'));
    add_base64(std::string(password));
}

/// With its padding and without.
void Redactor::add_base64(std::string bytes) {
    std::string encoded = config::base64(bytes);
    add(encoded, kMinLogin);
    while (encoded.ends_with('=')) encoded.pop_back();
    add(encoded, kMinLogin);
    Secret::wipe(encoded);
    Secret::wipe(bytes);
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
