#include "daemon/query/when.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>

namespace plimsoll::query {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> seconds_of(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 3600;
        case 'd':
            return 86400;
        default:
            return std::nullopt;
    }
}

std::optional<std::uint64_t> utc_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = whole_number(text.substr(0, 4));
    const auto month = whole_number(text.substr(5, 2));
    const auto day = whole_number(text.substr(8, 2));
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *year < 1970) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch();
    return static_cast<std::uint64_t>(days.count()) * 86400;
}

}  // namespace

Expected<std::uint64_t, ParseError> parse_since(std::string_view text, std::time_t now) {
    if (const auto seconds = whole_number(text)) return *seconds;
    if (const auto day = utc_day(text)) return *day;
    if (text.size() > 1) {
        const auto unit = seconds_of(text.back());
        const auto count = whole_number(text.substr(0, text.size() - 1));
        const auto here = static_cast<std::uint64_t>(now);
        if (unit && count && *count <= here / *unit) return here - *count * *unit;
    }
    return parse_error("'" + std::string(text) +
                       "' is no time; give unix seconds, a duration such as 24h, or a day such as "
                       "2026-02-05");
}

}  // namespace plimsoll::query
