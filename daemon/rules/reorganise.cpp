#include "daemon/rules/reorganise.hpp"

#include "abi/hex.hpp"
#include "daemon/rules/compose.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace plimsoll::rules {

namespace {

using nlohmann::json;

/// The newest first.
std::set<std::uint64_t, std::greater<>> episodes_owed(const Row& row) {
    std::set<std::uint64_t, std::greater<>> out;
    for (const Told& told : row.told) {
        if (told.orphaned) out.insert(told.episode);
    }
    return out;
}

/// The orphaned messages of an episode, newest first.
std::vector<Told> owed(const Row& row, std::uint64_t episode) {
    std::vector<Told> out;
    std::copy_if(row.told.rbegin(), row.told.rend(), std::back_inserter(out),
                 [&](const Told& told) { return told.orphaned && told.episode == episode; });
    return out;
}

bool is_opening(const Told& told) { return told.word == Word::firing; }

/// Whether the episode's first message is on a block that is still there. One that is no longer
/// remembered is final.
bool opening_stands(const Row& row, std::uint64_t episode) {
    return row.about.is_standing ||
           std::none_of(row.told.begin(), row.told.end(), [&](const Told& told) {
               return told.episode == episode && is_opening(told) && told.orphaned;
           });
}

/// Says `updated` for all orphaned messages of the episode, and that the tip supports them now.
void confirm_all(Row& row, std::uint64_t episode, const std::string& state, const Tick& tick,
                 const std::string& instance, std::vector<Message>& out) {
    Message message;
    message.finality = "latest";
    message.episode = episode;
    message.state = state;
    const Word shown = state == "resolved" ? Word::resolved : Word::updated;
    message.what = {Word::updated, "reorg", tick.block, tick.at, tick.compose(row, shown, "reorg"),
                    tick.mark};
    message.is_flapping = row.is_flapping;
    for (Told& told : row.told) {
        if (!told.orphaned || told.episode != episode) continue;
        message.answers.push_back(
            alerts::message_id(instance, row.about.alert_key, told.episode, told.seq));
        told.orphaned = false;
        told.support = tick.block.number;
    }
    if (state != "resolved") row.mark = tick.mark;
    tell(row, std::move(message), tick.now, out);
}

void retract_all(Row& row, const std::vector<Told>& messages, bool goes_on, const Tick& tick,
                 const std::string& instance, std::vector<Message>& out) {
    for (const Told& told : messages) retract(row, told, goes_on, tick, instance, out);
}

void answer_open(Row& row, const Tick& tick, const std::string& instance,
                 std::vector<Message>& out) {
    const bool stands = opening_stands(row, row.episode);
    const bool holds = tick.verdict == Verdict::holds || (stands && tick.verdict == Verdict::grey);
    if (holds || row.about.is_standing) {
        confirm_all(row, row.episode, "firing", tick, instance, out);
        return;
    }
    retract_all(row, owed(row, row.episode), stands, tick, instance, out);
    if (!stands) {
        row.enter(Phase::inactive, tick.block, tick.at);
        row.decided.clear();
        row.is_initial = false;
        row.is_flapping = false;
    }
}

void reopen(Row& row, const Told& resolved, const Tick& tick, const std::string& instance,
            std::vector<Message>& out) {
    const std::uint64_t episode = resolved.episode;
    retract(row, resolved, true, tick, instance, out);
    row.decided.clear();
    row.episode = episode;
    row.enter(Phase::firing, tick.block, tick.at);
    confirm_all(row, episode, "firing", tick, instance, out);
}

void answer_closed(Row& row, std::uint64_t episode, bool is_newest, const Tick& tick,
                   const std::string& instance, std::vector<Message>& out) {
    const std::vector<Told> messages = owed(row, episode);
    const bool stands = opening_stands(row, episode);
    const bool holds = tick.verdict == Verdict::holds || (stands && tick.verdict == Verdict::grey);
    const auto resolved = std::find_if(messages.begin(), messages.end(), [](const Told& told) {
        return told.word == Word::resolved;
    });
    if (holds && is_newest && !row.is_open() && resolved != messages.end() &&
        !row.about.is_standing) {
        reopen(row, *resolved, tick, instance, out);
    } else if (stands) {
        confirm_all(row, episode, "resolved", tick, instance, out);
    } else {
        retract_all(row, messages, false, tick, instance, out);
    }
}

std::string text_of(const json& data, const char* name) {
    const auto found = data.find(name);
    return found != data.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Stray> stray_of(const store::StoredAlert& alert, const json& body) {
    const auto dot = alert.type.rfind('.');
    const auto word = parse_word(std::string_view(alert.type).substr(dot + 1));
    if (dot == std::string::npos || !word || *word == Word::retracted) return std::nullopt;
    const json data = body.value("data", json::object());
    Stray stray;
    stray.told = {alert.episode,    alert.seq,   *word, alert.block,
                  alert.block_hash, alert.block, true};
    stray.ends =
        *word == Word::resolved || (*word == Word::updated && text_of(data, "state") == "resolved");
    stray.rule = text_of(data, "rule");
    stray.about.type = alert.type.substr(0, dot);
    stray.about.protocol = text_of(data, "protocol");
    stray.about.subject = text_of(data, "subject");
    stray.about.alert_key = alert.alert_key;
    stray.about.phrase = text_of(data, "title");
    stray.about.is_standing = is_standing(stray.about.type);
    stray.severity =
        alerts::parse_severity(text_of(data, "severity")).value_or(alerts::Severity::warning);
    if (const auto labels = data.find("labels"); labels != data.end() && labels->is_object()) {
        for (const auto& [name, value] : labels->items()) {
            if (value.is_string()) stray.about.labels[name] = value.get<std::string>();
        }
    }
    return stray;
}

}  // namespace

void orphan(Row& row, BlockNumber ancestor) {
    for (Told& told : row.told) told.orphaned = told.orphaned || told.support > ancestor;
    std::erase_if(row.decided, [&](const Decided& one) { return one.block.number > ancestor; });
    if (row.since_block <= ancestor) return;
    if (row.phase == Phase::pending) row.phase = Phase::inactive;
    if (row.phase == Phase::resolving) row.phase = Phase::firing;
}

void retract(Row& row, const Told& told, bool goes_on, const Tick& tick,
             const std::string& instance, std::vector<Message>& out) {
    const Told gone = told;
    Message message;
    message.finality = "latest";
    message.episode = gone.episode;
    message.retracts = alerts::message_id(instance, row.about.alert_key, gone.episode, gone.seq);
    message.orphaned.number = gone.number;
    message.orphaned.hash = gone.hash;
    message.what = {
        Word::retracted, "reorg", tick.block, tick.at, retraction(row.about, gone, goes_on), {}};
    if (goes_on) message.state = "firing";
    std::erase_if(row.told, [&](const Told& one) {
        return one.episode == gone.episode && one.seq == gone.seq;
    });
    row.taken_back.insert({gone.episode, gone.seq});
    tell(row, std::move(message), tick.now, out);
}

void answer(Row& row, const Tick& tick, const std::string& instance, std::vector<Message>& out) {
    if (tick.verdict == Verdict::unknown) return;
    std::vector<Message> answers;
    bool is_newest = true;
    for (const std::uint64_t episode : episodes_owed(row)) {
        if (row.is_open() && row.episode == episode) {
            answer_open(row, tick, instance, answers);
        } else {
            answer_closed(row, episode, is_newest, tick, instance, answers);
        }
        is_newest = false;
    }
    // What is taken back comes first, then what stands, the newest episode last: the last message
    // of a key says how things are.
    const auto is_retraction = [](const Message& one) { return !one.retracts.empty(); };
    const auto standing = std::stable_partition(answers.begin(), answers.end(), is_retraction);
    std::reverse(standing, answers.end());
    std::move(answers.begin(), answers.end(), std::back_inserter(out));
}

std::vector<Stray> strays(std::span<const store::StoredAlert> alerts,
                          const std::set<Bytes32>& orphaned) {
    std::set<std::string> taken_back;
    std::vector<std::pair<std::string, Stray>> found;
    for (const store::StoredAlert& alert : alerts) {
        const json body = json::parse(alert.body, nullptr, false);
        if (!body.is_object() || !body.contains("data") || !body["data"].is_object()) continue;
        if (const std::string id = text_of(body["data"], "retracts"); !id.empty()) {
            taken_back.insert(id);
        }
        if (!orphaned.contains(alert.block_hash)) continue;
        if (auto stray = stray_of(alert, body)) found.emplace_back(alert.id, std::move(*stray));
    }
    std::vector<Stray> out;
    for (auto& [id, stray] : found) {
        if (!taken_back.contains(id)) out.push_back(std::move(stray));
    }
    return out;
}

void adopt(Row& row, const Stray& stray) {
    const std::pair place{stray.told.episode, stray.told.seq};
    const bool is_known = row.taken_back.contains(place) ||
                          std::any_of(row.told.begin(), row.told.end(), [&](const Told& told) {
                              return std::pair{told.episode, told.seq} == place;
                          });
    if (is_known) return;
    const auto at = std::upper_bound(
        row.told.begin(), row.told.end(), stray.told, [](const Told& a, const Told& b) {
            return std::pair{a.episode, a.seq} < std::pair{b.episode, b.seq};
        });
    row.told.insert(at, stray.told);
    std::uint64_t& last = row.seqs[stray.told.episode];
    last = std::max(last, stray.told.seq);
}

}  // namespace plimsoll::rules
