#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::alerts {

inline constexpr std::size_t kMaxTitle = 120;  ///< code points
inline constexpr std::size_t kMaxText = 2000;  ///< code points
inline constexpr std::size_t kMaxName = 64;    ///< code points of a token's symbol or name

/// One step through UTF-8 text. A maximal ill-formed part counts as one code point, U+FFFD, as the
/// Unicode Standard recommends (chapter 3, "U+FFFD Substitution of Maximal Subparts").
struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 0;  ///< how many bytes of the text it took; at least 1
    bool is_valid = false;
};
/// `text` must not be empty.
CodePoint first_code_point(std::string_view text);

/// The text as it may stand in an alert. Names come from contracts, so their writers choose them:
/// control characters (C0 but line feed, DEL, C1), U+2028, U+2029, bidirectional controls and
/// ill-formed UTF-8 become U+FFFD. Cleaning twice changes nothing more.
std::string clean_text(std::string_view text);

/// Cleaned, and at most `max_code_points` long (at least 1): longer text ends in "…".
std::string cut_text(std::string_view text, std::size_t max_code_points);

}  // namespace plimsoll::alerts
