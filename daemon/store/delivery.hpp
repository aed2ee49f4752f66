#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::store {

// The life of a message in the outbox; the meanings are those of the `Store` members. All throw
// `Failure`, and what changes something runs inside the caller's transaction.

std::vector<DueMessage> read_due(Database& db, const std::string& sink, std::int64_t now_ms,
                                 std::size_t limit);
std::optional<std::int64_t> read_next_due(Database& db, const std::string& sink);
std::vector<OutboxCounts> read_outbox_counts(Database& db);
std::vector<StoredAlert> read_standing(Database& db, const std::string& sink);

bool note_attempt(Database& db, const std::string& sink, const std::string& id,
                  std::int64_t now_ms);
void note_done(Database& db, const std::string& sink, const Ids& ids, std::int64_t now_ms);
void note_retry(Database& db, const std::string& sink, const Ids& ids, std::int64_t not_before_ms,
                const std::string& error);
void note_dead(Database& db, const std::string& sink, const Ids& ids, std::int64_t now_ms,
               const std::string& reason, const std::string& error);

void retire_other_sinks(Database& db, std::span<const std::string> configured, std::int64_t now_ms);
std::vector<SinkState> read_sink_states(Database& db);
void write_sink_state(Database& db, const SinkState& state);

/// The columns of `outbox o` and `alert a` that `read_message` takes.
std::string message_columns();
DueMessage read_message(const Statement& row);

/// The statements of `read_due` and `read_next_due`, for the test that no table is walked through.
std::string due_sql();
std::string_view next_due_sql();

}  // namespace plimsoll::store
