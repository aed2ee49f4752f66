#include "daemon/rpc/redact.hpp"

#include "config/base64.hpp"

#include <algorithm>
#include <optional>

namespace plimsoll::rpc {
namespace {

constexpr std::string_view kMask = "***";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
    return out;
}

std::optional<unsigned> digit(char c) {
    c = lower(c);
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    return std::nullopt;
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : std::nullopt;
        const auto low = high ? digit(text[i + 2]) : std::nullopt;
        if (low) {
            out.push_back(static_cast<char>(*high * 16 + *low));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

/// Calls `visit` with each piece of `text` between any of `separators`.
template <class Visit>
void split(std::string_view text, std::string_view separators, const Visit& visit) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(separators), text.size());
        visit(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// Cuts whatever follows the host of each URL in `text`.
std::string without_paths(std::string_view text) {
    std::string out;
    while (true) {
        const std::size_t mark = text.find("://");
        if (mark == std::string_view::npos) return out.append(text);
        const std::size_t host = mark + 3;
        out.append(text.substr(0, host));
        text.remove_prefix(host);
        const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>)]},"), text.size());
        const std::string_view url = text.substr(0, end);
        const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
        const std::size_t at = authority.rfind('@');
        out.append(at == std::string_view::npos ? authority : authority.substr(at + 1));
        if (authority.size() < url.size()) out.append("/").append(kMask);
        text.remove_prefix(end);
    }
}

}  // namespace

Redactor::Redactor(const EndpointSettings& settings) {
    const std::string_view url = settings.url.reveal();
    const std::size_t mark = url.find("://");
    const std::size_t start = mark == std::string_view::npos ? 0 : mark + 3;
    const std::size_t authority_end = std::min(url.find_first_of("/?#", start), url.size());
    std::string_view authority = url.substr(start, authority_end - start);
    const std::string_view rest = url.substr(authority_end);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        add(authority.substr(0, at), 1);
        split(authority.substr(0, at), ":", [&](std::string_view piece) { add(piece, 3); });
        add_basic(authority.substr(0, at));
        authority.remove_prefix(at + 1);
    }
    origin_ = std::string(url.substr(0, start)).append(authority);
    const std::size_t query = std::min(rest.find_first_of("?#"), rest.size());
    if (rest.size() > 1) add(rest, 6);
    split(rest.substr(0, query), "/", [&](std::string_view piece) { add(piece, 6); });
    split(rest.substr(query), "?#&;", [&](std::string_view pair) {
        const std::size_t equals = pair.find('=');
        add(equals == std::string_view::npos ? pair : pair.substr(equals + 1), 4);
    });
    for (const auto& [name, value] : settings.headers) {
        add(value.reveal(), 3);
        split(value.reveal(), " ", [&](std::string_view piece) { add(piece, 8); });
    }
    std::sort(secrets_.begin(), secrets_.end(),
              [](const Secret& a, const Secret& b) { return a.size() > b.size(); });
}

void Redactor::add(std::string_view piece, std::size_t min_bytes) {
    std::string decoded = percent_decode(piece);
    if (piece.size() >= min_bytes) secrets_.emplace_back(lower(piece));
    if (decoded != piece && decoded.size() >= min_bytes) secrets_.emplace_back(lower(decoded));
    Secret::wipe(decoded);
}

void Redactor::add_basic(std::string_view userinfo) {
    std::string login = percent_decode(userinfo);
    if (userinfo.find(':') == std::string_view::npos) login.push_back(':');
    std::string sent = config::base64(login);
    add(sent, 1);
    while (sent.ends_with('=')) sent.pop_back();
    add(sent, 1);
    Secret::wipe(sent);
    Secret::wipe(login);
}

std::string Redactor::clean(std::string_view text, std::size_t max_bytes) const {
    static constexpr std::size_t kMostRead = 4'096;
    const bool is_cut = text.size() > kMostRead;
    std::string out(text.substr(0, kMostRead));
    for (const Secret& secret : secrets_) {
        std::string low = lower(out);
        for (std::size_t at = low.find(secret.reveal()); at != std::string::npos;
             at = low.find(secret.reveal(), at + kMask.size())) {
            out.replace(at, secret.size(), kMask);
            low.replace(at, secret.size(), kMask);
        }
    }
    // The cut may have gone through a secret, which then escapes the search: drop what may be one.
    if (is_cut && !secrets_.empty()) {
        out.resize(out.size() - std::min(out.size(), secrets_.front().size()));
    }
    out = without_paths(out);
    for (char& c : out) {
        if (c < ' ' || c > '~') c = ' ';
    }
    if (out.size() > max_bytes) {
        out.resize(max_bytes > 3 ? max_bytes - 3 : 0);
        out.append("...");
    }
    return out;
}

}  // namespace plimsoll::rpc
