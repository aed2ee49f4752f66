#pragma once

#include "daemon/rules/machine.hpp"
#include "daemon/rules/row.hpp"
#include "daemon/store/store.hpp"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::rules {

/// Everything the row says about blocks over `ancestor` is void: messages owe an answer, what was
/// decided and not told is forgotten, a pending condition starts anew, and clearing that began
/// there did not begin.
void orphan(Row& row, BlockNumber ancestor);

/// Takes back one message; the row no longer counts it among what it has told. The alert may go on
/// firing without it.
void retract(Row& row, const Told& told, bool goes_on, const Tick& tick,
             const std::string& instance, std::vector<Message>& out);

/// Answers every orphaned message of a row of states, by the verdict at the new tip. An unknown one
/// leaves them owed.
///
/// An episode holds together when the condition holds, or, while its opening message stands on a
/// block that is still there, when it is not clear. Then one `updated` answers all. Otherwise each
/// message is retracted, newest first, and the episode ends there unless its opening still stands
/// (then it goes on, and the machine resolves it in its own time). The messages of an episode that
/// was resolved stand when its opening does and it is still clear. Retractions come first, then
/// what stands, the newest episode last.
void answer(Row& row, const Tick& tick, const std::string& instance, std::vector<Message>& out);

/// Makes rows of what was told and no row remembers: the store's alerts on orphaned blocks. Changes
/// only the rows it returns a key for; `rows` finds or makes one by rule and alert key.
struct Stray {
    Told told;
    std::string rule;
    Subject about;
    alerts::Severity severity = alerts::Severity::warning;
    bool ends = false;  ///< after it the episode is over
};
/// The alerts on blocks of `orphaned` that were not taken back by another alert of the list.
std::vector<Stray> strays(std::span<const store::StoredAlert> alerts,
                          const std::set<Bytes32>& orphaned);
/// Lets the row remember the stray, unless it does or has taken it back.
void adopt(Row& row, const Stray& stray);

}  // namespace plimsoll::rules
