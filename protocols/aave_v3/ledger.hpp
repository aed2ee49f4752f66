#pragma once

#include "protocols/aave_v3/account_book.hpp"
#include "protocols/aave_v3/events.hpp"
#include "protocols/aave_v3/parameter_change.hpp"
#include "protocols/aave_v3/reads.hpp"
#include "protocols/aave_v3/structure.hpp"
#include "protocols/aave_v3/token_events.hpp"
#include "protocols/common/last_read.hpp"
#include "protocols/common/log.hpp"
#include "protocols/common/market.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// What has to be read at the end of the round, because no event tells it. Ordered, so that equal
/// ledgers ask alike.
struct Owed {
    bool contracts = true;
    bool pool = true;
    /// After `pool`: every reserve, token and e-mode category.
    bool everything = true;
    std::set<Address> reserves;     ///< by asset
    std::set<Address> tokens;       ///< by asset: revisions of its tokens
    std::set<unsigned> categories;  ///< e-mode
    std::set<Address> accounts;
};

/// What changed since the records were last taken.
struct Changed {
    bool market = true;
    std::set<unsigned> reserves;
    std::set<unsigned> categories;
    std::set<Address> accounts;
    std::set<Address> owed_accounts;
};

/// A market and its borrowers, moved from block to block by logs and by replies read at a block.
///
/// A value: copies are independent and cheap (see `AccountBook`). Logs that cannot be interpreted
/// with certainty never change an account; they owe a read of it instead. Source of the rules:
/// Aave V3.0 to V3.7, `SupplyLogic`, `BorrowLogic`, `LiquidationLogic`, `ScaledBalanceTokenBase`,
/// `AToken`, `StableDebtToken`.
class Ledger {
  public:
    /// `watched`: the accounts whose activity is told.
    explicit Ledger(const Address& provider, std::set<Address> watched = {});

    // ---- logs
    void apply(const Log& log);
    LedgerEvents take_events();

    // ---- replies, true at the end of `at` (ledger_replies.cpp)
    void accept(const Contracts& contracts);
    void accept(const PoolReply& pool);
    void accept(const Address& asset, const ReserveReply& reserve, const BlockRef& at);
    void accept(const Address& asset, const TokensReply& tokens);
    /// None: the category is not set up.
    void accept_category(unsigned id, const std::optional<EMode>& category);
    /// Followed from `at` on when it has debt, forgotten when it has none.
    void accept(const Address& account, AccountState state, const BlockRef& at);
    /// Forgets accounts whose debt is gone. Called at the end of a round.
    void settle();

    // ---- what is owed
    const Owed& owed() const { return owed_; }
    /// The account is read at the end of the round.
    void owe_account(const Address& account);
    void owe_reserve(const Address& asset);
    /// The whole market but its accounts is read at the end of the round.
    void owe_structure();
    /// More variable debt of the reserve is known at `at` than exists: its borrowers are read, at
    /// most once in a thousand blocks.
    void owe_borrowers(unsigned reserve, BlockNumber at);
    /// Revisions that could not be read at `at` are read again: at once, then after 1, 2, 4 …
    /// blocks, at least once in a thousand.
    void owe_unread_revisions(BlockNumber at);

    /// Whether a log of block `at` itself minted variable debt to the account, which was not
    /// followed, and `state` has none of it: then it is not the state of that block.
    bool contradicts(const Address& account, const AccountState& state, const BlockRef& at) const;

    // ---- state
    const Structure& structure() const { return structure_; }
    const AccountBook& accounts() const { return accounts_; }
    const LastRead& last_read() const { return last_read_; }
    /// Scaled variable debt of the followed accounts in a reserve.
    U256 known_variable_debt(unsigned reserve) const;
    /// Accounts read again because a log did not fit what was known.
    std::uint64_t inconsistencies() const { return inconsistencies_; }
    LogFilter log_filter() const;

    // ---- persistence
    Changed take_changed();
    /// Puts back what records held. The ledger is as it was made.
    void restore(Structure structure, AccountBook accounts, Owed owed);

  private:
    struct Source {
        Emitter emitter = Emitter::pool;
        unsigned reserve = 0;  ///< tokens only
    };
    /// When something that could not be read is tried again.
    struct Retry {
        BlockNumber next = 0;
        BlockNumber pause = 1;
        bool is_due(BlockNumber at);
    };
    /// Reserves whose last log of debt in `block` minted some.
    struct MintedDebt {
        BlockNumber block = 0;
        std::set<unsigned> reserves;
    };
    /// What earlier logs of the same transaction told.
    struct Transaction {
        Bytes32 hash;
        BlockNumber block = 0;
        Address transfer_token;
        std::optional<Transfer> transfer;  ///< the last one of `transfer_token`
        std::vector<std::pair<Address, Transfer>> to_treasury;  ///< by aToken
        std::vector<DeficitCreated> deficits;                   ///< not yet told with a liquidation
        std::size_t told_before = 0;  ///< events of watched accounts before this transaction
    };

    // ledger.cpp: accounts
    void on(const CollateralFlag& event, const Log& log, const Source& source);
    void on(const EModeSet& event, const Log& log, const Source& source);
    void on(const Borrowed& event, const Log& log, const Source& source);
    void on(const BalanceChange& event, const Log& log, const Source& source);
    void on(const BalanceTransfer& event, const Log& log, const Source& source);
    void on(const Transfer& event, const Log& log, const Source& source);
    void on(const StableChange& event, const Log& log, const Source& source);
    // ledger_activity.cpp: what watched accounts do
    void on(const PoolAction& event, const Log& log, const Source& source);
    void tell_transfer(const BalanceTransfer& event, const Log& log, unsigned reserve);
    void forget_seized(const LiquidationCall& event);
    void tell_activity(const Log& log, AccountEvent event);
    bool is_watched(const Address& account) const { return watched_->contains(account); }

    // ledger_market.cpp: reserves, liquidations, configuration
    void on(const ReserveDataUpdated& event, const Log& log, const Source& source);
    void on(const LiquidationCall& event, const Log& log, const Source& source);
    void on(const DeficitCreated& event, const Log& log, const Source& source);
    void on(const Upgraded& event, const Log& log, const Source& source);
    void on(const ConfigurationChange& event, const Log& log, const Source& source);

    void on_unreadable(const Source& source);
    void enter_transaction(const Log& log);
    Liquidation told(const LiquidationCall& event, const Log& log) const;
    void accrue_silently(ReserveState& reserve, BlockTime time);
    void tell(const Log& log, ChangeText text,
              std::shared_ptr<const BeforeChange> before = nullptr);
    void owe_configuration(const ConfigurationChange& event);

    /// Changes a followed account by a log after the block it was read at; `change` answers false
    /// where the log does not fit, and then the account stays and is read again. False: not
    /// followed.
    bool change_account(const Address& account, const Log& log,
                        const std::function<bool(AccountState&)>& change);
    bool move_supply(AccountState& state, unsigned reserve, const U256& scaled, bool in);
    void put(const Address& account, const AccountState& state);
    void forget(const Address& account);
    void count_debt(std::span<const HoldingState> holdings, bool add);
    void note_minted(const BalanceChange& event, const Log& log, unsigned reserve);
    void owe_category_of(unsigned e_mode);
    void owe_every_account();
    void owe_holders(unsigned reserve);
    void owe_accounts_with_stable_debt();
    void drop_reserve(unsigned id);
    void index_sources();

    Structure structure_;
    AccountBook accounts_;
    LastRead last_read_;
    Owed owed_;
    Changed changed_;
    std::unordered_map<Address, Source> sources_;
    std::map<unsigned, U256> known_debt_;
    std::set<Address> maybe_free_;                    ///< accounts whose debt may be gone
    std::unordered_map<Address, MintedDebt> minted_;  ///< accounts not followed yet
    std::map<unsigned, BlockNumber> borrowers_owed_at_;
    Retry pool_retry_;
    std::map<Address, Retry> token_retries_;  ///< by asset
    Transaction transaction_;
    LedgerEvents events_;
    /// Shared between copies; immutable.
    std::shared_ptr<const std::set<Address>> watched_;
    /// What events set since the configuration was last read, by subject and parameter.
    std::map<std::pair<std::string, std::string>, std::string> set_since_;
    std::uint64_t inconsistencies_ = 0;
};

}  // namespace plimsoll::protocols::aave_v3
