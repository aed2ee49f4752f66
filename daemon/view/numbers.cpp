#include "abi/power_of_ten.hpp"
#include "daemon/view/rows.hpp"

#include <algorithm>

namespace plimsoll::view {
namespace {

/// An integer with the decimal point moved `digits` places to the left.
std::string with_point(const U512& value, unsigned digits) {
    std::string text = value.str();
    if (digits == 0) return text;
    if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
    text.insert(text.size() - digits, ".");
    return text;
}

}  // namespace

nlohmann::ordered_json usd(const Usd8& value) {
    const U256 cents = value.raw() / 1'000'000U;
    return cents.convert_to<double>() / 100.0;
}

std::string millionths(std::uint64_t ppm) { return with_point(U512(ppm), 6); }

std::optional<std::string> ratio(const U256& numerator, const U256& denominator, unsigned digits) {
    if (denominator == 0) return std::nullopt;
    return with_point(U512(numerator) * power_of_ten(digits) / U512(denominator), digits);
}

std::string scaled(const U256& value, unsigned decimals, unsigned digits) {
    const unsigned shown = std::min(decimals, digits);
    std::string text = with_point(U512(value) / power_of_ten(decimals - shown), shown);
    if (shown == 0) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

Row dollars(const protocols::AssetPrice& price) {
    if (price.quote.is_usd()) return scaled(price.price.raw(), price.decimals, 8);
    const auto value = protocols::usd_price(price);
    return value ? Row(scaled(value->raw(), 8, 8)) : Row(nullptr);
}

}  // namespace plimsoll::view
