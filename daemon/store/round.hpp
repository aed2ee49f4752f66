#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

namespace plimsoll::store {

/// Blocks kept per chain to recognise a reorganisation by.
inline constexpr int kRecentBlocksKept = 256;

/// Everything of one round; inside the caller's transaction. Throws `Failure`.
void write_round(Database& db, const RoundCommit& round);

}  // namespace plimsoll::store
