#pragma once

#include "daemon/bands/band.hpp"
#include "daemon/chain/source.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/protocol.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::view {

/// How far numbers can be believed just now. `unknown`: not read yet, or reading fails; never
/// "none".
enum class State { live, stale, unverified, unknown };
std::string_view to_string(State state);

struct ChainStatus {
    std::string name;
    std::string caip2;
    std::string kind;
    BlockNumber head = 0;  ///< newest head seen
    BlockRef processed;    ///< block of the last finished round
    std::optional<BlockRef> final_block;
    std::uint64_t age_seconds = 0;
    State state = State::unknown;
    std::string reason;            ///< why not live, for people
    std::uint64_t gap_blocks = 0;  ///< blocks whose logs are still owed
    std::uint64_t reorgs = 0;
    std::uint64_t requests = 0;
    std::map<std::string, std::uint64_t> firing;  ///< subjects of open episodes, by rule
    std::vector<chain::EndpointStatus> endpoints;
};

struct AuditStatus {
    std::uint64_t checked = 0;
    std::uint64_t mismatched = 0;
};

/// The first scan: how far discovery and seeding are. `eta_seconds` only when it can be told.
struct ScanStatus {
    std::string stage;  ///< "structure", "discovery", "seeding", "done"
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::optional<std::uint64_t> eta_seconds;
};

struct ProtocolStatus {
    std::string name;
    std::string kind;
    std::string chain;
    State state = State::unknown;
    std::string reason;
    std::string found;  ///< what was found out about the deployment, for people; may be empty
    std::optional<std::uint64_t> coverage_ppm;
    std::uint64_t positions = 0;
    BlockRef block;
    AuditStatus audit;
    ScanStatus scan;
};

/// One protocol at the tip, together with all that its rows need. Valid only inside `Live::read`.
struct ProtocolView {
    ProtocolStatus status;
    std::string caip2;
    const protocols::Protocol* ledger = nullptr;
    std::span<const protocols::PositionHealth> healths;  ///< every position, at `status.block`
    std::span<const protocols::AssetGroup> groups;
    std::span<const bands::BandReport> bands;
    const std::map<Address, std::string>* watch_labels = nullptr;
    Wad target_health_factor;
};

/// The configuration in use, and what came of the last attempt to replace it.
struct ConfigStatus {
    bool last_reload_successful = true;  ///< also before the first attempt
    std::int64_t loaded_at = 0;          ///< unix seconds; of the one in use
    std::uint64_t reloads = 0;           ///< attempts in this process
    std::string problem;                 ///< why the last attempt failed; holds no secret
};

/// The running daemon, for those who only look: HTTP, control socket, snapshots.
class Live {
  public:
    virtual ~Live() = default;
    virtual std::vector<ChainStatus> chains() const = 0;
    virtual std::vector<ProtocolStatus> protocols() const = 0;
    virtual ConfigStatus config() const { return {}; }
    /// Calls `use` with the protocols that have finished a round; ledgers stand still meanwhile, so
    /// be quick. Safe from any thread.
    using Use = std::function<void(std::span<const ProtocolView>)>;
    virtual void read(const Use& use) const = 0;
};

}  // namespace plimsoll::view
