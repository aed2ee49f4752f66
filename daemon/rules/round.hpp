#pragma once

#include "daemon/rules/compose.hpp"
#include "daemon/rules/engine.hpp"
#include "daemon/rules/history.hpp"
#include "daemon/rules/machine.hpp"
#include "daemon/rules/market_sight.hpp"
#include "daemon/rules/reorganise.hpp"
#include "daemon/rules/row.hpp"
#include "daemon/rules/rule.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rules {

/// Rule and alert key.
using RowKey = std::pair<std::string, std::string>;

/// What the engine remembers between rounds.
struct Memory {
    std::map<RowKey, Row> rows;
    /// (rule, protocol) -> fingerprint of the rule that has looked at it. Protocol "": the source.
    std::map<std::pair<std::string, std::string>, std::string> seen;
    std::map<HistoryKey, History> histories;
};

/// Something that happened on chain, as a rule sees it.
struct Happening {
    Bytes32 tx;
    std::uint32_t log_index = 0;
    BlockRef block;
    std::string subject;
    std::string phrase;
    std::map<std::string, std::string> labels;
    std::function<Payload(const Scene&)> compose;
};

/// How long an event that was taken back is remembered, so that it gets a new number
/// when its transaction comes back. Block time.
inline constexpr std::uint64_t kRememberRetracted = 30ULL * 24 * 3600;
/// Blocks deeper than this below the tip are final for the rules even where the chain does not say
/// so; a deeper reorganisation is a new start for everything.
inline constexpr BlockNumber kDeepest = 256;

/// One round over a memory that it does not change: what is different afterwards is kept beside it.
class Round {
  public:
    Round(const EngineSettings& settings, const std::vector<Rule>& rules, const Memory& memory,
          const RoundFacts& facts);

    void orphan_above(BlockNumber ancestor);
    void adopt_strays(const std::vector<Stray>& found);
    void run();

    /// Rows and marks as they are after the round; a blank row and an empty mark are gone.
    const std::map<RowKey, Row>& changed_rows() const { return rows_; }
    const std::map<std::pair<std::string, std::string>, std::string>& changed_seen() const {
        return seen_;
    }
    /// Histories as they are after the round; an empty one is gone.
    const std::map<HistoryKey, History>& changed_histories() const { return histories_; }
    std::vector<store::NewAlert> take_alerts() { return std::move(alerts_); }

  private:
    using Compose = std::function<Payload(const Row&, Word, const std::string&)>;

    // round.cpp: rows and messages
    const Row* find(const RowKey& key) const;
    std::vector<RowKey> keys() const;
    std::vector<RowKey> keys_of(const std::string& rule, const std::string& protocol) const;
    void put(const RowKey& key, Row row);
    void send(Row& row, const std::vector<Message>& messages);
    store::NewAlert alert_of(Row& row, const Message& message) const;
    const Rule* rule_named(const std::string& name) const;
    const ProtocolFacts* protocol_named(const std::string& name) const;
    std::set<std::string> sinks_of(const Row& row, const Message& message) const;
    bool has_seen(const Rule& rule, const std::string& protocol) const;
    void mark_seen(const Rule& rule, const std::string& protocol);
    void forget_seen_of_removed_rules();
    BlockNumber confirmed(const Rule& rule) const;
    Tick tick_for(const Rule& rule, Verdict verdict, const std::string& protocol,
                  Compose compose) const;
    std::string key_of(const Rule& rule, const std::string& protocol,
                       const std::string& subject) const;
    std::uint64_t own_time(const Row& row) const;
    void visit(const Rule& rule, const Subject& about, const Tick& tick);
    /// As `visit`, where there is something to change or remember.
    void visit_if_needed(const Rule& rule, const Subject& about, const Tick& tick);
    void withdraw_row(const RowKey& key);
    void withdraw_gone();
    void prune();

    // round_scopes.cpp: positions and bands
    void look_at_positions(const Rule& rule, const ProtocolFacts& protocol);
    void look_at_position(const Rule& rule, const ProtocolFacts& protocol,
                          const protocols::PositionHealth& health);
    void look_at_gone(const Rule& rule, const ProtocolFacts& protocol, const Row& row);
    void look_at_bands(const Rule& rule, const ProtocolFacts& protocol);
    Subject position_subject(const Rule& rule, const ProtocolFacts& protocol,
                             const protocols::PositionKey& key) const;
    Scene scene(const ProtocolFacts* protocol, const Row& row, Word word,
                const std::string& reason) const;

    // round_source.cpp: the daemon's own eyes
    void look_at_source(const Rule& rule);
    void look_at_endpoints(const Rule& rule);
    void look_at_trust(const Rule& rule, const ProtocolFacts& protocol);

    // round_markets.cpp: protocols as a whole, and their markets
    void look_at_markets(const Rule& rule);
    void look_at_protocol(const Rule& rule, const ProtocolFacts& protocol);
    void look_at_each_market(const Rule& rule, const ProtocolFacts& protocol);
    void visit_market(const Rule& rule, const ProtocolFacts& protocol, const Subject& about,
                      const MarketSight& sight);
    void look_at_delisted(const Rule& rule, const ProtocolFacts& protocol,
                          const std::set<std::string>& listed);
    const protocols::Totals& totals(const ProtocolFacts& protocol);
    std::optional<Standstill> standstill(const Rule& rule, const ProtocolFacts& protocol,
                                         const protocols::MarketReport& market) const;
    const History* history(const Rule& rule, const std::string& protocol) const;
    void extend_history(const Rule& rule, const ProtocolFacts& protocol);
    void forget_histories_of_removed_rules();

    // round_events.cpp: what happened on chain
    void look_at_events(const Rule& rule, const ProtocolFacts& protocol);
    void look_at_changes(const Rule& rule, const ProtocolFacts& protocol);
    /// Values every position anew, once for all rules.
    const std::optional<Effect>& endangered_by(const ProtocolFacts& protocol,
                                               const protocols::ParameterChange& change);
    void look_at_event(const Rule& rule, const ProtocolFacts& protocol, const Happening& event);
    Happening happening(const Rule& rule, const ProtocolFacts& protocol,
                        const protocols::Liquidation& event) const;
    Happening happening(const Rule& rule, const ProtocolFacts& protocol,
                        const protocols::AccountEvent& event) const;
    Happening happening(const ProtocolFacts& protocol,
                        const protocols::ParameterChange& event) const;
    void finish_event(const RowKey& key, const Rule* rule, const ProtocolFacts* protocol);
    void finish_events();

    const EngineSettings& settings_;
    const std::vector<Rule>& rule_list_;
    const Memory& memory_;
    const RoundFacts& facts_;
    std::map<RowKey, Row> rows_;
    std::map<std::pair<std::string, std::string>, std::string> seen_;
    std::map<HistoryKey, History> histories_;
    std::map<std::string, protocols::Totals> totals_;  ///< by protocol, where they were asked for
    std::map<const protocols::ParameterChange*, std::optional<Effect>> effects_;
    std::vector<store::NewAlert> alerts_;
};

}  // namespace plimsoll::rules
