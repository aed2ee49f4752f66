#pragma once

#include <string>
#include <string_view>

namespace plimsoll::config {

/// Base64 (RFC 4648, section 4) with its padding.
std::string base64(std::string_view bytes);

}  // namespace plimsoll::config
