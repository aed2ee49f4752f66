#pragma once

#include "protocols/compound_v2/model.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll::protocols::compound_v2 {

/// By which numbers of the markets an account is judged.
enum class State : std::uint8_t {
    stored,   ///< of each market's last accrual, as the Comptroller's views do
    current,  ///< accrued to the block, which anybody may bring about
};

/// The oracle's answer for one market, assumed.
struct AssumedPrice {
    unsigned market = 0;
    OraclePrice price;
};

/// What all accounts share of one market at one block. Borrows the market.
class AccruedCToken {
  public:
    AccruedCToken(const CToken& market, const MarketState& current,
                  std::optional<OraclePrice> price);

    const CToken& market() const { return *market_; }
    unsigned id() const { return market_->id; }
    /// Both throw where the contract reverts.
    const Wad& borrow_index(State state) const;
    const Wad& exchange_rate(State state) const;
    /// Throws where the oracle reverts.
    const OraclePrice& price() const;

  private:
    static std::size_t slot(State state) { return state == State::stored ? 0 : 1; }

    const CToken* market_;
    std::array<std::optional<Wad>, 2> rate_;
    std::array<std::optional<Wad>, 2> index_;
    std::optional<OraclePrice> price_;
};

/// All markets with their stored and accrued numbers, made once per block to value every account.
/// Borrows the market, which must outlive it and not change. Safe to read from several threads.
class AccruedMarket {
  public:
    /// Accrued to `market.now`.
    explicit AccruedMarket(const Market& market) : AccruedMarket(market, market.now) {}
    /// Accrued to another block or second.
    AccruedMarket(const Market& market, std::uint64_t now);

    const Market& market() const { return *market_; }
    /// Null: no market has this id.
    const AccruedCToken* find(unsigned id) const {
        return id < by_id_.size() && by_id_[id] ? &*by_id_[id] : nullptr;
    }

  private:
    const Market* market_;
    std::vector<std::optional<AccruedCToken>> by_id_;
};

/// The factor by which an account's cTokens of a market count in `getAccountLiquidity`, with the
/// account's pool of risk applied. Source: Venus `MarketFacet.getEffectiveLtvFactor`.
const Factors& effective_factors(const Market& market, unsigned pool, const CToken& c_token);

}  // namespace plimsoll::protocols::compound_v2
