#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/market.hpp"
#include "protocols/common/position.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll::protocols {

/// Assets that move together, resolved to the tokens of one protocol. `members` includes the
/// leader. An asset outside every group is its own group of one.
struct AssetGroup {
    std::string name;
    std::string leader_symbol;
    Address leader;
    std::vector<Address> members;

    bool contains(const Address& token) const;
};

/// How far one protocol's numbers can be believed, from its own point of view.
struct Trust {
    bool verified = true;
    std::string reason;  ///< why not, for people
    std::string found;   ///< what was found out about the deployment, for people; may be empty
};

/// One row of persisted ledger state. An erased record has no value.
struct Record {
    std::string key;
    std::optional<std::string> value;
};

/// A difference between our value and the contract's answer at the same block.
struct AuditDifference {
    PositionKey key;
    std::string field;
    std::string ours;
    std::string contract;
};

/// One deployment of one lending protocol: its ledger, and its arithmetic over it.
///
/// Pure: no I/O, no clock, nothing thrown; everything it knows was handed to it as logs and
/// replies. The caller keeps two of each: one at the last final block and one at the tip, which is
/// remade from the final one by applying the same inputs again. So the same inputs must give the
/// same state.
///
/// Order within a round: `apply` for every log, then `reads` / `accept_reads` until `reads` is
/// empty (all at the round's block, which is the last block applied), then `accept_prices`, then
/// questions. Not safe for concurrent use while it is being changed; all const members are safe
/// together.
class Protocol {
  public:
    virtual ~Protocol() = default;
    virtual std::unique_ptr<Protocol> clone() const = 0;

    // ---- discovery: who may have debt
    // ------------------------------------------------------------
    /// Logs since the deployment that name every account which ever had debt. Valid once the first
    /// `reads` are accepted (before that the addresses are not known).
    virtual LogFilter discovery_filter() const = 0;
    /// Takes in such a log, in order; the accounts it names as possible borrowers.
    virtual std::vector<Address> discover(const Log& log) = 0;
    /// What discovery learned besides the accounts since the last call. It is kept with the
    /// progress of the scan, apart from the ledger's own records.
    virtual std::vector<Record> take_discovered() { return {}; }
    /// Puts that back into a ledger whose first `reads` are accepted.
    virtual Expected<void, ParseError> resume_discovery(std::span<const Record> /*records*/) {
        return {};
    }
    /// Seeds these accounts at the block of the next accepted reads; duplicates and followed
    /// accounts are fine. Accounts without debt there are dropped again.
    virtual void follow(std::span<const Address> accounts) = 0;

    // ---- the round
    // -------------------------------------------------------------------------------
    virtual LogFilter log_filter() const = 0;
    /// Applies one log. Logs at or before the block an account or market was read at do not touch
    /// it.
    virtual void apply(const Log& log) = 0;
    /// Logs owed besides, asked again after each accepted read. They are handed over whole, in
    /// order, before further reads.
    virtual std::optional<OwedLogs> owed_logs() const { return std::nullopt; }
    virtual void accept_owed_logs(std::span<const Log> /*logs*/) {}
    /// Reads owed at the round's block: structure at the first round, seeds, re-reads after a
    /// change of configuration. Bounded by `max_calls`; the rest comes when asked again. Empty:
    /// nothing is owed.
    virtual std::vector<Call> reads(std::size_t max_calls) = 0;
    /// The results of exactly the calls `reads` returned last, at `at`. On a fault nothing is
    /// changed and the same reads stay owed.
    virtual Expected<void, ReadFault> accept_reads(std::span<const CallResult> results,
                                                   const BlockRef& at) = 0;
    /// The reads of every round: oracle prices and what no event tells. Their number does not
    /// depend on the number of positions.
    virtual std::vector<Call> price_reads() const = 0;
    virtual Expected<void, ReadFault> accept_prices(std::span<const CallResult> results,
                                                    const BlockRef& at) = 0;
    /// What was applied since the last call of this function.
    virtual LedgerEvents take_events() = 0;
    /// Prices of an event's tokens, and amounts that need the block's rates, by what was accepted
    /// last with `accept_prices`; by `price_reads` made at the event's own block where `prices`
    /// are given.
    virtual void price_liquidation(Liquidation& event) const = 0;
    virtual void price_liquidation(Liquidation& event,
                                   std::span<const CallResult> prices) const = 0;
    /// As above, for what a watched account did.
    virtual void price_activity(AccountEvent& event) const = 0;
    virtual void price_activity(AccountEvent& event, std::span<const CallResult> prices) const = 0;

    // ---- questions
    // -------------------------------------------------------------------------------
    virtual Trust trust() const = 0;
    virtual std::size_t position_count() const = 0;
    /// Known debt over total debt, in millionths, rounded down; none when a kind cannot know.
    /// 1,000,000 only when every market is covered exactly.
    virtual std::optional<std::uint64_t> coverage_ppm() const = 0;
    virtual void for_each_position(const std::function<void(const PositionKey&)>& visit) const = 0;
    virtual bool has_position(const PositionKey& key) const = 0;
    virtual PositionHealth health(const PositionKey& key) const = 0;
    /// Whether the position is liquidatable when the group's leader has this price and every other
    /// member moved by the same factor (floor(member * price / leader)). None: not computable.
    virtual std::optional<bool> liquidatable_at(const PositionKey& key, const AssetGroup& group,
                                                const OraclePrice& leader_price) const = 0;
    /// Enabled collateral of the position in the group: value, and amount in the leader's smallest
    /// unit (sum over members of amount * member price / leader price, units aligned, rounded
    /// down).
    struct GroupExposure {
        U256 amount = 0;
        Usd8 usd;
    };
    virtual GroupExposure exposure(const PositionKey& key, const AssetGroup& group) const = 0;
    virtual std::optional<OraclePrice> price(const Address& token) const = 0;
    /// Everything about one position. `groups` are this protocol's resolved groups; `target` is the
    /// health factor that `to_safe` aims at.
    virtual PositionReport report(const PositionKey& key, std::span<const AssetGroup> groups,
                                  const Wad& target) const = 0;
    virtual std::vector<MarketReport> markets() const = 0;
    /// By id; empty where the kind knows no e-mode.
    virtual std::vector<EModeReport> e_modes() const { return {}; }
    /// The health every position would have at the round's block had the change not been made, in
    /// the order of `for_each_position`. Empty where that is not known or the same for all.
    virtual std::vector<PositionHealth> healths_without(const ParameterChange& change) const = 0;

    // ---- audit
    // -----------------------------------------------------------------------------------
    virtual std::vector<Call> audit_reads(const PositionKey& key) const = 0;
    virtual std::vector<AuditDifference> audit(const PositionKey& key,
                                               std::span<const CallResult> results) const = 0;
    /// Accounts whose balances were read at this block, some dozens at most; none when others were
    /// read at a later one. A node that answered from another block than it was asked about shows
    /// when it is asked again.
    virtual std::vector<PositionKey> last_read_at(BlockNumber block) const = 0;
    /// Owes these accounts' seeds again, and the structure of the market: a difference does not say
    /// which of the two was wrong.
    virtual void reseed(std::span<const PositionKey> keys) = 0;

    // ---- persistence
    // -----------------------------------------------------------------------------
    /// Records changed since the last call.
    virtual std::vector<Record> take_changed_records() = 0;
    virtual Expected<void, ParseError> load(std::span<const Record> records) = 0;
};

}  // namespace plimsoll::protocols
