#pragma once

#include "daemon/store/sqlite.hpp"

#include <span>
#include <string_view>

namespace plimsoll::store {

/// The row of `meta` that holds the schema's version, the number of steps applied.
inline constexpr std::string_view kSchemaVersionKey = "schema_version";

/// The steps from an empty file to the present schema. A step that was released never changes.
std::span<const std::string_view> schema_steps();

/// Brings the file up to the last step, in one transaction. Fails with `newer_schema` when it is
/// past it, and with `corrupt` when the file holds something else than a store.
void upgrade(Database& db, std::span<const std::string_view> steps);

}  // namespace plimsoll::store
