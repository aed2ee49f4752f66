#pragma once

#include "daemon/wording/note.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::wording {

/// One alert of a group.
struct Member {
    std::string mark;
    alerts::Severity severity = alerts::Severity::info;
    bool is_over = false;
    std::string title;
    std::string short_id;
};

/// What one message to people says, in one language and before it is escaped: one alert, or a group
/// of them. The only thing the renderers of chat, paging and mail sinks look at.
struct Digest {
    Language language = Language::en;
    std::string id;   ///< of the message
    std::string key;  ///< of what it is about: messages of one key belong together
    std::string mark;
    alerts::Severity severity = alerts::Severity::info;
    bool is_over = false;      ///< nothing of what it is about holds any more
    bool leaves_open = false;  ///< it, or others of its key, still fire
    std::string title;
    std::vector<Fact> facts;  ///< of a group: counts and totals
    std::string remark;
    std::vector<Member> members;  ///< of a group: the gravest first; empty for one alert
    std::uint64_t more = 0;       ///< members that are not listed
    std::string source;           ///< the daemon's instance
    std::string condition;        ///< "position.liquidatable"; empty where members differ
    std::string rule;             ///< as above
    std::string protocol;         ///< as above
    std::uint64_t at = 0;         ///< unix seconds, of the newest

    bool is_group() const { return !members.empty(); }
    /// "▲ critical: title".
    std::string headline() const;
    /// "label: value".
    std::string line(const Fact& fact) const;
    /// "▲ critical: title (msg_a8c40484)".
    std::string line(const Member& member) const;
    /// "... and 7 more"; empty when all are listed.
    std::string more_line() const;
};

Digest make_digest(const alerts::ReadAlert& alert, Language language);

inline constexpr std::size_t kMaxListed = 20;

/// What a group is besides its members.
struct GroupName {
    std::string id;
    std::string key;
    std::uint64_t open = 0;  ///< how many alerts of the group fire once this message is told
};
/// Of several messages of one alert the newest counts. `members` must not be empty; at most
/// `max_listed` of them are listed; counts and totals are of all.
Digest make_digest(std::span<const alerts::ReadAlert> members, const GroupName& name,
                   Language language, std::size_t max_listed = kMaxListed);

/// The whole message as plain text of several lines, the headline left out; ends in the id.
std::string plain_text(const Digest& digest);

}  // namespace plimsoll::wording
