#include "daemon/alerts/types.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace plimsoll::alerts {
namespace {

constexpr std::array<std::string_view, 6> kStateNames{"firing",   "repeated",  "updated",
                                                      "resolved", "retracted", "fired"};

}  // namespace

std::span<const std::string> conditions() {
    static const std::vector<std::string> kConditions{
        "position.liquidatable", "position.at_risk", "position.liquidated", "position.activity",
        "band.exposure",         "band.approached",  "market.tvl_drop",     "market.paused",
        "market.bad_debt",       "market.series",    "market.parameters",   "oracle.stale",
        "oracle.jump",           "source.stale",     "source.disagrees",    "source.down",
        "source.degraded",       "daemon.gap",       "daemon.dead_letter",  "daemon.sink_down",
        "daemon.state_lost",     "daemon.signer",    "daemon.heartbeat",    "daemon.test"};
    return kConditions;
}

bool may_be_type(std::string_view text) {
    return std::any_of(conditions().begin(), conditions().end(), [&](std::string_view condition) {
        if (text == condition || text == condition.substr(0, condition.find('.'))) return true;
        if (!text.starts_with(condition) || text[condition.size()] != '.') return false;
        const std::string_view state = text.substr(condition.size() + 1);
        return std::find(kStateNames.begin(), kStateNames.end(), state) != kStateNames.end();
    });
}

}  // namespace plimsoll::alerts
