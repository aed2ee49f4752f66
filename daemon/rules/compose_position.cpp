#include "daemon/rules/compose.hpp"
#include "daemon/rules/stated_price.hpp"
#include "daemon/rules/text.hpp"
#include "protocols/common/leader_price.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using alerts::amount;
using nlohmann::json;
using protocols::AssetEntry;
using protocols::LiquidationPrice;
using protocols::PositionHealth;
using protocols::PositionReport;
using protocols::SafeAmount;

json price_json(const LiquidationPrice& price, unsigned decimals, const AssetEntry& entry) {
    json out{{"side", price.side == protocols::PriceSide::below ? "below" : "above"}};
    add_price(out, {price.price, decimals, entry.quote});
    return out;
}

unsigned leader_decimals(const AssetEntry& entry, const Scene& scene) {
    return protocols::leader_price_decimals(entry, scene.protocol->groups, [&scene] {
        const auto markets = scene.protocol->markets;
        return std::vector<protocols::MarketReport>(markets.begin(), markets.end());
    });
}

/// The enabled collateral of the greatest value.
const AssetEntry* largest_collateral(const PositionReport& report) {
    const AssetEntry* largest = nullptr;
    for (const AssetEntry& entry : report.collateral) {
        if (entry.enabled && (largest == nullptr || entry.usd > largest->usd)) largest = &entry;
    }
    return largest;
}

json liquidation_price_json(const AssetEntry& entry, const Scene& scene) {
    json out{{"asset", name_text(entry.asset)}, {"token", scene.address_text(entry.token)}};
    if (entry.price) add_price(out, {*entry.price, entry.price_decimals, entry.quote});
    if (entry.alone) out["alone"] = price_json(*entry.alone, entry.price_decimals, entry);
    if (entry.group) {
        out["group"] = price_json(*entry.group, leader_decimals(entry, scene), entry);
        out["group"]["leader"] = name_text(entry.group_leader);
    }
    return out;
}

std::string liquidation_price_text(const AssetEntry& entry, const Scene& scene) {
    const auto& price = entry.group ? entry.group : entry.alone;
    if (!price) return {};
    const bool is_group = entry.group.has_value();
    const unsigned decimals = is_group ? leader_decimals(entry, scene) : entry.price_decimals;
    std::string text = "Liquidation at " + name_text(is_group ? entry.group_leader : entry.asset) +
                       (price->side == protocols::PriceSide::below ? " <= " : " >= ") +
                       price_text({price->price, decimals, entry.quote}, 4) + " USD";
    if (entry.price) {
        text += " (" + name_text(entry.asset) + " is at " +
                price_text({*entry.price, entry.price_decimals, entry.quote}, 4) + ")";
    }
    return text + ".\n";
}

json safe_json(const std::vector<SafeAmount>& amounts, const Scene& scene) {
    json out = json::array();
    for (const SafeAmount& one : amounts) {
        out.push_back({{"asset", name_text(one.asset)},
                       {"token", scene.address_text(one.token)},
                       {"amount", amount(one.amount.raw(), one.decimals)}});
    }
    return out;
}

std::string first_safe(const std::vector<SafeAmount>& amounts, const std::string& verb) {
    if (amounts.empty()) return {};
    const SafeAmount& one = amounts.front();
    if (one.amount.raw() == 0) return {};  // it is there already
    return verb + " " + amount_text(one.amount.raw(), one.decimals, true) + " " +
           name_text(one.asset);
}

std::string safe_text(const PositionReport& report, const Wad& target) {
    const std::string repay = first_safe(report.repay_to_safe, "repay");
    const std::string add = first_safe(report.add_to_safe, "add");
    if (repay.empty() && add.empty()) return {};
    return "For a health factor of " + decimal(target.raw(), 18, 2) + ": " + repay +
           (repay.empty() || add.empty() ? "" : ", or ") + add + ".\n";
}

/// How much value the collateral may lose before liquidation, or that it is too late.
std::string room_text(const PositionHealth& health) {
    if (health.liquidatable) return "It can be liquidated now.";
    const U256& factor = health.health_factor->raw();
    if (factor < wad_one().raw()) return {};
    const U512 hundredths = U512(factor - wad_one().raw()) * 10'000 / factor;
    return "Its collateral can lose " + decimal(U256(hundredths), 2, 2) +
           "% of its value before it can be liquidated.";
}

std::string gone_text(const std::string& reason) {
    if (reason == "liquidated") return "Its debt is gone: liquidated.";
    if (reason == "bad_debt") {
        return "It has no collateral left: nobody will liquidate it, and what it owes is bad debt.";
    }
    if (reason == "repaid") return "Its debt is gone: repaid.";
    return "It has no debt any more.";
}

std::string named(const Scene& scene) {
    const auto label = scene.row.about.labels.find("watch");
    const std::string& subject = scene.row.about.subject;
    return label == scene.row.about.labels.end() ? subject
                                                 : subject + " (" + name_text(label->second) + ")";
}

void describe(Payload& out, const Scene& scene, const PositionHealth& health) {
    out.extra["health_factor"] = amount(health.health_factor->raw(), 18);
    out.extra["debt_usd"] = amount(health.debt.raw(), 8);
    out.extra["collateral_usd"] = amount(health.collateral.raw(), 8);
    out.extra["liquidatable"] = health.liquidatable;
    out.text += "health factor " + decimal(health.health_factor->raw(), 18, 4) + ", debt " +
                usd_text(health.debt) + ", collateral " + usd_text(health.collateral) + ". " +
                room_text(health) + "\n";
    const auto report = scene.protocol != nullptr && scene.protocol->report
                            ? scene.protocol->report(health.key)
                            : std::nullopt;
    if (!report) return;
    if (const AssetEntry* largest = largest_collateral(*report)) {
        out.extra["liquidation_price"] = liquidation_price_json(*largest, scene);
        out.text += liquidation_price_text(*largest, scene);
    }
    json safe = json::object();
    if (!report->repay_to_safe.empty()) safe["repay"] = safe_json(report->repay_to_safe, scene);
    if (!report->add_to_safe.empty()) safe["add"] = safe_json(report->add_to_safe, scene);
    if (!safe.empty()) {
        safe["target"] = amount(scene.target.raw(), 18);
        out.extra["to_safe"] = std::move(safe);
        out.text += safe_text(*report, scene.target);
    }
    if (report->liquidation_time) out.extra["liquidation_time"] = *report->liquidation_time;
}

std::string title_of(const Scene& scene, const PositionHealth* health) {
    const std::string who = short_account(scene.row.about.subject);
    std::string title = scene.row.about.phrase + ": " + who;
    if (scene.word != Word::resolved && health != nullptr && health->health_factor) {
        title += ", health factor " + decimal(health->health_factor->raw(), 18, 4) + ", debt " +
                 usd_text(health->debt);
    }
    return titled(scene.word, title);
}

}  // namespace

std::string position_phrase(const std::string& type, const std::string& protocol) {
    return (type == "position.liquidatable" ? "position can be liquidated on "
                                            : "position at risk on ") +
           protocol;
}

Payload position_payload(const Scene& scene, const PositionHealth* health) {
    Payload out;
    out.title = title_of(scene, health);
    out.text = named(scene) + ": ";
    if (health != nullptr && health->health_factor && scene.reason != "bad_debt") {
        describe(out, scene, *health);
    } else {
        out.text += gone_text(scene.reason) + "\n";
        out.extra["debt_usd"] = amount(health == nullptr ? U256(0) : health->debt.raw(), 8);
    }
    add_provenance(out, scene);
    return out;
}

}  // namespace plimsoll::rules
