#pragma once

#include "protocols/aave_v3/model.hpp"

#include <optional>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// One reserve as the Pool reads it in one block: what all accounts share. The accessors that stand
/// for a call of the contract throw where that call reverts.
class AccruedReserve {
  public:
    /// `price` none: the oracle reverts.
    AccruedReserve(RuleSet rules, const Reserve& reserve, std::optional<OraclePrice> price,
                   BlockTime time);

    unsigned id() const { return id_; }
    const U256& unit() const { return unit_; }                                    ///< 10^decimals
    const U256& ltv() const { return ltv_; }                                      ///< base, bps
    const U256& liquidation_threshold() const { return liquidation_threshold_; }  ///< base, bps
    unsigned e_mode_category() const { return e_mode_category_; }
    const Ray& income() const;         ///< `getReserveNormalizedIncome`
    const Ray& debt() const;           ///< `getReserveNormalizedVariableDebt`
    const OraclePrice& price() const;  ///< `getAssetPrice`

  private:
    unsigned id_;
    unsigned e_mode_category_;
    U256 unit_;
    U256 ltv_;
    U256 liquidation_threshold_;
    std::optional<Ray> income_;
    std::optional<Ray> debt_;
    std::optional<OraclePrice> price_;
};

/// A market with its reserves accrued to `market.time`, made once per block to value every account.
/// Borrows the market, which must outlive it and not change. Safe to read from several threads.
class AccruedMarket {
  public:
    explicit AccruedMarket(const Market& market);

    const Market& market() const { return *market_; }
    /// Null: no reserve has this id.
    const AccruedReserve* reserve(unsigned id) const {
        return id < by_id_.size() && by_id_[id] ? &*by_id_[id] : nullptr;
    }

  private:
    const Market* market_;
    std::vector<std::optional<AccruedReserve>> by_id_;
};

}  // namespace plimsoll::protocols::aave_v3
