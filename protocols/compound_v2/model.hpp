#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/units.hpp"
#include "protocols/compound_v2/actions.hpp"
#include "protocols/compound_v2/rule_set.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// A cToken's own unit (8 decimals), before its exchange rate is applied.
using CTokens = ScaledBalance;

/// The moving part of a market as its cToken stores it: the result of its last accrual.
struct MarketState {
    TokenAmount cash;
    TokenAmount total_borrows;
    TokenAmount total_reserves;
    CTokens total_supply;
    Wad borrow_index;
    std::uint64_t accrued_at = 0;  ///< `accrualBlockNumber`: block, or seconds since 1970
    Wad borrow_rate;               ///< per block, or per second
    /// `exchangeRateStored` while nobody holds a cToken; of no effect otherwise.
    Wad initial_exchange_rate;
};

/// The factors of a market, of all accounts or of those in one pool of risk.
struct Factors {
    Wad collateral;   ///< what counts when borrowing
    Wad liquidation;  ///< what counts in `getAccountLiquidity`; the same but on Venus from 10.0 on
    std::optional<Wad> incentive;  ///< liquidation incentive; none: the Comptroller's own

    friend bool operator==(const Factors&, const Factors&) = default;
};

/// One market.
struct CToken {
    unsigned id = 0;  ///< ours: the order in which markets were seen
    Address address;
    Address underlying;  ///< zero: the native coin
    std::string symbol;  ///< of the underlying
    unsigned decimals = 0;
    Factors factors;
    Wad reserve_factor;
    Wad protocol_seize_share;  ///< of the seized cTokens, to the reserves
    std::optional<TokenAmount> borrow_cap;
    std::optional<TokenAmount> supply_cap;
    bool is_listed = true;
    /// Its borrowers may be liquidated whatever their health: the market is deprecated (Compound
    /// from 2.9 on), or its liquidation is forced (Venus).
    bool is_always_liquidatable = false;
    /// False: what it stores could not be read, and accounts that entered it cannot be computed.
    bool is_readable = true;
    Actions paused;  ///< in this market; see `Structure::paused`
    MarketState stored;

    bool is_native() const { return underlying.is_zero(); }
};

/// A pool of risk an account may choose (Venus from 10.0 on, "e-mode"). Pool 0 is not one of them:
/// its values are the markets' own.
struct RiskPool {
    bool is_active = false;
    bool allows_core_fallback = false;
    std::map<unsigned, Factors> markets;  ///< by market id; those the pool lists

    friend bool operator==(const RiskPool&, const RiskPool&) = default;
};

/// What one account has in one market.
struct Holding {
    unsigned market = 0;
    CTokens c_tokens;
    TokenAmount principal;  ///< of the borrow, at `interest_index`
    Wad interest_index;
    bool entered = false;
    /// The debt may be liquidated whatever the account's health (Venus, for single users).
    bool is_forced = false;

    bool has_debt() const { return principal.raw() != 0; }
};

/// Whether the debt may be liquidated, all of it at once, whatever the account's health.
inline bool is_forced(const Holding& debt, const CToken& market) {
    return debt.is_forced || market.is_always_liquidatable;
}

/// Debt in the deployment's own stablecoin (Venus: VAI), one of which counts one dollar.
struct StableDebt {
    TokenAmount minted;         ///< interest of the past included
    TokenAmount past_interest;  ///< of that, on which no interest runs
    Wad index;

    friend bool operator==(const StableDebt&, const StableDebt&) = default;
    bool is_none() const { return minted.raw() == 0; }
};

/// Holdings are ordered by market id, at most one each.
struct Account {
    unsigned pool = 0;
    StableDebt stable_debt;
    std::vector<Holding> holdings;
};

/// All markets of a Comptroller as of one block: everything the arithmetic needs besides the
/// account.
struct Market {
    Rounding rounding = Rounding::truncate;
    AccrualClock clock = AccrualClock::block;
    std::uint64_t now = 0;     ///< of that clock
    bool skips_empty = false;  ///< entered markets without balances are not priced (Venus 10.0 on)
    Wad close_factor;
    Wad liquidation_incentive;
    std::map<unsigned, CToken> markets;      ///< by market id
    std::map<unsigned, RiskPool> pools;      ///< by pool id
    std::map<unsigned, OraclePrice> prices;  ///< by market id; missing: the oracle reverts
    /// Of `StableDebt`, as stored: since when it accrues no contract tells.
    Wad stable_index;
};

}  // namespace plimsoll::protocols::compound_v2
