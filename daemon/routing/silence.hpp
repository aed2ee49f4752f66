#pragma once

#include "abi/expected.hpp"
#include "daemon/routing/traits.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::routing {

/// What an alert must be like: a label and a pattern.
struct Matcher {
    std::string label;
    std::string pattern;  ///< see config/pattern.hpp

    friend bool operator==(const Matcher&, const Matcher&) = default;
};

/// "rule=hf-*" or "chain!=eip155:1".
Expected<Matcher, ParseError> parse_matcher(std::string_view text);
std::string to_string(const Matcher& matcher);

/// An operator's wish not to hear of alerts that every matcher fits, for a time.
struct Silence {
    std::string id;
    std::vector<Matcher> matchers;
    std::int64_t starts = 0;  ///< unix seconds
    std::int64_t ends = 0;    ///< unix seconds, not included
    std::string author;
    std::string why;

    bool holds_at(std::int64_t now) const { return starts <= now && now < ends; }
    bool fits(const Traits& alert) const;
};

inline constexpr std::int64_t kLongestSilence = 30LL * 24 * 3600;

/// What an operator asks for. The error says what is missing or wrong.
struct SilenceRequest {
    std::vector<std::string> matchers;
    std::int64_t seconds = 0;
    std::string author;
    std::string why;
};
Expected<Silence, ParseError> make_silence(const SilenceRequest& request, std::int64_t now);

store::SilenceRow to_row(const Silence& silence);
/// The error is that the store holds what this program did not write.
Expected<Silence, ParseError> from_row(const store::SilenceRow& row);

}  // namespace plimsoll::routing
