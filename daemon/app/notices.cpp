#include "daemon/app/notices.hpp"

#include "daemon/alerts/notices.hpp"
#include "daemon/app/destinations.hpp"
#include "daemon/app/stored_form.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace plimsoll::app {
namespace {

using store::SinkState;

/// Those that are given up in one go are told of together.
constexpr std::int64_t kLettersEveryMs = 10'000;
constexpr std::uint64_t kMostClockOff = 60;  // seconds
constexpr std::int64_t kSinksEveryMs = 1'000;
constexpr std::int64_t kDownForMs = 10LL * 60 * 1000;

std::uint64_t seconds_of(std::int64_t wall_ms) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms, 0) / 1000);
}

SinkState state_of(const std::vector<SinkState>& all, const std::string& sink) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const SinkState& one) { return one.sink == sink; });
    if (found != all.end()) return *found;
    SinkState out;
    out.sink = sink;
    return out;
}

std::vector<alerts::LostMessage> lost_messages(const store::DeadLetters& letters) {
    std::vector<alerts::LostMessage> out;
    for (const store::OutboxRow& row : letters.first) {
        out.push_back({row.id, row.type, row.alert_key, row.dead_reason,
                       static_cast<std::uint64_t>(std::max<std::int64_t>(row.finished_ms, 0))});
    }
    return out;
}

}  // namespace

SinkNews look_at_sink(const outbox::SinkStatus& sink, const SinkState& before,
                      std::int64_t now_ms) {
    using State = outbox::Circuit::State;
    SinkNews out{before, std::nullopt};
    SinkState& state = out.state;
    const bool is_gone = sink.circuit == State::disabled;
    state.circuit_open = sink.circuit != State::closed;
    state.disabled_why = !is_gone ? "" : sink.last_error.empty() ? "gone" : sink.last_error;
    if (is_gone && !before.disabled_why.empty()) state.disabled_why = before.disabled_why;
    const std::uint64_t now = seconds_of(now_ms);
    // One that asks for patience again and again keeps its circuit closed, and takes nothing.
    const std::int64_t nothing_for_ms = sink.took_nothing_for.count();
    const bool is_deaf = nothing_for_ms > (before.told_episode != 0 ? 0 : kDownForMs);
    if (!state.circuit_open && !is_deaf) {
        // One that is tried again, after a restart or by hand, works when it took something.
        const std::uint64_t began = std::min(before.told_episode, now);  // the clock may go back
        const bool has_worked = sink.last_ok_ms > 0 && seconds_of(sink.last_ok_ms) >= began;
        if (before.told_episode != 0 && !has_worked) return out;
        if (before.told_episode != 0) {
            out.alert = alerts::sink_works(sink.name, before.told_episode, now);
        }
        state.down_since_ms = 0;
        state.told_episode = 0;
        return out;
    }
    if (state.down_since_ms == 0) {
        state.down_since_ms = now_ms - std::max(sink.open_for.count(), nothing_for_ms);
    }
    const bool is_long = now_ms - state.down_since_ms > kDownForMs;
    if (before.told_episode == 0 && (is_long || is_gone)) {
        state.told_episode = std::max<std::uint64_t>(seconds_of(state.down_since_ms), 1);
        out.alert = alerts::sink_down(sink.name, sink.last_error, is_gone, state.told_episode, now);
    }
    return out;
}

void Notices::restore(std::span<const SinkState> states) {
    for (const SinkState& state : states) {
        if (state.disabled_why.empty() || !parts_.outbox.disable(state.sink)) continue;
        spdlog::warn("sink {} said that it is gone ({}); `plimsoll sink enable {}` uses it again",
                     state.sink, state.disabled_why, state.sink);
    }
}

void Notices::look(std::int64_t now_ms) {
    // Times to come are those of a clock that was set back.
    if (now_ms >= next_sinks_ms_ || next_sinks_ms_ > now_ms + kSinksEveryMs) {
        next_sinks_ms_ = now_ms + kSinksEveryMs;
        look_at_sinks(now_ms);
    }
    if (now_ms >= next_letters_ms_ || next_letters_ms_ > now_ms + kLettersEveryMs) {
        next_letters_ms_ = now_ms + kLettersEveryMs;
        look_at_dead_letters(now_ms);
    }
    beat(now_ms);
}

store::NewAlert Notices::form(const alerts::Alert& alert, const std::string& but_not_to) const {
    std::vector<store::Destination> sinks = destinations(parts_.settings);
    std::erase_if(sinks, [&](const store::Destination& one) { return one.sink == but_not_to; });
    return stored_form(alert, parts_.settings.daemon.instance, parts_.sign, std::move(sinks));
}

void Notices::look_at_dead_letters(std::int64_t now_ms) {
    const auto found = parts_.store.dead_letters();
    if (!found || found->empty()) return;
    for (const store::DeadLetters& letters : *found) {
        store::RoundCommit round;
        round.now_ms = now_ms;
        const auto lost = lost_messages(letters);
        round.alerts.push_back(
            form(alerts::dead_letters(letters.sink, letters.reasons, lost, seconds_of(now_ms)),
                 letters.sink));
        parts_.route(round);
        if (const auto told = parts_.store.announce(round, {&letters, 1}); !told) {
            spdlog::error("messages that sink {} did not take cannot be told of yet: {}",
                          letters.sink, told.error().message);
            continue;
        }
        parts_.outbox.wake();
    }
}

void Notices::look_at_sinks(std::int64_t now_ms) {
    const auto before = parts_.store.sink_states();
    if (!before) return;
    for (const outbox::SinkStatus& sink : parts_.outbox.circuits()) {
        const SinkState state = state_of(*before, sink.name);
        SinkNews news = look_at_sink(sink, state, now_ms);
        if (news.state == state) continue;
        if (news.state.circuit_open && !state.circuit_open) hint_at_clock(sink);
        store::RoundCommit round;
        round.now_ms = now_ms;
        round.sink_states.push_back(news.state);
        if (news.alert) {
            round.alerts.push_back(form(*news.alert, sink.name));
            parts_.route(round);
        }
        if (const auto stored = parts_.store.commit(round); stored) parts_.outbox.wake();
    }
}

/// Receivers refuse a signature whose time is minutes off.
void Notices::hint_at_clock(const outbox::SinkStatus& sink) const {
    const std::uint64_t off = parts_.clock_off();
    if (off <= kMostClockOff || sink.last_error.find("HTTP 401") == std::string::npos) return;
    spdlog::warn(
        "sink {}: it answers 401, and this machine's clock is {} s off the newest block: "
        "signatures carry the time, so check the clock",
        sink.name, off);
}

void Notices::beat(std::int64_t now_ms) {
    const config::HeartbeatSettings& heartbeat = parts_.settings.heartbeat;
    if (heartbeat.to.empty()) return;
    const std::int64_t next = last_beat_ms_ + heartbeat.every.count();
    if (last_beat_ms_ != 0 && now_ms < next && now_ms >= last_beat_ms_) return;
    store::RoundCommit round;
    round.now_ms = now_ms;
    store::NewAlert alert = form(alerts::heartbeat(seconds_of(now_ms), parts_.firing()), {});
    std::erase_if(alert.sinks, [&](const store::Destination& one) {
        return std::find(heartbeat.to.begin(), heartbeat.to.end(), one.sink) == heartbeat.to.end();
    });
    round.alerts.push_back(std::move(alert));
    const auto stored = parts_.store.commit(round);
    const bool is_known = !stored && stored.error().kind == store::StoreFault::misuse;
    if (!stored && !is_known) return;
    last_beat_ms_ = now_ms;
    parts_.outbox.wake();
}

}  // namespace plimsoll::app
