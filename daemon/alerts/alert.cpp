#include "daemon/alerts/alert.hpp"

#include "abi/hex.hpp"
#include "daemon/alerts/canonical.hpp"
#include "daemon/alerts/text.hpp"
#include "daemon/alerts/utc.hpp"

#include <algorithm>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxEntries = 20;  // of a list

/// A chain's own numbers are far below 2^53; one that is not cannot be said in JSON and is shown as
/// the largest that can, rather than losing the alert.
json integer(std::uint64_t value) {
    return std::min(value, static_cast<std::uint64_t>(kMaxInteger));
}

/// Cuts every list in the value to its first entries. The object around a list that was cut says in
/// `more` how many entries of its lists are missing.
void cut_lists(json& value) {
    if (value.is_array()) {
        for (json& entry : value) cut_lists(entry);
    }
    if (!value.is_object()) return;
    std::uint64_t missing = 0;
    for (json& member : value) {
        if (member.is_array() && member.size() > kMaxEntries) {
            missing += member.size() - kMaxEntries;
            member.erase(member.begin() + kMaxEntries, member.end());
        }
        cut_lists(member);
    }
    if (missing == 0) return;
    const auto known = value.find("more");  // the kind may have cut the list before
    if (known != value.end() && known->is_number_integer() && *known > 0) {
        missing += known->get<std::uint64_t>();
    }
    value["more"] = integer(missing);
}

/// The kind's own members. One without a canonical form is a mistake of ours; the alert goes out
/// without it and says so, because a message lost is worse.
json own_members(const json& extra) {
    json data = json::object();
    json omitted = json::array();
    if (!extra.is_object()) return {{"omitted", {"extra"}}};
    for (const auto& [name, value] : extra.items()) {
        const json one = {{name, value}};
        if (!canonical_json({{"data", one}})) {  // as deep as it will stand in the message
            omitted.push_back(cut_text(name, kMaxName));
            continue;
        }
        data.update(one);
    }
    cut_lists(data);
    if (!omitted.empty()) data["omitted"] = std::move(omitted);
    return data;
}

json labels_of(const std::map<std::string, std::string>& labels) {
    json out = json::object();
    for (const auto& [name, value] : labels) {
        if (canonical_json({{name, value}})) out[name] = value;
    }
    return out;
}

json data_of(const Alert& alert) {
    json data = own_members(alert.extra);
    if (!alert.labels.empty()) data["labels"] = labels_of(alert.labels);
    data["alert_key"] = alert.alert_key;
    data["block"] = {{"finality", alert.finality},
                     {"hash", to_hex(alert.block.hash)},
                     {"number", integer(alert.block.number)},
                     {"time", integer(alert.block.time)}};
    data["chain"] = alert.chain;
    data["episode"] = integer(alert.episode);
    data["protocol"] = alert.protocol;
    data["rule"] = alert.rule;
    data["seq"] = integer(alert.seq);
    data["severity"] = to_string(alert.severity);
    data["subject"] = alert.subject;
    data["text"] = cut_text(alert.text, kMaxText);
    data["title"] = cut_text(alert.title, kMaxTitle);
    return data;
}

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::info:
            return "info";
        case Severity::warning:
            return "warning";
        case Severity::critical:
            break;
    }
    return "critical";
}

std::optional<Severity> parse_severity(std::string_view text) {
    for (const Severity severity : {Severity::info, Severity::warning, Severity::critical}) {
        if (text == to_string(severity)) return severity;
    }
    return std::nullopt;
}

json amount(const U256& raw, unsigned decimals) {
    return {{"decimals", decimals}, {"raw", to_decimal(raw)}};
}

std::string body_of(const Alert& alert, std::string_view instance) {
    const json message = {
        {"data", data_of(alert)},
        {"id", message_id(instance, alert.alert_key, alert.episode, alert.seq)},
        {"source", std::string(instance)},
        {"timestamp", utc_time(alert.at)},
        {"type", alert.type},
        {"v", 1},
    };
    return canonical_json(message).value();  // every member was checked or made here
}

}  // namespace plimsoll::alerts
