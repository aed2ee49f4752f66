#include "config/scalars.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace plimsoll::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kLongest = 36'500LL * 86'400'000;  // a hundred years

std::size_t count_while(std::string_view text, bool (*wanted)(char)) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), wanted) -
                                    text.begin());
}

constexpr const char* kDurationForm = "a duration is a number and ms, s, m, h or d";

struct Part {
    std::size_t unit;  ///< index into kUnits
    std::int64_t milliseconds;
};

/// Takes one `<number><unit>` off the front.
Expected<Part, ParseError> take_part(std::string_view& text) {
    const std::size_t digits = count_while(text, is_digit);
    if (digits == 0 || digits > 12) return parse_error(kDurationForm);
    std::int64_t number = 0;
    for (const char c : text.substr(0, digits)) number = number * 10 + (c - '0');
    text.remove_prefix(digits);
    const std::size_t letters = count_while(text, [](char c) { return c >= 'a' && c <= 'z'; });
    const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) {
        return u.name == text.substr(0, letters);
    });
    if (unit == kUnits.end()) return parse_error(kDurationForm);
    text.remove_prefix(letters);
    if (number > kLongest / unit->milliseconds) {
        return parse_error("a duration is at most a hundred years");
    }
    return Part{static_cast<std::size_t>(unit - kUnits.begin()), number * unit->milliseconds};
}

Unexpected<ParseError> bad_number() {
    return parse_error("a number is digits, perhaps with a point: 10_000 or 1574.5");
}

/// Digits with single underscores between them, without the underscores.
Expected<std::string, ParseError> digits_of(std::string_view text) {
    std::string out;
    char before = '_';
    for (const char c : text) {
        if (c == '_' ? !is_digit(before) : !is_digit(c)) return bad_number();
        if (c != '_') out += c;
        before = c;
    }
    if (before == '_') return bad_number();  // also the empty text
    return out;
}

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

/// How many bytes canonical, padded base64 holds; negative when it is none.
int base64_size(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return -1;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    const std::string_view body = text.substr(0, text.size() - padding);
    if (!std::all_of(body.begin(), body.end(), [](char c) { return base64_value(c) >= 0; })) {
        return -1;
    }
    const int unused = padding == 0 ? 0 : padding == 1 ? 0x3 : 0xf;  // low bits past the last byte
    if ((base64_value(body.back()) & unused) != 0) return -1;
    return static_cast<int>(text.size() / 4 * 3 - padding);
}

}  // namespace

Expected<Milliseconds, ParseError> parse_duration(std::string_view text) {
    if (text == "0") return Milliseconds{0};
    if (text.empty()) return parse_error(kDurationForm);
    if (std::all_of(text.begin(), text.end(), is_digit)) {
        return parse_error("a duration needs a unit: ms, s, m, h or d");
    }
    std::int64_t total = 0;
    std::optional<std::size_t> last_unit;
    while (!text.empty()) {
        const auto part = take_part(text);
        if (!part) return Unexpected<ParseError>{part.error()};
        if (last_unit && part->unit <= *last_unit) {
            return parse_error("the units of a duration go from long to short, each once");
        }
        last_unit = part->unit;
        total += part->milliseconds;
        if (total > kLongest) return parse_error("a duration is at most a hundred years");
    }
    return Milliseconds{total};
}

std::string to_string(Milliseconds duration) {
    const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) {
        return duration.count() != 0 && duration.count() % u.milliseconds == 0;
    });
    if (unit == kUnits.end()) return "0s";
    return std::to_string(duration.count() / unit->milliseconds) + std::string(unit->name);
}

Expected<Decimal, ParseError> parse_decimal_text(std::string_view text, unsigned decimals) {
    Decimal out;
    if (text.starts_with('-')) {
        out.negative = true;
        text.remove_prefix(1);
    }
    const std::size_t point = text.find('.');
    const auto whole = digits_of(text.substr(0, point));
    if (!whole) return Unexpected<ParseError>{whole.error()};
    if (whole->size() > 1 && whole->front() == '0') {
        return parse_error("a number has no leading zeros");
    }
    std::string fraction;
    if (point != std::string_view::npos) {
        auto digits = digits_of(text.substr(point + 1));
        if (!digits) return Unexpected<ParseError>{digits.error()};
        fraction = std::move(*digits);
        if (fraction.size() > decimals) {
            return parse_error("at most " + std::to_string(decimals) +
                               " digits may follow the point");
        }
    }
    fraction.append(decimals - fraction.size(), '0');
    std::string all = *whole + fraction;
    all.erase(0, std::min(all.find_first_not_of('0'), all.size() - 1));
    auto value = parse_decimal(all);
    if (!value) return parse_error("the number is too large");
    out.magnitude = std::move(*value);
    if (out.magnitude.is_zero()) out.negative = false;
    return out;
}

std::string format_decimal(const U256& magnitude, unsigned decimals, bool negative) {
    std::string digits = to_decimal(magnitude);
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    const std::size_t whole = digits.size() - decimals;
    std::string fraction = digits.substr(whole);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    std::string out = (negative && !magnitude.is_zero() ? "-" : "") + digits.substr(0, whole);
    return fraction.empty() ? out : out + '.' + fraction;
}

std::string to_string(const Usd8& value) { return format_decimal(value.raw(), 8); }
std::string to_string(const Wad& value) { return format_decimal(value.raw(), 18); }

Expected<Depth, ParseError> parse_depth(std::string_view text) {
    if (text == "finalized") return Depth{Depth::Kind::finalized, 0};
    if (text == "safe") return Depth{Depth::Kind::safe, 0};
    if (text == "latest") return Depth{Depth::Kind::blocks, 0};
    constexpr std::size_t kMostDigits = 6;
    if (text.empty() || text.size() > kMostDigits ||
        !std::all_of(text.begin(), text.end(), is_digit)) {
        return parse_error("expected \"finalized\", \"safe\", \"latest\" or a number of blocks");
    }
    return Depth{Depth::Kind::blocks, std::stoull(std::string(text))};
}

std::string to_string(const Depth& depth) {
    if (depth.kind == Depth::Kind::finalized) return "finalized";
    if (depth.kind == Depth::Kind::safe) return "safe";
    return depth.blocks == 0 ? "latest" : std::to_string(depth.blocks);
}

Expected<Window, ParseError> parse_window(std::string_view text) {
    constexpr std::size_t kMostDigits = 6;
    const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
    if (is_number && text.size() <= kMostDigits && text != "0") {
        return Window{Milliseconds{0}, std::stoull(std::string(text))};
    }
    if (is_number) return parse_error("expected a duration or 1 to 999999 blocks");
    const auto time = parse_duration(text);
    if (!time) return Unexpected<ParseError>{time.error()};
    return Window{*time, 0};
}

std::string to_string(const Window& window) {
    return window.blocks != 0 ? std::to_string(window.blocks) : to_string(window.time);
}

Expected<void, ParseError> check_webhook_secret(std::string_view text) {
    constexpr std::string_view kPrefix = "whsec_";
    if (!text.starts_with(kPrefix)) return parse_error("a webhook secret begins with whsec_");
    const int size = base64_size(text.substr(kPrefix.size()));
    if (size < 0) return parse_error("what follows whsec_ is not base64 with its padding");
    if (size < 24 || size > 64) {
        return parse_error("a webhook secret holds 24 to 64 bytes, this one " +
                           std::to_string(size));
    }
    return {};
}

Expected<void, ParseError> check_signing_key(std::string_view text) {
    constexpr std::string_view kOrder =  // of the group of secp256k1
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    if (text.starts_with("0x")) text.remove_prefix(2);
    if (text.size() != 64) return parse_error("a signing key is 32 bytes: 64 hex digits");
    std::string digits(text);
    std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const Secret wiped(std::move(digits));
    const std::string_view key = wiped.reveal();
    if (key.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return parse_error("a signing key is 32 bytes: 64 hex digits");
    }
    if (key.find_first_not_of('0') == std::string_view::npos) {
        return parse_error("the signing key is zero, which is no key");
    }
    if (key >= kOrder) return parse_error("the signing key is not below the order of secp256k1");
    return {};
}

}  // namespace plimsoll::config
