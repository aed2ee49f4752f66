#pragma once

#include "protocols/common/price.hpp"
#include "protocols/compound_v2/account_data.hpp"
#include "protocols/compound_v2/ledger.hpp"
#include "protocols/compound_v2/prices.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace plimsoll::protocols::compound_v2 {

/// The markets of a ledger at the block of one round, ready to value accounts. Made once a round
/// and never changed: copies of a ledger share it.
struct Valuation {
    Valuation() = default;
    Valuation(const Valuation&) = delete;
    Valuation& operator=(const Valuation&) = delete;

    Round round;
    Market market;
    std::optional<AccruedMarket> accrued;  ///< `market`, for valuing many accounts
    PriceScale scale;
    /// What the Comptroller's unit (a price unit times 1e18) is worth, as a fraction of a US dollar
    /// with 8 decimals. The numerator is 0 where that is not known.
    U256 usd_numerator = 0;
    U256 usd_denominator = 1;
    PriceQuote quote;  ///< of one whole coin of the price unit
    /// Markets whose numbers are not what the contract answers or the logs told, and why.
    std::map<unsigned, std::string> doubts;
    /// Of the markets whose replies fit together.
    std::map<unsigned, StoredBorrows> stored;
    /// By market: borrow balances of the followed accounts, by the stored index.
    std::map<unsigned, U256> known_borrows;
    std::map<unsigned, std::size_t> borrowers;  ///< accounts that owe, by market
    std::size_t inexact = 0;                    ///< borrows known to one unit only
    /// Whom to ask for the rounding, while it is unknown: accounts that the two disagree about.
    /// While there are none, those with a cToken (the value) that the roundings would disagree
    /// about if more of it were redeemed. What they make of prices to come differs too.
    std::map<Address, Address> samples;
};

std::shared_ptr<const Valuation> make_valuation(const Ledger& ledger, Round round);
/// The markets of a round as the arithmetic wants them.
Market market_of(const Structure& structure, const Round& round);

/// A market's borrows by the ledger and by its own total.
struct BorrowCoverage {
    TokenAmount known;
    TokenAmount total;
    /// What roundings can have made of the difference: each accrual rounds the total and the index
    /// down, each borrow or repayment the account's balance.
    U256 bound = 0;
    bool is_complete = false;     ///< equal within the bound
    bool is_above_total = false;  ///< more is known than exists, by more than the bound
};
/// None: the total could not be read.
std::optional<BorrowCoverage> borrow_coverage(const Ledger& ledger, const Valuation& valuation,
                                              unsigned market);

/// Known over total borrows of all markets by their value at oracle prices, in millionths, rounded
/// down; at most 999,999 while any market is not complete.
std::uint64_t coverage_ppm(const Ledger& ledger, const Valuation& valuation);

/// A value in the Comptroller's unit as US dollars with 8 decimals, rounded down; 0 where the unit
/// is unknown.
Usd8 to_usd(const Valuation& valuation, const U256& value);
/// Value of an amount at an oracle price.
Usd8 usd_of(const Valuation& valuation, const TokenAmount& amount,
            const std::optional<OraclePrice>& price);

}  // namespace plimsoll::protocols::compound_v2
