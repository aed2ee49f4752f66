#include "config/inhibits.hpp"

#include "config/pattern.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::config {
namespace {

InhibitSettings shipped(const char* when, const char* mute, std::vector<std::string> equal) {
    InhibitSettings out;
    out.when = {{"type", when}};
    out.mute = {{"type", mute}};
    out.equal = std::move(equal);
    out.is_default = true;
    return out;
}

/// What a rule can raise.
struct Raised {
    std::string_view rule;
    std::string_view severity;
    std::string_view type;

    std::string_view value(std::string_view label) const {
        if (label == "type") return type;
        return label == "rule" ? rule : severity;
    }
};

bool is_known_of(std::string_view label) {
    return label == "type" || label == "rule" || label == "severity";
}

/// The types that alerts of a rule can have: its first metric says what it is about.
std::vector<std::string_view> types_of(const RuleSettings& rule) {
    using enum Metric;
    switch (rule.when.front().metric) {
        case health_factor:
        case liquidatable:
            return {"position.liquidatable", "position.at_risk"};
        case liquidated:
            return {"position.liquidated"};
        case activity:
        case deposited:
        case withdrawn:
        case borrowed:
        case repaid:
        case transferred:
            return {"position.activity"};
        case exposure_usd:
        case price_above_band_pct:
            return {"band.exposure", "band.approached"};
        case parameters_changed:
            return {"market.parameters"};
        case source_stale:
            return {"source.stale"};
        case gap_blocks:
            return {"daemon.gap"};
        case source_down:
            return {"source.down"};
        case endpoint_down:
            return {"source.degraded"};
        case source_disagrees:
        case unverified:
        case coverage:
            return {"source.disagrees"};
        default:  // of a protocol or a market
            return {"market.tvl_drop", "market.paused", "market.bad_debt",
                    "market.series",   "oracle.stale",  "oracle.jump"};
    }
}

std::vector<Raised> raised_by(std::span<const RuleSettings> rules) {
    std::vector<Raised> out;
    for (const RuleSettings& rule : rules) {
        for (const std::string_view type : types_of(rule)) {
            out.push_back({rule.name, rule.severity, type});
        }
    }
    return out;
}

bool matches(const Raised& raised, const std::map<std::string, std::string>& patterns) {
    return std::all_of(patterns.begin(), patterns.end(), [&](const auto& one) {
        return !is_known_of(one.first) || fits(one.second, raised.value(one.first));
    });
}

/// Whether an alert that `muting` holds back may be one that `waiting` waits for.
bool leads_to(const InhibitSettings& muting, const InhibitSettings& waiting,
              std::span<const Raised> all) {
    const bool is_raised = std::any_of(all.begin(), all.end(), [&](const Raised& raised) {
        return matches(raised, muting.mute) && matches(raised, waiting.when);
    });
    if (!is_raised) return false;
    return std::all_of(muting.mute.begin(), muting.mute.end(), [&](const auto& one) {
        const auto other = waiting.when.find(one.first);
        return is_known_of(one.first) || other == waiting.when.end() ||
               overlap(one.second, other->second);
    });
}

using Edges = std::vector<std::vector<std::size_t>>;

Edges edges_of(std::span<const InhibitSettings> inhibits, std::span<const RuleSettings> rules) {
    std::vector<Raised> all = raised_by(rules);
    std::erase_if(all, [](const Raised& raised) { return is_never_muted(raised.type); });
    Edges out(inhibits.size());
    for (std::size_t from = 0; from < inhibits.size(); ++from) {
        for (std::size_t to = 0; to < inhibits.size(); ++to) {
            if (leads_to(inhibits[from], inhibits[to], all)) out[from].push_back(to);
        }
    }
    return out;
}

/// Depth first; `path` is how we came here, and the circle where the answer is true.
bool walk(const Edges& edges, std::vector<std::size_t>& path, std::vector<char>& done) {
    const std::size_t here = path.back();
    for (const std::size_t next : edges[here]) {
        const auto seen = std::find(path.begin(), path.end(), next);
        if (seen != path.end()) {
            path.erase(path.begin(), seen);
            return true;
        }
        if (done[next] != 0) continue;
        path.push_back(next);
        if (walk(edges, path, done)) return true;
        path.pop_back();
    }
    done[here] = 1;
    return false;
}

}  // namespace

bool is_never_muted(std::string_view type) {
    return type.starts_with("daemon.") || type == "position.liquidated";
}

std::vector<InhibitSettings> default_inhibits() {
    const std::vector<std::string> same{"chain", "protocol"};
    std::vector<InhibitSettings> out{
        shipped("source.down", "!source.*", {"chain"}),
        shipped("source.stale", "!source.*", {"chain"}),
        shipped("market.paused", "position.*", same),
        shipped("oracle.stale", "position.*", same),
        shipped("band.exposure", "position.at_risk", same),
    };
    out.back().is_inside_band = true;
    out.back().is_for_chat = true;
    return out;
}

std::vector<std::size_t> find_circle(std::span<const InhibitSettings> inhibits,
                                     std::span<const RuleSettings> rules) {
    const Edges edges = edges_of(inhibits, rules);
    std::vector<char> done(inhibits.size(), 0);
    for (std::size_t i = 0; i < inhibits.size(); ++i) {
        std::vector<std::size_t> path{i};
        if (done[i] == 0 && walk(edges, path, done)) return path;
    }
    return {};
}

bool may_be_raised(const std::map<std::string, std::string>& patterns,
                   std::span<const RuleSettings> rules) {
    constexpr std::array<std::string_view, 6> kStates{".firing",   ".repeated",  ".updated",
                                                      ".resolved", ".retracted", ".fired"};
    const auto type = patterns.find("type");
    if (type != patterns.end()) {
        // Rules raise types without a state; a pattern may name one.
        const bool has_state = std::any_of(kStates.begin(), kStates.end(), [&](auto state) {
            return type->second.ends_with(state);
        });
        if (has_state || type->second.starts_with("daemon")) return true;
    }
    const std::vector<Raised> all = raised_by(rules);
    return std::any_of(all.begin(), all.end(),
                       [&](const Raised& raised) { return matches(raised, patterns); });
}

std::string to_string(const std::map<std::string, std::string>& patterns) {
    std::string out = "{";
    for (const auto& [label, pattern] : patterns) {
        out += (out.size() == 1 ? " " : ", ") + label + " = \"" + pattern + "\"";
    }
    return out + " }";
}

}  // namespace plimsoll::config
