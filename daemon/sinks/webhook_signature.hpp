#pragma once

#include "abi/expected.hpp"
#include "config/secret.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::sinks {

/// The key inside a Standard Webhooks secret, `whsec_` and base64 of 24 to 64 bytes; other sizes
/// and sloppy base64 are errors. The message holds no part of it.
Expected<Secret, ParseError> parse_webhook_secret(const Secret& text);

/// The value of `webhook-signature` (Standard Webhooks 1.0.0): for each key `v1,` and base64 of
/// HMAC-SHA256 over `id.timestamp.body`, in the keys' order, joined by one space. `keys` are those
/// of `parse_webhook_secret`, the newest first.
std::string webhook_signature(std::span<const Secret> keys, std::string_view id,
                              std::int64_t timestamp, std::string_view body);

}  // namespace plimsoll::sinks
