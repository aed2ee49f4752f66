#include "daemon/rules/machine.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::rules {

namespace {

/// Time may stand still between two blocks, and goes back after a reorganisation.
std::uint64_t elapsed(std::uint64_t from, std::uint64_t to) { return to > from ? to - from : 0; }

bool has_lasted(std::uint64_t seconds, config::Milliseconds limit) {
    const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(limit.count(), 0));
    return seconds >= milliseconds / 1000 + (milliseconds % 1000 != 0 ? 1 : 0);
}

void decide(Row& row, const Tick& tick, Word word, const std::string& reason, std::uint64_t at) {
    row.decided.push_back(
        {word, reason, tick.block, at, tick.compose(row, word, reason), tick.mark});
}

bool awaits(const Row& row, Word word) {
    return std::any_of(row.decided.begin(), row.decided.end(),
                       [&](const Decided& one) { return one.word == word; });
}

void forget_old_turns(Row& row, std::uint64_t at) {
    std::erase_if(row.turns, [&](std::uint64_t turn) { return elapsed(turn, at) >= kTurnWindow; });
}

/// What the last message says, told or about to be.
const Mark& last_mark(const Row& row) {
    return row.decided.empty() ? row.mark : row.decided.back().mark;
}

void close(Row& row, const BlockRef& block, std::uint64_t at) {
    row.enter(Phase::inactive, block, at);
    row.decided.clear();
    row.is_initial = false;
    row.is_flapping = false;
}

/// Tells what is confirmed by now, and moves on with it.
void tell_decided(Row& row, const Rule& rule, const Tick& tick, std::vector<Message>& out) {
    while (!row.decided.empty() && row.decided.front().block.number <= tick.confirmed) {
        const Decided what = row.decided.front();
        row.decided.erase(row.decided.begin());
        const bool is_turn = what.word == Word::firing || what.word == Word::resolved;
        if (is_turn) {
            forget_old_turns(row, what.at);
            row.turns.push_back(what.at);
        }
        if (what.word == Word::firing) {
            row.enter(Phase::firing, what.block, what.at);
            row.is_flapping = row.turns.size() > kTurnsAllowed;
            row.sinks.clear();
        }
        row.mark = what.mark;
        row.severity = rule.severity;
        Message message;
        message.episode = row.episode;
        message.what = what;
        message.is_flapping = row.is_flapping && what.word != Word::resolved;
        tell(row, std::move(message), tick.now, out);
        if (what.word == Word::resolved) {
            close(row, what.block, what.at);
            return;
        }
    }
}

void open(Row& row, const Tick& tick) {
    row.enter(Phase::pending, tick.block, tick.at);
    row.episode = tick.block.number;
    row.opened = tick.at;
    row.is_initial = row.is_initial || tick.is_first_look;
}

void step_pending(Row& row, const Rule& rule, const Tick& tick) {
    // What has held for `for` and only waits for its block to be confirmed ends as what fires does.
    const bool is_decided = !row.decided.empty();
    if (tick.verdict != Verdict::holds && !(is_decided && tick.verdict == Verdict::grey)) {
        close(row, tick.block, tick.at);
        return;
    }
    if (!is_decided && has_lasted(elapsed(row.since, tick.at), rule.settings.hold_for)) {
        decide(row, tick, Word::firing, row.is_initial ? "initial" : "", tick.at);
    }
}

/// `clear` holds, or the position is gone.
void step_clearing(Row& row, const Rule& rule, const Tick& tick) {
    if (row.phase == Phase::firing) {
        row.enter(Phase::resolving, tick.block, tick.at);
    }
    if (awaits(row, Word::resolved)) {
        return;
    }
    const bool is_gone = tick.verdict == Verdict::gone;
    const std::uint64_t still = elapsed(row.since, tick.at);
    if (!is_gone &&
        (!has_lasted(still, rule.settings.keep) || (row.is_flapping && still < kStill))) {
        return;
    }
    forget_old_turns(row, tick.at);
    if (!is_gone && !row.is_flapping && row.turns.size() + 1 > kTurnsAllowed) {
        row.is_flapping = true;
        decide(row, tick, Word::updated, "flapping", tick.at);
        return;
    }
    decide(row, tick, Word::resolved, is_gone ? tick.gone_reason : "", tick.at);
}

void step_holding(Row& row, const Rule& rule, const Tick& tick) {
    if (row.phase == Phase::resolving) {
        row.enter(Phase::firing, tick.block, tick.at);
        std::erase_if(row.decided, [](const Decided& one) { return one.word == Word::resolved; });
    }
    if (row.is_flapping && elapsed(row.since, tick.at) >= kStill) {
        row.is_flapping = false;
    }
    if (row.severity != rule.severity && !awaits(row, Word::updated)) {
        decide(row, tick, Word::updated, "severity", tick.at);
    } else if (has_worsened(rule, last_mark(row), tick.mark)) {
        decide(row, tick, Word::updated, "", tick.at);
    } else if (tick.is_unmuted && row.decided.empty()) {
        decide(row, tick, Word::repeated, "unmuted", tick.now);
    } else if (rule.settings.repeat.count() > 0 && row.decided.empty() &&
               has_lasted(elapsed(row.last_told, tick.now), rule.settings.repeat)) {
        decide(row, tick, Word::repeated, "", tick.now);
    }
}

}  // namespace

void tell(Row& row, Message message, std::uint64_t now, std::vector<Message>& out) {
    message.seq = ++row.seqs[message.episode];
    row.last_told = now;
    if (message.retracts.empty() && !message.archives_only) {
        row.told.push_back({message.episode, message.seq, message.what.word,
                            message.what.block.number, message.what.block.hash,
                            message.what.block.number, false});
    }
    out.push_back(std::move(message));
}

void step(Row& row, const Rule& rule, const Tick& tick, std::vector<Message>& out) {
    if (tick.verdict == Verdict::unknown) {
        return;
    }
    if (row.phase == Phase::inactive && tick.verdict == Verdict::holds) {
        open(row, tick);
    }
    if (row.phase == Phase::pending) {
        step_pending(row, rule, tick);
    } else if (row.is_open()) {
        const bool is_clear = tick.verdict == Verdict::clear || tick.verdict == Verdict::gone;
        if (is_clear) {
            step_clearing(row, rule, tick);
        } else {
            step_holding(row, rule, tick);
        }
    }
    tell_decided(row, rule, tick, out);
}

void withdraw(Row& row, const Tick& tick, std::vector<Message>& out) {
    if (row.is_open()) {
        Message message;
        message.episode = row.episode;
        message.finality = "latest";
        message.what = {Word::resolved,
                        "rule_changed",
                        tick.block,
                        tick.at,
                        tick.compose(row, Word::resolved, "rule_changed"),
                        row.mark};
        tell(row, std::move(message), tick.now, out);
    }
    if (row.phase != Phase::happened) {
        close(row, tick.block, tick.at);
    }
}

}  // namespace plimsoll::rules
