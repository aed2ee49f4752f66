#include "daemon/routing/silence.hpp"

#include "abi/hex.hpp"

#include <algorithm>
#include <array>
#include <openssl/sha.h>

namespace plimsoll::routing {
namespace {

constexpr std::array<std::string_view, 7> kLabels{"type",     "rule",    "severity", "chain",
                                                  "protocol", "subject", "band"};
constexpr std::size_t kMostMatchers = 20;
constexpr std::size_t kMostBytes = 200;

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Expected<void, ParseError> check_text(const char* what, const std::string& text) {
    if (text.empty()) return parse_error(std::string("a silence needs ") + what);
    if (text.size() > kMostBytes || !is_plain(text)) {
        return parse_error(std::string(what) + " is at most 200 bytes on one line");
    }
    return {};
}

/// Short, and another one for every other silence.
std::string id_of(const Silence& silence) {
    std::string text = std::to_string(silence.starts) + "\n" + std::to_string(silence.ends) + "\n" +
                       silence.author + "\n" + silence.why;
    for (const Matcher& matcher : silence.matchers) text += "\n" + to_string(matcher);
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), hash.data());
    return to_hex_digits(hash).substr(0, 12);
}

}  // namespace

Expected<Matcher, ParseError> parse_matcher(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) {
        return parse_error("'" + std::string(text) + "' is no matcher; write label=pattern");
    }
    const bool is_negated = text[equals - 1] == '!';
    const std::string label(text.substr(0, is_negated ? equals - 1 : equals));
    if (std::find(kLabels.begin(), kLabels.end(), label) == kLabels.end()) {
        return parse_error("'" + label +
                           "' is no label; one of: type, rule, severity, chain, "
                           "protocol, subject, band");
    }
    const std::string pattern(text.substr(equals + 1));
    const bool is_fit =
        !pattern.empty() && !pattern.starts_with('!') && pattern.size() <= kMostBytes;
    if (!is_fit || !is_plain(pattern)) {
        return parse_error("the pattern of '" + label + "' is empty, too long or has a '!'");
    }
    return Matcher{label, (is_negated ? "!" : "") + pattern};
}

std::string to_string(const Matcher& matcher) {
    const bool is_negated = matcher.pattern.starts_with('!');
    return matcher.label + (is_negated ? "!=" : "=") + matcher.pattern.substr(is_negated ? 1 : 0);
}

bool Silence::fits(const Traits& alert) const {
    return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
        return alert.fits(matcher.label, matcher.pattern);
    });
}

Expected<Silence, ParseError> make_silence(const SilenceRequest& request, std::int64_t now) {
    if (request.matchers.empty()) {
        return parse_error("a silence needs a matcher, such as rule=hf-*");
    }
    if (request.matchers.size() > kMostMatchers) return parse_error("more than 20 matchers");
    Silence out;
    for (const std::string& text : request.matchers) {
        auto matcher = parse_matcher(text);
        if (!matcher) return Unexpected<ParseError>{matcher.error()};
        out.matchers.push_back(std::move(*matcher));
    }
    if (request.seconds <= 0) return parse_error("a silence needs an end: a duration such as 2h");
    if (request.seconds > kLongestSilence) return parse_error("a silence lasts 30 days at most");
    if (auto fit = check_text("an author", request.author); !fit) {
        return Unexpected<ParseError>{fit.error()};
    }
    if (auto fit = check_text("a reason", request.why); !fit) {
        return Unexpected<ParseError>{fit.error()};
    }
    out.starts = now;
    out.ends = now + request.seconds;
    out.author = request.author;
    out.why = request.why;
    out.id = id_of(out);
    return out;
}

store::SilenceRow to_row(const Silence& silence) {
    store::SilenceRow out;
    out.id = silence.id;
    for (const Matcher& matcher : silence.matchers) {
        out.matchers += (out.matchers.empty() ? "" : "\n") + to_string(matcher);
    }
    out.starts = silence.starts;
    out.ends = silence.ends;
    out.author = silence.author;
    out.why = silence.why;
    return out;
}

Expected<Silence, ParseError> from_row(const store::SilenceRow& row) {
    Silence out{row.id, {}, row.starts, row.ends, row.author, row.why};
    for (std::string_view left = row.matchers; !left.empty();) {
        const std::size_t end = std::min(left.find('\n'), left.size());
        auto matcher = parse_matcher(left.substr(0, end));
        if (!matcher) return Unexpected<ParseError>{matcher.error()};
        out.matchers.push_back(std::move(*matcher));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    if (out.matchers.empty()) return parse_error("a silence without matchers");
    return out;
}

}  // namespace plimsoll::routing
