#include "protocols/common/symbol.hpp"

#include <cstdint>

namespace plimsoll::protocols {
namespace {

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0;  ///< 0: the bytes are not UTF-8
};

/// Length of the sequence a lead byte announces; 0 for a byte that leads nothing.
std::size_t sequence_length(std::uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    return 0;
}

bool is_encodable(std::uint32_t value, std::size_t bytes) {
    if (bytes == 3) return value >= 0x800 && (value < 0xd800 || value > 0xdfff);
    if (bytes == 4) return value >= 0x10000 && value <= 0x10ffff;
    return true;
}

CodePoint first_code_point(std::string_view text) {
    const auto lead = static_cast<std::uint8_t>(text.front());
    const std::size_t bytes = sequence_length(lead);
    if (bytes == 0 || bytes > text.size()) return {};
    if (bytes == 1) return {lead, 1};
    std::uint32_t value = lead & (0xffU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xc0U) != 0x80U) return {};
        value = (value << 6U) | (next & 0x3fU);
    }
    if (!is_encodable(value, bytes)) return {};
    return {value, bytes};
}

bool is_shown(std::uint32_t value) {
    if (value < 0x20 || (value >= 0x7f && value <= 0x9f)) return false;  // controls
    if (value == 0xad || value == 0x061c || value == 0xfeff) return false;
    if (value >= 0x200b && value <= 0x200f) return false;  // zero width, direction marks
    if (value >= 0x2028 && value <= 0x202e) return false;  // separators, embeddings, overrides
    if (value >= 0x2060 && value <= 0x206f) return false;  // isolates, invisible operators
    return value < 0xe0000;                                // tags and private planes
}

}  // namespace

std::string clean_symbol(std::string_view raw, std::size_t max_characters) {
    std::string out;
    for (std::size_t kept = 0; !raw.empty() && kept < max_characters;) {
        const CodePoint next = first_code_point(raw);
        if (next.bytes == 0) {
            out += '?';
            ++kept;
            raw.remove_prefix(1);
            continue;
        }
        if (is_shown(next.value)) {
            out += raw.substr(0, next.bytes);
            ++kept;
        }
        raw.remove_prefix(next.bytes);
    }
    return out;
}

}  // namespace plimsoll::protocols
