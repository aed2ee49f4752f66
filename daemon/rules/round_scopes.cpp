#include "abi/hex.hpp"
#include "daemon/rules/compose.hpp"
#include "daemon/rules/round.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using bands::BandReport;
using protocols::PositionHealth;
using protocols::PositionKey;

Observation observe(const PositionHealth& health) {
    Observation seen;
    seen.health_factor = health.health_factor;
    seen.liquidatable = health.liquidatable;
    seen.debt = health.debt;
    return seen;
}

Verdict judge_position(const Rule& rule, const PositionHealth& health) {
    if (!health.computable) return Verdict::unknown;
    if (!health.health_factor) return Verdict::gone;
    return judge(rule.settings, observe(health));
}

Verdict judge_band(const Rule& rule, const BandReport& band) {
    if (!band.price) return Verdict::unknown;
    Observation seen;
    seen.exposure = band.collateral_usd;
    seen.distance = band.distance;
    seen.debt = band.debt_usd;
    return judge(rule.settings, seen);
}

Mark mark_of(const PositionHealth& health) {
    Mark mark;
    mark.debt = health.debt;
    mark.health_factor = health.health_factor;
    return mark;
}

Mark mark_of(const BandReport& band) {
    Mark mark;
    mark.debt = band.debt_usd;
    mark.exposure = band.collateral_usd;
    mark.place = band.place;
    return mark;
}

/// A part of an alert key, escaped as the parts that `alert_key` makes.
std::string key_part(const std::string& text) {
    return alerts::alert_key("", "", "", text).substr(3);
}

std::string interval_of(const BandReport& band) {
    return band.collateral + " " + to_decimal(band.low.raw()) + " " + to_decimal(band.high.raw());
}

GoneReason reason_for(const ProtocolFacts& protocol, const std::optional<PositionKey>& key) {
    const auto found =
        std::find_if(protocol.gone.begin(), protocol.gone.end(),
                     [&](const GonePosition& gone) { return key && gone.key == *key; });
    return found == protocol.gone.end() ? GoneReason::closed : found->reason;
}

}  // namespace

Scene Round::scene(const ProtocolFacts* protocol, const Row& row, Word word,
                   const std::string& reason) const {
    return {facts_, protocol, settings_.address_text, settings_.target_health_factor, row,
            word,   reason};
}

Subject Round::position_subject(const Rule& rule, const ProtocolFacts& protocol,
                                const PositionKey& key) const {
    Subject about;
    about.type = rule.type;
    about.protocol = protocol.name;
    about.subject = settings_.address_text(key.account);
    about.alert_key = key_of(rule, protocol.name, about.subject);
    about.phrase = position_phrase(rule.type, protocol.name);
    about.position = key;
    if (!key.market.is_zero()) {
        about.alert_key += "/" + to_hex_digits(key.market.bytes);
        about.labels["market"] = to_hex(key.market);
    }
    if (const auto label = rule.labels.find(key.account); label != rule.labels.end()) {
        about.labels["watch"] = label->second;
    }
    return about;
}

void Round::look_at_position(const Rule& rule, const ProtocolFacts& protocol,
                             const PositionHealth& health) {
    Tick tick = tick_for(rule, judge_position(rule, health), protocol.name,
                         [&](const Row& row, Word word, const std::string& reason) {
                             return position_payload(scene(&protocol, row, word, reason), &health);
                         });
    tick.gone_reason = to_string(reason_for(protocol, health.key));
    tick.mark = mark_of(health);
    visit(rule, position_subject(rule, protocol, health.key), tick);
}

void Round::look_at_gone(const Rule& rule, const ProtocolFacts& protocol, const Row& row) {
    Tick tick = tick_for(rule, Verdict::gone, protocol.name,
                         [&](const Row& of, Word word, const std::string& reason) {
                             return position_payload(scene(&protocol, of, word, reason), nullptr);
                         });
    tick.gone_reason = to_string(reason_for(protocol, row.about.position));
    const Subject about = row.about;
    visit(rule, about, tick);
}

void Round::look_at_positions(const Rule& rule, const ProtocolFacts& protocol) {
    std::map<PositionKey, RowKey> remembered;
    std::map<std::string, RowKey> nameless;  // rows whose account is known only by its text
    for (const RowKey& key : keys_of(rule.settings.name, protocol.name)) {
        const Row& row = *find(key);
        if (row.about.position) {
            remembered.emplace(*row.about.position, key);
        } else {
            nameless.emplace(key.second, key);
        }
    }
    for (const PositionHealth& health : protocol.healths) {
        const bool is_remembered = remembered.erase(health.key) != 0;
        const bool is_nameless =
            !nameless.empty() &&
            nameless.erase(position_subject(rule, protocol, health.key).alert_key) != 0;
        if (is_remembered || is_nameless || may_hold(rule, health)) {
            look_at_position(rule, protocol, health);
        }
    }
    for (const auto& [position, key] : remembered) look_at_gone(rule, protocol, *find(key));
    for (const auto& [text, key] : nameless) look_at_gone(rule, protocol, *find(key));
    mark_seen(rule, protocol.name);
}

void Round::look_at_bands(const Rule& rule, const ProtocolFacts& protocol) {
    std::set<RowKey> left;
    for (RowKey& key : keys_of(rule.settings.name, protocol.name)) left.insert(std::move(key));
    for (const BandReport& band : protocol.bands) {
        if (!rule.covers_band(band.band)) continue;
        Subject about;
        about.type = rule.type;
        about.protocol = protocol.name;
        about.subject = band.collateral;
        about.alert_key = key_of(rule, protocol.name, band.collateral);
        if (rule.settings.bands.size() != 1) about.alert_key += "/" + key_part(band.band);
        about.phrase = band_phrase(rule.type, band, protocol.name);
        about.labels["band"] = band.band;
        about.interval = interval_of(band);
        const RowKey key{rule.settings.name, about.alert_key};
        left.erase(key);
        const Row* known = find(key);
        if (known != nullptr && known->phase != Phase::inactive && !known->about.interval.empty() &&
            known->about.interval != about.interval) {
            withdraw_row(key);
        }
        Tick tick = tick_for(rule, judge_band(rule, band), protocol.name,
                             [&](const Row& row, Word word, const std::string& reason) {
                                 return band_payload(scene(&protocol, row, word, reason), band);
                             });
        tick.mark = mark_of(band);
        visit(rule, about, tick);
    }
    for (const RowKey& key : left) {
        const Row& row = *find(key);
        if (row.phase != Phase::inactive || row.owes_answer()) withdraw_row(key);
    }
    mark_seen(rule, protocol.name);
}

void Round::look_at_source(const Rule& rule) {
    Subject about;
    about.type = rule.type;
    about.subject = settings_.chain;
    about.alert_key = key_of(rule, "", settings_.chain);
    about.phrase = source_phrase(rule.type, settings_.chain);
    about.is_standing = true;
    Observation seen;
    seen.source_stale = facts_.source.stale;
    seen.gap_blocks = facts_.source.gap_blocks;
    seen.endpoints_disagree = !facts_.source.disagreement.empty();
    Tick tick = tick_for(rule, judge(rule.settings, seen), "",
                         [&](const Row& row, Word word, const std::string& reason) {
                             return source_payload(scene(nullptr, row, word, reason));
                         });
    tick.mark.gap_blocks = facts_.source.gap_blocks;
    visit(rule, about, tick);
    mark_seen(rule, "");
}

void Round::look_at_protocol(const Rule& rule, const ProtocolFacts& protocol) {
    Subject about;
    about.type = rule.type;
    about.protocol = protocol.name;
    about.subject = protocol.name;
    about.alert_key = key_of(rule, protocol.name, protocol.name);
    about.phrase = unverified_phrase(protocol.name);
    about.is_standing = true;
    Observation seen;
    if (!protocol.verified || protocol.read) seen.unverified = !protocol.verified;
    const Tick tick = tick_for(rule, judge(rule.settings, seen), protocol.name,
                               [&](const Row& row, Word word, const std::string& reason) {
                                   return unverified_payload(scene(&protocol, row, word, reason));
                               });
    visit(rule, about, tick);
    if (seen.unverified) mark_seen(rule, protocol.name);
}

}  // namespace plimsoll::rules
