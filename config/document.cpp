#include "config/document.hpp"

#include "abi/expected.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace plimsoll::config {
namespace {

struct SyntaxError {
    Position at;
    std::string description;

    bool is_redefinition() const {
        return description.find("cannot redefine") != std::string::npos;
    }
};

/// The one place where the library's exceptions stop.
Expected<toml::table, SyntaxError> parse_toml(std::string_view text) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        const auto begin = error.source().begin;
        return Unexpected<SyntaxError>{
            SyntaxError{{begin.line, begin.column}, std::string(error.description())}};
    }
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

/// `key = value` on one line.
struct Assignment {
    std::string_view key;
    std::string_view value;
    Position key_at;
    Position value_at;
};

std::optional<Assignment> assignment_at(const SourceText& source, std::uint32_t number) {
    const std::string_view line = source.line(number);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trimmed(line.substr(0, equals));
    const auto is_key_char = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.' || c == '"';
    };
    if (key.empty() || !std::all_of(key.begin(), key.end(), is_key_char)) return std::nullopt;
    const std::string_view value = trimmed(line.substr(equals + 1));
    const auto column = [&](std::string_view part) {
        return Position{number, static_cast<std::uint32_t>(part.data() - line.data() + 1)};
    };
    return Assignment{key, value, column(key), column(value)};
}

/// What the writer probably forgot, seen from the value alone. Says nothing of its content.
std::string hint_for_value(std::string_view value) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.empty() || value.starts_with('#')) return "a value is missing";
    if (value.starts_with("0x")) return "addresses and keys are text: put quotes around them";
    if (value.front() == '"' && value.find('"', 1) == std::string_view::npos) {
        return "the closing quote is missing";
    }
    if (value.starts_with("${")) return "put quotes around it: \"${...}\"";
    if (value.starts_with("\xe2\x80") || value.starts_with("\xc2\xab")) {
        return "use plain double quotes: \"...\"";
    }
    if (is_digit(value.front())) {
        const std::size_t end = value.find_first_not_of("0123456789_.");
        if (end != std::string_view::npos && value.find_first_of("smhd", end) == end) {
            return "durations are text: put quotes around them, as in \"12s\"";
        }
        if (value.size() > 1 && value[0] == '0' && is_digit(value[1])) {
            return "numbers have no leading zeros";
        }
        return {};
    }
    const char first = value.front();
    if ((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z')) {
        return "texts are put in double quotes; true and false are lower case";
    }
    return {};
}

/// The library's words without its preamble, and without anything it quotes that is longer than a
/// name, since that may be a secret.
std::string described(const std::string& description) {
    std::string out;
    std::string_view rest = description;
    constexpr std::string_view kPreamble = "Error while parsing ";
    if (rest.starts_with(kPreamble)) rest.remove_prefix(kPreamble.size());
    constexpr std::size_t kLongestQuote = 16;
    while (!rest.empty()) {
        const std::size_t open = rest.find('\'');
        const std::size_t close = open == std::string_view::npos ? open : rest.find('\'', open + 1);
        if (close == std::string_view::npos) break;
        out += rest.substr(0, open);
        const std::string_view inside = rest.substr(open + 1, close - open - 1);
        out += inside.size() > kLongestQuote ? std::string("the value") : in_quotes(inside);
        rest.remove_prefix(close + 1);
    }
    return out + std::string(rest);
}

void tell(const SyntaxError& error, const SourceText& source, Problems& problems) {
    const auto assignment = assignment_at(source, error.at.line);
    if (error.is_redefinition()) {
        if (assignment) {
            problems.error(assignment->key_at,
                           "key " + in_quotes(assignment->key) + " is given twice");
        } else {
            problems.error(error.at, "section " + in_quotes(trimmed(source.line(error.at.line))) +
                                         " is given twice");
        }
        return;
    }
    const bool is_inline_table_cut = error.description.find("inline table") != std::string::npos &&
                                     error.description.find("\\n") != std::string::npos;
    if (is_inline_table_cut) {
        problems.error(error.at, "not TOML: the table has no '}'",
                       "a table in { } stands on one line");
        return;
    }
    const bool about_value = assignment && error.at.column >= assignment->value_at.column &&
                             error.description.find("inline table") == std::string::npos &&
                             error.description.find("array") == std::string::npos;
    if (!about_value) {
        problems.error(error.at, "not TOML: " + described(error.description));
        return;
    }
    const std::string message = "the value of " + in_quotes(assignment->key) + " is not TOML";
    const std::string hint = hint_for_value(assignment->value);
    if (hint.empty()) {
        problems.error(error.at, message + ": " + described(error.description));
    } else {
        problems.error(assignment->value_at, message, hint);
    }
}

/// Lines to leave out so that the rest can be read, and whether they are surely all of it.
struct LeftOut {
    std::uint32_t last = 0;  ///< 0: nothing can be left out
    bool is_whole = true;
};

bool is_header(std::string_view line) {
    const std::string_view text = trimmed(line);
    return text.starts_with('[') && text.find(']') != std::string_view::npos;
}

LeftOut lines_to_leave_out(const SyntaxError& error, const SourceText& source) {
    const std::uint32_t line = error.at.line;
    if (error.is_redefinition() && is_header(source.line(line))) {  // the whole section
        std::uint32_t last = line;
        while (last < source.line_count() && !is_header(source.line(last + 1))) ++last;
        return {last, true};
    }
    const auto assignment = assignment_at(source, line);
    if (!assignment) return {};
    const std::string_view value = assignment->value;
    const bool may_go_on =
        value.starts_with('[') || value.starts_with("\"\"\"") || value.starts_with("'''");
    return {line, !may_go_on || error.is_redefinition()};
}

}  // namespace

SourceText::SourceText(std::string_view text) {
    while (true) {
        const std::size_t end = text.find('\n');
        lines_.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
}

std::string_view SourceText::line(std::size_t number) const {
    return number == 0 || number > lines_.size() ? std::string_view{} : lines_[number - 1];
}

std::size_t SourceText::offset_in_line(std::size_t line_number, std::size_t column) const {
    const std::string_view text = line(line_number);
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
        if (begins && ++characters == column) return i;
    }
    return text.size();
}

std::string_view SourceText::slice(const toml::source_region& region) const {
    if (region.begin.line != region.end.line) return {};
    const std::size_t begin = offset_in_line(region.begin.line, region.begin.column);
    const std::size_t end = offset_in_line(region.end.line, region.end.column);
    return begin < end ? line(region.begin.line).substr(begin, end - begin) : std::string_view{};
}

Position begin_of(const toml::node& node) {
    return {node.source().begin.line, node.source().begin.column};
}

Position begin_of(const toml::key& key) {
    return {key.source().begin.line, key.source().begin.column};
}

toml::table parse_document(std::string_view text, const SourceText& source, Problems& problems) {
    constexpr int kMostErrors = 20;
    std::string rest(text);
    const auto offset_of = [&](std::uint32_t line) {
        return static_cast<std::size_t>(source.line(line).data() - text.data());
    };
    LeftOut before;
    for (int i = 0; i < kMostErrors; ++i) {
        auto parsed = parse_toml(rest);
        if (parsed) return std::move(*parsed);
        const SyntaxError& error = parsed.error();
        problems.set_incomplete();
        const bool is_in_text = error.at.line != 0 && error.at.line <= source.line_count();
        if (!is_in_text) {
            problems.error(error.at, "not TOML: " + described(error.description));
            return {};
        }
        auto above = parse_toml(std::string_view(rest).substr(0, offset_of(error.at.line)));
        // right below lines that may have been part of something longer, it may be a consequence
        const bool is_consequence = !before.is_whole && error.at.line <= before.last + 1;
        if (!is_consequence) tell(error, source, problems);
        const LeftOut now = lines_to_leave_out(error, source);
        if (is_consequence || !above || now.last == 0) {
            return above ? std::move(*above) : toml::table{};
        }
        const std::string_view last = source.line(now.last);
        const auto* const end = last.data() + last.size();
        const std::size_t begin = offset_of(error.at.line);
        for (std::size_t at = begin; at < static_cast<std::size_t>(end - text.data()); ++at) {
            if (rest[at] != '\n') rest[at] = ' ';
        }
        before = now;
    }
    return {};
}

}  // namespace plimsoll::config
