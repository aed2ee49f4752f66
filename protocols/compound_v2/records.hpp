#pragma once

#include "protocols/common/protocol.hpp"
#include "protocols/compound_v2/ledger.hpp"

#include <span>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// What changed, as records. docs/formats/compound-v2-records.md tells their bytes.
std::vector<Record> encode_records(const Ledger& ledger, const Changed& changed);
/// Puts records into a ledger as `Ledger(settings)` made it. On an error the ledger is as before.
Expected<void, ParseError> load_records(Ledger& ledger, std::span<const Record> records);

/// What discovery learned since it was last asked: borrows of accounts, counts of markets.
std::vector<Record> encode_discovered(Ledger& ledger);
Expected<void, ParseError> load_discovered(Ledger& ledger, std::span<const Record> records);

}  // namespace plimsoll::protocols::compound_v2
