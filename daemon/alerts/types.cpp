#include "daemon/alerts/types.hpp"

#include "daemon/alerts/read.hpp"

#include <algorithm>
#include <vector>

namespace plimsoll::alerts {

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
        return state_of(text.substr(condition.size() + 1)) != State::other;
    });
}

}  // namespace plimsoll::alerts
