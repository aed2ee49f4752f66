#include "daemon/http/query.hpp"

namespace plimsoll::http {

Expected<U256, ParseError> parse_fixed(std::string_view text, unsigned decimals) {
    const std::size_t point = text.find('.');
    std::string digits(text.substr(0, point));
    if (digits.empty()) return parse_error("no digit before the point");
    std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
    if (fraction.size() > decimals) {
        return parse_error("more than " + std::to_string(decimals) + " digits after the point");
    }
    fraction.append(decimals - fraction.size(), '0');
    digits += fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return parse_decimal(digits);
}

}  // namespace plimsoll::http
