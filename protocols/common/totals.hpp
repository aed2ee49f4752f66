#pragma once

#include "protocols/common/market.hpp"
#include "protocols/common/position.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace plimsoll::protocols {

/// Sums over a protocol at one block, in US dollars at its oracle. Sums stop at 2^256 - 1.
struct Totals {
    Usd8 supplied;
    Usd8 borrowed;
    /// Markets that are in none of the sums: they hold something, and nothing tells its worth.
    std::size_t unpriced = 0;
    /// What lies in the contracts, where markets tell it rather than `supplied` less `borrowed`.
    std::optional<Usd8> cash;
    std::size_t borrowers = 0;
    std::size_t at_risk = 0;  ///< health factor below `at_risk_below`, but not liquidatable
    std::size_t liquidatable = 0;
    std::size_t not_computable = 0;
    Usd8 liquidatable_debt;
    /// By how much debts exceed the collateral behind them, summed over the positions where they
    /// do.
    Usd8 shortfall;
    std::size_t under_water = 0;  ///< positions with such a shortfall
    Usd8 deficit;                 ///< debt written off and not covered, by the protocol's books

    /// What lies in the contracts: `cash`, or supplied minus borrowed, 0 where more is borrowed.
    Usd8 locked() const;
    /// `shortfall` and `deficit`.
    Usd8 bad_debt() const;
};

/// 1.1: positions with a health factor below count as at risk.
const Wad& at_risk_below();
Totals totals_of(std::span<const MarketReport> markets, std::span<const PositionHealth> healths);
/// Whether the dollars of the market's report are what it holds: it has a price, and what that is
/// stated in has one; or it holds nothing.
bool is_worth_known(const MarketReport& market);
/// What lies in one market's contract: its cash, or supplied minus borrowed, or 0.
Usd8 locked_in(const MarketReport& market);
/// Sums stop at 2^256 - 1.
void add(Usd8& sum, const Usd8& more);
/// `a` minus `b`, or 0.
Usd8 less(const Usd8& a, const Usd8& b);

}  // namespace plimsoll::protocols
