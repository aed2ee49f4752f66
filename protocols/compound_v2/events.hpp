#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"
#include "protocols/common/log.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// Which contract of a deployment a log came from. Topics are shared by unrelated contracts, so a
/// log means something only together with its emitter.
enum class Emitter : std::uint8_t { comptroller, c_token, stable_controller, liquidator };

enum class EventKind : std::uint8_t {
    // cToken
    accrue_interest,
    accrue_interest_2019,
    j_token_status,
    borrow,
    borrow_with_index,
    repay_borrow,
    repay_borrow_with_index,
    mint,
    mint_with_balance,
    mint_behalf,
    mint_behalf_with_balance,
    redeem,
    redeem_with_balance,
    liquidate_borrow,
    transfer,
    j_token_balance,
    new_reserve_factor,
    new_interest_rate_model,
    new_comptroller,
    // Comptroller
    market_listed,
    market_unlisted,
    market_entered,
    market_exited,
    new_close_factor,
    new_collateral_factor,
    new_liquidation_incentive,
    new_price_oracle,
    action_paused,
    market_action_paused,
    action_paused_market,
    action_protocol_paused,
    new_borrow_cap,
    new_supply_cap,
    new_stable_controller,
    forced_liquidation,
    forced_for_user,
    new_liquidator,
    new_lens,
    diamond_cut,
    pool_collateral_factor,
    pool_liquidation_threshold,
    pool_liquidation_incentive,
    pool_selected,
    pool_market_initialized,
    pool_market_removed,
    pool_active_status,
    pool_fallback_status,
    // both
    new_implementation,
    // the stablecoin's controller
    mint_stable,
    repay_stable,
    liquidate_stable,
    // the contract that alone may liquidate (Venus)
    liquidate_for_another,
};

/// The market's total borrows before and after what an event tells, by its own words. All code of
/// the family changes the total in accruals, borrows and repayments alone, and tells it in each.
struct TotalStep {
    U256 before;
    U256 after;
    bool is_repay = false;

    /// Whether it can be the next after this total. A repayment of more than the total leaves none
    /// (JustLend); `before` is then more than there was.
    bool follows(const U256& total) const {
        return total == before || (is_repay && after == 0 && total < before);
    }
};

/// The market's index after an accrual: `AccrueInterest`, `JTokenStatus`.
struct IndexTold {
    U256 borrow_index;
    std::optional<TotalStep> total;  ///< of an accrual
};

/// `Borrow` and `RepayBorrow`: what the account owes after it.
struct BorrowChange {
    bool is_repay = false;
    Address borrower;
    U256 account_borrows;
    std::optional<U256> borrow_index;  ///< JustLend's events bring it along
    Address payer;                     ///< of a repayment
    U256 amount;                       ///< borrowed or repaid
    TotalStep total;
};

/// `Mint`, `MintBehalf` and `Redeem`. Balances follow the transfers beside them.
struct SupplyChange {
    bool is_redeem = false;
    Address account;
    Address payer;
    U256 amount;
};

struct LiquidateBorrow {
    Address liquidator;
    Address borrower;
    U256 repaid;
    Address c_token_collateral;
    U256 seize_tokens;  ///< cTokens of the collateral, protocol share included
};

struct Transfer {
    Address from;
    Address to;
    U256 c_tokens;
};

/// `JTokenBalance`: the balance after the operation.
struct BalanceTold {
    Address user;
    U256 c_tokens;
};

struct Membership {
    Address c_token;
    Address account;
    bool entered = false;
};

struct PoolSelected {
    Address account;
    unsigned pool = 0;
};

/// Debt of the account in the deployment's stablecoin changed.
struct StableDebtChange {
    Address account;
};

/// A liquidation of such debt.
struct LiquidateStable {
    Address liquidator;
    Address borrower;
    U256 repaid;
    Address c_token_collateral;
    U256 seize_tokens;
};

/// What the only contract that may liquidate tells after a liquidation: who called it, and how it
/// shared what it seized.
struct LiquidateForAnother {
    Address liquidator;
    Address borrower;
    U256 repaid;
    Address debt_market;  ///< a cToken, or the stablecoin's controller
    Address c_token_collateral;
    U256 treasury_share;
    U256 liquidator_share;
};

/// The account's debt in one market may be liquidated whatever its health, or no longer.
struct ForcedForUser {
    Address account;
    Address c_token;
    bool is_forced = false;
};

/// Configuration. What it says is read again from the contracts; the words are kept to tell people.
struct ConfigurationChange {
    EventKind kind = EventKind::new_close_factor;
    std::vector<U256> words;  ///< static parameters in the event's order, indexed or not
};

using Event = std::variant<IndexTold, BorrowChange, SupplyChange, LiquidateBorrow, Transfer,
                           BalanceTold, Membership, PoolSelected, StableDebtChange, LiquidateStable,
                           LiquidateForAnother, ForcedForUser, ConfigurationChange>;

/// The log as an event of this emitter. Deployments differ in which parameters they index: the
/// indexed ones come first in them and here, so topics and data are read as one row of words. None:
/// not an event the ledger knows. Error: it bears the topic of one, but not its form.
Expected<std::optional<Event>, ParseError> decode(const Log& log, Emitter emitter);

/// Topic 0 of every event the ledger wants.
const std::vector<Bytes32>& wanted_topics();
/// The same and those of `SupplyChange`, which only a ledger with watched accounts wants.
const std::vector<Bytes32>& watching_topics();
/// Topic 0 of the events of cTokens that tell who owes how much at which index.
const std::vector<Bytes32>& discovery_topics();
/// How the event moved its market's total borrows; none where it did not.
std::optional<TotalStep> total_step(const Event& event);
/// The signature of an event, as hashed.
std::string_view signature(EventKind kind);

}  // namespace plimsoll::protocols::compound_v2
