#pragma once

struct sockaddr;

namespace plimsoll::rpc {

/// Whether a socket address is loopback, private (RFC 1918, shared, unique local) or link-local. An
/// IPv4 address mapped into IPv6 is judged as the IPv4 address. Other families are not private.
bool is_private_address(const sockaddr& address);

}  // namespace plimsoll::rpc
