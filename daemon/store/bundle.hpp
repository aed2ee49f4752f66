#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::store {

// Messages that are told together; the meanings are those of the `Store` members. All throw
// `Failure`, and what changes something runs inside the caller's transaction.

std::vector<DueMessage> read_group_of(Database& db, const std::string& sink,
                                      const std::string& head, std::size_t limit);
std::optional<GroupNow> note_bundle(Database& db, const std::string& sink, const Ids& ids,
                                    const std::string& bundle, std::int64_t now_ms);
/// One of them is given up: what is left of that message is told anew, with what waits by then.
void note_incomplete(Database& db, const std::string& sink, const std::string& group,
                     const std::string& bundle);
void note_dissolved(Database& db, const std::string& sink, const Ids& ids);

}  // namespace plimsoll::store
