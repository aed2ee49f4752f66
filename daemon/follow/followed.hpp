#pragma once

#include "config/settings.hpp"
#include "daemon/bands/band.hpp"
#include "daemon/follow/audit.hpp"
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

/// One protocol at the tail's tip: what readers and rules look at.
struct Tip {
    std::unique_ptr<protocols::Protocol> ledger;  ///< none: not followed yet
    /// `healths`, `markets`, `groups` and `bands` are true at the tip. False while blocks are being
    /// caught up with and after a reorganisation, until the next round.
    bool valued = false;
    /// Why the round is not complete for this protocol; empty when it is.
    std::string fault;
    Audit audit;
    std::vector<protocols::PositionHealth> healths;
    std::vector<protocols::MarketReport> markets;
    std::vector<protocols::AssetGroup> groups;
    std::vector<bands::BandReport> bands;

    /// Values every position with what the ledger knows now.
    void value(const config::Settings& settings);
    /// What a valued tip is by itself, the chain being live: `live`, `unverified`, or `unknown`
    /// after a fault; and why, where it is not live.
    view::State state(std::string& reason) const;
};

/// One protocol, followed twice: at its base and at the tip.
struct Followed {
    config::ProtocolSettings settings;
    std::function<std::unique_ptr<protocols::Protocol>()> make;
    AddressStyle addresses = AddressStyle::eip55;  ///< as the chain writes them

    /// The ledger at the tail's base, or at `joined` where that is newer. None: not followed yet.
    std::unique_ptr<protocols::Protocol> base;
    /// A block at or above the tail's base when the ledger was made: nothing of the protocol is
    /// known below. The end of a round, or the base.
    BlockRef joined;
    Tip tip;
    /// The last tip that had values, true at `at`, while `tip` has none because blocks are being
    /// caught up with, or because the head moved on before a round was read. For readers only.
    struct Past {
        Tip tip;
        BlockRef at;
    };
    std::optional<Past> past;
    /// Events on blocks up to here were told, or need not be. None: never followed.
    std::optional<BlockNumber> told;

    /// Ledger records changed at the base since they were last stored.
    std::map<std::string, std::optional<std::string>> unsaved;
    bool replace_saved = false;

    /// The store has its ledger, up to this block; 0: it does not, and a first scan is due.
    BlockNumber stored_to = 0;
    std::string trouble;        ///< why it cannot be followed; tried again at `retry_at`
    std::int64_t retry_at = 0;  ///< unix seconds
    view::ScanStatus scan;
    std::set<protocols::PositionKey> seen;  ///< positions the rules were told of last

    /// Takes a ledger over that stands at `at`, instead of a stored one or none.
    void join(std::unique_ptr<protocols::Protocol> ledger, const BlockRef& at);
    /// The tip has a successor: takes it over, and keeps the one before, true at `at`, where the
    /// new one has no values. Without a ledger in `next` nothing changes.
    void move_on(Tip next, const BlockRef& at);
    /// The tip, true at `at`, is about to go on without values.
    void set_aside(const BlockRef& at);
    /// What readers look at: the tip, else `past`; none: nothing is known just now.
    const Tip* shown_tip() const;
    /// Forgets the ledgers; what was told stays told.
    void drop();
    void keep_changed_records();
    store::RoundCommit::ProtocolRecords take_unsaved();
    /// The state shown to people; `chain_state` when nothing is wrong with the protocol itself.
    view::State state(view::State chain_state, std::string& reason) const;
};

}  // namespace plimsoll::follow
