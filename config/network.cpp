#include "config/network.hpp"

#include "config/scalars.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <optional>

namespace plimsoll::config {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_';
           });
}

/// The address bytes, 4 or 16 of them.
struct Ip {
    std::array<std::uint8_t, 16> bytes{};
    unsigned bits = 0;
};

std::optional<Ip> parse_ip(std::string_view text) {
    const std::string copy(text);
    Ip out;
    if (inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1) {
        out.bits = 32;
        return out;
    }
    if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) {
        out.bits = 128;
        return out;
    }
    return std::nullopt;
}

bool is_bracketed_ipv6(std::string_view text) {
    if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
    const auto ip = parse_ip(text.substr(1, text.size() - 2));
    return ip && ip->bits == 128;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    unsigned value = 0;
    for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

struct HostPort {
    std::string_view host;
    std::optional<std::string_view> port;
};

HostPort split_port(std::string_view text) {
    const std::size_t bracket = text.rfind(']');
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
        return {text, std::nullopt};
    }
    return {text.substr(0, colon), text.substr(colon + 1)};
}

/// Services whose URLs are passwords: whoever knows one can post.
struct SecretUrl {
    std::string_view host;
    std::string_view path;
};
constexpr SecretUrl kSecretUrls[] = {
    {"hooks.slack.com", "/services/"},   {"hooks.slack.com", "/workflows/"},
    {"discord.com", "/api/webhooks/"},   {"discordapp.com", "/api/webhooks/"},
    {"api.telegram.org", "/bot"},        {"events.pagerduty.com", "/integration/"},
    {"outlook.office.com", "/webhook/"},
};

bool is_secret_by_itself(const Url& url) {
    return std::any_of(std::begin(kSecretUrls), std::end(kSecretUrls), [&](const SecretUrl& one) {
        return url.host == one.host && url.path.starts_with(one.path) &&
               url.path.size() > one.path.size();
    });
}

bool is_key_like(std::string_view segment) {
    constexpr std::size_t kShortestKey = 20;
    return segment.size() >= kShortestKey &&
           std::any_of(segment.begin(), segment.end(), is_digit) &&
           std::any_of(segment.begin(), segment.end(), is_letter);
}

}  // namespace

Expected<Url, ParseError> parse_url(std::string_view text) {
    Url out;
    const auto bad = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\' || c == '#';
    };
    if (std::any_of(text.begin(), text.end(), bad)) {
        return parse_error("a URL has no blanks, control characters, '\\' or '#'");
    }
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) {
        return parse_error("a URL begins with https:// or http://");
    }
    out.scheme = std::string(text.substr(0, colon));
    std::transform(out.scheme.begin(), out.scheme.end(), out.scheme.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (out.scheme == "ws" || out.scheme == "wss") {
        return parse_error("WebSocket URLs are not supported; use the provider's https:// URL");
    }
    if (out.scheme != "http" && out.scheme != "https") {
        return parse_error("a URL begins with https:// or http://");
    }
    text.remove_prefix(colon + 3);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    out.path = std::string(text.substr(end));
    std::string_view authority = text.substr(0, end);
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        out.has_user = true;
        authority.remove_prefix(at + 1);
    }
    const HostPort parts = split_port(authority);
    if (!is_host_name(parts.host) && !is_bracketed_ipv6(parts.host)) {
        return parse_error("the URL has no valid host");
    }
    if (parts.port && !parse_port(*parts.port).value_or(0)) {
        return parse_error("the URL's port is not a number from 1 to 65535");
    }
    out.host = std::string(parts.host);
    out.port = std::string(parts.port.value_or(""));
    return out;
}

std::string public_url(std::string_view text) {
    const auto url = parse_url(text);
    if (!url) return "(not a URL)";
    std::string out = url->scheme + "://" + url->host;
    if (!url->port.empty()) out += ':' + url->port;
    if (!url->path.empty()) out += url->path == "/" ? "/" : "/…";
    return out;
}

bool looks_secret(const Url& url) {
    if (url.has_user || is_secret_by_itself(url)) return true;
    std::string_view rest = url.path;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find_first_of("/?&="), rest.size());
        if (is_key_like(rest.substr(0, end))) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

bool ListenAddress::is_loopback() const {
    return host.starts_with("127.") || host == "[::1]" || host == "localhost";
}

Expected<ListenAddress, ParseError> parse_listen(std::string_view text) {
    const HostPort parts = split_port(text);
    if (!is_host_name(parts.host) && !is_bracketed_ipv6(parts.host)) {
        return parse_error("a listening address is host:port");
    }
    if (!parts.port) return parse_error("a listening address is host:port");
    const auto port = parse_port(*parts.port);
    if (!port) return parse_error("the port is not a number from 0 to 65535");
    return ListenAddress{std::string(parts.host), *port};
}

Expected<void, ParseError> check_cidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return parse_error("an address block is address/length, such as 10.1.0.0/16");
    }
    const auto ip = parse_ip(text.substr(0, slash));
    const auto length = parse_port(text.substr(slash + 1));
    if (!ip) return parse_error("the address before '/' is neither IPv4 nor IPv6");
    if (!length || *length > ip->bits) {
        return parse_error("the length after '/' is not a number from 0 to " +
                           std::to_string(ip->bits));
    }
    for (unsigned bit = *length; bit < ip->bits; ++bit) {
        if (((ip->bytes[bit / 8] >> (7 - bit % 8)) & 1) != 0) {
            return parse_error("the address has bits below its /" + std::to_string(*length));
        }
    }
    return {};
}

Expected<void, ParseError> check_header(std::string_view name, std::string_view value) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const auto is_token = [&](char c) {
        return is_digit(c) || is_letter(c) || kMarks.find(c) != std::string_view::npos;
    };
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token)) {
        return parse_error("a header's name is letters, digits and '-'");
    }
    const auto is_control = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    };
    if (std::any_of(value.begin(), value.end(), is_control)) {
        return parse_error("a header's value has no line breaks or control characters");
    }
    return {};
}

}  // namespace plimsoll::config
