#include "daemon/store/round.hpp"

#include "daemon/store/queries.hpp"
#include "daemon/store/queue.hpp"

namespace plimsoll::store {
namespace {

void forget_orphaned(Database& db, const std::string& chain, BlockNumber above) {
    db.execute("DELETE FROM recent_block WHERE chain = ?1 AND number > ?2", chain, above);
    db.execute("DELETE FROM liquidation WHERE chain = ?1 AND block > ?2", chain, above);
}

void write_recent_blocks(Database& db, const std::string& chain,
                         const std::vector<BlockRef>& blocks) {
    Statement insert = db.prepare(
        "INSERT OR REPLACE INTO recent_block(chain, number, hash, parent, time)"
        " VALUES(?1, ?2, ?3, ?4, ?5)");
    for (const BlockRef& block : blocks) {
        insert.execute(chain, block.number, block.hash, block.parent, block.time);
    }
    db.execute(
        "DELETE FROM recent_block WHERE chain = ?1 AND number <= (SELECT number FROM recent_block"
        " WHERE chain = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        chain, kRecentBlocksKept);
}

void write_chain_block(Database& db, const std::string& chain, std::string_view kind,
                       const BlockRef& block) {
    db.execute(
        "INSERT OR REPLACE INTO chain(name, kind, number, hash, parent, time)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        chain, kind, block.number, block.hash, block.parent, block.time);
}

void write_records(Database& db, const RoundCommit::ProtocolRecords& changed) {
    if (changed.replace_all) {
        db.execute("DELETE FROM record WHERE protocol = ?1", changed.protocol);
    }
    Statement insert =
        db.prepare("INSERT OR REPLACE INTO record(protocol, key, value) VALUES(?1, ?2, ?3)");
    Statement erase = db.prepare("DELETE FROM record WHERE protocol = ?1 AND key = ?2");
    for (const protocols::Record& record : changed.records) {
        if (record.value) {
            insert.execute(changed.protocol, Blob{record.key}, Blob{*record.value});
        } else {
            erase.execute(changed.protocol, Blob{record.key});
        }
    }
}

void write_rule_states(Database& db, const std::vector<RuleStateRow>& rows) {
    Statement insert = db.prepare(
        "INSERT OR REPLACE INTO rule_state(rule, subject, state, since, since_block, since_hash,"
        " episode, last_seq, value) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    Statement erase = db.prepare("DELETE FROM rule_state WHERE rule = ?1 AND subject = ?2");
    for (const RuleStateRow& row : rows) {
        if (row.erased) {
            erase.execute(row.rule, row.subject);
        } else {
            insert.execute(row.rule, row.subject, row.state, row.since, row.since_block,
                           row.since_hash, row.episode, row.last_seq, row.value);
        }
    }
}

void write_liquidations(Database& db, const std::string& chain,
                        const std::vector<LiquidationRow>& rows) {
    Statement insert = db.prepare(
        "INSERT OR REPLACE INTO liquidation(chain, tx, log_index, protocol, block, time, row)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    for (const LiquidationRow& row : rows) {
        insert.execute(chain, row.tx, row.log_index, row.protocol, row.block, row.time,
                       Blob{row.row});
    }
}

void write_scan(Database& db, const RoundCommit::Scan& scan) {
    db.execute("DELETE FROM owed_range WHERE protocol = ?1", scan.protocol);
    Statement owe = db.prepare(
        "INSERT INTO owed_range(protocol, purpose, first_block, last_block)"
        " VALUES(?1, ?2, ?3, ?4)");
    for (const OwedRange& range : scan.owed) {
        if (range.protocol != scan.protocol) {
            throw Failure(StoreError{StoreFault::misuse, "state.db: a scan of " + scan.protocol +
                                                             " owes a range of " + range.protocol});
        }
        owe.execute(range.protocol, range.purpose, range.from, range.to);
    }
    Statement add = db.prepare("INSERT OR IGNORE INTO candidate(protocol, account) VALUES(?1, ?2)");
    for (const Address& account : scan.new_candidates) {
        add.execute(scan.protocol, account);
    }
}

}  // namespace

void write_round(Database& db, const RoundCommit& round) {
    if (round.orphaned_above) {
        forget_orphaned(db, round.chain, *round.orphaned_above);
    }
    if (!round.recent_blocks.empty()) {
        write_recent_blocks(db, round.chain, round.recent_blocks);
    }
    if (round.tip) {
        write_chain_block(db, round.chain, "tip", *round.tip);
    }
    if (round.final_block) {
        write_chain_block(db, round.chain, "final", *round.final_block);
    }
    for (const RoundCommit::ProtocolRecords& changed : round.records) {
        write_records(db, changed);
    }
    write_rule_states(db, round.rule_states);
    write_liquidations(db, round.chain, round.liquidations);
    for (const RoundCommit::Scan& scan : round.scans) {
        write_scan(db, scan);
    }
    for (const auto& [key, value] : round.metas) {
        write_meta(db, key, value);
    }
    if (!round.alerts.empty()) {
        write_alerts(db, round.alerts, round.now_ms);
    }
}

}  // namespace plimsoll::store
