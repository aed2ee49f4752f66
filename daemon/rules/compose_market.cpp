#include "config/expression.hpp"
#include "config/metrics.hpp"
#include "config/scalars.hpp"
#include "daemon/alerts/utc.hpp"
#include "daemon/rules/compose.hpp"
#include "daemon/rules/stated_price.hpp"
#include "daemon/rules/text.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using alerts::amount;
using config::Metric;
using nlohmann::json;
using protocols::MarketReport;
using protocols::PositionHealth;

std::string percent_text(const Ratio& percent) {
    const auto hundredths = scaled_value(percent, 2);
    return hundredths ? decimal(*hundredths, 2, 2) : "?";
}

std::string block_text(const Sighting& seen) {
    return "block " + std::to_string(seen.number) + " (" + alerts::utc_time(seen.time) + ")";
}

json block_json(const Sighting& seen) { return {{"number", seen.number}, {"time", seen.time}}; }

std::string window_text(const config::Window& window) {
    return window.blocks != 0 ? count_text(window.blocks, "block") : config::to_string(window);
}

void add_window(json& extra, const config::Window& window) {
    if (window.blocks != 0) {
        extra["window_blocks"] = window.blocks;
    } else {
        extra["window_seconds"] = static_cast<std::uint64_t>(window.time.count()) / 1000;
    }
}

/// As the oracle states it.
std::string stated_price(const MarketReport& market, const U256& price) {
    return price_digits(price, market.price_decimals, 4) + " " + market.quote.name;
}

/// "WETH on P", "P".
std::string place_of(const Scene& scene, const MarketSight& sight) {
    const std::string& protocol = scene.row.about.protocol;
    return sight.market == nullptr ? protocol : name_text(sight.market->asset) + " on " + protocol;
}

void add_sums(Payload& out, const MarketSight& sight) {
    if (sight.market != nullptr && !is_worth_known(*sight.market)) {
        out.text += "What it holds has no price.\n";
        return;
    }
    out.extra["supplied_usd"] = amount(sight.supplied().raw(), 8);
    out.extra["borrowed_usd"] = amount(sight.borrowed().raw(), 8);
    out.extra["tvl_usd"] = amount(sight.locked().raw(), 8);
    out.text += "Supplied " + usd_text(sight.supplied()) + ", borrowed " +
                usd_text(sight.borrowed()) + ", in the contracts " + usd_text(sight.locked()) +
                ".\n";
}

void add_market(Payload& out, const Scene& scene, const MarketSight& sight) {
    const MarketReport& market = *sight.market;
    out.extra["asset"] = name_text(market.asset);
    out.extra["token"] = scene.address_text(market.token);
    out.extra["paused"] = market.paused;
    out.extra["frozen"] = market.frozen;
    if (market.paused_actions) out.extra["paused_actions"] = *market.paused_actions;
    if (const auto price = sight.oracle_price()) {
        add_price(out.extra, {*price, market.price_decimals, market.quote});
    }
}

void add_drop(Payload& out, const Scene& scene, const Rule& rule, const MarketSight& sight) {
    const Change change = drop(sight);
    out.extra["drop_pct"] = percent_text(change.percent);
    add_window(out.extra, rule.settings.window);
    const std::string within = " within " + window_text(rule.settings.window);
    if (change.percent.numerator == 0) {
        out.text += "TVL of " + place_of(scene, sight) + " is the highest" + within + ".\n";
        return;
    }
    out.extra["from"] = {{"tvl_usd", amount(change.from.value, 8)},
                         {"block", block_json(change.from)}};
    out.text += "TVL of " + place_of(scene, sight) + " is " + percent_text(change.percent) +
                "% below its highest" + within + ", " +
                usd_text(Usd8::from_raw(change.from.value)) + " at " + block_text(change.from) +
                ".\n";
}

void add_jump(Payload& out, const Rule& rule, const MarketSight& sight) {
    const auto change = jump(sight);
    if (!change) return;
    const auto price = compared_price(*sight.market);
    const auto stated = [&](const U256& value) {
        return price_digits(value, price->decimals, 4) + " " + price->quote;
    };
    out.extra["jump_pct"] = percent_text(change->percent);
    add_window(out.extra, rule.settings.window);
    out.text +=
        "The oracle's price of " + name_text(sight.market->asset) + " is " + stated(price->value);
    if (change->percent.numerator == 0) {
        out.text += ", as it was all the time within " + window_text(rule.settings.window) + ".\n";
        return;
    }
    const U256& before = change->from.value;
    const bool is_up = price->value > before;
    out.extra["direction"] = is_up ? "up" : "down";
    out.extra["from"]["block"] = block_json(change->from);
    if (price->is_converted) {
        out.extra["from"]["price_usd"] =
            amount(scaled_value(Ratio::scaled(before, price->decimals), 8).value_or(0U), 8);
    } else {
        out.extra["from"]["price"] = amount(before, price->decimals);
        if (price->quote != "USD") out.extra["from"]["price_quote"] = price->quote;
    }
    out.text += ", " + percent_text(change->percent) + "% " + (is_up ? "above " : "below ") +
                stated(before) + " of " + block_text(change->from) + ".\n";
}

void add_age(Payload& out, const MarketSight& sight) {
    const MarketReport& market = *sight.market;
    const auto price = sight.oracle_price();
    if (!price) return;
    out.extra["age_seconds"] = sight.age();
    const auto seconds = [](std::uint64_t age) {
        return config::to_string(config::Milliseconds{
            1000 * static_cast<std::int64_t>(std::min<std::uint64_t>(age, 1'000'000'000))});
    };
    out.text += "The oracle's price of " + name_text(market.asset) + " is " +
                stated_price(market, price->raw());
    if (const auto age = sight.feed_age()) {
        out.extra["price_updated_at"] = *market.price_updated_at;
        out.text += ", made " + seconds(*age) + " ago by the feed's word";
    }
    out.text += ".\n";
    if (!sight.standstill) return;
    const Standstill& still = *sight.standstill;
    out.extra["unchanged_since"] = block_json(still.since);
    out.extra["elsewhere"] = {{"asset", name_text(still.other_asset)},
                              {"protocol", still.other_protocol},
                              {"low", amount(still.other.low.value, still.other_decimals)},
                              {"high", amount(still.other.high.value, still.other_decimals)}};
    out.text += "It has not changed since " + block_text(still.since) + ", while " +
                name_text(still.other_asset) + " on " + still.other_protocol + " was between " +
                decimal(still.other.low.value, still.other_decimals, 4) + " and " +
                decimal(still.other.high.value, still.other_decimals, 4) + " " + still.other_quote +
                ".\n";
}

void add_down(Payload& out, const MarketSight& sight) {
    const std::string asset = name_text(sight.market->asset);
    out.extra["has_price"] = sight.oracle_price().has_value();
    out.text += sight.oracle_price()
                    ? "The oracle answers a price for " + asset + " again.\n"
                    : "The oracle answers no price for " + asset +
                          ". Positions that hold or owe it cannot be valued or liquidated.\n";
}

std::string listed(const std::vector<std::string_view>& names) {
    std::string out;
    for (const std::string_view name : names) {
        out += (out.empty() ? "" : ", ") + std::string(name);
    }
    return out;
}

void add_pause(Payload& out, const Scene& scene, const MarketSight& sight) {
    const std::string place = place_of(scene, sight);
    const MarketReport& market = *sight.market;
    if (!market.paused) {
        out.text += place + " is not paused.\n";
    } else if (market.paused_actions) {
        out.text += place + " is paused: loans that involve it cannot be liquidated. It refuses: " +
                    listed(*market.paused_actions) + ".\n";
    } else {
        out.text +=
            place + " is paused: nobody can supply, borrow, repay, withdraw or liquidate.\n";
    }
    if (market.frozen) {
        out.text += "It is frozen: nothing new can be supplied or borrowed.\n";
    }
}

/// The positions whose debt is worth more than their collateral, the greatest gap first.
std::vector<const PositionHealth*> under_water(const Scene& scene) {
    std::vector<const PositionHealth*> out;
    for (const PositionHealth& health : scene.protocol->healths) {
        if (health.debt > health.collateral) out.push_back(&health);
    }
    const auto gap = [](const PositionHealth* one) {
        return protocols::less(one->debt, one->collateral);
    };
    std::stable_sort(out.begin(), out.end(),
                     [&](const auto* a, const auto* b) { return gap(a) > gap(b); });
    return out;
}

void add_bad_debt(Payload& out, const Scene& scene, const MarketSight& sight) {
    const protocols::Totals& totals = *sight.totals;
    out.extra["bad_debt_usd"] = amount(totals.bad_debt().raw(), 8);
    out.extra["shortfall_usd"] = amount(totals.shortfall.raw(), 8);
    out.extra["deficit_usd"] = amount(totals.deficit.raw(), 8);
    out.extra["positions"] = totals.under_water;
    const auto positions = under_water(scene);
    json list = json::array();
    for (const PositionHealth* one : positions) {
        if (list.size() == kMostListed) break;
        list.push_back(
            {{"account", scene.address_text(one->key.account)},
             {"collateral_usd", amount(one->collateral.raw(), 8)},
             {"debt_usd", amount(one->debt.raw(), 8)},
             {"shortfall_usd", amount(protocols::less(one->debt, one->collateral).raw(), 8)}});
    }
    if (positions.size() > list.size()) out.extra["more"] = positions.size() - list.size();
    out.extra["accounts"] = std::move(list);
    json deficits = json::array();
    for (const MarketReport& market : scene.protocol->markets) {
        if (market.deficit.raw() == 0 || deficits.size() == kMostListed) continue;
        deficits.push_back({{"asset", name_text(market.asset)},
                            {"token", scene.address_text(market.token)},
                            {"amount", amount(market.deficit.raw(), market.decimals)},
                            {"amount_usd", amount(market.deficit_usd.raw(), 8)}});
    }
    if (!deficits.empty()) out.extra["deficits"] = std::move(deficits);
    out.text += count_text(totals.under_water, "position") + " owe " + usd_text(totals.shortfall) +
                " more than their collateral is worth; deficits of " + usd_text(totals.deficit) +
                " were written off and are not covered.\n";
    if (positions.empty()) return;
    const PositionHealth& largest = *positions.front();
    out.text += "The largest is " + scene.address_text(largest.key.account) + " with " +
                usd_text(largest.debt) + " of debt and " + usd_text(largest.collateral) +
                " of collateral.\n";
}

/// What a person reads first: the number, where it is one.
std::string headline(const Rule& rule, const MarketSight& sight) {
    const Metric metric = rule.metric();
    if (config::is_flag(metric)) return {};
    if (metric == Metric::tvl_drop_pct) {
        return ": " + percent_text(drop(sight).percent) + "% below its highest";
    }
    if (metric == Metric::price_jump_pct) {
        const auto change = jump(sight);
        return change ? ": " + percent_text(change->percent) + "% within " +
                            window_text(rule.settings.window)
                      : "";
    }
    if (metric == Metric::bad_debt_usd) return ": " + usd_text(sight.totals->bad_debt());
    return {};
}

std::string number_text(const Rule& rule, const MarketSight& sight) {
    const unsigned decimals = config::decimals_of(rule.metric());
    const auto number = number_of(rule.metric(), rule, sight);
    const auto scaled = number ? scaled_value(*number, decimals) : std::nullopt;
    return scaled ? config::format_decimal(*scaled, decimals) : "not known";
}

}  // namespace

std::string market_phrase(const Rule& rule, const std::string& protocol, const std::string& asset) {
    const std::string place = asset.empty() ? protocol : name_text(asset) + " on " + protocol;
    if (rule.asks_for(Metric::oracle_down)) return "no oracle price of " + place;
    if (rule.type == "oracle.stale") return "stale oracle price of " + place;
    if (rule.type == "oracle.jump") return "oracle price jumped of " + place;
    if (rule.asks_for(Metric::paused)) return "market is paused: " + place;
    if (rule.type == "market.paused") return "market is frozen: " + place;
    if (rule.type == "market.bad_debt") return "bad debt on " + place;
    if (rule.type == "market.tvl_drop") return "TVL dropped of " + place;
    return config::to_string(rule.settings.when) + " of " + place;
}

Payload market_payload(const Scene& scene, const Rule& rule, const MarketSight& sight) {
    Payload out;
    out.extra["metric"] = config::to_string(rule.metric());
    out.extra["condition"] = config::to_string(rule.settings.when);
    if (!config::is_flag(rule.metric())) out.extra["value"] = number_text(rule, sight);
    if (sight.market != nullptr) add_market(out, scene, sight);
    if (rule.asks_for(Metric::tvl_drop_pct)) add_drop(out, scene, rule, sight);
    if (sight.market != nullptr) {
        if (rule.asks_for(Metric::oracle_down)) add_down(out, sight);
        if (rule.asks_for(Metric::oracle_age)) add_age(out, sight);
        if (rule.asks_for(Metric::price_jump_pct)) add_jump(out, rule, sight);
        if (rule.type == "market.paused") add_pause(out, scene, sight);
    } else if (rule.asks_for(Metric::bad_debt_usd)) {
        add_bad_debt(out, scene, sight);
    }
    if (rule.type == "market.series") {
        out.text += std::string(config::to_string(rule.metric())) + " of " +
                    place_of(scene, sight) + " is " + number_text(rule, sight) + ".\n";
    }
    add_sums(out, sight);
    add_provenance(out, scene);
    std::string title = scene.row.about.phrase;
    if (scene.word != Word::resolved) title += headline(rule, sight);
    out.title = titled(scene.word, title);
    return out;
}

Payload delisted_payload(const Scene& scene) {
    Payload out;
    out.title = titled(scene.word, scene.row.about.phrase);
    out.text = name_text(scene.row.about.subject) + " is not a market of " +
               scene.row.about.protocol + " any more.\n";
    add_provenance(out, scene);
    return out;
}

}  // namespace plimsoll::rules
