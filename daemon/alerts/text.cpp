#include "daemon/alerts/text.hpp"

namespace plimsoll::alerts {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

std::uint8_t byte_at(std::string_view text, std::size_t index) {
    return static_cast<std::uint8_t>(text[index]);
}

/// What may follow a lead byte: table 3-7 of the Unicode Standard. Only the second byte's range
/// depends on the lead; it keeps out overlong forms, surrogates and values above U+10FFFF.
struct Lead {
    std::size_t length = 0;  ///< 0: no lead byte
    std::uint8_t second_low = 0x80;
    std::uint8_t second_high = 0xBF;
};

Lead lead_of(std::uint8_t byte) {
    if (byte >= 0xC2 && byte <= 0xDF) return {2};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF) return {3};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3) return {4};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {};
}

bool is_bidi_control(char32_t c) {
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

bool is_allowed(char32_t c) {
    if (c == U'\n') return true;
    if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return false;
    return c != 0x2028 && c != 0x2029 && !is_bidi_control(c);
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
    const std::uint8_t first = byte_at(text, 0);
    if (first < 0x80) return {first, 1, true};
    const Lead lead = lead_of(first);
    if (lead.length == 0) return {0xFFFD, 1, false};
    char32_t value = first & (0xFFU >> (lead.length + 1));
    for (std::size_t i = 1; i < lead.length; ++i) {
        if (i >= text.size()) return {0xFFFD, i, false};
        const std::uint8_t byte = byte_at(text, i);
        const std::uint8_t low = i == 1 ? lead.second_low : std::uint8_t{0x80};
        const std::uint8_t high = i == 1 ? lead.second_high : std::uint8_t{0xBF};
        if (byte < low || byte > high) return {0xFFFD, i, false};
        value = (value << 6U) | (byte & 0x3FU);
    }
    return {value, lead.length, true};
}

std::string clean_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const CodePoint c = first_code_point(text);
        out += c.is_valid && is_allowed(c.value) ? text.substr(0, c.bytes) : kReplacement;
        text.remove_prefix(c.bytes);
    }
    return out;
}

std::string cut_text(std::string_view text, std::size_t max_code_points) {
    std::string out = clean_text(text);
    std::size_t count = 0;
    std::size_t last_start = 0;  // where the code point number `max_code_points` begins
    for (std::size_t at = 0; at < out.size();) {
        if (++count > max_code_points) {
            out.resize(last_start);
            out += kEllipsis;
            return out;
        }
        last_start = at;
        at += first_code_point(std::string_view(out).substr(at)).bytes;
    }
    return out;
}

}  // namespace plimsoll::alerts
