#include "daemon/rules/history.hpp"

#include <nlohmann/json.hpp>

#include <exception>

namespace plimsoll::rules {

namespace {

using nlohmann::json;

json to_json(const Sighting& seen) {
    return json::array({to_decimal(seen.value), seen.number, seen.time});
}

Sighting sighting_from(const json& from) {
    const auto value = parse_decimal(from.at(0).get<std::string>());
    return {value ? *value : U256(0), from.at(1).get<BlockNumber>(), from.at(2).get<BlockTime>()};
}

store::RuleStateRow row_of(const std::string& chain, const HistoryKey& key,
                           const std::string& part) {
    store::RuleStateRow out;
    out.rule = key.rule;
    out.subject = "@" + chain + "/" + key.protocol + "/" + part;
    out.state = kHistoryState;
    out.erased = true;
    return out;
}

void fill(store::RuleStateRow& row, json value, const std::string& chain, const HistoryKey& key,
          const std::string& fingerprint) {
    value["chain"] = chain;
    value["protocol"] = key.protocol;
    value["fingerprint"] = fingerprint;
    row.value = value.dump(-1, ' ', false, json::error_handler_t::replace);
    row.erased = false;
}

/// Calls `use` with the index of every part that is not the same in both, and what it is now, null
/// where it is gone.
template <class Parts, class Use>
void for_each_difference(const Parts& before, const Parts& now, bool is_other, const Use& use) {
    for (const auto& [index, part] : before) {
        if (!now.contains(index)) use(index, nullptr);
    }
    for (const auto& [index, part] : now) {
        const auto known = before.find(index);
        if (is_other || known == before.end() || known->second != part) use(index, part.get());
    }
}

}  // namespace

std::vector<store::RuleStateRow> HistoryRows::difference(const std::string& chain,
                                                         const HistoryKey& key,
                                                         const History& before,
                                                         const History& now) {
    std::vector<store::RuleStateRow> out;
    const bool is_other = before.fingerprint_ != now.fingerprint_;
    for_each_difference(before.samples_, now.samples_, is_other,
                        [&](BlockNumber number, const History::Sample* sample) {
                            out.push_back(row_of(chain, key, std::to_string(number)));
                            if (sample == nullptr) return;
                            json value{{"number", number}, {"time", sample->time}};
                            json& values = value["values"] = json::object();
                            for (const auto& [name, one] : sample->values) {
                                values[name] = to_decimal(one);
                            }
                            fill(out.back(), std::move(value), chain, key, now.fingerprint_);
                        });
    for_each_difference(before.steps_, now.steps_, is_other,
                        [&](std::uint64_t index, const History::Spans* spans) {
                            out.push_back(row_of(chain, key, "w" + std::to_string(index)));
                            if (spans == nullptr) return;
                            json value{{"step", index}};
                            json& all = value["spans"] = json::object();
                            for (const auto& [name, span] : *spans) {
                                all[name] = json::array({to_json(span.low), to_json(span.high)});
                            }
                            fill(out.back(), std::move(value), chain, key, now.fingerprint_);
                        });
    return out;
}

bool HistoryRows::load(const store::RuleStateRow& row, const std::string& chain,
                       std::map<HistoryKey, History>& histories) {
    if (row.state != kHistoryState) return false;
    const json value = json::parse(row.value, nullptr, false);
    try {
        if (value.at("chain") != chain) return true;
        const HistoryKey key{row.rule, value.at("protocol").get<std::string>()};
        const auto fingerprint = value.at("fingerprint").get<std::string>();
        History& history = histories.try_emplace(key, fingerprint).first->second;
        if (value.contains("step")) {
            History::Spans spans;
            for (const auto& [name, span] : value.at("spans").items()) {
                spans[name] = {sighting_from(span.at(0)), sighting_from(span.at(1))};
            }
            history.steps_[value["step"].get<std::uint64_t>()] =
                std::make_shared<const History::Spans>(std::move(spans));
            return true;
        }
        History::Sample sample;
        sample.time = value.at("time").get<BlockTime>();
        for (const auto& [name, text] : value.at("values").items()) {
            const auto parsed = parse_decimal(text.get<std::string>());
            if (parsed) sample.values[name] = *parsed;
        }
        history.samples_[value.at("number").get<BlockNumber>()] =
            std::make_shared<const History::Sample>(std::move(sample));
    } catch (const json::exception&) {
        return true;  // not readable: the history is shorter
    }
    return true;
}

}  // namespace plimsoll::rules
