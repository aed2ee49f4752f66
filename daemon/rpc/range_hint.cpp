#include "daemon/rpc/range_hint.hpp"

#include "abi/quantity.hpp"
#include "daemon/rpc/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace plimsoll::rpc {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == 'x'; }

/// Takes a number off the front of `words`: `0x` and hex digits, or decimal digits.
std::optional<std::uint64_t> take_number(std::string_view& words) {
    const auto end = std::find_if_not(words.begin(), words.end(), is_number_char);
    const auto length = static_cast<std::size_t>(end - words.begin());
    const std::string_view digits = words.substr(0, length);
    words.remove_prefix(length);
    if (digits.starts_with("0x")) {
        const auto value = parse_quantity64(digits);
        return value ? std::optional(*value) : std::nullopt;
    }
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    return first_number(digits);
}

/// `[A, B]`, `A-B` or `A to B` right after one of the phrases that announce it.
RangeHint named_range(std::string_view words) {
    static constexpr std::array<std::string_view, 3> kPhrases = {
        "block range should work", "try with this block range", "retry with the range"};
    for (const std::string_view phrase : kPhrases) {
        const std::size_t at = words.find(phrase);
        if (at == std::string_view::npos) continue;
        std::string_view rest = words.substr(at + phrase.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(" :["), rest.size()));
        const auto from = take_number(rest);
        rest.remove_prefix(std::min(rest.find_first_not_of(" ,-to"), rest.size()));
        const auto to = take_number(rest);
        if (from && to) return {.from = from, .to = to, .max_blocks = std::nullopt};
    }
    return {};
}

std::optional<std::uint64_t> block_number(const nlohmann::json* value) {
    if (value == nullptr) return std::nullopt;
    if (const auto number = integer(*value); number && *number >= 0) {
        return static_cast<std::uint64_t>(*number);
    }
    const auto words = text(*value);
    if (!words) return std::nullopt;
    const auto quantity = parse_quantity64(*words);
    return quantity ? std::optional(*quantity) : std::nullopt;
}

/// Phrases right before the number of blocks that a provider allows. More exact ones come first,
/// since some messages also name the number that was asked for.
constexpr std::array<std::string_view, 17> kBeforeLimit = {
    "max block range =",
    "maximum is set to",
    "max is",
    "max:",
    "bigger than range limit",
    "blocks distance:",
    "limited to a",
    "limited to 0 -",
    "limited to",
    "max block range:",
    "maximum block range:",
    "max block range",
    "max range limit for eth_getlogs:",
    "max range:",
    "exceeds limit of",
    "at most",
    "ranges over",
};

std::optional<std::uint64_t> number_right_after(std::string_view words, std::string_view phrase) {
    const std::size_t at = words.find(phrase);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = words.substr(at + phrase.size());
    const std::size_t start = rest.find_first_not_of(' ');
    if (start == std::string_view::npos || !is_digit(rest[start])) return std::nullopt;
    return first_number(rest.substr(start));
}

/// "up to a 500 block range": the number stands before the word.
std::optional<std::uint64_t> number_of_block_range(std::string_view words) {
    const std::size_t at = words.find(" block range");
    if (at == std::string_view::npos || at == 0 || !is_digit(words[at - 1])) return std::nullopt;
    std::size_t start = at;
    while (start > 0 && (is_digit(words[start - 1]) || words[start - 1] == ',')) --start;
    return first_number(words.substr(start, at - start));
}

std::optional<std::uint64_t> named_limit(std::string_view words) {
    if (words.find("results") == std::string_view::npos) {
        for (const std::string_view phrase : kBeforeLimit) {
            const auto limit = number_right_after(words, phrase);
            if (limit && *limit > 0) return limit;
        }
    }
    return number_of_block_range(words);
}

}  // namespace

std::optional<std::uint64_t> first_number(std::string_view words) {
    const auto start = std::find_if(words.begin(), words.end(), is_digit);
    std::uint64_t value = 0;
    auto at = start;
    for (; at != words.end() && (is_digit(*at) || *at == ','); ++at) {
        if (*at == ',') {
            if (at + 1 == words.end() || !is_digit(*(at + 1))) break;
            continue;
        }
        const auto digit = static_cast<std::uint64_t>(*at - '0');
        if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    if (at == start) return std::nullopt;
    if (at != words.end() && *at == 'k') {
        if (value > UINT64_MAX / 1'000) return std::nullopt;
        value *= 1'000;
    }
    return value;
}

RangeHint range_hint(std::string_view words, const nlohmann::json* data) {
    RangeHint hint = named_range(words);
    if (!hint.from && data != nullptr) {
        const auto from = block_number(member(*data, "from"));
        const auto to = block_number(member(*data, "to"));
        if (from && to) {
            hint.from = from;
            hint.to = to;
        }
    }
    hint.max_blocks = named_limit(words);
    return hint;
}

}  // namespace plimsoll::rpc
