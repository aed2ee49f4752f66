#include "config/error.hpp"

#include <algorithm>
#include <numeric>

namespace plimsoll::config {
namespace {

constexpr std::size_t kLongestName = 64;  // longer texts are not compared

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Optimal string alignment distance, letters compared without case.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::vector<ConfigError> in_order(std::vector<ConfigError> list) {
    std::stable_sort(list.begin(), list.end(),
                     [](const ConfigError& a, const ConfigError& b) { return a.at < b.at; });
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return list;
}

}  // namespace

std::string to_string(const ConfigError& error) {
    std::string out = error.file;
    if (error.at.line != 0) {
        out += ':' + std::to_string(error.at.line) + ':' + std::to_string(error.at.column);
    }
    out += ": " + error.message;
    if (!error.hint.empty()) out += " (" + error.hint + ')';
    return out;
}

void Problems::error(Position at, std::string message, std::string hint) {
    errors_.push_back(ConfigError{.kind = ConfigError::Kind::invalid,
                                  .file = file_,
                                  .at = at,
                                  .message = std::move(message),
                                  .hint = std::move(hint)});
}

void Problems::warn(Position at, std::string message, std::string hint) {
    warnings_.push_back(ConfigError{.kind = ConfigError::Kind::invalid,
                                    .file = file_,
                                    .at = at,
                                    .message = std::move(message),
                                    .hint = std::move(hint)});
}

void Problems::error_of_whole(Position at, std::string message, std::string hint) {
    if (complete_) error(at, std::move(message), std::move(hint));
}

std::vector<ConfigError> Problems::take_errors() && { return in_order(std::move(errors_)); }
std::vector<ConfigError> Problems::take_warnings() && { return in_order(std::move(warnings_)); }

std::string in_quotes(std::string_view text) {
    constexpr std::size_t kMost = 60;
    const bool cut = text.size() > kMost;
    std::size_t length = cut ? kMost : text.size();
    while (cut && length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) {
        --length;  // not inside a character
    }
    std::string out = "'";
    for (const char c : text.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    if (cut) out += "...";
    return out + "'";
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
    if (text.empty() || text.size() > kLongestName) return {};
    constexpr std::size_t kShortestPrefix = 3;
    std::string_view best;
    std::size_t best_distance =
        (text.size() < 5 ? 1 : std::max<std::size_t>(2, text.size() / 3)) + 1;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > kLongestName) continue;
        const std::size_t edits = distance(text, candidate);
        if (edits < best_distance && edits < candidate.size()) {
            best_distance = edits;
            best = candidate;
        }
    }
    for (const std::string_view candidate : candidates) {
        const std::size_t shared = std::min(text.size(), candidate.size());
        const bool begins_alike =
            shared >= kShortestPrefix && text.substr(0, shared) == candidate.substr(0, shared);
        if (best.empty() && begins_alike) best = candidate;
    }
    return best;
}

std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& candidates) {
    const std::string_view name = nearest(text, candidates);
    return name.empty() ? std::string{} : "did you mean " + in_quotes(name) + "?";
}

std::string did_you_mean_or_list(std::string_view text,
                                 const std::vector<std::string_view>& candidates) {
    std::string out = did_you_mean(text, candidates);
    if (!out.empty() || candidates.empty()) return out;
    constexpr std::size_t kMost = 40;
    out = candidates.size() == 1 ? "known: " : "one of: ";
    for (std::size_t i = 0; i < candidates.size() && i < kMost; ++i) {
        if (i > 0) out += ", ";
        out += candidates[i];
    }
    if (candidates.size() > kMost) out += ", ...";
    return out;
}

}  // namespace plimsoll::config
