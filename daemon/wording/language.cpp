#include "daemon/wording/language.hpp"

#include "daemon/alerts/figures.hpp"
#include "daemon/alerts/text.hpp"
#include "daemon/alerts/utc.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::wording {
namespace {

constexpr Phrase kUsd{" USD", " 美元"};

struct Unit {
    std::uint64_t seconds;
    Phrase name;
};
constexpr std::array<Unit, 4> kUnits{{
    {86'400, {" d", " 天"}},
    {3600, {" h", " 小时"}},
    {60, {" min", " 分钟"}},
    {1, {" s", " 秒"}},
}};

}  // namespace

std::optional<Language> parse_language(std::string_view text) {
    if (text == "en") return Language::en;
    if (text == "zh") return Language::zh;
    return std::nullopt;
}

std::string usd(const alerts::Amount& amount, Language language) {
    return alerts::grouped(alerts::decimal(amount.raw, amount.decimals, 2)) +
           std::string(kUsd.in(language));
}

std::string price(const alerts::Amount& amount, Language language) {
    return alerts::grouped(alerts::amount_text(amount.raw, amount.decimals)) +
           std::string(kUsd.in(language));
}

std::string token_amount(const alerts::Amount& amount, std::string_view asset, bool up) {
    return alerts::grouped(alerts::amount_text(amount.raw, amount.decimals, up)) + " " +
           one_line(alerts::name_text(asset));
}

std::string health(const alerts::Amount& factor) {
    return alerts::grouped(alerts::decimal(factor.raw, factor.decimals, 4));
}

std::string time_text(std::uint64_t unix_seconds) {
    std::string out = alerts::utc_time(unix_seconds);
    out[10] = ' ';
    out.pop_back();
    return out + " UTC";
}

std::string duration_text(std::uint64_t seconds, Language language) {
    std::string out;
    unsigned shown = 0;
    for (const Unit& unit : kUnits) {
        const std::uint64_t count = seconds / unit.seconds;
        seconds %= unit.seconds;
        if (shown == 0 && count == 0 && unit.seconds != 1) continue;
        if (++shown > 2) break;
        if (shown == 2 && count == 0) break;
        out +=
            (out.empty() ? "" : " ") + std::to_string(count) + std::string(unit.name.in(language));
    }
    return out;
}

std::string percent(std::string_view fraction) {
    const std::size_t point = fraction.find('.');
    const bool is_decimal =
        point != std::string_view::npos && point > 0 && fraction.size() > point + 2 &&
        std::all_of(fraction.begin(), fraction.end(),
                    [](char c) { return (c >= '0' && c <= '9') || c == '.'; }) &&
        std::count(fraction.begin(), fraction.end(), '.') == 1;
    if (!is_decimal) return one_line(fraction);
    std::string whole =
        std::string(fraction.substr(0, point)) + std::string(fraction.substr(point + 1, 2));
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    const std::string_view rest = fraction.substr(point + 3);
    return whole + (rest.empty() ? "" : "." + std::string(rest)) + "%";
}

std::string one_line(std::string_view text) {
    std::string out = alerts::clean_text(text);
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
}

}  // namespace plimsoll::wording
