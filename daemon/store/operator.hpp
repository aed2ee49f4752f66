#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

#include <span>
#include <vector>

namespace plimsoll::store {

// What operators see and do of the outbox, and what they are told of it; the meanings are those of
// the `Store` members. All throw `Failure`, and what changes something runs inside the caller's
// transaction.

MessageIds read_ids_beginning_with(Database& db, const std::string& text);
std::vector<OutboxRow> read_outbox_rows(Database& db, const OutboxQuery& query);
std::uint64_t requeue(Database& db, const OutboxQuery& query, std::int64_t now_ms,
                      std::span<const Destination> sinks);
std::uint64_t drop(Database& db, const OutboxQuery& query, std::int64_t now_ms);

std::vector<DeadLetters> read_dead_letters(Database& db);
void note_announced(Database& db, std::span<const DeadLetters> told);

}  // namespace plimsoll::store
