#include "daemon/rules/compose.hpp"

#include "abi/hex.hpp"
#include "daemon/alerts/text.hpp"
#include "daemon/alerts/utc.hpp"
#include "daemon/rules/text.hpp"
#include "protocols/common/reverted.hpp"
#include "protocols/common/shares.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using alerts::amount;
using nlohmann::json;

constexpr std::size_t kMaxReason = 300;  // code points

std::string capitalised(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return text;
}

json one_difference(const protocols::AuditDifference& difference,
                    const std::function<std::string(const Address&)>& address_text) {
    return {{"account", address_text(difference.key.account)},
            {"field", difference.field},
            {"ours", difference.ours},
            {"contract", difference.contract}};
}

json token_amount(const TokenAmount& raw, unsigned decimals) { return amount(raw.raw(), decimals); }

/// Adds `<name>_usd` where the asset has a price, and says the value for the text.
std::string price_into(json& extra, const std::string& name, const TokenAmount& raw,
                       unsigned decimals, const std::optional<protocols::AssetPrice>& price) {
    const auto usd = price ? protocols::usd_value(raw, decimals, *price) : std::nullopt;
    if (!usd) return {};
    extra[name + "_usd"] = amount(usd->raw(), 8);
    return " (" + usd_text(*usd) + ")";
}

std::size_t count_up(const SourceFacts& source) {
    return static_cast<std::size_t>(
        std::count_if(source.endpoints.begin(), source.endpoints.end(),
                      [](const EndpointFacts& one) { return one.up.value_or(false); }));
}

/// The endpoints one by one, and the same in words.
std::string add_endpoints(json& extra, const SourceFacts& source) {
    json list = json::array();
    const std::size_t up = count_up(source);
    std::string text = up == 0 ? "None of the endpoints can be used; nothing new is known.\n"
                               : std::to_string(up) + " of " +
                                     count_text(source.endpoints.size(), "endpoint") +
                                     (up == 1 ? " is" : " are") + " usable.\n";
    for (const EndpointFacts& one : source.endpoints) {
        json entry{{"endpoint", one.alias}, {"state", one.state}};
        const std::string error = alerts::cut_text(one.last_error, kMaxReason);
        if (!error.empty()) entry["error"] = error;
        list.push_back(std::move(entry));
        text += one.alias + ": " + one.state + (error.empty() ? "" : ", " + error) + ".\n";
    }
    extra["endpoints_up"] = up;
    extra["endpoints"] = source.endpoints.size();
    extra["endpoint_list"] = std::move(list);
    return text;
}

}  // namespace

std::string titled(Word word, const std::string& title) {
    switch (word) {
        case Word::repeated:
            return "Still: " + title;
        case Word::updated:
            return "Update: " + title;
        case Word::resolved:
            return "Resolved: " + title;
        case Word::retracted:
            return "Retracted: " + title;
        case Word::firing:
        case Word::fired:
            break;
    }
    return capitalised(title);
}

void add_provenance(Payload& out, const Scene& scene) {
    const Row& row = scene.row;
    out.extra["since"] = row.opened;
    out.text += "Since block " + std::to_string(row.episode) + " (" + alerts::utc_time(row.opened) +
                "). Seen at block " + std::to_string(scene.facts.block.number) + ".";
    if (scene.protocol != nullptr && !scene.protocol->coverage.empty()) {
        out.extra["coverage"] = scene.protocol->coverage;
        out.text += " Coverage " + scene.protocol->coverage + ".";
    }
    if (row.is_initial && scene.word == Word::firing) {
        out.text += " It held already when the rule first looked.";
    }
}

std::string source_phrase(const std::string& type, const std::string& chain) {
    if (type == "source.down") return "no endpoint of " + chain + " answers";
    return type == "source.stale" ? "no new block from " + chain
                                  : "blocks of " + chain + " are not read yet";
}

std::string unverified_phrase(const std::string& protocol) {
    return "numbers of " + protocol + " are not verified";
}

std::string event_phrase(const std::string& protocol) { return "liquidation on " + protocol; }

Payload source_payload(const Scene& scene) {
    const SourceFacts& source = scene.facts.source;
    const bool is_gap = scene.row.about.type == "daemon.gap";
    const bool is_down = scene.row.about.type == "source.down";
    Payload out;
    out.extra["age_seconds"] = source.age_seconds;
    out.extra["gap_blocks"] = source.gap_blocks;
    out.extra["stale"] = source.stale;
    if (!source.endpoint.empty()) out.extra["endpoint"] = source.endpoint;
    out.title = titled(scene.word, scene.row.about.phrase);
    if (is_down) {
        out.text = add_endpoints(out.extra, source);
    } else if (is_gap) {
        out.text = count_text(source.gap_blocks, "block") + " of " + scene.row.about.subject +
                   " are still to be read; what happened in them is not known yet.\n";
        if (source.is_below_base) {
            out.text +=
                "Blocks that counted as final left the chain, so everything is read anew.\n";
        }
    } else if (source.stale) {
        out.text = "The newest block of " + scene.row.about.subject + " is " +
                   count_text(source.age_seconds, "second") +
                   " old. Everything known is as of that block; timers stand still.\n";
    } else {
        out.text = "New blocks of " + scene.row.about.subject + " arrive again.\n";
    }
    if (!source.endpoint.empty()) out.text += "Endpoint " + source.endpoint + ". ";
    add_provenance(out, scene);
    return out;
}

Payload unverified_payload(const Scene& scene) {
    const ProtocolFacts& protocol = *scene.protocol;
    Payload out;
    out.title = titled(scene.word, scene.row.about.phrase);
    json list = json::array();
    for (const auto& difference : protocol.differences) {
        list.push_back(one_difference(difference, scene.address_text));
    }
    if (!list.empty()) out.extra["differences"] = std::move(list);
    if (protocol.verified) {
        out.text = "Our numbers of " + protocol.name + " agree with the contract again.\n";
    } else {
        out.text = alerts::cut_text(protocol.unverified_reason, kMaxReason) + ".\n";
        for (std::size_t i = 0; i < std::min<std::size_t>(protocol.differences.size(), 5); ++i) {
            const auto& one = protocol.differences[i];
            out.text += scene.address_text(one.key.account) + " " + one.field + ": ours " +
                        one.ours + ", contract " + one.contract + ".\n";
        }
        out.text += "Positions of the protocol raise no alerts until they agree.\n";
    }
    if (!protocol.unverified_reason.empty()) {
        out.extra["unverified_reason"] = protocol.unverified_reason;
    }
    add_provenance(out, scene);
    return out;
}

std::string coverage_phrase(const std::string& protocol) {
    return "debt of " + protocol + " is not fully known";
}

Payload coverage_payload(const Scene& scene) {
    const ProtocolFacts& protocol = *scene.protocol;
    Payload out;
    out.title = titled(scene.word, scene.row.about.phrase);
    if (!protocol.coverage.empty()) out.extra["coverage"] = protocol.coverage;
    out.extra["metric"] = "coverage";
    out.text = "Known debt is " + protocol.coverage + " of all the debt of " + protocol.name +
               (scene.word == Word::resolved ? " again.\n"
                                             : "; positions that are not known raise no alerts.\n");
    add_provenance(out, scene);
    return out;
}

std::string endpoint_phrase(const std::string& type, const std::string& endpoint,
                            const std::string& chain) {
    return "endpoint " + endpoint + " of " + chain +
           (type == "source.degraded" ? " is down" : " contradicts the others");
}

Payload endpoint_payload(const Scene& scene, const EndpointFacts& endpoint) {
    Payload out;
    out.title = titled(scene.word, scene.row.about.phrase);
    out.extra["endpoint"] = endpoint.alias;
    out.extra["endpoint_state"] = endpoint.state;
    const SourceFacts& source = scene.facts.source;
    const std::size_t up = count_up(source);
    out.extra["endpoints_up"] = up;
    out.extra["endpoints"] = source.endpoints.size();
    const bool is_about_down = scene.row.about.type == "source.degraded";
    const std::string why =
        alerts::cut_text(is_about_down ? endpoint.last_error : endpoint.disagreement, kMaxReason);
    if (!why.empty()) out.extra["error"] = why;
    out.text = "Endpoint " + endpoint.alias + ": " + endpoint.state +
               (why.empty() || scene.word == Word::resolved ? "" : ", " + why) + ".\n" +
               std::to_string(up) + " of " + count_text(source.endpoints.size(), "endpoint") +
               " of the chain " + (up == 1 ? "is" : "are") + " usable.\n";
    add_provenance(out, scene);
    return out;
}

/// What was taken from the account, and for the text its worth. Shares of a market whose worth in
/// the asset could not be read are told as such, not as an amount of the asset.
struct SeizedText {
    std::string amount;  ///< "1.5 WETH", or "WETH" where it is not known how much
    std::string worth;   ///< begins with a space; empty where it has no price
};
SeizedText tell_seized(json& extra, const protocols::Liquidation& event) {
    const std::string asset = name_text(event.collateral_asset);
    if (event.seized) {
        extra["seized_shares"] = to_decimal(event.seized->liquidator + event.seized->protocol);
    }
    if (!protocols::has_amounts(event)) {
        return {asset, " (" + to_decimal(event.seized->liquidator + event.seized->protocol) +
                           " shares of its market; what they were worth could not be read)"};
    }
    extra["collateral"] = token_amount(event.collateral, event.collateral_decimals);
    if (event.protocol_fee.raw() != 0) {
        extra["protocol_fee"] = token_amount(event.protocol_fee, event.collateral_decimals);
    }
    return {amount_text(event.collateral.raw(), event.collateral_decimals) + " " + asset,
            price_into(extra, "collateral", event.collateral, event.collateral_decimals,
                       event.collateral_price)};
}

Payload event_payload(const Scene& scene, const protocols::Liquidation& event) {
    Payload out;
    json& extra = out.extra;
    const std::string debt = name_text(event.debt_asset);
    extra["tx"] = {{"hash", to_hex(event.tx)}, {"log_index", event.log_index}};
    extra["liquidator"] = scene.address_text(event.liquidator);
    extra["collateral_asset"] = name_text(event.collateral_asset);
    extra["collateral_token"] = scene.address_text(event.collateral_token);
    const SeizedText seized = tell_seized(extra, event);
    extra["debt_asset"] = debt;
    extra["debt_token"] = scene.address_text(event.debt_token);
    extra["debt"] = token_amount(event.debt, event.debt_decimals);
    const std::string repaid_usd =
        price_into(extra, "debt", event.debt, event.debt_decimals, event.debt_price);
    out.text = scene.row.about.subject + " lost " + seized.amount + seized.worth + "; " +
               amount_text(event.debt.raw(), event.debt_decimals) + " " + debt + repaid_usd +
               " of its debt was repaid by " + scene.address_text(event.liquidator) + ".\n";
    if (event.bad_debt.raw() != 0) {
        extra["bad_debt"] = token_amount(event.bad_debt, event.debt_decimals);
        price_into(extra, "bad_debt", event.bad_debt, event.debt_decimals, event.debt_price);
        out.text += amount_text(event.bad_debt.raw(), event.debt_decimals) + " " + debt +
                    " was written off as bad debt.\n";
    }
    out.text += "Block " + std::to_string(event.block.number) + " (" +
                alerts::utc_time(event.block.time) + "), transaction " + to_hex(event.tx) +
                ", log " + std::to_string(event.log_index) + ".";
    out.title =
        titled(scene.word, scene.row.about.phrase + ": " + short_account(scene.row.about.subject) +
                               " lost " + seized.amount);
    return out;
}

Payload withdrawn_payload(const Subject& about) {
    return {titled(Word::resolved, about.phrase),
            "The rule that raised this, or what it looks at, was removed or changed. Whether it "
            "still holds is not looked at any more.",
            json::object()};
}

Payload retraction(const Subject& about, const Told& told, bool goes_on) {
    const std::string what = told.word == Word::resolved ? "the end of: "
                             : goes_on                   ? "an update of: "
                                                         : "";
    return {titled(Word::retracted, what + about.phrase),
            "Block " + std::to_string(told.number) + " (" + to_hex(told.hash) +
                ") left the chain, and " +
                (goes_on ? "this message with it; what it is about goes on: "
                         : "on the chain as it is now this does not hold: ") +
                about.phrase + ", " + about.subject + ".",
            {{"retracted_state", to_string(told.word)}}};
}

/// What is below 1 has at least four decimals, and at least three digits that are not leading
/// zeros.
std::string price_digits(const U256& price, unsigned decimals, unsigned places) {
    const auto size = static_cast<unsigned>(to_decimal(price).size());
    if (price == 0 || size > decimals) return decimal(price, decimals, places);
    const unsigned zeros = decimals - size;
    return decimal(price, decimals, std::min(decimals, std::max({places, 4U, zeros + 3U})));
}

std::string price_text(const protocols::AssetPrice& price, unsigned digits) {
    if (price.quote.is_usd()) return price_digits(price.price.raw(), price.decimals, digits);
    const auto usd = protocols::usd_price(price);
    return usd ? price_digits(usd->raw(), 8, digits) : std::string();
}

}  // namespace plimsoll::rules
