#include "config/pattern.hpp"

#include <vector>

namespace plimsoll::config {
namespace {

bool is_negated(std::string_view pattern) { return pattern.starts_with('!'); }

/// Without `!`. Greedy with one step back, so never more than size times size steps.
bool plain_fits(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = pattern.npos;
    std::size_t behind_star = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            behind_star = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != pattern.npos) {
            p = star + 1;
            t = ++behind_star;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

/// Whether some text fits both, neither with `!`: walks both side by side over all pairs of places.
bool plain_overlap(std::string_view a, std::string_view b) {
    const std::size_t width = b.size() + 1;
    std::vector<char> reached((a.size() + 1) * width, 0);
    reached[0] = 1;
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (reached[i * width + j] == 0) continue;
            const bool a_star = i < a.size() && a[i] == '*';
            const bool b_star = j < b.size() && b[j] == '*';
            if (a_star) reached[(i + 1) * width + j] = 1;
            if (b_star) reached[i * width + j + 1] = 1;
            if (a_star && j < b.size()) reached[i * width + j + 1] = 1;
            if (b_star && i < a.size()) reached[(i + 1) * width + j] = 1;
            if (i < a.size() && j < b.size() && !a_star && !b_star && a[i] == b[j]) {
                reached[(i + 1) * width + j + 1] = 1;
            }
        }
    }
    return reached.back() != 0;
}

}  // namespace

bool fits(std::string_view pattern, std::string_view text) {
    return is_negated(pattern) ? !plain_fits(pattern.substr(1), text) : plain_fits(pattern, text);
}

bool overlap(std::string_view a, std::string_view b) {
    if (is_negated(a) && is_negated(b)) return true;  // some text fits neither
    if (is_negated(b)) std::swap(a, b);
    // All of b within what a excludes: then a's own stars take b's, read as text.
    if (is_negated(a)) return !plain_fits(a.substr(1), b);
    return plain_overlap(a, b);
}

}  // namespace plimsoll::config
