#pragma once

#include "config/settings.hpp"
#include "daemon/bands/band.hpp"
#include "daemon/store/store.hpp"
#include "daemon/view/view.hpp"
#include "protocols/common/protocol.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::follow {

/// What the daemon knows from asking the contract itself.
struct Audit {
    std::uint64_t checked = 0;
    std::uint64_t mismatched = 0;
    std::size_t rolling = 0;                    ///< where the rolling sample goes on
    std::set<protocols::PositionKey> suspects;  ///< differed; asked again every round until equal
    std::set<protocols::PositionKey>
        liquidatable;  ///< of the last round: newcomers are asked first
    std::vector<protocols::AuditDifference> differences;  ///< of the round that found them
};

/// The accounts to ask the contract about in this round: suspects, those nearest to health factor
/// 1, and a rolling sample. At most `limit` besides the suspects, whatever the number of positions.
std::vector<protocols::PositionKey> plan_audit(Audit& audit,
                                               std::span<const protocols::PositionHealth> healths,
                                               std::size_t limit);

/// One protocol, followed twice: at the tail's base and at the tip.
struct Followed {
    config::ProtocolSettings settings;
    std::function<std::unique_ptr<protocols::Protocol>()> make;

    std::unique_ptr<protocols::Protocol> base;  ///< none: not established yet
    std::unique_ptr<protocols::Protocol> tip;
    /// Ledger records changed at the base since they were last stored.
    std::map<std::string, std::optional<std::string>> unsaved;
    bool replace_saved = false;
    /// Why the last round is not complete for this protocol; empty when it is.
    std::string fault;
    view::ScanStatus scan;
    Audit audit;

    // Values at the tip, remade every round.
    std::vector<protocols::PositionHealth> healths;
    std::vector<protocols::MarketReport> markets;
    std::vector<protocols::AssetGroup> groups;
    std::vector<bands::BandReport> bands;
    std::set<protocols::PositionKey> seen;  ///< positions the rules were told of last

    void keep_changed_records(protocols::Protocol& ledger);
    store::RoundCommit::ProtocolRecords take_unsaved();
    /// The state shown to people; `chain_state` when nothing is wrong with the protocol itself.
    view::State state(view::State chain_state, std::string& reason) const;
};

}  // namespace plimsoll::follow
