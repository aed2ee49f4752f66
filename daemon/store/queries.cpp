#include "daemon/store/queries.hpp"

#include "daemon/store/schema.hpp"

namespace plimsoll::store {
namespace {

BlockRef read_block(const Statement& row, int first_column) {
    BlockRef block;
    block.number = row.u64(first_column);
    block.hash = row.bytes32(first_column + 1);
    block.parent = row.bytes32(first_column + 2);
    block.time = row.u64(first_column + 3);
    return block;
}

std::optional<BlockRef> read_chain_block(Database& db, const std::string& chain,
                                         std::string_view kind) {
    Statement query =
        db.prepare("SELECT number, hash, parent, time FROM chain WHERE name = ?1 AND kind = ?2");
    if (!query.start(chain, kind).next()) {
        return std::nullopt;
    }
    return read_block(query, 0);
}

std::string alerts_where(std::string_view condition_and_order) {
    return "SELECT " + std::string(kAlertColumns) + " FROM alert a WHERE " +
           std::string(condition_and_order);
}

std::vector<StoredAlert> collect_alerts(Statement& query) {
    std::vector<StoredAlert> alerts;
    while (query.next()) {
        alerts.push_back(read_alert(query, 0));
    }
    return alerts;
}

}  // namespace

ChainState read_chain_state(Database& db, const std::string& chain) {
    ChainState state;
    state.tip = read_chain_block(db, chain, "tip");
    state.final_block = read_chain_block(db, chain, "final");
    Statement query = db.prepare(
        "SELECT number, hash, parent, time FROM recent_block WHERE chain = ?1 ORDER BY number");
    query.start(chain);
    while (query.next()) {
        state.recent_blocks.push_back(read_block(query, 0));
    }
    return state;
}

std::vector<protocols::Record> read_records(Database& db, const std::string& protocol) {
    std::vector<protocols::Record> records;
    Statement query = db.prepare("SELECT key, value FROM record WHERE protocol = ?1 ORDER BY key");
    query.start(protocol);
    while (query.next()) {
        records.push_back(protocols::Record{query.text(0), query.text(1)});
    }
    return records;
}

std::vector<RuleStateRow> read_rule_states(Database& db) {
    std::vector<RuleStateRow> rows;
    Statement query = db.prepare(
        "SELECT rule, subject, state, since, since_block, since_hash, episode, last_seq, value"
        " FROM rule_state ORDER BY rule, subject");
    query.start();
    while (query.next()) {
        RuleStateRow row;
        row.rule = query.text(0);
        row.subject = query.text(1);
        row.state = query.text(2);
        row.since = query.u64(3);
        row.since_block = query.u64(4);
        row.since_hash = query.bytes32(5);
        row.episode = query.u64(6);
        row.last_seq = query.u64(7);
        row.value = query.text(8);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<OwedRange> read_owed(Database& db, const std::string& protocol) {
    std::vector<OwedRange> ranges;
    Statement query = db.prepare(
        "SELECT protocol, purpose, first_block, last_block FROM owed_range WHERE protocol = ?1"
        " ORDER BY first_block, purpose");
    query.start(protocol);
    while (query.next()) {
        ranges.push_back(OwedRange{query.text(0), query.text(1), query.u64(2), query.u64(3)});
    }
    return ranges;
}

std::vector<Address> read_candidates(Database& db, const std::string& protocol) {
    std::vector<Address> accounts;
    Statement query =
        db.prepare("SELECT account FROM candidate WHERE protocol = ?1 ORDER BY account");
    query.start(protocol);
    while (query.next()) {
        accounts.push_back(query.address(0));
    }
    return accounts;
}

std::optional<std::string> read_meta(Database& db, const std::string& key) {
    Statement query = db.prepare("SELECT v FROM meta WHERE k = ?1");
    if (!query.start(key).next()) {
        return std::nullopt;
    }
    return query.text(0);
}

void write_meta(Database& db, const std::string& key, const std::string& value) {
    if (key == kSchemaVersionKey) {
        throw Failure(StoreError{StoreFault::misuse, "state.db: " + key + " is the store's own"});
    }
    db.execute("INSERT OR REPLACE INTO meta(k, v) VALUES(?1, ?2)", key, value);
}

StoredAlert read_alert(const Statement& row, int first_column) {
    int column = first_column;
    StoredAlert alert;
    alert.id = row.text(column++);
    alert.alert_key = row.text(column++);
    alert.episode = row.u64(column++);
    alert.seq = row.u64(column++);
    alert.type = row.text(column++);
    alert.severity = static_cast<int>(row.u32(column++));
    alert.chain = row.text(column++);
    alert.block = row.u64(column++);
    alert.block_hash = row.bytes32(column++);
    alert.at = row.u64(column++);
    alert.body = row.text(column++);
    alert.signature = row.text(column++);
    alert.signer = row.text(column++);
    alert.typed_signature = row.text(column++);
    alert.muted_by = row.text(column++);
    return alert;
}

std::vector<StoredAlert> read_alerts_above(Database& db, const std::string& chain,
                                           BlockNumber above) {
    Statement query =
        db.prepare(alerts_where("a.chain = ?1 AND a.block > ?2 ORDER BY a.block, a.n"));
    query.start(chain, above);
    return collect_alerts(query);
}

std::vector<StoredAlert> read_alerts_since(Database& db, std::uint64_t at, std::size_t limit) {
    Statement query = db.prepare(alerts_where("a.at >= ?1 ORDER BY a.at, a.n LIMIT ?2"));
    query.start(at, row_limit(limit));
    return collect_alerts(query);
}

std::optional<StoredAlert> read_alert_of(Database& db, const std::string& id) {
    Statement query = db.prepare(alerts_where("a.id = ?1"));
    if (!query.start(id).next()) return std::nullopt;
    return read_alert(query, 0);
}

std::vector<StoredAlert> read_open_alerts(Database& db) {
    Statement query = db.prepare(
        "SELECT " + std::string(kAlertColumns) +
        " FROM rule_state r CROSS JOIN alert a ON a.n = (SELECT l.n FROM alert l"
        " WHERE l.alert_key = r.subject AND l.episode = r.episode ORDER BY l.seq DESC LIMIT 1)"
        " WHERE r.state IN ('firing', 'resolving') ORDER BY a.n");
    query.start();
    return collect_alerts(query);
}

std::vector<MuteRow> read_mutes(Database& db) {
    std::vector<MuteRow> rows;
    Statement query = db.prepare("SELECT alert_key, sink, by FROM mute ORDER BY alert_key, sink");
    query.start();
    while (query.next()) rows.push_back({query.text(0), query.text(1), query.text(2), false});
    return rows;
}

std::vector<SilenceRow> read_silences(Database& db) {
    std::vector<SilenceRow> rows;
    Statement query = db.prepare(
        "SELECT id, matchers, starts, ends, author, why FROM silence ORDER BY starts, id");
    query.start();
    while (query.next()) {
        rows.push_back({query.text(0), query.text(1), query.i64(2), query.i64(3), query.text(4),
                        query.text(5)});
    }
    return rows;
}

void write_silence(Database& db, const SilenceRow& silence) {
    constexpr std::int64_t kKept = 120LL * 3600;
    db.execute("DELETE FROM silence WHERE ends < ?1", silence.starts - kKept);
    db.execute(
        "INSERT OR REPLACE INTO silence(id, matchers, starts, ends, author, why)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        silence.id, silence.matchers, silence.starts, silence.ends, silence.author, silence.why);
}

std::vector<LiquidationRow> read_liquidations(Database& db, const std::string& chain,
                                              std::uint64_t since_time, std::size_t limit) {
    std::vector<LiquidationRow> rows;
    Statement query = db.prepare(
        "SELECT tx, log_index, protocol, block, time, row FROM liquidation"
        " WHERE chain = ?1 AND time >= ?2 ORDER BY time, block, log_index LIMIT ?3");
    query.start(chain, since_time, row_limit(limit));
    while (query.next()) {
        LiquidationRow row;
        row.tx = query.bytes32(0);
        row.log_index = query.u32(1);
        row.protocol = query.text(2);
        row.block = query.u64(3);
        row.time = query.u64(4);
        row.row = query.text(5);
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace plimsoll::store
