#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

/// `2026-01-15T12:00:11Z`. Times after the year 9999 are shown as its last second.
std::string utc_time(std::uint64_t unix_seconds);
/// `2026-01-15`.
std::string utc_date(std::uint64_t unix_seconds);
/// Reads exactly what `utc_time` writes.
std::optional<std::uint64_t> parse_utc_time(std::string_view text);
/// Days since 1970 of exactly what `utc_date` writes.
std::optional<std::int64_t> parse_utc_date(std::string_view text);

}  // namespace plimsoll::alerts
