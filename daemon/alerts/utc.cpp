#include "daemon/alerts/utc.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace plimsoll::alerts {
namespace {

constexpr std::uint64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

std::string digits(std::uint64_t value, std::size_t width) {
    std::string out = std::to_string(value);
    return out.size() < width ? std::string(width - out.size(), '0') + out : out;
}

/// The number at [at, at + width), or none when one of the characters is no digit.
std::optional<unsigned> number_at(std::string_view text, std::size_t at, std::size_t width) {
    unsigned value = 0;
    for (const char c : text.substr(at, width)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

}  // namespace

std::string utc_date(std::uint64_t unix_seconds) {
    const std::chrono::sys_seconds at{
        std::chrono::seconds{static_cast<std::int64_t>(std::min(unix_seconds, kLastSecond))}};
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(at)};
    return digits(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4) + "-" +
           digits(static_cast<unsigned>(date.month()), 2) + "-" +
           digits(static_cast<unsigned>(date.day()), 2);
}

std::string utc_time(std::uint64_t unix_seconds) {
    const std::uint64_t at = std::min(unix_seconds, kLastSecond);
    const std::uint64_t in_day = at % 86'400;
    return utc_date(at) + "T" + digits(in_day / 3600, 2) + ":" + digits(in_day / 60 % 60, 2) + ":" +
           digits(in_day % 60, 2) + "Z";
}

std::optional<std::int64_t> parse_utc_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number_at(text, 0, 4);
    const auto month = number_at(text, 5, 2);
    const auto day = number_at(text, 8, 2);
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                           std::chrono::month{*month}, std::chrono::day{*day}};
    if (!date.ok() || *year < 1970) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::optional<std::uint64_t> parse_utc_time(std::string_view text) {
    if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
        text[19] != 'Z') {
        return std::nullopt;
    }
    const auto day = parse_utc_date(text.substr(0, 10));
    const auto hour = number_at(text, 11, 2);
    const auto minute = number_at(text, 14, 2);
    const auto second = number_at(text, 17, 2);
    if (!day || !hour || !minute || !second) return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return static_cast<std::uint64_t>(*day) * 86'400 + *hour * 3600ULL + *minute * 60ULL + *second;
}

}  // namespace plimsoll::alerts
