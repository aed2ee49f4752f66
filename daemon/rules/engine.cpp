#include "daemon/rules/engine.hpp"

#include "daemon/rules/round.hpp"

#include <iterator>
#include <set>

namespace plimsoll::rules {

std::string_view to_string(GoneReason reason) {
    switch (reason) {
        case GoneReason::repaid:
            return "repaid";
        case GoneReason::liquidated:
            return "liquidated";
        case GoneReason::closed:
            break;
    }
    return "closed";
}

class RuleEngine::State {
  public:
    State(EngineSettings settings, std::span<const store::RuleStateRow> rows)
        : settings_(std::move(settings)) {
        if (!settings_.address_text) {
            settings_.address_text = [style = address_style(settings_.caip2)](const Address& one) {
                return to_text(one, style);
            };
        }
        for (const config::RuleSettings& rule : settings_.rules) {
            rules_.push_back(make_rule(rule, settings_.watches));
        }
        for (const store::RuleStateRow& stored : rows) load(stored);
    }

    Round start(const RoundFacts& facts) {
        discard();
        return {settings_, rules_, memory_, facts};
    }

    /// What the round changed, held until `accept`.
    Outcome finish(Round& round) {
        Outcome outcome;
        outcome.alerts = round.take_alerts();
        changed_rows_ = round.changed_rows();
        changed_seen_ = round.changed_seen();
        changed_histories_ = round.changed_histories();
        for (const auto& [key, row] : changed_rows_) {
            outcome.rows.push_back(encode(row, settings_.chain));
        }
        for (const auto& [key, fingerprint] : changed_seen_) {
            outcome.rows.push_back(
                encode_seen(key.first, settings_.chain, key.second, fingerprint));
            outcome.rows.back().erased = fingerprint.empty();
        }
        for (const auto& [key, history] : changed_histories_) {
            const auto before = memory_.histories.find(key);
            auto rows = HistoryRows::difference(
                settings_.chain, key,
                before == memory_.histories.end() ? History() : before->second, history);
            std::move(rows.begin(), rows.end(), std::back_inserter(outcome.rows));
        }
        return outcome;
    }

    void accept() {
        for (auto& [key, row] : changed_rows_) {
            if (row.is_blank()) {
                memory_.rows.erase(key);
            } else {
                memory_.rows.insert_or_assign(key, std::move(row));
            }
        }
        for (auto& [key, fingerprint] : changed_seen_) {
            if (fingerprint.empty()) {
                memory_.seen.erase(key);
            } else {
                memory_.seen.insert_or_assign(key, std::move(fingerprint));
            }
        }
        for (auto& [key, history] : changed_histories_) {
            if (history.fingerprint().empty()) {
                memory_.histories.erase(key);
            } else {
                memory_.histories.insert_or_assign(key, std::move(history));
            }
        }
        discard();
    }

    void discard() {
        changed_rows_.clear();
        changed_seen_.clear();
        changed_histories_.clear();
    }

    std::size_t firing(std::string_view rule) const {
        std::size_t count = 0;
        for (const auto& [key, row] : memory_.rows) {
            if (key.first == rule && row.is_open()) ++count;
        }
        return count;
    }

    std::map<std::string, std::uint64_t> firing() const {
        std::map<std::string, std::uint64_t> counts;
        for (const auto& [key, row] : memory_.rows) {
            if (row.is_open()) ++counts[key.first];
        }
        return counts;
    }

    bool waits_for_safe(const config::Depth& of_chain) const {
        for (const Rule& rule : rules_) {
            if (depth_of(rule, of_chain).kind != config::Depth::Kind::safe) continue;
            for (const auto& [key, row] : memory_.rows) {
                if (key.first == rule.settings.name && !row.decided.empty()) return true;
            }
        }
        return false;
    }

  private:
    void load(const store::RuleStateRow& stored) {
        if (HistoryRows::load(stored, settings_.chain, memory_.histories)) return;
        if (auto seen = decode_seen(stored, settings_.chain)) {
            memory_.seen[{stored.rule, seen->protocol}] = std::move(seen->fingerprint);
        } else if (auto row = decode(stored, settings_.chain)) {
            memory_.rows.insert_or_assign({stored.rule, stored.subject}, std::move(*row));
        }
    }

    EngineSettings settings_;
    std::vector<Rule> rules_;
    Memory memory_;
    std::map<RowKey, Row> changed_rows_;
    std::map<std::pair<std::string, std::string>, std::string> changed_seen_;
    std::map<HistoryKey, History> changed_histories_;
};

RuleEngine::RuleEngine(EngineSettings settings, std::span<const store::RuleStateRow> rows)
    : state_(std::make_unique<State>(std::move(settings), rows)) {}
RuleEngine::~RuleEngine() = default;
RuleEngine::RuleEngine(RuleEngine&&) noexcept = default;
RuleEngine& RuleEngine::operator=(RuleEngine&&) noexcept = default;

Outcome RuleEngine::evaluate(const RoundFacts& facts) {
    Round round = state_->start(facts);
    round.run();
    return state_->finish(round);
}

Outcome RuleEngine::reorganise(const RoundFacts& facts, BlockNumber ancestor,
                               std::span<const Bytes32> orphaned,
                               std::span<const store::StoredAlert> alerts) {
    Round round = state_->start(facts);
    round.orphan_above(ancestor);
    round.adopt_strays(strays(alerts, {orphaned.begin(), orphaned.end()}));
    round.run();
    return state_->finish(round);
}

void RuleEngine::accept() { state_->accept(); }
void RuleEngine::discard() { state_->discard(); }

std::size_t RuleEngine::firing(std::string_view rule) const { return state_->firing(rule); }
std::map<std::string, std::uint64_t> RuleEngine::firing() const { return state_->firing(); }

bool RuleEngine::waits_for_safe(const config::Depth& of_chain) const {
    return state_->waits_for_safe(of_chain);
}

}  // namespace plimsoll::rules
