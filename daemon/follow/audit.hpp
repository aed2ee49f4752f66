#pragma once

#include "protocols/common/protocol.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace plimsoll::follow {

/// What the daemon knows from asking the contract itself about one protocol. A value: a round works
/// on a copy.
struct Audit {
    /// An account that differed, and was not found equal since. It is read anew at once, and when
    /// that did not help again after 1, 2, 4 … of its turns, at most every 256.
    struct Suspect {
        unsigned turns_left = 0;
        unsigned pause = 1;
    };

    std::uint64_t checked = 0;
    std::uint64_t mismatched = 0;
    std::size_t rolling = 0;  ///< where the rolling sample goes on
    std::map<protocols::PositionKey, Suspect> suspects;
    protocols::PositionKey last_suspect;  ///< of those asked about; the next ones follow
    /// Liquidatable in the last round: newcomers are asked about before anybody is told.
    std::set<protocols::PositionKey> liquidatable;
    std::vector<protocols::AuditDifference> differences;  ///< of the last round

    /// The account differs. True: it is to be read anew now.
    bool suspect(const protocols::PositionKey& key);
};

/// The accounts to ask the contract about in this round: those nearest to health factor 1 and a
/// rolling sample, together at most `limit`, and as many suspects, who take turns. So no number of
/// positions or suspects makes a round longer.
std::vector<protocols::PositionKey> plan_audit(Audit& audit,
                                               std::span<const protocols::PositionHealth> healths,
                                               std::size_t limit);

}  // namespace plimsoll::follow
