#include "daemon/follow/followed.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

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

}  // namespace

std::vector<protocols::PositionKey> plan_audit(Audit& audit,
                                               std::span<const protocols::PositionHealth> healths,
                                               std::size_t limit) {
    std::set<protocols::PositionKey> chosen = audit.suspects;
    std::vector<std::pair<U256, protocols::PositionKey>> edges;
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

void Followed::keep_changed_records(protocols::Protocol& ledger) {
    for (auto& record : ledger.take_changed_records()) {
        unsaved[std::move(record.key)] = std::move(record.value);
    }
}

store::RoundCommit::ProtocolRecords Followed::take_unsaved() {
    store::RoundCommit::ProtocolRecords out;
    out.protocol = settings.name;
    out.replace_all = std::exchange(replace_saved, false);
    for (auto& [key, value] : unsaved) out.records.push_back({key, std::move(value)});
    unsaved.clear();
    return out;
}

view::State Followed::state(view::State chain_state, std::string& reason) const {
    if (!fault.empty()) {
        reason = fault;
        return view::State::unknown;
    }
    if (!tip) {  // the chain's reason says more than a scan that has not begun
        if (reason.empty() || !scan.stage.empty()) reason = "first scan: " + scan.stage;
        return view::State::unknown;
    }
    if (chain_state != view::State::live) return chain_state;
    const protocols::Trust trust = tip->trust();
    if (!trust.verified) {
        reason = trust.reason;
        return view::State::unverified;
    }
    if (!audit.suspects.empty()) {
        reason = "differs from the contract for " + std::to_string(audit.suspects.size()) +
                 " accounts; they are read anew";
        return view::State::unverified;
    }
    return view::State::live;
}

}  // namespace plimsoll::follow
