#include "daemon/query/table.hpp"

#include "daemon/query/csv.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <locale.h>
#include <ostream>
#include <string_view>
#include <unistd.h>
#include <wchar.h>

namespace plimsoll::query {
namespace {

/// The widths of characters are the C library's, which needs a locale that knows UTF-8.
class Utf8Locale {
  public:
    Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr) before_ = ::uselocale(locale_);
    }
    ~Utf8Locale() {
        if (locale_ == nullptr) return;
        ::uselocale(before_);
        ::freelocale(locale_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

  private:
    locale_t locale_;
    locale_t before_ = nullptr;
};

/// Calls `use(code point, its bytes)`; bytes that are no UTF-8 come alone, as U+FFFD.
template <class Use>
void for_each_character(std::string_view text, Use&& use) {
    while (!text.empty()) {
        const auto lead = static_cast<unsigned char>(text.front());
        std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        char32_t code = size == 1 ? lead : lead & (0x7fU >> size);
        bool is_good = (lead < 0x80 || lead >= 0xc2) && lead < 0xf5 && size <= text.size();
        for (std::size_t i = 1; is_good && i < size; ++i) {
            const auto next = static_cast<unsigned char>(text[i]);
            is_good = (next & 0xc0U) == 0x80U;
            code = (code << 6U) | (next & 0x3fU);
        }
        if (!is_good) {
            size = 1;
            code = 0xfffd;
        }
        use(code, text.substr(0, size));
        text.remove_prefix(size);
    }
}

bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::string_view colour_of(Tone tone) {
    switch (tone) {
        case Tone::good:
            return "\x1b[32m";
        case Tone::warning:
            return "\x1b[33m";
        case Tone::bad:
            return "\x1b[1;31m";
        case Tone::faint:
            return "\x1b[2m";
        case Tone::plain:
            break;
    }
    return "";
}

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

struct Cell {
    std::string text;
    std::size_t width = 0;
    std::string_view colour;
};

void put(std::ostream& out, const Cell& cell, std::size_t to, bool right, bool last) {
    const std::string gap(to - cell.width, ' ');
    if (right) out << gap;
    if (cell.colour.empty()) {
        out << cell.text;
    } else {
        out << cell.colour << cell.text << kReset;
    }
    if (!right && !last) out << gap;
    out << (last ? "\n" : "  ");
}

}  // namespace

Style style_of(int file_descriptor) {
    // NOLINTBEGIN(concurrency-mt-unsafe): at start
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    // NOLINTEND(concurrency-mt-unsafe)
    const bool is_unwanted = no_color != nullptr && *no_color != '\0';
    const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
    return {::isatty(file_descriptor) == 1 && !is_unwanted && !is_dumb};
}

std::size_t display_width(std::string_view text) {
    const Utf8Locale locale;
    std::size_t width = 0;
    for_each_character(text, [&width](char32_t code, std::string_view) {
        const int one = ::wcwidth(static_cast<wchar_t>(code));
        width += one < 0 ? 1U : static_cast<std::size_t>(one);
    });
    return width;
}

std::string fit_to_show(std::string_view text) {
    std::string out;
    for_each_character(text, [&out](char32_t code, std::string_view bytes) {
        if (is_control(code)) {
            out += '?';
        } else if (code == 0xfffd) {
            out += "\xef\xbf\xbd";
        } else {
            out += bytes;
        }
    });
    return out;
}

void print_table(std::ostream& out, const std::vector<view::Row>& rows,
                 const std::vector<Column>& columns, const Style& style) {
    std::vector<std::vector<Cell>> lines(1);
    for (const Column& column : columns) {
        lines[0].push_back({column.title, display_width(column.title),
                            style.colours ? kBold : std::string_view()});
    }
    for (const view::Row& row : rows) {
        auto& line = lines.emplace_back();
        for (const Column& column : columns) {
            std::string text = fit_to_show(column.text(row));
            const std::size_t width = display_width(text);
            const bool has_tone = style.colours && column.tone;
            line.push_back({std::move(text), width,
                            has_tone ? colour_of(column.tone(row)) : std::string_view()});
        }
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], line[i].width);
        }
    }
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            put(out, line[i], widths[i], columns[i].right, i + 1 == line.size());
        }
    }
}

void print_json_line(std::ostream& out, const view::Row& row) {
    out << row.dump(-1, ' ', false, view::Row::error_handler_t::replace) << "\n";
}

void print_rows(std::ostream& out, const std::vector<view::Row>& rows, Format format) {
    if (format == Format::csv) return print_csv(out, rows);
    for (const view::Row& row : rows) print_json_line(out, row);
}

std::string with_separators(std::string_view number) {
    const std::size_t start = number.starts_with('-') ? 1 : 0;
    const std::size_t point = std::min(number.find('.'), number.size());
    std::string out(number.substr(0, start));
    for (std::size_t i = start; i < point; ++i) {
        if (i > start && (point - i) % 3 == 0) out += ',';
        out += number[i];
    }
    out += number.substr(point);
    return out;
}

std::string money(const view::Row& value) {
    if (!value.is_number()) return "-";
    std::array<char, 400> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.2f", value.get<double>());
    return with_separators(std::string_view(text.data(), static_cast<std::size_t>(size)));
}

std::string amount(const view::Row& raw, unsigned decimals, unsigned digits) {
    if (!raw.is_string()) return "-";
    const auto value = parse_decimal(raw.get<std::string>());
    return value ? with_separators(view::scaled(*value, decimals, digits)) : "?";
}

std::string plain(const view::Row& value) {
    if (value.is_null()) return "-";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return value.dump(-1, ' ', false, view::Row::error_handler_t::replace);
}

std::string utc_time(std::uint64_t unix_seconds) {
    const auto seconds = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "?";
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    return {text.data(), size};
}

}  // namespace plimsoll::query
