#include "config/inhibits.hpp"

#include "config/pattern.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::config {
namespace {

constexpr std::array<std::string_view, 21> kTypes{
    "position.liquidatable", "position.at_risk", "position.liquidated",
    "position.activity",     "band.exposure",    "band.approached",
    "market.tvl_drop",       "market.paused",    "market.bad_debt",
    "market.parameters",     "oracle.stale",     "oracle.jump",
    "source.stale",          "source.disagrees", "source.down",
    "source.degraded",       "daemon.gap",       "daemon.dead_letter",
    "daemon.sink_down",      "daemon.disk_full", "market.series",
};

InhibitSettings shipped(const char* when, const char* mute, std::vector<std::string> equal) {
    InhibitSettings out;
    out.when = {{"type", when}};
    out.mute = {{"type", mute}};
    out.equal = std::move(equal);
    out.is_default = true;
    return out;
}

bool share_type(const InhibitSettings& muting, const InhibitSettings& waiting) {
    const auto mute = muting.mute.find("type");
    const auto when = waiting.when.find("type");
    return std::any_of(kTypes.begin(), kTypes.end(), [&](std::string_view type) {
        return !is_never_muted(type) && (mute == muting.mute.end() || fits(mute->second, type)) &&
               (when == waiting.when.end() || fits(when->second, type));
    });
}

/// Whether an alert that `muting` holds back may be one that `waiting` waits for.
bool leads_to(const InhibitSettings& muting, const InhibitSettings& waiting) {
    if (!share_type(muting, waiting)) return false;
    return std::all_of(muting.mute.begin(), muting.mute.end(), [&](const auto& one) {
        const auto other = waiting.when.find(one.first);
        return one.first == "type" || other == waiting.when.end() ||
               overlap(one.second, other->second);
    });
}

/// Depth first; `path` is how we came here.
bool walk(std::span<const InhibitSettings> all, std::vector<std::size_t>& path,
          std::vector<char>& done) {
    const std::size_t here = path.back();
    for (std::size_t next = 0; next < all.size(); ++next) {
        if (!leads_to(all[here], all[next])) continue;
        const auto seen = std::find(path.begin(), path.end(), next);
        if (seen != path.end()) {
            path.erase(path.begin(), seen);
            return true;
        }
        if (done[next] != 0) continue;
        path.push_back(next);
        if (walk(all, path, done)) return true;
        path.pop_back();
    }
    done[here] = 1;
    return false;
}

}  // namespace

std::span<const std::string_view> alert_types() { return kTypes; }

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

std::vector<std::size_t> find_circle(std::span<const InhibitSettings> inhibits) {
    std::vector<char> done(inhibits.size(), 0);
    for (std::size_t i = 0; i < inhibits.size(); ++i) {
        std::vector<std::size_t> path{i};
        if (done[i] == 0 && walk(inhibits, path, done)) return path;
    }
    return {};
}

std::string to_string(const std::map<std::string, std::string>& patterns) {
    std::string out = "{";
    for (const auto& [label, pattern] : patterns) {
        out += (out.size() == 1 ? " " : ", ") + label + " = \"" + pattern + "\"";
    }
    return out + " }";
}

}  // namespace plimsoll::config
