#pragma once

#include "protocols/aave_v3/ledger.hpp"
#include "protocols/common/protocol.hpp"

#include <span>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// Persisted form of a ledger, described in docs/formats/aave-v3-records.md. Keys are text, values
/// are bytes; every value begins with the version of its form. What a ledger reads again every
/// round (prices, totals) is not in it, nor is anything begun and not finished.

/// The records of what changed.
std::vector<Record> encode_records(const Ledger& ledger, const Changed& changed);
/// All records of a ledger into a fresh one. An error, and no change, where a record is malformed,
/// of another version, of another provider, or where some are missing.
Expected<void, ParseError> load_records(Ledger& ledger, std::span<const Record> records);

}  // namespace plimsoll::protocols::aave_v3
