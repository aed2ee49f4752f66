#pragma once

#include "abi/expected.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::config {

/// The parts of an http(s) URL that matter here. Messages of the functions below never hold any of
/// the text they were given, since a URL may be a secret.
struct Url {
    std::string scheme;  ///< "http" or "https"
    std::string host;    ///< name, IPv4 address, or IPv6 address in brackets
    std::string port;    ///< empty: the scheme's
    bool has_user = false;
    std::string path;  ///< path and query, from the first '/' or '?'
};
Expected<Url, ParseError> parse_url(std::string_view text);
/// What people see instead of a URL: `https://host/…`; the path is left out unless it is empty.
std::string public_url(std::string_view text);
/// Whether the URL carries a user name, or a long segment of letters and digits as API keys are.
bool looks_secret(const Url& url);

/// `host:port`, where host is a name, an IPv4 address or an IPv6 address in brackets.
struct ListenAddress {
    std::string host;
    std::uint16_t port = 0;

    bool is_loopback() const;
};
Expected<ListenAddress, ParseError> parse_listen(std::string_view text);

/// An address block such as `10.1.0.0/16` or `fd00::/8`, without bits below the prefix.
Expected<void, ParseError> check_cidr(std::string_view text);

/// A header's name as HTTP allows it, and a value without control characters.
Expected<void, ParseError> check_header(std::string_view name, std::string_view value);

}  // namespace plimsoll::config
