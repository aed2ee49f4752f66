#include "daemon/follow/audit.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using protocols::PositionKey;

constexpr unsigned kLongestPause = 256;

/// How far a health factor is from 1, in wad.
U256 distance_to_one(const Wad& health_factor) {
    const U256 one = wad_one().raw();
    const U256& value = health_factor.raw();
    return value > one ? value - one : one - value;
}

/// Within 3 % of 1.
const U256& edge_width() {
    static const U256 value("30000000000000000");
    return value;
}

void choose_suspects(Audit& audit, std::size_t limit, std::set<PositionKey>& chosen) {
    auto next = audit.suspects.upper_bound(audit.last_suspect);
    for (std::size_t left = std::min(limit, audit.suspects.size()); left > 0; --left) {
        if (next == audit.suspects.end()) next = audit.suspects.begin();
        audit.last_suspect = next->first;
        chosen.insert(next->first);
        ++next;
    }
}

}  // namespace

bool Audit::suspect(const PositionKey& key) {
    const auto [found, is_new] = suspects.try_emplace(key);
    Suspect& one = found->second;
    if (is_new) return true;
    if (one.turns_left > 0) {
        --one.turns_left;
        return false;
    }
    one.turns_left = one.pause;
    one.pause = std::min(2 * one.pause, kLongestPause);
    return true;
}

std::vector<PositionKey> plan_audit(Audit& audit,
                                    std::span<const protocols::PositionHealth> healths,
                                    std::size_t limit) {
    std::set<PositionKey> chosen;
    choose_suspects(audit, limit, chosen);
    std::vector<std::pair<U256, PositionKey>> edges;
    for (const auto& health : healths) {
        if (!health.health_factor) continue;
        U256 distance = distance_to_one(*health.health_factor);
        if (distance <= edge_width()) edges.emplace_back(std::move(distance), health.key);
    }
    const std::size_t nearest = std::min(limit / 2, edges.size());
    std::partial_sort(edges.begin(), edges.begin() + static_cast<std::ptrdiff_t>(nearest),
                      edges.end());
    for (std::size_t i = 0; i < nearest; ++i) chosen.insert(edges[i].second);
    for (std::size_t i = 0; i < std::min(limit - nearest, healths.size()); ++i) {
        chosen.insert(healths[audit.rolling++ % healths.size()].key);
    }
    return {chosen.begin(), chosen.end()};
}

}  // namespace plimsoll::follow
