#include "daemon/rules/compose.hpp"
#include "daemon/rules/round.hpp"

#include <algorithm>

namespace plimsoll::rules {

namespace {

using config::Metric;

/// None: there may be an endpoint that works, nobody asked it yet.
std::optional<bool> is_down(const SourceFacts& source) {
    const auto& all = source.endpoints;
    const auto is = [](std::optional<bool> up) {
        return [up](const EndpointFacts& endpoint) { return endpoint.up == up; };
    };
    if (std::any_of(all.begin(), all.end(), is(true))) return false;
    const bool is_known = !all.empty() && std::all_of(all.begin(), all.end(), is(false));
    return is_known ? std::optional(true) : std::nullopt;
}

}  // namespace

void Round::look_at_source(const Rule& rule) {
    Subject about;
    about.type = rule.type;
    about.subject = settings_.chain;
    about.alert_key = key_of(rule, "", settings_.chain);
    about.phrase = source_phrase(rule.type, settings_.chain);
    about.is_standing = true;
    Observation seen;
    seen.set(Metric::source_stale, Ratio::flag(facts_.source.stale));
    if (const auto down = is_down(facts_.source)) {
        seen.set(Metric::source_down, Ratio::flag(*down));
    }
    seen.set(Metric::gap_blocks, Ratio::whole(U256(facts_.source.gap_blocks)));
    Tick tick = tick_for(rule, judge(rule.settings, seen), "",
                         [&](const Row& row, Word word, const std::string& reason) {
                             return source_payload(scene(nullptr, row, word, reason));
                         });
    tick.mark.gap_blocks = facts_.source.gap_blocks;
    Rule urgent = rule;
    if (facts_.source.is_below_base && rule.asks_for(Metric::gap_blocks)) {
        urgent.severity = alerts::Severity::critical;  // whatever the rule says of other gaps
    }
    visit(urgent, about, tick);
    mark_seen(rule, "");
}

void Round::look_at_endpoints(const Rule& rule) {
    std::set<std::string> known;
    for (const EndpointFacts& endpoint : facts_.source.endpoints) {
        Subject about;
        about.type = rule.type;
        about.subject = endpoint.alias;
        about.alert_key = key_of(rule, "", endpoint.alias);
        about.phrase = endpoint_phrase(rule.type, endpoint.alias, settings_.chain);
        about.labels["endpoint"] = endpoint.alias;
        about.is_standing = true;
        known.insert(about.alert_key);
        Observation seen;
        if (endpoint.up) seen.set(Metric::endpoint_down, Ratio::flag(!*endpoint.up));
        seen.set(Metric::source_disagrees, Ratio::flag(endpoint.disagrees));
        visit_if_needed(rule, about,
                        tick_for(rule, judge(rule.settings, seen), "",
                                 [&](const Row& row, Word word, const std::string& reason) {
                                     return endpoint_payload(scene(nullptr, row, word, reason),
                                                             endpoint);
                                 }));
    }
    for (const RowKey& key : keys_of(rule.settings.name, "")) {  // not in the file any more
        const Row& row = *find(key);
        const bool is_idle = row.phase == Phase::inactive && !row.owes_answer();
        if (!known.contains(key.second) && !is_idle) withdraw_row(key);
    }
    if (!facts_.source.endpoints.empty()) mark_seen(rule, "");
}

void Round::look_at_trust(const Rule& rule, const ProtocolFacts& protocol) {
    Subject about;
    about.type = rule.type;
    about.protocol = protocol.name;
    about.subject = protocol.name;
    about.alert_key = key_of(rule, protocol.name, protocol.name);
    const bool is_about_coverage = rule.metric() == Metric::coverage;
    about.phrase =
        is_about_coverage ? coverage_phrase(protocol.name) : unverified_phrase(protocol.name);
    about.is_standing = true;
    Observation seen;
    if (!protocol.verified || protocol.read) {
        seen.set(Metric::unverified, Ratio::flag(!protocol.verified));
    }
    if (protocol.known() && protocol.coverage_ppm) {
        seen.set(Metric::coverage, Ratio::scaled(U256(*protocol.coverage_ppm), 6));
    }
    const bool is_known = seen.values.contains(rule.metric());
    Tick tick =
        tick_for(rule, judge(rule.settings, seen), protocol.name,
                 [&](const Row& row, Word word, const std::string& reason) {
                     const Scene at = scene(&protocol, row, word, reason);
                     return is_about_coverage ? coverage_payload(at) : unverified_payload(at);
                 });
    if (is_about_coverage && is_known) tick.mark.value = U256(*protocol.coverage_ppm);
    visit_if_needed(rule, about, tick);
    if (is_known) mark_seen(rule, protocol.name);
}

}  // namespace plimsoll::rules
