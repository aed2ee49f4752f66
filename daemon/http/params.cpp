#include "daemon/http/params.hpp"

#include "daemon/http/names.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace plimsoll::http {
namespace {

constexpr std::size_t kMostShown = 80;

/// What was given, fit for a message.
std::string shown(std::string_view text) {
    std::string out = "'" + std::string(text.substr(0, kMostShown));
    return out + (text.size() > kMostShown ? "…'" : "'");
}

template <class Names>
std::string list(const Names& names) {
    std::string out;
    for (const auto& name : names) {
        out += (out.empty() ? "" : ", ") + std::string(name);
    }
    return out;
}

}  // namespace

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

Params::Params(const Request& request, std::initializer_list<std::string_view> known)
    : request_(request) {
    for (const auto& [name, value] : request.query) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            problem_ = "unknown parameter " + shown(name);
            problem_ += known.size() == 0 ? "; this path takes none" : "; known: " + list(known);
            return;
        }
        if (request.query.count(name) > 1) fail(name, "given more than once");
    }
}

void Params::fail(std::string_view name, const std::string& message) {
    if (problem_.empty()) problem_ = std::string(name) + ": " + message;
}

std::string Params::text(std::string_view name) const {
    const auto found = request_.query.find(std::string(name));
    return found == request_.query.end() ? std::string() : found->second;
}

std::uint64_t Params::number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                             std::uint64_t most) {
    const std::string given = text(name);
    if (given.empty()) return fallback;
    std::uint64_t value = 0;
    const char* end = given.data() + given.size();
    const auto result = std::from_chars(given.data(), end, value);
    if (result.ec == std::errc{} && result.ptr == end && value >= least && value <= most) {
        return value;
    }
    fail(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                   ", not " + shown(given));
    return fallback;
}

std::size_t Params::limit(std::size_t fallback, std::size_t most) {
    constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(number("limit", fallback, 1, kAny), most));
}

bool Params::flag(std::string_view name) {
    const std::string given = text(name);
    if (given == "true" || given == "1") return true;
    if (!given.empty() && given != "false" && given != "0") {
        fail(name, "true or false, not " + shown(given));
    }
    return false;
}

std::optional<Address> Params::address(std::string_view name) {
    const std::string given = text(name);
    if (given.empty()) return std::nullopt;
    const auto parsed = parse_any_address(given);
    if (parsed) return *parsed;
    fail(name, parsed.error().message);
    return std::nullopt;
}

std::string Params::name_or_address(std::string_view name) {
    std::string given = text(name);
    if (has_address_form(given)) address(name);
    return given;
}

std::optional<U256> Params::fixed(std::string_view name, unsigned decimals) {
    const std::string given = text(name);
    if (given.empty()) return std::nullopt;
    const auto parsed = parse_fixed(given, decimals);
    if (parsed) return *parsed;
    fail(name,
         "a decimal number such as 1.05, not " + shown(given) + ": " + parsed.error().message);
    return std::nullopt;
}

std::string Params::one_of(std::string_view name, std::span<const std::string> choices) {
    std::string given = text(name);
    if (given.empty() || std::find(choices.begin(), choices.end(), given) != choices.end()) {
        return given;
    }
    fail(name, shown(given) + " is not known; " + known_names(given, choices));
    return {};
}

}  // namespace plimsoll::http
