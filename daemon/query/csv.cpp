#include "daemon/query/csv.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

namespace plimsoll::query {
namespace {

using view::Row;

std::string json_text(const Row& value) {
    return value.dump(-1, ' ', false, Row::error_handler_t::replace);
}

/// "-12.5", which begins as formulas do and is none.
bool is_number(std::string_view text) {
    text.remove_prefix(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
    return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool looks_like_formula(std::string_view text) {
    static constexpr std::string_view kFirst = "=+-@\t\r";
    return !text.empty() && kFirst.find(text.front()) != std::string_view::npos && !is_number(text);
}

std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

std::vector<std::string> names_of(const std::vector<Row>& rows) {
    std::vector<std::string> out;
    for (const Row& row : rows) {
        for (const auto& [name, value] : row.items()) {
            if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
        }
    }
    return out;
}

}  // namespace

std::string csv_field(const Row& value) {
    if (value.is_null()) return {};
    if (!value.is_string()) return quoted(json_text(value));
    const auto& text = value.get_ref<const std::string&>();
    return quoted(looks_like_formula(text) ? "'" + text : text);
}

void print_csv(std::ostream& out, const std::vector<Row>& rows) {
    const auto names = names_of(rows);
    const char* separator = "";
    for (const std::string& name : names) {
        out << separator << csv_field(name);
        separator = ",";
    }
    if (!names.empty()) out << "\n";
    for (const Row& row : rows) {
        separator = "";
        for (const std::string& name : names) {
            const auto found = row.find(name);
            out << separator << (found == row.end() ? std::string() : csv_field(*found));
            separator = ",";
        }
        out << "\n";
    }
}

}  // namespace plimsoll::query
