#include "abi/hex.hpp"
#include "daemon/alerts/utc.hpp"
#include "daemon/rules/compose.hpp"
#include "daemon/rules/text.hpp"
#include "protocols/common/shares.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using alerts::amount;
using nlohmann::json;
using protocols::AccountAction;
using protocols::AccountEvent;
using protocols::ParameterChange;
using protocols::ParameterValue;
using protocols::PositionHealth;

std::string_view did(AccountAction action) {
    switch (action) {
        case AccountAction::deposit:
            return "deposited";
        case AccountAction::withdraw:
            return "withdrew";
        case AccountAction::borrow:
            return "borrowed";
        case AccountAction::repay:
            return "repaid";
        case AccountAction::receive:
            return "received a deposit of";
        case AccountAction::send:
            break;
    }
    return "sent a deposit of";
}

/// Who else took part, for a sentence that began with `did`.
std::string other_text(AccountAction action, const std::string& other) {
    switch (action) {
        case AccountAction::deposit:
        case AccountAction::repay:
            return ", paid by " + other;
        case AccountAction::withdraw:
        case AccountAction::send:
            return " to " + other;
        case AccountAction::borrow:
            return ", which went to " + other;
        case AccountAction::receive:
            break;
    }
    return " from " + other;
}

std::string place_text(const BlockRef& block, const Bytes32& tx, std::uint32_t log_index) {
    return "Block " + std::to_string(block.number) + " (" + alerts::utc_time(block.time) +
           "), transaction " + to_hex(tx) + ", log " + std::to_string(log_index) + ".";
}

json tx_json(const Bytes32& tx, std::uint32_t log_index) {
    return {{"hash", to_hex(tx)}, {"log_index", log_index}};
}

std::string named(const Subject& about) {
    const auto label = about.labels.find("watch");
    return label == about.labels.end() ? about.subject
                                       : about.subject + " (" + name_text(label->second) + ")";
}

// ---- parameters

/// A value for people: a share as a percentage.
std::string value_text(const std::optional<unsigned>& share_decimals, const std::string& value) {
    return share_decimals ? alerts::percent_text(value, *share_decimals) : value;
}

std::string value_text(const ParameterValue& value) {
    std::string name = value.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    std::string out = name + " ";
    if (!value.from.empty()) out += value_text(value.share_decimals, value.from) + " -> ";
    return out + value_text(value.share_decimals, value.to);
}

std::string values_text(const ParameterChange& change) {
    std::string out;
    for (const ParameterValue& value : change.values) {
        out += (out.empty() ? "" : ", ") + value_text(value);
    }
    return out;
}

json values_json(const ParameterChange& change) {
    json out = json::array();
    for (const ParameterValue& value : change.values) {
        json one{{"parameter", value.name}, {"to", value.to}};
        if (!value.from.empty()) one["from"] = value.from;
        if (value.share_decimals) one["decimals"] = *value.share_decimals;
        out.push_back(std::move(one));
    }
    return out;
}

json health_or_null(const PositionHealth& health) {
    return health.health_factor ? amount(health.health_factor->raw(), 18) : json(nullptr);
}

json effect_json(const Scene& scene, const Effect& effect) {
    json list = json::array();
    for (const Endangered& one : effect.largest) {
        json entry{{"account", scene.address_text(one.now.key.account)},
                   {"collateral_usd", amount(one.now.collateral.raw(), 8)},
                   {"debt_usd", amount(one.now.debt.raw(), 8)}};
        if (one.now.health_factor) entry["health_factor"] = health_or_null(one.now);
        if (one.before.health_factor) entry["health_factor_before"] = health_or_null(one.before);
        list.push_back(std::move(entry));
    }
    json out{{"positions", effect.positions},
             {"debt_usd", amount(effect.debt.raw(), 8)},
             {"collateral_usd", amount(effect.collateral.raw(), 8)},
             {"block", scene.facts.block.number}};
    if (effect.positions > list.size()) out["more"] = effect.positions - list.size();
    out["accounts"] = std::move(list);
    return out;
}

std::string effect_text(const Scene& scene, const Effect& effect) {
    if (effect.positions == 0) return "No position becomes liquidatable by it.\n";
    const PositionHealth& largest = effect.largest.front().now;
    const bool is_one = effect.positions == 1;
    return count_text(effect.positions, "position") + (is_one ? " becomes" : " become") +
           " liquidatable by it: debt " + usd_text(effect.debt) + ", collateral " +
           usd_text(effect.collateral) + " at block " + std::to_string(scene.facts.block.number) +
           ". The largest is " + scene.address_text(largest.key.account) + ", which owes " +
           usd_text(largest.debt) + ".\n";
}

}  // namespace

std::string activity_phrase(const AccountEvent& event, const std::string& protocol) {
    return "watched account " + std::string(did(event.action)) + " " + name_text(event.asset) +
           " on " + protocol;
}

Payload activity_payload(const Scene& scene, const AccountEvent& event) {
    Payload out;
    json& extra = out.extra;
    const std::string asset = name_text(event.asset);
    const bool is_known = protocols::has_amount(event);
    const std::string what =
        std::string(did(event.action)) + " " +
        (is_known ? amount_text(event.amount.raw(), event.decimals) + " " + asset : asset);
    extra["tx"] = tx_json(event.tx, event.log_index);
    extra["action"] = to_string(event.action);
    extra["asset"] = asset;
    extra["token"] = scene.address_text(event.token);
    if (is_known) extra["amount"] = amount(event.amount.raw(), event.decimals);
    if (event.shares) extra["shares"] = to_decimal(*event.shares);
    out.text = named(scene.row.about) + " " + what;
    if (!is_known) {
        out.text += " (" + to_decimal(*event.shares) +
                    " shares of its market; what they were worth could not be read)";
    }
    const auto usd = is_known && event.price
                         ? protocols::usd_value(event.amount, event.decimals, *event.price)
                         : std::nullopt;
    if (usd) {
        extra["amount_usd"] = amount(usd->raw(), 8);
        out.text += " (" + usd_text(*usd) + ")";
    }
    if (!event.other.is_zero()) {
        extra["other"] = scene.address_text(event.other);
        out.text += other_text(event.action, scene.address_text(event.other));
    }
    out.text += ".\n" + place_text(event.block, event.tx, event.log_index);
    const auto label = scene.row.about.labels.find("watch");
    const std::string who = label == scene.row.about.labels.end()
                                ? short_account(scene.row.about.subject)
                                : name_text(label->second);
    out.title = titled(scene.word, who + " " + what + " on " + scene.row.about.protocol);
    return out;
}

std::string parameters_phrase(const ParameterChange& change, const std::string& protocol) {
    return "configuration of " + name_text(change.subject) + " on " + protocol + " changed";
}

std::optional<Effect> effect_of(const ProtocolFacts& protocol, const ParameterChange& change) {
    if (!protocol.known() || !protocol.healths_without) return std::nullopt;
    const std::vector<PositionHealth> without = protocol.healths_without(change);
    if (without.size() != protocol.healths.size() || change.before == nullptr) return std::nullopt;
    Effect out;
    for (std::size_t i = 0; i < without.size(); ++i) {
        const PositionHealth& now = protocol.healths[i];
        if (without[i].key != now.key) return std::nullopt;
        if (!now.liquidatable || !without[i].computable || without[i].liquidatable) continue;
        ++out.positions;
        protocols::add(out.debt, now.debt);
        protocols::add(out.collateral, now.collateral);
        out.largest.push_back({without[i], now});
    }
    std::stable_sort(
        out.largest.begin(), out.largest.end(),
        [](const Endangered& a, const Endangered& b) { return a.now.debt > b.now.debt; });
    if (out.largest.size() > kMostListed) out.largest.resize(kMostListed);
    return out;
}

Payload parameters_payload(const Scene& scene, const ParameterChange& change,
                           const std::optional<Effect>& effect) {
    Payload out;
    out.extra["tx"] = tx_json(change.tx, change.log_index);
    out.extra["changes"] = values_json(change);
    if (!change.token.is_zero()) {
        out.extra["asset"] = name_text(change.subject);
        out.extra["token"] = scene.address_text(change.token);
    }
    const std::string subject = name_text(change.subject);
    out.text = subject + " on " + scene.row.about.protocol + ": " + values_text(change) + ".\n";
    if (effect) {
        out.extra["endangered"] = effect_json(scene, *effect);
        out.text += effect_text(scene, *effect);
    } else if (change.before != nullptr) {
        out.text += "Which positions become liquidatable by it is not known.\n";
    }
    out.text += place_text(change.block, change.tx, change.log_index);
    std::string title = subject + " on " + scene.row.about.protocol + ": " + values_text(change);
    if (effect && effect->positions != 0) {
        title = count_text(effect->positions, "position") + " endangered by " + title;
    }
    out.title = titled(scene.word, title);
    return out;
}

}  // namespace plimsoll::rules
