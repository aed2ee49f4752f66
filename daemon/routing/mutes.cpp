#include "daemon/routing/mutes.hpp"

#include "config/inhibits.hpp"

#include <algorithm>

namespace plimsoll::routing {
namespace {

bool fits_all(const Traits& alert, const std::map<std::string, std::string>& patterns) {
    return std::all_of(patterns.begin(), patterns.end(),
                       [&](const auto& one) { return alert.fits(one.first, one.second); });
}

/// The values of the labels, one a line.
std::string values_of(const Traits& alert, const std::vector<std::string>& labels) {
    std::string out;
    for (const std::string& label : labels) out += alert.value(label) + "\n";
    return out;
}

}  // namespace

Mutes::Mutes(std::span<const config::InhibitSettings> inhibits, const Board& board,
             std::span<const Silence> silences, std::int64_t now) {
    for (const config::InhibitSettings& settings : inhibits) {
        Inhibitor inhibitor{&settings, {}};
        for (const auto& [key, alert] : board) {
            if (!fits_all(alert, settings.when)) continue;
            inhibitor.firing[values_of(alert, settings.equal)].push_back(&alert);
        }
        if (!inhibitor.firing.empty()) inhibitors_.push_back(std::move(inhibitor));
    }
    for (const Silence& silence : silences) {
        if (silence.holds_at(now)) silences_.push_back(&silence);
    }
}

std::string Mutes::muted_by(const Traits& alert, bool is_chat) const {
    if (config::is_never_muted(alert.alert.condition) || alert.alert.is_over()) return {};
    if (std::string found = inhibited_by(alert, is_chat); !found.empty()) return found;
    const auto silence = std::find_if(silences_.begin(), silences_.end(),
                                      [&](const Silence* one) { return one->fits(alert); });
    return silence == silences_.end() ? std::string() : "silence:" + (*silence)->id;
}

std::string Mutes::inhibited_by(const Traits& alert, bool is_chat) const {
    for (const Inhibitor& inhibitor : inhibitors_) {
        const config::InhibitSettings& settings = *inhibitor.settings;
        if (settings.is_for_chat && !is_chat) continue;
        if (!fits_all(alert, settings.mute)) continue;
        const auto firing = inhibitor.firing.find(values_of(alert, settings.equal));
        if (firing == inhibitor.firing.end()) continue;
        for (const Traits* one : firing->second) {
            if (one->alert.alert_key == alert.alert.alert_key) continue;
            if (settings.is_inside_band && !one->accounts.contains(alert.alert.subject)) continue;
            return "inhibit:" + one->alert.alert_key;
        }
    }
    return {};
}

}  // namespace plimsoll::routing
