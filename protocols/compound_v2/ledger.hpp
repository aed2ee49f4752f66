#pragma once

#include "protocols/common/last_read.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/market.hpp"
#include "protocols/compound_v2/account_book.hpp"
#include "protocols/compound_v2/events.hpp"
#include "protocols/compound_v2/parameter_change.hpp"
#include "protocols/compound_v2/reads.hpp"
#include "protocols/compound_v2/structure.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// A borrow of an account that is not followed, as the last event told it.
struct Trace {
    Compact128 principal;
    Compact128 interest_index;
    bool is_exact = true;  ///< false: no event told the index

    friend bool operator==(const Trace&, const Trace&) = default;
};

/// The markets' ids by which an account that is not followed owes something.
using Traces = std::map<unsigned, Trace>;

/// What has to be read at the end of the round, because no event tells it. Ordered, so that equal
/// ledgers ask alike.
struct Owed {
    bool comptroller = true;
    bool everything = true;     ///< after `comptroller`: every market and pool
    std::set<Address> markets;  ///< by cToken
    std::set<Address> tokens;   ///< by cToken: the underlying's symbol and decimals
    std::set<unsigned> pools;   ///< of risk
    std::set<Address> accounts;
    /// Accounts whose liquidity tells the two roundings apart, with the cToken that one has to be
    /// asked about in thought; zero: it does as it is. Not stored: found again.
    std::map<Address, Address> samples;
    /// cTokens listed since the last round, by the block: their logs since then were not asked for.
    /// Not stored: they are read before the round ends.
    std::map<Address, BlockNumber> logs;
};

/// What a cToken stores of its borrows.
struct StoredBorrows {
    Wad index;
    TokenAmount total;
};

/// What changed since the records were last taken.
struct Changed {
    bool structure = true;
    std::set<unsigned> markets;
    std::set<unsigned> pools;
    std::set<Address> accounts;
    std::set<Address> owed_accounts;
};

/// A deployment and its borrowers, moved from block to block by logs and by replies read at a
/// block.
///
/// A value: copies are independent and cheap (see `AccountShards`). The pair of principal and index
/// that a cToken keeps for a borrower can be read nowhere; it is what `Borrow` and `RepayBorrow`
/// told last, together with the market's index of that moment. Logs that cannot be interpreted with
/// certainty never change an account; they owe a read of it instead. Source of the rules:
/// `CToken`, `Comptroller` of Compound v2.0 to v2.9, JustLend, Venus.
class Ledger {
  public:
    explicit Ledger(const CompoundV2Settings& settings);

    // ---- logs
    void apply(const Log& log);
    LedgerEvents take_events();
    /// A log from before the ledger's first block: keeps what it tells of borrows, and names who
    /// may owe something.
    std::vector<Address> discover(const Log& log);

    // ---- replies, true at the end of `at` (ledger_replies.cpp; of logs ledger_missed.cpp)
    void accept(const ComptrollerReply& comptroller, const BlockRef& at);
    void accept(const Address& c_token, const MarketReply& market, const BlockRef& at);
    void accept_token(const Address& c_token, const TokenReply& token);
    void accept_pool(unsigned pool, const RiskPool& reply);
    /// Followed from `at` on when it has debt, forgotten when it has none.
    void accept(const Address& account, AccountState state, const BlockRef& at);
    /// Logs of cTokens that were listed within the round.
    void accept_owed_logs(std::span<const Log> logs);
    /// What the sampled answers say about the rounding.
    void accept_rounding(std::optional<Rounding> rounding, bool is_contradicted);
    void accept_scale(const PriceScale& scale);
    /// Forgets accounts whose debt is gone. Called at the end of a round.
    void settle();

    // ---- what is owed
    const Owed& owed() const { return owed_; }
    /// The account is read at the end of the round.
    void owe_account(const Address& account);
    void owe_market(const Address& c_token);
    /// The whole structure is read at the end of the round, the rounding is found out again.
    void owe_structure();
    void owe_samples(std::map<Address, Address> samples) { owed_.samples = std::move(samples); }
    /// Compares what markets store at the end of a round with what their logs told last. A market
    /// with an index or a total that no log told lacks logs, and so does one whose logs do not
    /// join. It is doubted until the logs, which are asked for again after ever more blocks, have
    /// told all that was seen untold; whom they name is read again then. If they never come
    /// everything is read again.
    void note_missed(const std::map<unsigned, StoredBorrows>& stored, BlockNumber at);

    // ---- state
    const Structure& structure() const { return structure_; }
    const AccountBook& accounts() const { return accounts_; }
    const LastRead& last_read() const { return last_read_; }
    bool is_stable_minter(const Address& account) const { return stable_.contains(account); }
    const std::map<Address, Traces>& traces() const { return traces_; }
    /// Accounts read again because a log did not fit what was known.
    std::uint64_t inconsistencies() const { return inconsistencies_; }
    LogFilter discovery_filter() const;
    LogFilter log_filter() const;
    std::optional<OwedLogs> owed_logs() const;

    // ---- persistence
    Changed take_changed();
    /// Puts back what records held. The ledger is as `Ledger(settings)` made it.
    void restore(Structure structure, AccountBook accounts, Owed owed,
                 std::map<Address, Traces> traces);
    /// Puts back what discovery had learned: borrows by cToken, and each market's counts.
    struct Discovered {
        std::map<Address, std::map<Address, Trace>> traces;  ///< by account, then by cToken
        std::map<Address, MarketEntry> markets;              ///< by cToken: index and counts only
        std::set<Address> stable_minters;
    };
    void resume(const Discovered& discovered);
    /// Accounts whose traces changed, and markets whose counts did, since the last call.
    std::pair<std::set<Address>, std::set<unsigned>> take_discovered();

  private:
    struct Source {
        Emitter emitter = Emitter::comptroller;
        unsigned market = 0;  ///< cTokens only
    };
    /// What earlier logs of the same transaction told.
    struct Transaction {
        Bytes32 hash;
        BlockNumber block = 0;
        std::vector<std::pair<Address, Transfer>> transfers;  ///< by cToken
        std::size_t told_before = 0;  ///< events of watched accounts before this transaction
    };

    /// Indexes and total borrows of a market that no log told.
    struct Untold {
        std::set<U256> indexes;
        std::set<U256> totals;
    };

    // ledger.cpp: accounts
    void on(const BorrowChange& event, const Log& log, const Source& source);
    void on(const Transfer& event, const Log& log, const Source& source);
    void on(const BalanceTold& event, const Log& log, const Source& source);
    void on(const Membership& event, const Log& log, const Source& source);
    void on(const PoolSelected& event, const Log& log, const Source& source);
    void on(const StableDebtChange& event, const Log& log, const Source& source);
    void on(const ForcedForUser& event, const Log& log, const Source& source);
    void owe_stable_debt(const Address& account, const Log& log);
    // ledger_activity.cpp: what watched accounts do
    void on(const SupplyChange& event, const Log& log, const Source& source);
    void tell_borrow(const BorrowChange& event, const Log& log, const Source& source);
    void tell_transfer(const Transfer& event, const Log& log, const Source& source);
    void forget_seized(const Liquidation& told);
    void tell_activity(const Log& log, const Source& source, AccountEvent event);
    bool is_watched(const Address& account) const {
        return structure_.settings->watched.contains(account);
    }
    // ledger_liquidation.cpp
    void on(const LiquidateBorrow& event, const Log& log, const Source& source);
    void on(const LiquidateStable& event, const Log& log, const Source& source);
    void on(const LiquidateForAnother& event, const Log& log, const Source& source);
    void tell_liquidation(Liquidation told, const Address& c_token, const U256& seized,
                          const Log& log);
    // ledger_market.cpp: markets, configuration
    void on(const IndexTold& event, const Log& log, const Source& source);
    void on(const ConfigurationChange& event, const Log& log, const Source& source);

    void on_unreadable(const Source& source);
    void enter_transaction(const Log& log);
    void keep_trace(const Address& account, unsigned market, const Trace& trace);
    void tell(const Log& log, ChangeText text, std::shared_ptr<const BeforeChange> before);
    void owe_configuration(const ConfigurationChange& event, const Source& source);
    void owe_pool_of(unsigned pool);
    void read_everything_again();
    void forget_missed();
    void accept_missed(std::span<const Log> logs);
    void follow_total(const TotalStep& step, const Log& log, unsigned market);
    Untold& miss(unsigned market);
    void forget_rounding();

    /// Changes a followed account by a log after the block it was read at; `change` answers false
    /// where the log does not fit, and then the account stays and is read again. False: not
    /// followed.
    bool change_account(const Address& account, const Log& log,
                        const std::function<bool(AccountState&)>& change);
    bool move_c_tokens(AccountState& state, unsigned market, const U256& amount, bool in);
    void tie_borrows(const Address& account, AccountState& state);
    void put(const Address& account, const AccountState& state);
    void forget(const Address& account);
    void index_sources();
    MarketEntry& entry_of(const Address& c_token);

    Structure structure_;
    AccountBook accounts_;
    LastRead last_read_;
    Owed owed_;
    Changed changed_;
    std::unordered_map<Address, Source> sources_;
    std::map<Address, Traces> traces_;
    std::set<Address> stable_;  ///< accounts that discovery found minting the stablecoin
    std::set<Address> discovered_;
    std::set<unsigned> discovered_markets_;
    std::set<Address> maybe_free_;  ///< accounts whose debt may be gone
    /// Of logs that were missing. Not stored: a restart asks for them at once.
    struct Missed {
        std::map<unsigned, Untold> untold;  ///< by market
        /// By market: the total that the missing logs begin with, where no log told it.
        std::map<unsigned, U256> begin;
        BlockNumber wait = 0;  ///< blocks from the last question to the next
        BlockNumber ask_from = 0;
        bool is_asked = false;  ///< the logs are owed
    };
    Missed missed_;
    std::map<Address, BlockNumber> listed_;  ///< by an event, and not read yet
    Transaction transaction_;
    LedgerEvents events_;
    std::uint64_t inconsistencies_ = 0;
};

}  // namespace plimsoll::protocols::compound_v2
