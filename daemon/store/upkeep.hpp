#pragma once

#include "daemon/store/sqlite.hpp"

#include <cstdint>
#include <filesystem>

namespace plimsoll::store {

/// Rows of each kind that one step of the purge deletes at most.
inline constexpr int kPurgeStep = 500;

/// See `Store::purge`; inside the caller's transaction. Throws `Failure`.
bool purge_step(Database& db, std::int64_t older_than_ms);

/// See `Store::backup`; outside any transaction. Throws `Failure`.
void copy_database(Database& db, const std::filesystem::path& to);

}  // namespace plimsoll::store
