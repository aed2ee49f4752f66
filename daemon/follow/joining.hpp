#pragma once

#include "daemon/follow/discovery.hpp"
#include "daemon/follow/followed.hpp"
#include "daemon/follow/tail.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::follow {

/// What building a ledger needs; references outlive the step.
struct JoinContext {
    chain::Source& source;
    store::Store& store;
    const std::string& chain;  ///< configured name
    const Tail& tail;  ///< blocks it can be built at; scan progress is stored up to its base
};

/// Builds one protocol's ledger from nothing, beside the rounds of the others: structure, discovery
/// of borrowers since the start block (resumed where an earlier run left it), seeding at one block,
/// and from there by logs up to the tail's base.
///
/// It begins at the tail's base. Where the contracts are younger than that, or the node has dropped
/// the state of the block, it goes on at the tail's tip. A step that faults changes nothing, so it
/// can be taken again.
class Joining {
  public:
    /// Where it has got to is shown in `followed.scan`.
    Joining(Followed& followed, const std::string& chain);

    /// One request or so. True: the ledger stands at `at`, a block of the tail.
    Expected<bool, chain::Fault> step(const JoinContext& context);

    /// Zero before the first step.
    const BlockRef& at() const { return at_; }
    const protocols::Protocol& ledger() const { return *ledger_; }
    std::unique_ptr<protocols::Protocol> take_ledger() { return std::move(ledger_); }
    /// Liquidations met on the way that were not told yet, and up to where that is.
    std::vector<protocols::Liquidation> take_liquidations() { return std::move(liquidations_); }
    BlockNumber told() const { return told_; }

  private:
    using Outcome = Expected<void, chain::Fault>;
    enum class Stage { begin, structure, discovery, seeding, telling, catching_up };

    Outcome begin(const JoinContext& context);
    Outcome read_structure(const JoinContext& context);
    Outcome discover(const JoinContext& context);
    Outcome seed(const JoinContext& context);
    Outcome move_to_tip(const JoinContext& context);
    Outcome tell(const JoinContext& context);
    Outcome catch_up(const JoinContext& context);
    bool goes_on_at_tip(const JoinContext& context);
    Expected<bool, chain::Fault> settle(const JoinContext& context);
    void keep_liquidations(protocols::Protocol& ledger);
    void enter(Stage stage, const char* name, std::uint64_t total);
    void show(std::uint64_t done);

    Followed& followed_;
    Stage stage_ = Stage::begin;
    bool at_tip_ = false;  ///< the tail's base was tried and is no good
    BlockRef at_;
    BlockNumber reached_ = 0;  ///< logs were read up to here, telling or catching up
    std::unique_ptr<protocols::Protocol> ledger_;
    std::unique_ptr<protocols::Protocol> teller_;  ///< reads what was missed, for its events only
    Discovery discovery_;
    BlockNumber told_ = 0;
    std::vector<protocols::Liquidation> liquidations_;

    std::chrono::steady_clock::time_point begun_;  ///< of the stage; for the time left
    std::chrono::steady_clock::time_point shown_;
};

/// Whether the fault is about this protocol alone: its address, its contracts, its logs. Others
/// are the node's or pass by.
bool is_its_own(const chain::Fault& fault);

}  // namespace plimsoll::follow
