#pragma once

#include "abi/expected.hpp"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::query {

/// Seconds of "90s", "15m", "24h" or "7d".
std::optional<std::uint64_t> parse_duration(std::string_view text);

/// Where days begin: "UTC", an offset such as "+08:00", or a name of the time zone database such as
/// "Asia/Shanghai". One at a time: a zone of the database is the C library's own while it is in
/// use.
class TimeZone {
  public:
    static Expected<TimeZone, ParseError> parse(std::string_view text);

    const std::string& name() const { return name_; }
    /// "2026-02-05": the day there at this second.
    std::string day(std::uint64_t unix_seconds) const;
    /// The first second of a day there; `days` later.
    std::optional<std::uint64_t> start_of_day(std::string_view day, int days = 0) const;
    /// "2026-02-05 14:03".
    std::string minute(std::uint64_t unix_seconds) const;

  private:
    std::tm local(std::uint64_t unix_seconds) const;

    std::string name_ = "UTC";
    std::optional<int> offset_ = 0;  ///< seconds east; none: of the database
};

/// A point in time as people give it: unix seconds, a duration back from `now`, or a day
/// ("2026-02-05"), which begins at midnight in the zone.
Expected<std::uint64_t, ParseError> parse_since(std::string_view text, std::time_t now,
                                                const TimeZone& zone = {});

/// Why nothing can be known of a time that begins `from`, for people; empty where something can.
/// `now` is that of the newest block where `is_of_block`.
std::string begins_too_late(std::uint64_t from, std::uint64_t now, bool is_of_block,
                            const TimeZone& zone);

}  // namespace plimsoll::query
