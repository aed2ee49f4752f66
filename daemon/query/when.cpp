#include "daemon/query/when.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
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

std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = whole_number(text.substr(0, 4));
    const auto month = whole_number(text.substr(5, 2));
    const auto day = whole_number(text.substr(8, 2));
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *year < 1970) return std::nullopt;
    return std::chrono::sys_days(date);
}

/// Seconds east of "+08:00" or "-03:30".
std::optional<int> parse_offset(std::string_view text) {
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) {
        return std::nullopt;
    }
    const auto hours = whole_number(text.substr(1, 2));
    const auto minutes = whole_number(text.substr(4, 2));
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
    const int seconds = static_cast<int>(*hours * 3600 + *minutes * 60);
    return text[0] == '-' ? -seconds : seconds;
}

bool is_in_database(const std::string& name) {
    if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos) return false;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): commands have one thread
    const char* const folder = std::getenv("TZDIR");
    std::error_code error;
    const auto file = std::filesystem::path(folder != nullptr ? folder : "/usr/share/zoneinfo");
    return std::filesystem::is_regular_file(file / name, error);
}

/// "2026-02-05 14:03".
std::string to_minute(const std::tm& time) {
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &time)};
}

}  // namespace

std::optional<std::uint64_t> parse_duration(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    const auto unit = seconds_of(text.back());
    const auto count = whole_number(text.substr(0, text.size() - 1));
    if (!unit || !count || *count > 100'000'000'000U) return std::nullopt;
    return *count * *unit;
}

Expected<TimeZone, ParseError> TimeZone::parse(std::string_view text) {
    TimeZone out;
    if (text == "UTC" || text == "Z") return out;
    out.name_ = text;
    out.offset_ = parse_offset(text);
    if (out.offset_) return out;
    if (!is_in_database(out.name_)) {
        return parse_error("'" + out.name_ +
                           "' is no time zone; give UTC, an offset such as +08:00, or a name such "
                           "as Asia/Shanghai (of the package tzdata)");
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): commands have one thread
    ::setenv("TZ", (":" + out.name_).c_str(), 1);
    ::tzset();
    return out;
}

std::tm TimeZone::local(std::uint64_t unix_seconds) const {
    std::tm out{};
    const auto seconds = static_cast<std::time_t>(unix_seconds);
    if (offset_) {
        const std::time_t moved = seconds + *offset_;
        ::gmtime_r(&moved, &out);
    } else {
        ::localtime_r(&seconds, &out);
    }
    return out;
}

std::string TimeZone::day(std::uint64_t unix_seconds) const {
    return to_minute(local(unix_seconds)).substr(0, 10);
}

std::string TimeZone::minute(std::uint64_t unix_seconds) const {
    return to_minute(local(unix_seconds));
}

std::optional<std::uint64_t> TimeZone::start_of_day(std::string_view day, int days) const {
    const auto date = parse_day(day);
    if (!date) return std::nullopt;
    const std::chrono::year_month_day wanted(*date + std::chrono::days(days));
    std::time_t start = 0;
    if (offset_) {
        start = std::chrono::sys_seconds(std::chrono::sys_days(wanted)).time_since_epoch().count() -
                *offset_;
    } else {
        std::tm midnight{};
        midnight.tm_year = static_cast<int>(wanted.year()) - 1900;
        midnight.tm_mon = static_cast<int>(static_cast<unsigned>(wanted.month())) - 1;
        midnight.tm_mday = static_cast<int>(static_cast<unsigned>(wanted.day()));
        midnight.tm_isdst = -1;
        start = ::mktime(&midnight);
    }
    if (start < 0) return std::nullopt;
    return static_cast<std::uint64_t>(start);
}

Expected<std::uint64_t, ParseError> parse_since(std::string_view text, std::time_t now,
                                                const TimeZone& zone) {
    if (const auto seconds = whole_number(text)) return *seconds;
    if (const auto day = zone.start_of_day(text)) return *day;
    const auto back = parse_duration(text);
    const auto here = static_cast<std::uint64_t>(now);
    if (back && *back <= here) return here - *back;
    return parse_error("'" + std::string(text) +
                       "' is no time; give unix seconds, a duration such as 24h, or a day such as "
                       "2026-02-05");
}

std::string begins_too_late(std::uint64_t from, std::uint64_t now, bool is_of_block,
                            const TimeZone& zone) {
    if (from <= now) return {};
    const auto text = [&zone](std::uint64_t at) { return zone.minute(at) + " " + zone.name(); };
    return "the time asked for begins " + text(from) + ", after " +
           (is_of_block ? "the newest block, of " : "the present, ") + text(now);
}

}  // namespace plimsoll::query
