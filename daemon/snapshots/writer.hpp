#pragma once

#include "abi/expected.hpp"
#include "config/settings.hpp"
#include "daemon/view/rows.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::snapshots {

/// Every table of one chain at one block: table name to finished lines.
struct Tables {
    std::string chain;  ///< configured name
    BlockRef block;
    BlockNumber since = 0;  ///< the liquidations are of blocks above it
    std::map<std::string, std::vector<std::string>> lines;
};

/// A file could not be written; `message` names the path and the reason.
struct WriteError {
    std::string message;
};

/// UTC date of a unix time: "2026-02-05".
std::string utc_date(std::uint64_t unix_seconds);

/// `table=T/chain=C/date=D/BLOCK.jsonl`, below the snapshots folder.
std::filesystem::path snapshot_path(const std::string& table, const std::string& chain,
                                    const BlockRef& block);

/// Writes one run: every file complete and synced under its final name before `latest.json` names
/// it.
Expected<void, WriteError> write_tables(const std::filesystem::path& snapshots_dir,
                                        const Tables& tables);

/// Removes date folders that end before `oldest_date`.
void remove_before(const std::filesystem::path& snapshots_dir, const std::string& oldest_date);

/// Replaces a file as a whole: temporary name, write, sync, rename, sync of the folder.
Expected<void, WriteError> replace_file(const std::filesystem::path& path,
                                        const std::string& content);

}  // namespace plimsoll::snapshots
