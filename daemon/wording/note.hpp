#pragma once

#include "daemon/wording/language.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll::wording {

/// One line of what a person is told.
struct Fact {
    std::string label;
    std::string value;

    friend bool operator==(const Fact&, const Fact&) = default;
};

/// One alert in one language, as plain text: nothing in it is escaped for any service yet, names
/// of tokens are as their writers chose them, and every text but `remark` is one line.
struct Note {
    std::string mark;  ///< ▲ fires, ● news of it, ✓ resolved, ✗ taken back
    alerts::Severity severity = alerts::Severity::info;
    bool is_over = false;  ///< nothing of it holds any more
    std::string title;     ///< at most 120 code points
    /// What, how much, how far from liquidation, what would make it safe, since when, which block,
    /// coverage: in this order.
    std::vector<Fact> facts;
    std::string remark;  ///< sentences; may be empty or have several lines
    std::string short_id;
};

Note make_note(const alerts::ReadAlert& alert, Language language);

/// The facts alone.
std::vector<Fact> facts_of(const alerts::ReadAlert& alert, Language language);
std::string mark_of(const alerts::ReadAlert& alert);
/// "msg_a8c40484": enough to find a message again.
std::string short_id(std::string_view id);
/// "▲ critical: title", "▲ 严重：title"; without the severity where it is over.
std::string headline(std::string_view mark, alerts::Severity severity, bool is_over,
                     std::string_view title, Language language);

}  // namespace plimsoll::wording
