#pragma once

#include "daemon/alerts/alert.hpp"
#include "daemon/routing/router.hpp"

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::routing {

/// An alert of the rule `rule` on a chain of its own, as the rules make it.
struct Made {
    std::string type = "position.at_risk.firing";
    std::string rule = "hf";
    std::string subject = "0xa";
    std::string severity = "warning";
    std::string chain = "eip155:1";
    std::string protocol = "aave";
    std::string reason = {};
    std::string band = {};
    std::vector<std::string> accounts = {};  ///< of a message about a band
    std::uint64_t episode = 100;
    std::uint64_t seq = 1;

    std::string key() const { return alerts::alert_key(rule, chain, protocol, subject); }
    alerts::Alert alert() const {
        alerts::Alert out;
        out.type = type;
        out.rule = rule;
        out.severity = alerts::parse_severity(severity).value();
        out.chain = chain;
        out.protocol = protocol;
        out.subject = subject;
        out.alert_key = key();
        out.episode = episode;
        out.seq = seq;
        out.title = "title";
        if (!band.empty()) out.labels["band"] = band;
        if (!reason.empty()) out.extra["reason"] = reason;
        for (const std::string& account : accounts) {
            out.extra["top"].push_back({{"account", account}});
        }
        return out;
    }
    std::string body() const { return alerts::body_of(alert(), "mon"); }
    Traits traits() const { return traits_of(body(), "ethereum").value(); }
    store::NewAlert stored(const std::vector<std::string>& sinks) const {
        store::NewAlert out;
        out.alert_key = key();
        out.episode = episode;
        out.seq = seq;
        out.id = alerts::message_id("mon", out.alert_key, episode, seq);
        out.type = type;
        out.severity = static_cast<int>(alerts::parse_severity(severity).value());
        out.chain = "ethereum";
        out.body = body();
        for (const std::string& sink : sinks) {
            store::Destination& one = out.sinks.emplace_back();
            one.sink = sink;
            one.keeps_all = sink == "archive";
        }
        return out;
    }
    store::RuleStateRow row(const std::string& state) const {
        store::RuleStateRow out;
        out.rule = rule;
        out.subject = key();
        out.state = state;
        out.episode = episode;
        out.erased = state.empty();
        return out;
    }
};

inline std::vector<std::string> names_of(const std::vector<store::Destination>& sinks) {
    std::vector<std::string> out;
    for (const store::Destination& one : sinks) out.push_back(one.sink);
    return out;
}

}  // namespace plimsoll::routing
