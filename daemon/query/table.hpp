#pragma once

#include "daemon/view/rows.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::query {

/// What a cell means, shown as a colour where colours are shown.
enum class Tone { plain, good, warning, bad, faint };

/// One column of a table for people.
struct Column {
    std::string title;
    bool right = false;  ///< numbers stand at the right
    std::function<std::string(const view::Row&)> text;
    std::function<Tone(const view::Row&)> tone = {};
};

/// What an answer is written as.
enum class Format { table, json, csv };

/// How tables are written.
struct Style {
    bool colours = false;
};
/// Colours for this file descriptor: a terminal, unless NO_COLOR is set or TERM is "dumb".
Style style_of(int file_descriptor);

/// Terminal columns that UTF-8 text takes: two for wide characters such as 中, none for combining
/// marks.
std::size_t display_width(std::string_view text);
/// The text without control characters, which a terminal might obey.
std::string fit_to_show(std::string_view text);

/// Prints rows as an aligned table with a head line.
void print_table(std::ostream& out, const std::vector<view::Row>& rows,
                 const std::vector<Column>& columns, const Style& style = {});
/// One object and its line feed.
void print_json_line(std::ostream& out, const view::Row& row);
/// For programs: JSON Lines, one object a line, or CSV; nothing else.
void print_rows(std::ostream& out, const std::vector<view::Row>& rows, Format format);

/// "1234567.8" as "1,234,567.8".
std::string with_separators(std::string_view number);
/// A `*_usd` number with 2 decimals and separators; "-" for null.
std::string money(const view::Row& value);
/// Decimal text scaled by `decimals`, with at most `digits` decimals and separators; "-" for null.
std::string amount(const view::Row& raw, unsigned decimals, unsigned digits);
/// Text, number or boolean as it is; "-" for null.
std::string plain(const view::Row& value);
/// "2026-02-05 14:03:11" (UTC).
std::string utc_time(std::uint64_t unix_seconds);

}  // namespace plimsoll::query
