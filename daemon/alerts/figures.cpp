#include "daemon/alerts/figures.hpp"

#include "daemon/alerts/text.hpp"

#include <algorithm>

namespace plimsoll::alerts {

namespace {

/// The digits of `raw` split at the point, the fraction exactly `decimals` long.
std::pair<std::string, std::string> split(const U256& raw, unsigned decimals) {
    std::string digits = to_decimal(raw);
    if (digits.size() <= decimals) {
        digits.insert(0, decimals + 1 - digits.size(), '0');
    }
    return {digits.substr(0, digits.size() - decimals), digits.substr(digits.size() - decimals)};
}

/// Adds one to a string of digits.
void increase(std::string& digits) {
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        if (*digit != '9') {
            ++*digit;
            return;
        }
        *digit = '0';
    }
    digits.insert(digits.begin(), '1');
}

std::string with_point(std::string digits, unsigned places) {
    if (places != 0) {
        digits.insert(digits.size() - places, 1, '.');
    }
    return digits;
}

std::string rounded(const U256& raw, unsigned decimals, unsigned places, bool up) {
    auto [whole, fraction] = split(raw, decimals);
    const std::string cut = fraction.substr(std::min<std::size_t>(places, fraction.size()));
    fraction.resize(places, '0');
    std::string digits = whole + fraction;
    if (up && cut.find_first_not_of('0') != std::string::npos) {
        increase(digits);
    }
    return with_point(std::move(digits), places);
}

}  // namespace

std::string decimal(const U256& raw, unsigned decimals, unsigned places) {
    return rounded(raw, decimals, places, false);
}

std::string decimal_up(const U256& raw, unsigned decimals, unsigned places) {
    return rounded(raw, decimals, places, true);
}

std::string amount_text(const U256& raw, unsigned decimals, bool up) {
    const bool is_small = split(raw, decimals).first == "0";
    std::string text = rounded(raw, decimals, is_small ? 8 : 4, up);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
        text.pop_back();
    }
    return text;
}

std::string grouped(std::string_view number) {
    const std::size_t whole = std::min(number.find('.'), number.size());
    std::string out;
    for (std::size_t at = 0; at < number.size(); ++at) {
        const bool is_break = at != 0 && at < whole && (whole - at) % 3 == 0;
        if (is_break && number[at - 1] != '-') out += ',';
        out += number[at];
    }
    return out;
}

std::string usd_text(const Usd8& usd) { return decimal(usd.raw(), 8, 2) + " USD"; }

std::string percent_text(const std::string& value, unsigned decimals) {
    if (decimals < 2) return value;
    const auto share = parse_decimal(value);
    if (!share) return value;
    std::string text = decimal(*share, decimals - 2, 4);
    if (text.find('.') == std::string::npos) return text + "%";
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text + "%";
}

std::string short_account(std::string_view account) {
    if (account.size() <= 13) {
        return std::string(account);
    }
    return std::string(account.substr(0, 6)) + "..." +
           std::string(account.substr(account.size() - 4));
}

std::string name_text(std::string_view name) {
    return name.empty() ? "?" : cut_text(name, kMaxName);
}

std::string count_text(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace plimsoll::alerts
