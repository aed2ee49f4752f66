#include "daemon/sinks/fitting.hpp"

#include "daemon/alerts/text.hpp"

#include <array>

namespace plimsoll::sinks {
namespace {

constexpr std::string_view kEllipsis = "…";

std::size_t units_of(char32_t c) { return c > 0xFFFF ? 2 : 1; }

}  // namespace

std::string_view escape_nothing(char32_t /*c*/) { return {}; }

std::string_view escape_entities(char32_t c) {
    switch (c) {
        case U'&':
            return "&amp;";
        case U'<':
            return "&lt;";
        case U'>':
            return "&gt;";
        default:
            return {};
    }
}

std::string_view escape_attribute(char32_t c) {
    return c == U'"' ? std::string_view("&quot;") : escape_entities(c);
}

std::string_view escape_markdown(char32_t c) {
    static constexpr std::array<std::string_view, 17> kEscapes{
        "\\\\", "\\*", "\\_", "\\~", "\\`", "\\|", "\\>", "\\<", "\\#",
        "\\[",  "\\]", "\\(", "\\)", "\\@", "\\:", "\\-", "\\+"};
    for (const std::string_view escape : kEscapes) {
        if (c == static_cast<char32_t>(escape[1])) return escape;
    }
    return {};
}

std::size_t units(std::string_view text) {
    std::size_t out = 0;
    while (!text.empty()) {
        const alerts::CodePoint c = alerts::first_code_point(text);
        out += units_of(c.value);
        text.remove_prefix(c.bytes);
    }
    return out;
}

std::string fit(std::string_view text, std::size_t max, Escape escape) {
    std::string out;
    std::size_t size = 0;
    std::size_t cut_at = 0;  // the longest beginning that leaves room for the ellipsis
    while (!text.empty()) {
        const alerts::CodePoint c = alerts::first_code_point(text);
        const std::string_view instead = escape(c.value);
        const std::size_t more = instead.empty() ? units_of(c.value) : instead.size();
        if (size + more > max) {
            out.resize(cut_at);
            return out + std::string(kEllipsis);
        }
        out += instead.empty() ? text.substr(0, c.bytes) : instead;
        size += more;
        if (size < max) cut_at = out.size();
        text.remove_prefix(c.bytes);
    }
    return out;
}

std::string fit_lines(const std::vector<std::string>& lines, std::size_t max) {
    std::string out;
    std::size_t size = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t line = units(lines[i]) + (i == 0 ? 0 : 1);
        const std::size_t reserve = i + 1 == lines.size() ? 0 : 2;  // a line feed and an ellipsis
        if (size + line + reserve > max) {
            if (size + 2 <= max) out += (out.empty() ? "" : "\n") + std::string(kEllipsis);
            return out;
        }
        out += (i == 0 ? "" : "\n") + lines[i];
        size += line;
    }
    return out;
}

}  // namespace plimsoll::sinks
