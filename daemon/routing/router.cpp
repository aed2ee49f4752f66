#include "daemon/routing/router.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::routing {
namespace {

std::map<std::string, SinkTraits> sink_traits(const config::Settings& settings) {
    std::map<std::string, SinkTraits> out;
    for (const config::SinkSettings& sink : settings.sinks) {
        SinkTraits& one = out[sink.name];
        one.is_chat = sink.kind == "slack" || sink.kind == "discord" || sink.kind == "telegram";
        one.group_by = sink.group_by;
        one.group_wait_ms = sink.group_wait.count();
        one.group_interval_ms = sink.group_interval.count();
    }
    return out;
}

bool is_open(const store::RuleStateRow& row) {
    return !row.erased && (row.state == "firing" || row.state == "resolving");
}

}  // namespace

Plan::Plan(std::map<std::string, SinkTraits> sinks, std::vector<config::InhibitSettings> inhibits)
    : sinks_(std::move(sinks)), inhibits_(std::move(inhibits)) {}

std::vector<store::MuteRow> Plan::load(std::span<const store::StoredAlert> open,
                                       std::span<const store::MuteRow> mutes) {
    board_.clear();
    muted_.clear();
    for (const store::StoredAlert& alert : open) {
        if (auto traits = traits_of(alert.body, alert.chain)) {
            board_.insert_or_assign(alert.alert_key, std::move(*traits));
        }
    }
    std::vector<store::MuteRow> gone;
    for (store::MuteRow row : mutes) {
        if (board_.contains(row.alert_key) && sinks_.contains(row.sink)) {
            muted_[row.alert_key][row.sink] = row.by;
        } else {
            row.erased = true;
            gone.push_back(std::move(row));
        }
    }
    return gone;
}

void Plan::route(store::RoundCommit& round, std::span<const Silence> silences, std::int64_t now) {
    std::vector<Traits> traits;
    for (const store::NewAlert& alert : round.alerts) {
        auto one = traits_of(alert.body, alert.chain);
        traits.push_back(one ? std::move(*one) : Traits{});
    }
    follow(round, traits);
    if (!round.alerts.empty()) {
        const Mutes mutes(inhibits_, board_, silences, now);
        for (std::size_t i = 0; i < round.alerts.size(); ++i) {
            // Bytes that cannot be read are told to everybody, rather than to nobody.
            if (traits[i].alert.id.empty()) continue;
            route_one(round.alerts[i], traits[i], mutes, round.mutes);
        }
    }
    for (const store::RuleStateRow& row : round.rule_states) {
        if (!is_open(row)) forget(row.subject, round.mutes);
    }
}

/// What fires after the round.
void Plan::follow(const store::RoundCommit& round, const std::vector<Traits>& traits) {
    std::map<std::string_view, bool> states;
    for (const store::RuleStateRow& row : round.rule_states) {
        states[row.subject] = is_open(row);
        if (!is_open(row)) board_.erase(row.subject);
    }
    for (const Traits& one : traits) {
        const auto state = states.find(one.alert.alert_key);
        if (state == states.end() || !state->second ||
            one.alert.state == alerts::State::retracted) {
            continue;
        }
        board_.insert_or_assign(one.alert.alert_key, one);
    }
}

void Plan::route_one(store::NewAlert& alert, const Traits& traits, const Mutes& mutes,
                     std::vector<store::MuteRow>& changes) {
    const std::string& key = alert.alert_key;
    const bool is_unmuted = traits.alert.reason == "unmuted";
    std::vector<store::Destination> told;
    for (const store::Destination& destination : alert.sinks) {
        const std::string& sink = destination.sink;
        if (destination.keeps_all) {
            told.push_back(destination);
            continue;
        }
        const auto muted = muted_.find(key);
        const bool was_muted = muted != muted_.end() && muted->second.contains(sink);
        if (is_unmuted && !was_muted) continue;
        const std::string by = mutes.muted_by(traits, is_chat(sink));
        if (!by.empty()) {
            if (alert.muted_by.empty()) alert.muted_by = by;
            if (!board_.contains(key)) continue;  // an event: nothing to come back to
            muted_[key][sink] = by;
            changes.push_back({key, sink, by, false});
            continue;
        }
        if (was_muted && !traits.alert.is_over()) {
            muted->second.erase(sink);
            if (muted->second.empty()) muted_.erase(muted);
            changes.push_back({key, sink, {}, true});
        }
        const auto known = sinks_.find(sink);
        told.push_back(known == sinks_.end() ? destination
                                             : grouped(destination, known->second, traits));
    }
    alert.sinks = std::move(told);
}

std::set<std::string> Plan::unmuted(std::span<const Silence> silences, std::int64_t now) const {
    std::set<std::string> out;
    if (muted_.empty()) return out;
    const Mutes mutes(inhibits_, board_, silences, now);
    for (const auto& [key, sinks] : muted_) {
        const auto alert = board_.find(key);
        if (alert == board_.end()) continue;
        for (const auto& [sink, by] : sinks) {
            if (mutes.muted_by(alert->second, is_chat(sink)).empty()) out.insert(key);
        }
    }
    return out;
}

bool Plan::is_chat(const std::string& sink) const {
    const auto found = sinks_.find(sink);
    return found != sinks_.end() && found->second.is_chat;
}

void Plan::forget(const std::string& key, std::vector<store::MuteRow>& changes) {
    const auto found = muted_.find(key);
    if (found == muted_.end()) return;
    for (const auto& [sink, by] : found->second) changes.push_back({key, sink, {}, true});
    muted_.erase(found);
}

Router::Router(store::Store& store, const config::Settings& settings)
    : store_(store), plan_(sink_traits(settings), settings.inhibits) {}

Expected<void, store::StoreError> Router::load() {
    const std::lock_guard lock(mutex_);
    const auto open = store_.open_alerts();
    if (!open) return Unexpected<store::StoreError>{open.error()};
    const auto mutes = store_.mutes();
    if (!mutes) return Unexpected<store::StoreError>{mutes.error()};
    store::RoundCommit round;
    round.mutes = plan_.load(*open, *mutes);
    return round.mutes.empty() ? Expected<void, store::StoreError>{} : store_.commit(round);
}

void Router::route(store::RoundCommit& round) {
    const std::lock_guard lock(mutex_);
    plan_.route(round, round.alerts.empty() ? silences_ : silences(), round.now_ms / 1000);
}

std::set<std::string> Router::unmuted(std::int64_t now) {
    const std::lock_guard lock(mutex_);
    if (!plan_.has_mutes()) return {};
    return plan_.unmuted(silences(), now);
}

/// Read anew each time: operators add them while rounds go on. Where the store does not answer
/// those of before hold; the round will not be stored either.
const std::vector<Silence>& Router::silences() {
    const auto rows = store_.silences();
    if (!rows) return silences_;
    silences_.clear();
    for (const store::SilenceRow& row : *rows) {
        if (auto silence = from_row(row)) {
            silences_.push_back(std::move(*silence));
        } else {
            spdlog::warn("silence {} is left out: {}", row.id, silence.error().message);
        }
    }
    return silences_;
}

}  // namespace plimsoll::routing
