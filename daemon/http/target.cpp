#include "daemon/http/target.hpp"

#include <optional>
#include <utility>

namespace plimsoll::http {
namespace {

constexpr std::size_t kMostParameters = 32;

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return std::nullopt;
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

Expected<std::string, ParseError> decode(std::string_view text, bool plus_is_blank) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
            const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
            if (!low) return parse_error("a '%' is not followed by two hex digits");
            c = static_cast<char>(static_cast<unsigned char>(*high * 16 + *low));
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (is_control(static_cast<unsigned char>(c))) {
            return parse_error("control characters have no place in a URL");
        }
        out += c;
    }
    return out;
}

}  // namespace

Expected<Request, ParseError> parse_target(std::string_view target) {
    if (target.empty() || target.front() != '/') return parse_error("the path begins with '/'");
    if (target.find('#') != std::string_view::npos) return parse_error("'#' is not part of a URL");
    const std::size_t mark = target.find('?');
    auto path = decode(target.substr(0, mark), false);
    if (!path) return Unexpected<ParseError>{path.error()};
    Request out;
    out.path = std::move(*path);
    std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        if (pair.empty()) continue;
        if (out.query.size() == kMostParameters) return parse_error("more than 32 parameters");
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = decode(pair.substr(0, equals), true);
        if (!name) return Unexpected<ParseError>{name.error()};
        auto value = decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!value) return Unexpected<ParseError>{value.error()};
        out.query.emplace(std::move(*name), std::move(*value));
    }
    return out;
}

}  // namespace plimsoll::http
