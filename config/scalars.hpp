#pragma once

#include "abi/expected.hpp"
#include "abi/word.hpp"
#include "config/settings.hpp"

#include <string>
#include <string_view>

namespace plimsoll::config {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Durations as text: `12s`, `200ms`, `2m`, `4h`, `400d`, also `1h30m`; `0` needs no unit.
Expected<Milliseconds, ParseError> parse_duration(std::string_view text);
/// The form `parse_duration` reads, in the largest unit that divides it.
std::string to_string(Milliseconds duration);

/// A decimal number scaled by 10^decimals.
struct Decimal {
    bool negative = false;
    U256 magnitude = 0;

    friend bool operator==(const Decimal&, const Decimal&) = default;
};
/// Digits with single underscores between them and at most `decimals` digits after the point:
/// `1574.5`, `10_000`, `-3`. No exponent; more digits than `decimals` are an error, never rounded.
Expected<Decimal, ParseError> parse_decimal_text(std::string_view text, unsigned decimals);
/// Without needless zeros: `1.25`, `10000`, `-0.5`.
std::string format_decimal(const U256& magnitude, unsigned decimals, bool negative = false);
std::string to_string(const Usd8& value);
std::string to_string(const Wad& value);

/// `finalized`, `safe`, `latest` (no blocks below the head) or a number of blocks.
Expected<Depth, ParseError> parse_depth(std::string_view text);
std::string to_string(const Depth& depth);

/// A duration, or a number of blocks from 1 on.
Expected<Window, ParseError> parse_window(std::string_view text);
std::string to_string(const Window& window);

/// Bytes of a Standard Webhooks secret, `whsec_` and base64 of 24 to 64 bytes. The message never
/// holds any of `text`.
Expected<void, ParseError> check_webhook_secret(std::string_view text);
/// 32 bytes hex, with or without `0x`, a valid secp256k1 private key. As above.
Expected<void, ParseError> check_signing_key(std::string_view text);

}  // namespace plimsoll::config
