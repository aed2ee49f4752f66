#include "daemon/query/table.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <ostream>

namespace plimsoll::query {
namespace {

/// Terminal columns of UTF-8 text, taking every code point for one.
std::size_t width(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
    return count;
}

void put(std::ostream& out, const std::string& text, std::size_t to, bool right, bool last) {
    const std::string gap(to - width(text), ' ');
    if (right) {
        out << gap << text;
    } else {
        out << text << (last ? "" : gap);
    }
    out << (last ? "\n" : "  ");
}

}  // namespace

void print_table(std::ostream& out, const std::vector<view::Row>& rows,
                 const std::vector<Column>& columns) {
    std::vector<std::vector<std::string>> cells;
    std::vector<std::size_t> widths;
    for (const Column& column : columns) widths.push_back(width(column.title));
    for (const view::Row& row : rows) {
        auto& line = cells.emplace_back();
        for (std::size_t i = 0; i < columns.size(); ++i) {
            line.push_back(columns[i].text(row));
            widths[i] = std::max(widths[i], width(line.back()));
        }
    }
    const std::size_t last = columns.size() - 1;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        put(out, columns[i].title, widths[i], columns[i].right, i == last);
    }
    for (const auto& line : cells) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            put(out, line[i], widths[i], columns[i].right, i == last);
        }
    }
}

void print_json_lines(std::ostream& out, const std::vector<view::Row>& rows) {
    for (const view::Row& row : rows) out << row.dump() << "\n";
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
    return value.dump();
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
