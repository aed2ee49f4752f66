#include "daemon/alerts/read.hpp"

#include "daemon/alerts/canonical.hpp"
#include "daemon/alerts/utc.hpp"

#include <array>
#include <utility>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, State>, 6> kStates{{
    {"firing", State::firing},
    {"repeated", State::repeated},
    {"updated", State::updated},
    {"resolved", State::resolved},
    {"retracted", State::retracted},
    {"fired", State::fired},
}};

/// The member, or null.
const json& member(const json& object, std::string_view name) {
    static const json kNull;
    if (!object.is_object()) return kNull;
    const auto found = object.find(name);
    return found == object.end() ? kNull : *found;
}

void split_type(ReadAlert& alert) {
    alert.condition = alert.type;
    const std::size_t dot = alert.type.rfind('.');
    if (dot == std::string::npos) return;
    alert.state = state_of(std::string_view(alert.type).substr(dot + 1));
    if (alert.state != State::other) alert.condition.resize(dot);
}

void read_block(ReadAlert& alert) {
    const json& block = object_at(alert.data, "block");
    alert.block = integer_at(block, "number").value_or(0);
    alert.block_time = integer_at(block, "time").value_or(0);
    alert.block_hash = text_at(block, "hash");
    alert.finality = text_at(block, "finality");
}

}  // namespace

State state_of(std::string_view word) {
    for (const auto& [name, state] : kStates) {
        if (name == word) return state;
    }
    return State::other;
}

bool ReadAlert::is_over() const {
    if (state == State::resolved || state == State::retracted) return true;
    return state == State::updated && text_at(data, "state") == "resolved";
}

bool ReadAlert::goes_on() const {
    return state == State::retracted && text_at(data, "state") == "firing";
}

std::optional<json> parse_object(std::string_view text) {
    const auto bounded = [](int depth, json::parse_event_t, const json&) {
        return depth <= static_cast<int>(kMaxDepth);
    };
    json value = json::parse(text, bounded, false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

Expected<ReadAlert, ParseError> read_body(std::string_view body) {
    const auto message = parse_object(body);
    if (!message) return parse_error("the body is no JSON object");
    ReadAlert out;
    out.data = member(*message, "data");
    if (!out.data.is_object()) return parse_error("the body has no object 'data'");
    out.id = text_at(*message, "id");
    out.type = text_at(*message, "type");
    out.source = text_at(*message, "source");
    out.alert_key = text_at(out.data, "alert_key");
    const auto at = parse_utc_time(text_at(*message, "timestamp"));
    const auto severity = parse_severity(text_at(out.data, "severity"));
    if (out.id.empty() || out.type.empty() || out.alert_key.empty() || !at || !severity) {
        return parse_error("the body lacks one of id, type, timestamp, alert_key, severity");
    }
    out.at = *at;
    out.severity = *severity;
    split_type(out);
    out.rule = text_at(out.data, "rule");
    out.chain = text_at(out.data, "chain");
    out.protocol = text_at(out.data, "protocol");
    out.subject = text_at(out.data, "subject");
    out.title = text_at(out.data, "title");
    out.text = text_at(out.data, "text");
    out.reason = text_at(out.data, "reason");
    out.episode = integer_at(out.data, "episode").value_or(0);
    for (const auto& [name, value] : object_at(out.data, "labels").items()) {
        if (value.is_string()) out.labels[name] = value.get<std::string>();
    }
    read_block(out);
    return out;
}

std::optional<Amount> amount_at(const json& object, std::string_view name) {
    constexpr std::uint64_t kMostDecimals = 255;
    const json& value = member(object, name);
    const auto raw = parse_decimal(text_at(value, "raw"));
    const auto decimals = integer_at(value, "decimals");
    if (!raw || !decimals || *decimals > kMostDecimals) return std::nullopt;
    return Amount{*raw, static_cast<unsigned>(*decimals)};
}

std::string text_at(const json& object, std::string_view name) {
    const json& value = member(object, name);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<std::uint64_t> integer_at(const json& object, std::string_view name) {
    const json& value = member(object, name);
    if (!value.is_number_unsigned()) return std::nullopt;
    return value.get<std::uint64_t>();
}

const json& object_at(const json& object, std::string_view name) {
    static const json kEmpty = json::object();
    const json& value = member(object, name);
    return value.is_object() ? value : kEmpty;
}

const json& list_at(const json& object, std::string_view name) {
    static const json kEmpty = json::array();
    const json& value = member(object, name);
    return value.is_array() ? value : kEmpty;
}

}  // namespace plimsoll::alerts
