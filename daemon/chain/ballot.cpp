#include "daemon/chain/ballot.hpp"

namespace plimsoll::chain {

bool Disputes::note(const std::string& topic, const Voters& suspects, const std::string& text,
                    Time now) {
    const auto [found, is_new] = by_topic_.try_emplace(topic);
    Dispute& dispute = found->second;
    if (is_new) dispute.since = now;
    dispute.told.suspects.insert(suspects.begin(), suspects.end());
    dispute.told.text = text;
    dispute.has_lasted = dispute.has_lasted || now - dispute.since >= patience_;
    return dispute.has_lasted;
}

void Disputes::settle(const std::string& topic, const Voters& voters) {
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) return;
    Voters& suspects = found->second.told.suspects;
    for (const std::size_t voter : voters) suspects.erase(voter);
    if (suspects.empty()) by_topic_.erase(found);
}

bool Disputes::is_suspect(std::size_t voter) const {
    return std::any_of(by_topic_.begin(), by_topic_.end(), [voter](const auto& entry) {
        return entry.second.told.suspects.contains(voter);
    });
}

std::vector<Disputes::Told> Disputes::told() const {
    std::vector<Told> out;
    for (const auto& [topic, dispute] : by_topic_) {
        if (dispute.has_lasted) out.push_back(dispute.told);
    }
    return out;
}

}  // namespace plimsoll::chain
