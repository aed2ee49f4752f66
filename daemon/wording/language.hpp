#pragma once

#include "daemon/alerts/read.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::wording {

enum class Language { en, zh };
/// "en" or "zh".
std::optional<Language> parse_language(std::string_view text);

/// One phrase in each language.
struct Phrase {
    std::string_view en;
    std::string_view zh;

    std::string_view in(Language language) const { return language == Language::en ? en : zh; }
};

/// "1,250,000.00 USD", "1,250,000.00 美元"; cut to whole cents, never rounded up.
std::string usd(const alerts::Amount& amount, Language language);
/// A price of one token: 4 places from one whole on, 8 below.
std::string price(const alerts::Amount& amount, Language language);
/// "1,234.5 WETH". `up`: enough is at least this much.
std::string token_amount(const alerts::Amount& amount, std::string_view asset, bool up = false);
/// "0.9988": a health factor, cut to 4 places.
std::string health(const alerts::Amount& factor);
/// "2026-01-15 12:00:11 UTC".
std::string time_text(std::uint64_t unix_seconds);
/// "3 h 5 min", "3 小时 5 分钟"; the two largest units.
std::string duration_text(std::uint64_t seconds, Language language);
/// Decimal text such as "0.999812" as "99.9812%"; text that is none is given back as it is.
std::string percent(std::string_view fraction);
/// Text from outside on one line: names of tokens are chosen by whoever wrote the token, and a line
/// feed in one must not look like the next line of a message.
std::string one_line(std::string_view text);

}  // namespace plimsoll::wording
