#pragma once

#include "config/settings.hpp"
#include "daemon/bands/band.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/position.hpp"
#include "protocols/common/protocol.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::rules {

/// Why an account's debt is gone.
enum class GoneReason { repaid, liquidated, closed };
std::string_view to_string(GoneReason reason);

struct GonePosition {
    protocols::PositionKey key;
    GoneReason reason = GoneReason::closed;
};

/// What one round knows of one protocol. Everything is true at the round's block; spans and
/// callbacks live at least as long as the call they are handed to.
struct ProtocolFacts {
    std::string name;
    /// The round was read completely. False: nothing here but `verified`, `unverified_reason`,
    /// `differences` and what happened is looked at.
    bool read = false;
    /// The protocol's numbers are believed. False: as with `read`, and the metric `unverified`
    /// holds.
    bool verified = true;
    std::string unverified_reason;
    std::span<const protocols::AuditDifference> differences;
    std::string coverage;  ///< decimal text with 6 digits; empty where the kind cannot know
    std::optional<std::uint64_t> coverage_ppm;  ///< the same in millionths

    std::span<const protocols::PositionHealth> healths;  ///< every position with debt
    std::span<const bands::BandReport> bands;            ///< every band the protocol resolves
    std::span<const protocols::MarketReport> markets;    ///< every market
    std::span<const protocols::AssetGroup> groups;       ///< as the protocol resolves them
    /// What happened since the last round that was handed over. In a reorganisation: all of the new
    /// chain above the ancestor.
    std::span<const protocols::Liquidation> liquidations;
    std::span<const protocols::AccountEvent> activity;  ///< of watched accounts
    std::span<const protocols::ParameterChange> parameters;
    /// Logs up to the block were read completely: an event that is not there did not happen.
    bool events_read = true;
    /// Why positions have no debt any more; one that is missing here and in `healths` is `closed`.
    std::span<const GonePosition> gone;
    /// Everything about one position, for texts. Called only for positions that alert.
    std::function<std::optional<protocols::PositionReport>(const protocols::PositionKey&)> report;
    /// The health every position would have without a change of parameters; may be absent.
    std::function<std::vector<protocols::PositionHealth>(const protocols::ParameterChange&)>
        healths_without;

    /// False: unknown. Changes no state, resolves nothing, resets no timer.
    bool known() const { return read && verified; }
};

/// One endpoint of the chain.
struct EndpointFacts {
    std::string alias;       ///< never its URL
    std::optional<bool> up;  ///< none: nobody asked it yet
    std::string state;       ///< "ok", "down", "rate limited" ...
    std::string last_error;  ///< fit for people; may be empty
    /// It answers for another chain id, or contradicts others about a block, its logs or its state.
    bool disagrees = false;
    std::string disagreement;  ///< what about, for people
};

/// The state of the chain's source. Times by the wall clock.
struct SourceFacts {
    bool stale = false;
    std::uint64_t age_seconds = 0;  ///< of the newest block
    std::uint64_t gap_blocks = 0;   ///< blocks whose logs are still owed
    bool is_below_base = false;     ///< the gap: blocks that counted as final left the chain
    std::string endpoint;           ///< alias of the endpoint in use, never its URL; may be empty
    std::vector<EndpointFacts> endpoints{};
};

/// Everything one round of one chain tells the rules. A stalled chain hands over its last block
/// again, with `source.stale` set and its protocols unread.
struct RoundFacts {
    BlockRef block;
    BlockNumber safe = 0;       ///< newest safe block; `finalized` where the chain has no such tag
    BlockNumber finalized = 0;  ///< newest block that cannot leave the chain any more
    /// What rules wait for that do not say it themselves; realised liquidations do not wait.
    config::Depth confirm{config::Depth::Kind::blocks, 0};
    std::uint64_t now = 0;  ///< unix seconds, for `repeat` and the source; should not jump
    SourceFacts source;
    /// Every configured protocol of the chain, read or not. An open episode of a protocol that is
    /// not here any more ends with `rule_changed`.
    std::vector<ProtocolFacts> protocols;
    /// Keys of alerts that nothing holds back any more where something did: told again.
    std::set<std::string> unmuted;
};

}  // namespace plimsoll::rules
