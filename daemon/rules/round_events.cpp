#include "daemon/rules/compose.hpp"
#include "daemon/rules/round.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using protocols::Liquidation;

/// The dearer of what was repaid and what was seized, as far as prices are known.
std::optional<Usd8> value_of(const Liquidation& event) {
    std::optional<Usd8> most;
    const auto take = [&](const TokenAmount& amount, unsigned decimals,
                          const std::optional<protocols::AssetPrice>& price) {
        const auto usd = price ? protocols::usd_value(amount, decimals, *price) : std::nullopt;
        if (usd && (!most || *usd > *most)) most = usd;
    };
    take(event.debt, event.debt_decimals, event.debt_price);
    if (!most) take(event.collateral, event.collateral_decimals, event.collateral_price);
    return most;
}

/// One without a price is never too small.
bool is_wanted(const Rule& rule, const Liquidation& event) {
    if (!rule.watches(event.account)) return false;
    const auto value = value_of(event);
    return !value || *value >= rule.settings.min_debt;
}

Decided decided(Word word, std::string reason, const Liquidation& event, Payload payload) {
    BlockRef block = event.block;
    block.parent = {};
    return {word, std::move(reason), block, event.block.time, std::move(payload), {}};
}

}  // namespace

void Round::look_at_event(const Rule& rule, const ProtocolFacts& protocol,
                          const Liquidation& event) {
    Subject about;
    about.type = rule.type;
    about.protocol = protocol.name;
    about.subject = settings_.address_text(event.account);
    about.alert_key = alerts::event_alert_key(rule.settings.name, settings_.caip2, protocol.name,
                                              event.tx, event.log_index, about.subject);
    about.phrase = event_phrase(protocol.name);
    if (const auto label = rule.labels.find(event.account); label != rule.labels.end()) {
        about.labels["watch"] = label->second;
    }
    const RowKey key{rule.settings.name, about.alert_key};
    const Row* known = find(key);
    Row row;
    if (known != nullptr) row = *known;
    row.rule = rule.settings.name;
    row.fingerprint = rule.fingerprint;
    row.about = about;
    const auto payload = [&](Word word, const std::string& reason) {
        return event_payload(scene(&protocol, row, word, reason), event);
    };
    std::vector<Message> messages;
    if (row.owes_answer()) {
        Message message;
        message.what = decided(Word::updated, "reorg", event, payload(Word::updated, "reorg"));
        message.finality = "latest";
        for (Told& told : row.told) {
            if (!told.orphaned) continue;
            message.answers.push_back(
                alerts::message_id(settings_.instance, about.alert_key, 0, told.seq));
            told.orphaned = false;
            told.support = event.block.number;
        }
        row.decided = {decided(Word::updated, "final", event, payload(Word::updated, "final"))};
        tell(row, std::move(message), facts_.now, messages);
    } else if (row.phase == Phase::inactive || row.phase == Phase::pending) {
        row.enter(Phase::pending, event.block, event.block.time);
        row.decided = {decided(Word::fired, "", event, payload(Word::fired, "")),
                       decided(Word::updated, "final", event, payload(Word::updated, "final"))};
    }
    send(row, messages);
    put(key, std::move(row));
}

void Round::look_at_events(const Rule& rule, const ProtocolFacts& protocol) {
    for (const Liquidation& event : protocol.liquidations) {
        if (is_wanted(rule, event)) look_at_event(rule, protocol, event);
    }
    mark_seen(rule, protocol.name);
}

/// What time does to an event: it is confirmed, it becomes final, or it is not there any more.
void Round::finish_event(const RowKey& key, const Rule* rule, const ProtocolFacts* protocol) {
    Row row = *find(key);
    std::vector<Message> messages;
    if (row.owes_answer() && protocol != nullptr && protocol->events_read) {
        Tick tick;
        tick.block = facts_.block;
        tick.at = facts_.block.time;
        tick.now = facts_.now;
        const std::vector<Told> told(row.told.rbegin(), row.told.rend());
        for (const Told& one : told) {
            if (one.orphaned) retract(row, one, tick, settings_.instance, messages);
        }
        row.decided.clear();
        row.enter(Phase::inactive, facts_.block, facts_.block.time);
        row.keep_until = facts_.block.time + kRememberRetracted;
    }
    if (row.phase == Phase::pending && row.decided.empty()) row.phase = Phase::inactive;
    const bool is_due = row.phase == Phase::pending && rule != nullptr &&
                        row.decided.front().block.number <= confirmed(*rule);
    if (is_due) {
        Message message;
        message.what = row.decided.front();
        row.decided.erase(row.decided.begin());
        row.phase = Phase::happened;
        row.severity = rule->severity;
        tell(row, std::move(message), facts_.now, messages);
        // told when final already, or nobody to tell when it becomes so
        const bool is_final = row.since_block <= facts_.finalized;
        if (is_final || settings_.archive_sinks.empty()) row.decided.clear();
    }
    if (row.phase == Phase::happened && !row.decided.empty() &&
        row.decided.front().block.number <= facts_.finalized) {
        Message message;
        message.what = row.decided.front();
        message.what.at = facts_.block.time;
        message.finality = "finalized";
        message.archives_only = true;
        row.decided.clear();
        tell(row, std::move(message), facts_.now, messages);
    }
    send(row, messages);
    put(key, std::move(row));
}

void Round::finish_events() {
    for (const RowKey& key : keys()) {
        const Row& row = *find(key);
        if (row.about.type != "position.liquidated") continue;
        const Rule* rule = rule_named(row.rule);
        if (rule != nullptr && rule->scope != Scope::event) rule = nullptr;
        finish_event(key, rule, protocol_named(row.about.protocol));
    }
}

}  // namespace plimsoll::rules
