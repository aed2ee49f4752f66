#include "daemon/rules/row.hpp"

#include "abi/hex.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::rules {

namespace {

using nlohmann::json;

constexpr std::array kPhases{std::pair{Phase::inactive, std::string_view("inactive")},
                             std::pair{Phase::pending, std::string_view("pending")},
                             std::pair{Phase::firing, std::string_view("firing")},
                             std::pair{Phase::resolving, std::string_view("resolving")},
                             std::pair{Phase::happened, std::string_view("happened")}};
constexpr std::array kWords{std::pair{Word::firing, std::string_view("firing")},
                            std::pair{Word::repeated, std::string_view("repeated")},
                            std::pair{Word::updated, std::string_view("updated")},
                            std::pair{Word::resolved, std::string_view("resolved")},
                            std::pair{Word::retracted, std::string_view("retracted")},
                            std::pair{Word::fired, std::string_view("fired")}};

// Reading throws on anything unexpected; `decode` is where that ends.
struct NotOurs {};

template <class T>
T need(const Expected<T, ParseError>& parsed) {
    if (!parsed) throw NotOurs{};
    return *parsed;
}

template <class T>
T need(const std::optional<T>& value) {
    if (!value) throw NotOurs{};
    return *value;
}

std::string text(const json& from, const char* name) { return from.at(name).get<std::string>(); }
std::uint64_t number(const json& from, const char* name) {
    return from.at(name).get<std::uint64_t>();
}

json to_json(const Mark& mark) {
    json out{{"debt", to_decimal(mark.debt.raw())}};
    if (mark.health_factor) out["health_factor"] = to_decimal(mark.health_factor->raw());
    if (mark.exposure) out["exposure"] = to_decimal(mark.exposure->raw());
    if (mark.gap_blocks) out["gap_blocks"] = *mark.gap_blocks;
    if (mark.place) out["place"] = static_cast<int>(*mark.place);
    if (mark.value) out["value"] = to_decimal(*mark.value);
    return out;
}

Mark mark_from(const json& from) {
    Mark mark;
    mark.debt = Usd8::from_raw(need(parse_decimal(text(from, "debt"))));
    if (from.contains("health_factor")) {
        mark.health_factor = Wad::from_raw(need(parse_decimal(text(from, "health_factor"))));
    }
    if (from.contains("exposure")) {
        mark.exposure = Usd8::from_raw(need(parse_decimal(text(from, "exposure"))));
    }
    if (from.contains("value")) mark.value = need(parse_decimal(text(from, "value")));
    if (from.contains("gap_blocks")) mark.gap_blocks = number(from, "gap_blocks");
    if (from.contains("place")) {
        const std::uint64_t place = number(from, "place");
        if (place > static_cast<std::uint64_t>(bands::Place::below)) throw NotOurs{};
        mark.place = static_cast<bands::Place>(place);
    }
    return mark;
}

json to_json(const Decided& decided) {
    return {{"word", to_string(decided.word)}, {"reason", decided.reason},
            {"number", decided.block.number},  {"hash", to_hex(decided.block.hash)},
            {"time", decided.block.time},      {"at", decided.at},
            {"title", decided.payload.title},  {"text", decided.payload.text},
            {"extra", decided.payload.extra},  {"mark", to_json(decided.mark)}};
}

Decided decided_from(const json& from) {
    Decided out;
    out.word = need(parse_word(text(from, "word")));
    out.reason = text(from, "reason");
    out.block.number = number(from, "number");
    out.block.hash = need(parse_bytes32(text(from, "hash")));
    out.block.time = number(from, "time");
    out.at = number(from, "at");
    out.payload = {text(from, "title"), text(from, "text"), from.at("extra")};
    out.mark = mark_from(from.at("mark"));
    return out;
}

json to_json(const Told& told) {
    return {{"episode", told.episode},  {"seq", told.seq},           {"word", to_string(told.word)},
            {"number", told.number},    {"hash", to_hex(told.hash)}, {"support", told.support},
            {"orphaned", told.orphaned}};
}

Told told_from(const json& from) {
    return {number(from, "episode"),
            number(from, "seq"),
            need(parse_word(text(from, "word"))),
            number(from, "number"),
            need(parse_bytes32(text(from, "hash"))),
            number(from, "support"),
            from.at("orphaned").get<bool>()};
}

json to_json(const Subject& about) {
    json out{{"type", about.type},           {"protocol", about.protocol},
             {"subject", about.subject},     {"phrase", about.phrase},
             {"labels", about.labels},       {"interval", about.interval},
             {"standing", about.is_standing}};
    if (about.position) {
        out["account"] = to_lower_hex(about.position->account);
        out["market"] = to_hex(about.position->market);
    }
    return out;
}

Subject subject_from(const json& from, const std::string& alert_key) {
    Subject out;
    out.type = text(from, "type");
    out.protocol = text(from, "protocol");
    out.subject = text(from, "subject");
    out.alert_key = alert_key;
    out.phrase = text(from, "phrase");
    out.labels = from.at("labels").get<std::map<std::string, std::string>>();
    out.interval = text(from, "interval");
    out.is_standing = from.at("standing").get<bool>();
    if (from.contains("account")) {
        out.position = protocols::PositionKey{need(parse_address(text(from, "account"))),
                                              need(parse_bytes32(text(from, "market")))};
    }
    return out;
}

template <class List>
json list_to_json(const List& list) {
    json out = json::array();
    for (const auto& entry : list) out.push_back(to_json(entry));
    return out;
}

json pairs_to_json(const auto& pairs) {
    json out = json::array();
    for (const auto& [first, second] : pairs) out.push_back(json::array({first, second}));
    return out;
}

std::pair<std::uint64_t, std::uint64_t> pair_from(const json& from) {
    return {from.at(0).get<std::uint64_t>(), from.at(1).get<std::uint64_t>()};
}

const json& list(const json& from, const char* name) {
    const json& out = from.at(name);
    if (!out.is_array()) throw NotOurs{};
    return out;
}

json value_of(const Row& row, const std::string& chain) {
    return {{"chain", chain},
            {"fingerprint", row.fingerprint},
            {"about", to_json(row.about)},
            {"opened", row.opened},
            {"initial", row.is_initial},
            {"flapping", row.is_flapping},
            {"last_told", row.last_told},
            {"keep_until", row.keep_until},
            {"severity", alerts::to_string(row.severity)},
            {"mark", to_json(row.mark)},
            {"sinks", row.sinks},
            {"decided", list_to_json(row.decided)},
            {"told", list_to_json(row.told)},
            {"seqs", pairs_to_json(row.seqs)},
            {"taken_back", pairs_to_json(row.taken_back)},
            {"turns", row.turns}};
}

void read_value(Row& row, const json& value, const std::string& alert_key) {
    row.fingerprint = text(value, "fingerprint");
    row.about = subject_from(value.at("about"), alert_key);
    row.opened = number(value, "opened");
    row.is_initial = value.at("initial").get<bool>();
    row.is_flapping = value.at("flapping").get<bool>();
    row.last_told = number(value, "last_told");
    row.keep_until = number(value, "keep_until");
    row.severity = need(alerts::parse_severity(text(value, "severity")));
    row.mark = mark_from(value.at("mark"));
    row.sinks = value.at("sinks").get<std::set<std::string>>();
    for (const json& entry : list(value, "decided")) row.decided.push_back(decided_from(entry));
    for (const json& entry : list(value, "told")) row.told.push_back(told_from(entry));
    for (const json& entry : list(value, "seqs")) row.seqs.insert(pair_from(entry));
    for (const json& entry : list(value, "taken_back")) row.taken_back.insert(pair_from(entry));
    row.turns = value.at("turns").get<std::vector<std::uint64_t>>();
}

/// The value as an object of this chain, or discarded.
json value_for(const store::RuleStateRow& stored, const std::string& chain) {
    json value = json::parse(stored.value, nullptr, false);
    const bool ours = value.is_object() && value.contains("chain") && value["chain"] == chain;
    return ours ? value : json(json::value_t::discarded);
}

template <class Enum, std::size_t N>
std::string_view name_of(const std::array<std::pair<Enum, std::string_view>, N>& table,
                         Enum value) {
    for (const auto& [known, name] : table) {
        if (known == value) return name;
    }
    return {};
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const std::array<std::pair<Enum, std::string_view>, N>& table,
                             std::string_view text) {
    for (const auto& [value, name] : table) {
        if (name == text) return value;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Phase phase) { return name_of(kPhases, phase); }
std::string_view to_string(Word word) { return name_of(kWords, word); }
std::optional<Word> parse_word(std::string_view text) { return value_of(kWords, text); }

bool Row::owes_answer() const {
    return std::any_of(told.begin(), told.end(), [](const Told& one) { return one.orphaned; });
}

bool Row::is_blank() const {
    return phase == Phase::inactive && decided.empty() && told.empty() && seqs.empty() &&
           taken_back.empty() && turns.empty();
}

void Row::enter(Phase next, const BlockRef& block, std::uint64_t at) {
    phase = next;
    since = at;
    since_block = block.number;
    since_hash = block.hash;
}

store::RuleStateRow encode(const Row& row, const std::string& chain) {
    store::RuleStateRow out;
    out.rule = row.rule;
    out.subject = row.about.alert_key;
    out.erased = row.is_blank();
    if (out.erased) return out;
    out.state = to_string(row.phase);
    out.since = row.since;
    out.since_block = row.since_block;
    out.since_hash = row.since_hash;
    out.episode = row.episode;
    const auto seq = row.seqs.find(row.episode);
    out.last_seq = seq == row.seqs.end() ? 0 : seq->second;
    out.value = value_of(row, chain).dump(-1, ' ', false, json::error_handler_t::replace);
    return out;
}

std::optional<Row> decode(const store::RuleStateRow& stored, const std::string& chain) {
    const auto phase = value_of(kPhases, stored.state);
    const json value = value_for(stored, chain);
    if (!phase || value.is_discarded()) return std::nullopt;
    Row row;
    row.rule = stored.rule;
    row.phase = *phase;
    row.since = stored.since;
    row.since_block = stored.since_block;
    row.since_hash = stored.since_hash;
    row.episode = stored.episode;
    try {
        read_value(row, value, stored.subject);
    } catch (const json::exception&) {
        return std::nullopt;
    } catch (const NotOurs&) {
        return std::nullopt;
    }
    return row;
}

store::RuleStateRow encode_seen(const std::string& rule, const std::string& chain,
                                const std::string& protocol, const std::string& fingerprint) {
    store::RuleStateRow out;
    out.rule = rule;
    out.subject = "@" + chain + "/" + protocol;
    out.state = kSeenState;
    out.value = json{{"chain", chain}, {"protocol", protocol}, {"fingerprint", fingerprint}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
    return out;
}

std::optional<Seen> decode_seen(const store::RuleStateRow& stored, const std::string& chain) {
    const json value = value_for(stored, chain);
    if (stored.state != kSeenState || value.is_discarded() || !value.contains("protocol") ||
        !value.contains("fingerprint")) {
        return std::nullopt;
    }
    const json& protocol = value["protocol"];
    const json& fingerprint = value["fingerprint"];
    if (!protocol.is_string() || !fingerprint.is_string()) return std::nullopt;
    return Seen{protocol.get<std::string>(), fingerprint.get<std::string>()};
}

}  // namespace plimsoll::rules
