#pragma once

#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::store {

// One question each; the meanings are those of the `Store` members. All throw `Failure`.

ChainState read_chain_state(Database& db, const std::string& chain);
std::vector<protocols::Record> read_records(Database& db, const std::string& protocol);
std::vector<RuleStateRow> read_rule_states(Database& db);
std::vector<OwedRange> read_owed(Database& db, const std::string& protocol);
std::vector<Address> read_candidates(Database& db, const std::string& protocol);
std::optional<std::string> read_meta(Database& db, const std::string& key);
void write_meta(Database& db, const std::string& key, const std::string& value);

std::vector<StoredAlert> read_alerts_above(Database& db, const std::string& chain,
                                           BlockNumber above);
std::vector<StoredAlert> read_alerts_since(Database& db, std::uint64_t at, std::size_t limit);
std::optional<StoredAlert> read_alert_of(Database& db, const std::string& id);
std::vector<StoredAlert> read_open_alerts(Database& db);
std::vector<MuteRow> read_mutes(Database& db);
std::vector<SilenceRow> read_silences(Database& db);
void write_silence(Database& db, const SilenceRow& silence);
std::vector<LiquidationRow> read_liquidations(Database& db, const std::string& chain,
                                              std::uint64_t since_time, std::size_t limit);

/// The columns of `alert` that `read_alert` takes, in its order.
inline constexpr std::string_view kAlertColumns =
    "a.id, a.alert_key, a.episode, a.seq, a.type, a.severity, a.chain, a.block, a.block_hash,"
    " a.at, a.body, a.sig191, a.signer, a.sig712, a.muted_by";
inline constexpr int kAlertColumnCount = 15;
StoredAlert read_alert(const Statement& row, int first_column);

}  // namespace plimsoll::store
