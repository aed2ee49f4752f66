#include "daemon/rules/round.hpp"

#include "abi/hex.hpp"
#include "daemon/rules/compose.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using nlohmann::json;

bool waits_for_chain(const Rule& rule) {
    return rule.scope != Scope::source && rule.scope != Scope::endpoint &&
           rule.scope != Scope::trust;
}

std::string finality_of(const Rule* rule, const RoundFacts& facts, const Message& message) {
    if (!message.finality.empty()) return message.finality;
    if (rule == nullptr || !waits_for_chain(*rule)) return "latest";
    switch (depth_of(*rule, facts.confirm).kind) {
        case config::Depth::Kind::finalized:
            return "finalized";
        case config::Depth::Kind::safe:
            return "safe";
        case config::Depth::Kind::blocks:
            break;
    }
    return "latest";
}

json extra_of(const Message& message) {
    json extra = message.what.payload.extra;
    if (!message.what.reason.empty()) extra["reason"] = message.what.reason;
    if (message.is_flapping) {
        extra["flapping"] = true;
        if (message.what.reason.empty()) extra["reason"] = "flapping";
    }
    if (!message.retracts.empty()) {
        extra["retracts"] = message.retracts;
        extra["orphaned"] = {{"number", message.orphaned.number},
                             {"hash", to_hex(message.orphaned.hash)}};
    }
    if (!message.answers.empty()) extra["updates"] = message.answers;
    if (!message.state.empty()) extra["state"] = message.state;
    return extra;
}

std::string text_of(const Message& message) {
    std::string text = message.what.payload.text;
    if (message.is_flapping) {
        text +=
            "\nFlapping: it fired and resolved more than 6 times within an hour. It stays open "
            "until it has kept still for 30 minutes.";
    }
    return text;
}

/// Forgets numbers given out in episodes that cannot come again: a new episode opens on a block
/// that is not final, and not on one that was left behind.
void forget_numbers(Row& row, BlockNumber final_block, BlockNumber tip, std::uint64_t time) {
    if (time < row.keep_until) return;
    std::erase_if(row.seqs, [&](const auto& given) {
        const std::uint64_t episode = given.first;
        const bool is_current = row.phase != Phase::inactive && row.episode == episode;
        const bool is_told = std::any_of(row.told.begin(), row.told.end(),
                                         [&](const Told& told) { return told.episode == episode; });
        return episode <= final_block && episode < tip && !is_current && !is_told;
    });
    std::erase_if(row.taken_back,
                  [&](const auto& place) { return !row.seqs.contains(place.first); });
}

}  // namespace

Round::Round(const EngineSettings& settings, const std::vector<Rule>& rules, const Memory& memory,
             const RoundFacts& facts)
    : settings_(settings), rule_list_(rules), memory_(memory), facts_(facts) {}

void Round::orphan_above(BlockNumber ancestor) {
    for (const RowKey& key : keys()) {
        Row row = *find(key);
        orphan(row, ancestor);
        put(key, std::move(row));
    }
    for (const auto& [key, history] : memory_.histories) {
        History shorter = history;
        shorter.cut_above(ancestor);
        histories_.insert_or_assign(key, std::move(shorter));
    }
}

void Round::adopt_strays(const std::vector<Stray>& found) {
    std::map<RowKey, const Stray*> lost;  // the last message of rows that are gone
    for (const Stray& stray : found) {
        const RowKey key{stray.rule, stray.about.alert_key};
        const Row* known = find(key);
        Row row;
        if (known != nullptr) {
            row = *known;
            if (const auto one = lost.find(key); one != lost.end()) one->second = &stray;
        } else {
            const Rule* rule = rule_named(stray.rule);
            row.rule = stray.rule;
            row.fingerprint = rule == nullptr ? "" : rule->fingerprint;
            row.about = stray.about;
            row.severity = stray.severity;
            lost[key] = &stray;
        }
        adopt(row, stray);
        put(key, std::move(row));
    }
    for (const auto& [key, last] : lost) {
        if (last->ends) continue;
        Row row = *find(key);
        row.episode = last->told.episode;
        row.phase =
            last->told.word == Word::fired || row.episode == 0 ? Phase::happened : Phase::firing;
        put(key, std::move(row));
    }
}

void Round::run() {
    withdraw_gone();
    for (const Rule& rule : rule_list_) {
        if (rule.scope == Scope::source) look_at_source(rule);
        if (rule.scope == Scope::endpoint) look_at_endpoints(rule);
        if (rule.scope == Scope::market) look_at_markets(rule);
        for (const ProtocolFacts& protocol : facts_.protocols) {
            if (!rule.covers(protocol.name)) continue;
            if (rule.scope == Scope::event) look_at_events(rule, protocol);
            if (rule.scope == Scope::trust) look_at_trust(rule, protocol);
            if (!protocol.known()) continue;
            if (rule.scope == Scope::position) look_at_positions(rule, protocol);
            if (rule.scope == Scope::band) look_at_bands(rule, protocol);
        }
    }
    finish_events();
    forget_seen_of_removed_rules();
    forget_histories_of_removed_rules();
    prune();
}

const Row* Round::find(const RowKey& key) const {
    if (const auto changed = rows_.find(key); changed != rows_.end()) return &changed->second;
    const auto found = memory_.rows.find(key);
    return found == memory_.rows.end() ? nullptr : &found->second;
}

std::vector<RowKey> Round::keys() const {
    std::set<RowKey> all;
    for (const auto& [key, row] : memory_.rows) all.insert(key);
    for (const auto& [key, row] : rows_) all.insert(key);
    return {all.begin(), all.end()};
}

std::vector<RowKey> Round::keys_of(const std::string& rule, const std::string& protocol) const {
    std::set<RowKey> all;
    for (const auto* rows : {&memory_.rows, &rows_}) {
        for (auto it = rows->lower_bound({rule, ""}); it != rows->end(); ++it) {
            if (it->first.first != rule) break;
            if (it->second.about.protocol == protocol) all.insert(it->first);
        }
    }
    return {all.begin(), all.end()};
}

void Round::put(const RowKey& key, Row row) {
    const auto base = memory_.rows.find(key);
    const bool is_as_before = base == memory_.rows.end() ? row.is_blank() : base->second == row;
    if (is_as_before) {
        rows_.erase(key);
    } else {
        rows_.insert_or_assign(key, std::move(row));
    }
}

const Rule* Round::rule_named(const std::string& name) const {
    const auto found = std::find_if(rule_list_.begin(), rule_list_.end(),
                                    [&](const Rule& rule) { return rule.settings.name == name; });
    return found == rule_list_.end() ? nullptr : &*found;
}

const ProtocolFacts* Round::protocol_named(const std::string& name) const {
    const auto found =
        std::find_if(facts_.protocols.begin(), facts_.protocols.end(),
                     [&](const ProtocolFacts& protocol) { return protocol.name == name; });
    return found == facts_.protocols.end() ? nullptr : &*found;
}

std::set<std::string> Round::sinks_of(const Row& row, const Message& message) const {
    const Rule* rule = rule_named(row.rule);
    if (message.archives_only) {
        std::set<std::string> archives{settings_.archive_sinks.begin(),
                                       settings_.archive_sinks.end()};
        if (rule != nullptr && !rule->settings.to.empty()) {
            const std::set<std::string> told{rule->settings.to.begin(), rule->settings.to.end()};
            std::erase_if(archives,
                          [&told](const std::string& sink) { return !told.contains(sink); });
        }
        return archives;
    }
    const bool ends = message.what.word == Word::resolved || !message.retracts.empty();
    if (rule == nullptr || (ends && !row.sinks.empty())) return row.sinks;
    if (!rule->settings.to.empty()) {
        return {rule->settings.to.begin(), rule->settings.to.end()};
    }
    std::set<std::string> all;
    for (const store::Destination& sink : settings_.sinks) all.insert(sink.sink);
    return all;
}

store::NewAlert Round::alert_of(Row& row, const Message& message) const {
    const Rule* rule = rule_named(row.rule);
    alerts::Alert alert;
    alert.type = row.about.type + "." + std::string(to_string(message.what.word));
    alert.rule = row.rule;
    alert.severity = row.severity;
    alert.chain = settings_.caip2;
    alert.protocol = row.about.protocol;
    alert.subject = row.about.subject;
    alert.alert_key = row.about.alert_key;
    alert.episode = message.episode;
    alert.seq = message.seq;
    alert.block = message.what.block;
    alert.finality = finality_of(rule, facts_, message);
    alert.at = message.what.at;
    alert.title = message.what.payload.title;
    alert.text = text_of(message);
    alert.labels = row.about.labels;
    alert.extra = extra_of(message);

    store::NewAlert out;
    out.id = alerts::message_id(settings_.instance, alert.alert_key, alert.episode, alert.seq);
    out.alert_key = alert.alert_key;
    out.episode = alert.episode;
    out.seq = alert.seq;
    out.type = alert.type;
    out.severity = static_cast<int>(alert.severity);
    out.chain = settings_.chain;
    out.block = alert.block.number;
    out.block_hash = alert.block.hash;
    out.at = alert.at;
    out.body = alerts::body_of(alert, settings_.instance);
    if (settings_.sign) {
        Signature made = settings_.sign(out.body);
        out.signature = std::move(made.signature);
        out.signer = std::move(made.signer);
        out.typed_signature = std::move(made.typed);
    }
    const std::set<std::string> sinks = sinks_of(row, message);
    for (const store::Destination& sink : settings_.sinks) {
        if (sinks.contains(sink.sink)) out.sinks.push_back(sink);
    }
    if (!message.archives_only) row.sinks.insert(sinks.begin(), sinks.end());
    if (!message.retracts.empty()) out.retracts = message.retracts;
    return out;
}

void Round::send(Row& row, const std::vector<Message>& messages) {
    for (const Message& message : messages) alerts_.push_back(alert_of(row, message));
}

bool Round::has_seen(const Rule& rule, const std::string& protocol) const {
    const std::pair key{rule.settings.name, protocol};
    const auto changed = seen_.find(key);
    if (changed != seen_.end()) return changed->second == rule.fingerprint;
    const auto found = memory_.seen.find(key);
    return found != memory_.seen.end() && found->second == rule.fingerprint;
}

void Round::mark_seen(const Rule& rule, const std::string& protocol) {
    if (!has_seen(rule, protocol)) seen_[{rule.settings.name, protocol}] = rule.fingerprint;
}

void Round::forget_seen_of_removed_rules() {
    for (const auto& [key, fingerprint] : memory_.seen) {
        const bool is_there = rule_named(key.first) != nullptr &&
                              (key.second.empty() || protocol_named(key.second) != nullptr);
        if (!is_there) seen_[key] = "";
    }
}

BlockNumber Round::confirmed(const Rule& rule) const {
    if (!waits_for_chain(rule)) return facts_.block.number;
    const config::Depth depth = depth_of(rule, facts_.confirm);
    switch (depth.kind) {
        case config::Depth::Kind::finalized:
            return facts_.finalized;
        case config::Depth::Kind::safe:
            return facts_.safe;
        case config::Depth::Kind::blocks:
            break;
    }
    return facts_.block.number - std::min(depth.blocks, facts_.block.number);
}

Tick Round::tick_for(const Rule& rule, Verdict verdict, const std::string& protocol,
                     Compose compose) const {
    Tick tick;
    tick.verdict = verdict;
    tick.block = facts_.block;
    const bool follows_wall_clock = rule.scope == Scope::source || rule.scope == Scope::endpoint;
    tick.at = follows_wall_clock ? facts_.now : facts_.block.time;
    tick.now = facts_.now;
    tick.confirmed = confirmed(rule);
    tick.is_first_look = !has_seen(rule, protocol);
    tick.compose = std::move(compose);
    return tick;
}

std::string Round::key_of(const Rule& rule, const std::string& protocol,
                          const std::string& subject) const {
    return alerts::alert_key(rule.settings.name, settings_.caip2, protocol, subject);
}

std::uint64_t Round::own_time(const Row& row) const {
    const bool is_source = row.about.protocol.empty() && is_standing(row.about.type);
    return is_source ? facts_.now : facts_.block.time;
}

void Round::visit(const Rule& rule, const Subject& about, const Tick& tick) {
    const RowKey key{rule.settings.name, about.alert_key};
    const Row* known = find(key);
    Row row;
    if (known != nullptr) row = *known;
    if (row.phase == Phase::inactive) {
        row.rule = rule.settings.name;
        row.about = about;
        row.fingerprint = rule.fingerprint;
    }
    std::vector<Message> messages;
    answer(row, tick, settings_.instance, messages);
    if (facts_.unmuted.contains(about.alert_key)) {
        Tick again = tick;
        again.is_unmuted = true;
        step(row, rule, again, messages);
    } else {
        step(row, rule, tick, messages);
    }
    send(row, messages);
    put(key, std::move(row));
}

void Round::visit_if_needed(const Rule& rule, const Subject& about, const Tick& tick) {
    const bool is_known = find({rule.settings.name, about.alert_key}) != nullptr;
    if (is_known || tick.verdict == Verdict::holds) visit(rule, about, tick);
}

void Round::withdraw_row(const RowKey& key) {
    Row row = *find(key);
    Tick tick;
    tick.verdict = Verdict::clear;
    tick.block = facts_.block;
    tick.at = own_time(row);
    tick.now = facts_.now;
    tick.compose = [](const Row& of, Word, const std::string&) {
        return withdrawn_payload(of.about);
    };
    std::vector<Message> messages;
    answer(row, tick, settings_.instance, messages);
    withdraw(row, tick, messages);
    send(row, messages);
    put(key, std::move(row));
}

void Round::withdraw_gone() {
    for (const RowKey& key : keys()) {
        const Row& row = *find(key);
        const Rule* rule = rule_named(row.rule);
        const bool has_protocol =
            row.about.protocol.empty() || protocol_named(row.about.protocol) != nullptr;
        const bool happens = is_event(row.about.type);
        const bool is_current =
            rule != nullptr && has_protocol && rule->fingerprint == row.fingerprint;
        if (is_current || (happens && has_protocol)) continue;
        const bool is_idle = row.phase == Phase::inactive && !row.owes_answer();
        if (!is_idle) withdraw_row(key);
    }
}

void Round::prune() {
    const BlockNumber tip = facts_.block.number;
    const BlockNumber final_block = std::max(facts_.finalized, tip > kDeepest ? tip - kDeepest : 0);
    for (const RowKey& key : keys()) {
        Row row = *find(key);
        const std::uint64_t time = own_time(row);
        std::erase_if(row.told, [&](const Told& told) {
            return !told.orphaned && told.support <= final_block;
        });
        if (row.phase == Phase::happened && row.told.empty() && row.decided.empty()) {
            row.phase = Phase::inactive;
        }
        std::erase_if(row.turns, [&](std::uint64_t turn) {
            return time > turn && time - turn >= kTurnWindow;
        });
        forget_numbers(row, final_block, tip, time);
        put(key, std::move(row));
    }
}

}  // namespace plimsoll::rules
