#pragma once

#include "config/settings.hpp"
#include "daemon/chain/source.hpp"
#include "daemon/store/store.hpp"
#include "protocols/common/protocol.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::follow {

/// Where the store keeps how far a protocol's borrowers were looked for, and what that belongs to:
/// the beginning of the value. Progress of another address or start block is no use.
std::string discovery_key(const config::ProtocolSettings& protocol);
std::string discovery_scope(const config::ProtocolSettings& protocol);

/// Under which name the store keeps what a ledger learned by the way, beside its own records.
std::string discovery_records(const config::ProtocolSettings& protocol);

/// The search for everybody who ever borrowed, from a protocol's start block on, a range at a time.
/// Ranges still owed and accounts found are stored after every step, so that nothing is read twice
/// and nothing forgotten when it is interrupted. Blocks above the final one may still change: what
/// is read there is not stored.
class Discovery {
  public:
    Discovery(const config::ProtocolSettings& settings, std::string chain);

    /// Loads what was stored, also into the fresh ledger, and owes everything up to `last`. Above
    /// `final_number` blocks may still change.
    Expected<void, chain::Fault> plan(store::Store& store, protocols::Protocol& ledger,
                                      BlockNumber last, BlockNumber final_number);
    bool is_done() const { return owed_.empty() && passing_.empty(); }
    /// Reads the next range. Only while it is not done.
    Expected<void, chain::Fault> step(chain::Source& source, store::Store& store,
                                      protocols::Protocol& ledger);

    /// Blocks above `number` left the chain although they were final: what was found there does not
    /// count, and they are owed again.
    static Expected<void, chain::Fault> rewind(store::Store& store,
                                               const config::ProtocolSettings& settings,
                                               const std::string& chain, BlockNumber number);

    std::uint64_t blocks_left() const;
    const std::set<Address>& candidates() const { return candidates_; }

  private:
    Expected<void, chain::Fault> load(store::Store& store);
    Expected<void, chain::Fault> resume(store::Store& store, protocols::Protocol& ledger);
    void keep_learned(protocols::Protocol& ledger);
    store::RoundCommit progress(std::vector<store::OwedRange> owed,
                                std::vector<Address> found) const;

    const config::ProtocolSettings& settings_;
    std::string chain_;
    bool is_new_ = false;                    ///< nothing is stored of this scope yet
    BlockNumber next_ = 0;                   ///< nothing from here on was ever owed
    std::vector<store::OwedRange> owed_;     ///< at or below the final block; stored
    std::vector<store::OwedRange> passing_;  ///< above it; read anew by every scan
    std::set<Address> candidates_;
    std::map<std::string, std::optional<std::string>> learned_;  ///< not stored yet
};

}  // namespace plimsoll::follow
