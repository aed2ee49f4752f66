#pragma once

#include "daemon/wording/language.hpp"

#include <string>
#include <string_view>

namespace plimsoll::wording {

/// What is known of a type of alert beforehand.
struct Kind {
    std::string_view condition;  ///< "position.liquidatable"
    /// Its title in Chinese, with {protocol}, {subject}, {asset} and {band} put in. In English the
    /// alert carries its title.
    std::string_view zh_title;
    /// What follows from it while it fires; may be empty.
    Phrase consequence = {};
    /// The facts say all that the alert's English text says. Otherwise the text is shown as well.
    bool is_covered = true;
};
/// None: a type this version has no words for.
const Kind* find_kind(std::string_view condition);

/// The Chinese title with the names put in, before its figures.
std::string zh_phrase(const Kind& kind, const alerts::ReadAlert& alert);
/// A sentence for `reason`, and for a message that is taken back or moved; may be empty.
std::string reason_text(const alerts::ReadAlert& alert, Language language);
/// "critical", "严重".
std::string_view severity_word(alerts::Severity severity, Language language);
/// "1574-1681"; empty for alerts about no band.
std::string interval(const alerts::ReadAlert& alert);

}  // namespace plimsoll::wording
