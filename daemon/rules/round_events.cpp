#include "config/metrics.hpp"
#include "daemon/rules/compose.hpp"
#include "daemon/rules/round.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using config::Metric;
using protocols::AccountAction;
using protocols::AccountEvent;
using protocols::Liquidation;
using protocols::ParameterChange;

/// What is worth how much; none without a price.
std::optional<Usd8> value_of(const TokenAmount& amount, unsigned decimals,
                             const std::optional<protocols::AssetPrice>& price) {
    return price ? protocols::usd_value(amount, decimals, *price) : std::nullopt;
}

/// What was repaid, or what was seized where that has no price.
std::optional<Usd8> value_of(const Liquidation& event) {
    const auto debt = value_of(event.debt, event.debt_decimals, event.debt_price);
    return debt ? debt
                : value_of(event.collateral, event.collateral_decimals, event.collateral_price);
}

/// What has no price is never too small.
bool is_worth(const std::optional<Usd8>& value, const Usd8& least) {
    return !value || *value >= least;
}

bool asks_for(const Rule& rule, AccountAction action) {
    switch (rule.metric()) {
        case Metric::activity:
            return true;
        case Metric::deposited:
            return action == AccountAction::deposit;
        case Metric::withdrawn:
            return action == AccountAction::withdraw;
        case Metric::borrowed:
            return action == AccountAction::borrow;
        case Metric::repaid:
            return action == AccountAction::repay;
        default:
            return rule.metric() == Metric::transferred &&
                   (action == AccountAction::send || action == AccountAction::receive);
    }
}

bool is_wanted(const Rule& rule, const Liquidation& event) {
    if (!rule.watches(event.account)) return false;
    if (rule.metric() == Metric::liquidated) {
        return is_worth(value_of(event), rule.settings.min_debt);
    }
    return rule.metric() == Metric::activity && rule.labels.contains(event.account) &&
           rule.covers_market(event.collateral_asset, event.collateral_token) &&
           is_worth(value_of(event), rule.settings.min_usd);
}

bool is_wanted(const Rule& rule, const AccountEvent& event) {
    return config::is_activity(rule.metric()) && asks_for(rule, event.action) &&
           rule.watches(event.account) && rule.covers_market(event.asset, event.token) &&
           is_worth(value_of(event.amount, event.decimals, event.price), rule.settings.min_usd);
}

Decided decided(Word word, std::string reason, const BlockRef& at, Payload payload) {
    BlockRef block = at;
    block.parent = {};
    return {word, std::move(reason), block, at.time, std::move(payload), {}};
}

std::map<std::string, std::string> labels_of(const Rule& rule, const Address& account) {
    std::map<std::string, std::string> out;
    if (const auto label = rule.labels.find(account); label != rule.labels.end()) {
        out["watch"] = label->second;
    }
    return out;
}

}  // namespace

Happening Round::happening(const Rule& rule, const ProtocolFacts& protocol,
                           const Liquidation& event) const {
    const bool is_activity = rule.metric() == Metric::activity;
    return {event.tx,
            event.log_index,
            event.block,
            settings_.address_text(event.account),
            event_phrase(protocol.name),
            labels_of(rule, event.account),
            [&event, is_activity](const Scene& at) {
                Payload out = event_payload(at, event);
                if (is_activity) out.extra["action"] = "liquidated";
                return out;
            }};
}

Happening Round::happening(const Rule& rule, const ProtocolFacts& protocol,
                           const AccountEvent& event) const {
    return {event.tx,
            event.log_index,
            event.block,
            settings_.address_text(event.account),
            activity_phrase(event, protocol.name),
            labels_of(rule, event.account),
            [&event](const Scene& at) { return activity_payload(at, event); }};
}

Happening Round::happening(const ProtocolFacts& protocol, const ParameterChange& event) const {
    Happening out{event.tx,
                  event.log_index,
                  event.block,
                  event.subject,
                  parameters_phrase(event, protocol.name),
                  {},
                  {}};
    if (!event.token.is_zero()) {
        out.labels["asset"] = event.subject;
        out.labels["token"] = settings_.address_text(event.token);
    }
    return out;
}

void Round::look_at_event(const Rule& rule, const ProtocolFacts& protocol, const Happening& event) {
    Subject about;
    about.type = rule.type;
    about.protocol = protocol.name;
    about.subject = event.subject;
    about.alert_key = alerts::event_alert_key(rule.settings.name, settings_.caip2, protocol.name,
                                              event.tx, event.log_index, about.subject);
    about.phrase = event.phrase;
    about.labels = event.labels;
    const RowKey key{rule.settings.name, about.alert_key};
    const Row* known = find(key);
    Row row;
    if (known != nullptr) row = *known;
    row.rule = rule.settings.name;
    row.fingerprint = rule.fingerprint;
    row.about = about;
    const auto tell_at = [&](Word word, const std::string& reason) {
        return decided(word, reason, event.block,
                       event.compose(scene(&protocol, row, word, reason)));
    };
    std::vector<Message> messages;
    if (row.owes_answer()) {
        Message message;
        message.what = tell_at(Word::updated, "reorg");
        message.finality = "latest";
        for (Told& told : row.told) {
            if (!told.orphaned) continue;
            message.answers.push_back(
                alerts::message_id(settings_.instance, about.alert_key, 0, told.seq));
            told.orphaned = false;
            told.support = event.block.number;
        }
        row.decided = {tell_at(Word::updated, "final")};
        tell(row, std::move(message), facts_.now, messages);
    } else if (row.phase == Phase::inactive || row.phase == Phase::pending) {
        row.enter(Phase::pending, event.block, event.block.time);
        row.decided = {tell_at(Word::fired, ""), tell_at(Word::updated, "final")};
    }
    send(row, messages);
    put(key, std::move(row));
}

void Round::look_at_events(const Rule& rule, const ProtocolFacts& protocol) {
    for (const Liquidation& event : protocol.liquidations) {
        if (is_wanted(rule, event)) {
            look_at_event(rule, protocol, happening(rule, protocol, event));
        }
    }
    for (const AccountEvent& event : protocol.activity) {
        if (is_wanted(rule, event)) {
            look_at_event(rule, protocol, happening(rule, protocol, event));
        }
    }
    if (rule.metric() == Metric::parameters_changed) look_at_changes(rule, protocol);
    mark_seen(rule, protocol.name);
}

const std::optional<Effect>& Round::endangered_by(const ProtocolFacts& protocol,
                                                  const ParameterChange& change) {
    const auto known = effects_.find(&change);
    if (known != effects_.end()) return known->second;
    return effects_.emplace(&change, effect_of(protocol, change)).first->second;
}

void Round::look_at_changes(const Rule& rule, const ProtocolFacts& protocol) {
    for (const ParameterChange& change : protocol.parameters) {
        if (!rule.covers_market(change.subject, change.token)) continue;
        const std::optional<Effect>& effect = endangered_by(protocol, change);
        const bool is_unknown = !effect && change.before != nullptr;  // not known to be harmless
        const bool is_enough = rule.settings.min_debt.raw() == 0 || is_unknown ||
                               (effect && effect->debt >= rule.settings.min_debt);
        if (!is_enough) continue;
        Happening event = happening(protocol, change);
        event.compose = [&](const Scene& at) { return parameters_payload(at, change, effect); };
        look_at_event(rule, protocol, event);
    }
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
            if (one.orphaned) retract(row, one, false, tick, settings_.instance, messages);
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
        if (!is_event(row.about.type)) continue;
        const Rule* rule = rule_named(row.rule);
        if (rule != nullptr && rule->scope != Scope::event) rule = nullptr;
        finish_event(key, rule, protocol_named(row.about.protocol));
    }
}

}  // namespace plimsoll::rules
