#include "abi/power_of_ten.hpp"
#include "config/metrics.hpp"
#include "daemon/rules/compose.hpp"
#include "daemon/rules/round.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using config::Metric;
using protocols::MarketReport;

/// A price that moved by this share of its least value, in percent, has moved.
constexpr unsigned kMovedPercent = 1;

bool has_moved(const Span& span) {
    const U512 by = (U512(span.high.value) - U512(span.low.value)) * 100;
    return span.high.value != span.low.value && by >= U512(span.low.value) * kMovedPercent;
}

bool is_of_one_group(const ProtocolFacts& protocol, const Address& a, const Address& b) {
    return std::any_of(
        protocol.groups.begin(), protocol.groups.end(),
        [&](const protocols::AssetGroup& group) { return group.contains(a) && group.contains(b); });
}

/// A coin that prices are stated in is worth one of it for ever.
bool is_what_prices_are_stated_in(const MarketReport& market) {
    return !market.quote.is_usd() && market.price &&
           U512(market.price->raw()) == power_of_ten(market.price_decimals);
}

}  // namespace

const protocols::Totals& Round::totals(const ProtocolFacts& protocol) {
    const auto known = totals_.find(protocol.name);
    if (known != totals_.end()) return known->second;
    return totals_.emplace(protocol.name, protocols::totals_of(protocol.markets, protocol.healths))
        .first->second;
}

// ---- the past

const History* Round::history(const Rule& rule, const std::string& protocol) const {
    const HistoryKey key{rule.settings.name, protocol};
    const auto changed = histories_.find(key);
    if (changed != histories_.end()) return &changed->second;
    const auto known = memory_.histories.find(key);
    return known == memory_.histories.end() ? nullptr : &known->second;
}

void Round::extend_history(const Rule& rule, const ProtocolFacts& protocol) {
    const History* known = history(rule, protocol.name);
    History next = known != nullptr && known->fingerprint() == rule.fingerprint
                       ? *known
                       : History(rule.fingerprint);
    History::Values values;
    const bool has_tvl = rule.asks_for(Metric::tvl_drop_pct);
    const bool has_own_price = rule.asks_for(Metric::price_jump_pct);
    const bool has_every_price = rule.asks_for(Metric::oracle_age);  // others tell a standstill
    if (has_tvl && !rule.is_about_markets) {
        values[tvl_name(protocol.markets)] = totals(protocol).locked().raw();
    }
    for (const MarketReport& market : protocol.markets) {
        const bool is_covered =
            rule.is_about_markets && rule.covers_market(market.asset, market.token);
        if (has_every_price && market.price && market.price->raw() != 0) {
            values[price_name(market)] = market.price->raw();
        }
        if (has_own_price && is_covered) {
            if (const auto price = compared_price(market)) values[price->series] = price->value;
        }
        if (has_tvl && is_covered && is_worth_known(market)) {
            values[tvl_name(market)] = protocols::locked_in(market).raw();
        }
    }
    const BlockNumber tip = facts_.block.number;
    next.set_window(reach_of(rule));
    next.add(facts_.block, std::move(values));
    next.settle(std::max(facts_.finalized, tip > kDeepest ? tip - kDeepest : 0), facts_.block);
    histories_.insert_or_assign({rule.settings.name, protocol.name}, std::move(next));
}

void Round::forget_histories_of_removed_rules() {
    for (const auto& [key, known] : memory_.histories) {
        const Rule* rule = rule_named(key.rule);
        const bool is_kept = rule != nullptr && rule->fingerprint == known.fingerprint() &&
                             protocol_named(key.protocol) != nullptr;
        const auto changed = histories_.find(key);
        const bool is_new =
            changed != histories_.end() && changed->second.fingerprint() != known.fingerprint();
        if (!is_kept && !is_new) histories_.insert_or_assign(key, History());
    }
}

/// A price stands still where another one of its group, or the same token's in another protocol,
/// has moved since it was first seen as it is.
std::optional<Standstill> Round::standstill(const Rule& rule, const ProtocolFacts& protocol,
                                            const MarketReport& market) const {
    const History* own = history(rule, protocol.name);
    if (own == nullptr || !market.price || is_what_prices_are_stated_in(market)) {
        return std::nullopt;
    }
    const auto since = own->unchanged_since(price_name(market), market.price->raw());
    if (!since || since->time >= facts_.block.time) return std::nullopt;
    for (const ProtocolFacts& other : facts_.protocols) {
        const History* theirs = rule.covers(other.name) ? history(rule, other.name) : nullptr;
        if (theirs == nullptr || !other.known()) continue;
        const bool is_same_protocol = other.name == protocol.name;
        for (const MarketReport& reference : other.markets) {
            const bool is_same_token = reference.token == market.token;
            if (reference.quote.name != market.quote.name) continue;
            if (is_same_protocol
                    ? is_same_token || !is_of_one_group(protocol, market.token, reference.token)
                    : !is_same_token) {
                continue;
            }
            const auto span = theirs->span_since(price_name(reference), since->time);
            if (span && has_moved(*span)) {
                return Standstill{*since,
                                  reference.asset,
                                  other.name,
                                  reference.price_decimals,
                                  reference.quote.name,
                                  *span};
            }
        }
    }
    return std::nullopt;
}

// ---- what is looked at

void Round::look_at_markets(const Rule& rule) {
    const auto is_looked_at = [&](const ProtocolFacts& protocol) {
        return rule.covers(protocol.name) && protocol.known();
    };
    for (const ProtocolFacts& protocol : facts_.protocols) {
        if (is_looked_at(protocol) && looks_back(rule)) extend_history(rule, protocol);
    }
    for (const ProtocolFacts& protocol : facts_.protocols) {
        if (!is_looked_at(protocol)) continue;
        if (rule.is_about_markets) {
            look_at_each_market(rule, protocol);
        } else {
            look_at_protocol(rule, protocol);
        }
        mark_seen(rule, protocol.name);
    }
}

void Round::visit_market(const Rule& rule, const ProtocolFacts& protocol, const Subject& about,
                         const MarketSight& sight) {
    Observation seen = observe(rule, sight);
    Tick tick =
        tick_for(rule, judge(rule.settings, seen), protocol.name,
                 [&](const Row& row, Word word, const std::string& reason) {
                     return market_payload(scene(&protocol, row, word, reason), rule, sight);
                 });
    const auto first = seen.values.find(rule.metric());
    if (first != seen.values.end() && !config::is_flag(rule.metric())) {
        tick.mark.value = scaled_value(first->second, config::decimals_of(rule.metric()));
    }
    visit_if_needed(rule, about, tick);
}

void Round::look_at_protocol(const Rule& rule, const ProtocolFacts& protocol) {
    MarketSight sight;
    sight.totals = &totals(protocol);
    sight.time = facts_.block.time;
    sight.coverage_ppm = protocol.coverage_ppm;
    if (const History* past = history(rule, protocol.name)) {
        sight.tvl = past->span(tvl_name(protocol.markets), facts_.block);
    }
    Subject about;
    about.type = rule.type;
    about.protocol = protocol.name;
    about.subject = protocol.name;
    about.alert_key = key_of(rule, protocol.name, protocol.name);
    about.phrase = market_phrase(rule, protocol.name, "");
    visit_market(rule, protocol, about, sight);
}

void Round::look_at_each_market(const Rule& rule, const ProtocolFacts& protocol) {
    std::set<std::string> listed;
    for (const MarketReport& market : protocol.markets) {
        if (!rule.covers_market(market.asset, market.token)) continue;
        MarketSight sight;
        sight.market = &market;
        sight.totals = &totals(protocol);
        sight.time = facts_.block.time;
        if (const History* past = history(rule, protocol.name)) {
            sight.tvl = past->span(tvl_name(market), facts_.block);
            if (const auto price = compared_price(market)) {
                sight.price = past->span(price->series, facts_.block);
            }
        }
        if (rule.asks_for(Metric::oracle_age)) {
            sight.standstill = standstill(rule, protocol, market);
        }
        Subject about;
        about.type = rule.type;
        about.protocol = protocol.name;
        about.subject = market.asset;
        about.alert_key = key_of(rule, protocol.name, market.asset);
        // symbols are chosen by whoever wrote the token: two markets may have one
        if (listed.contains(about.alert_key)) {
            about.alert_key += "/" + settings_.address_text(place_of(market));
        }
        about.phrase = market_phrase(rule, protocol.name, market.asset);
        about.labels["asset"] = market.asset;
        about.labels["token"] = settings_.address_text(market.token);
        if (!market.market.is_zero()) {
            about.labels["market"] = settings_.address_text(market.market);
        }
        listed.insert(about.alert_key);
        visit_market(rule, protocol, about, sight);
    }
    look_at_delisted(rule, protocol, listed);
}

void Round::look_at_delisted(const Rule& rule, const ProtocolFacts& protocol,
                             const std::set<std::string>& listed) {
    for (const RowKey& key : keys_of(rule.settings.name, protocol.name)) {
        if (listed.contains(key.second)) continue;
        Tick tick = tick_for(rule, Verdict::gone, protocol.name,
                             [&](const Row& row, Word word, const std::string& reason) {
                                 return delisted_payload(scene(&protocol, row, word, reason));
                             });
        tick.gone_reason = "closed";
        const Subject about = find(key)->about;
        visit(rule, about, tick);
    }
}

}  // namespace plimsoll::rules
