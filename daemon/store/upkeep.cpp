#include "daemon/store/upkeep.hpp"

#include "daemon/store/state_dir.hpp"

namespace plimsoll::store {

bool purge_step(Database& db, std::int64_t older_than_ms) {
    db.execute(
        "DELETE FROM outbox WHERE n IN (SELECT n FROM outbox o WHERE state <> 'pending'"
        " AND finished_ms < ?1 AND NOT EXISTS (SELECT 1 FROM rule_state r"
        " WHERE r.subject = o.alert_key AND r.state IN ('firing', 'resolving'))"
        " ORDER BY finished_ms LIMIT ?2)",
        older_than_ms, kPurgeStep);
    const std::uint64_t messages = db.changes();
    db.execute(
        "DELETE FROM alert WHERE n IN (SELECT a.n FROM alert a WHERE a.created_ms < ?1 AND NOT"
        " EXISTS (SELECT 1 FROM outbox o WHERE o.id = a.id) ORDER BY a.created_ms LIMIT ?2)",
        older_than_ms, kPurgeStep);
    const std::uint64_t alerts = db.changes();
    db.script("PRAGMA incremental_vacuum(1000)");
    return messages == kPurgeStep || alerts == kPurgeStep;
}

void copy_database(Database& db, const std::filesystem::path& to) {
    const std::filesystem::path unfinished = to.string() + ".tmp";
    make_empty_file(unfinished);
    db.execute("VACUUM INTO ?1", unfinished.string());
    sync_path(unfinished);
    rename_path(unfinished, to);
    sync_path(to.has_parent_path() ? to.parent_path() : std::filesystem::path("."));
}

}  // namespace plimsoll::store
