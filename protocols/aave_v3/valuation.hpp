#pragma once

#include "protocols/aave_v3/accrued.hpp"
#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/prices.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace plimsoll::protocols::aave_v3 {

/// The market of a ledger at the block of one round, ready to value accounts. Made once a round and
/// never changed: copies of a ledger share it.
struct Valuation {
    Valuation() = default;
    Valuation(const Valuation&) = delete;
    Valuation& operator=(const Valuation&) = delete;

    Round round;
    /// Reserves as last updated, not accrued: for what happens later than the block.
    Market stored;
    /// Reserves accrued to the block. The same numbers come out: an index updated in this very
    /// block is taken as it stands. Source: `ReserveLogic.getNormalizedIncome`.
    Market accrued;
    std::optional<AccruedMarket> prepared;  ///< `accrued`, for valuing many accounts
    /// Reserves whose indexes are not what the contract answers, and why. The contract's stand in
    /// `accrued`.
    std::map<unsigned, std::string> doubts;
    /// Stable debt of the followed accounts at the block, interest included; up to v3_1.
    std::map<unsigned, U256> known_stable_debt;
};

std::shared_ptr<const Valuation> make_valuation(const Ledger& ledger, Round round);

/// The account as the arithmetic wants it.
Account account_of(const AccountView& account);

/// A reserve's debt by the ledger and by the protocol's own totals, both in tokens at the block.
/// Variable debt is compared scaled, where equal means complete. A stable debt token's total is its
/// own estimate at the average rate, which drifts from the sum of the balances: within a thousandth
/// of it the stable debt counts as known.
struct DebtCoverage {
    TokenAmount known;
    TokenAmount total;
    bool is_complete = false;
    bool is_above_total = false;  ///< the ledger knows variable debt that does not exist
};
/// None: the totals could not be read.
std::optional<DebtCoverage> debt_coverage(const Ledger& ledger, const Valuation& valuation,
                                          unsigned reserve);

/// Known over total debt of all reserves by their value at oracle prices, in millionths, rounded
/// down; at most 999,999 while any reserve is not complete.
std::uint64_t coverage_ppm(const Ledger& ledger, const Valuation& valuation);

/// An amount of the base currency in its oracle unit, as US dollars with 8 decimals, rounded down.
Usd8 to_usd(const Structure& structure, const U256& base);
/// Value of a token amount in the oracle's unit, rounded down; none above 2^256 - 1.
std::optional<U256> value_of(const TokenAmount& amount, const OraclePrice& price,
                             unsigned decimals);

}  // namespace plimsoll::protocols::aave_v3
