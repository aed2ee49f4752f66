#pragma once

#include "protocols/aave_v3/model.hpp"

#include <optional>
#include <span>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// One reserve as the Pool reads it in one block: what all accounts share. The accessors that stand
/// for a call of the contract throw where that call reverts. Borrows the reserve.
class AccruedReserve {
  public:
    /// `price` none: the oracle reverts.
    AccruedReserve(RuleSet rules, const Reserve& reserve, std::optional<OraclePrice> price,
                   BlockTime time);

    const Reserve& reserve() const { return *reserve_; }
    unsigned id() const { return reserve_->id; }
    const U256& unit() const { return unit_; }                                    ///< 10^decimals
    const U256& ltv() const { return ltv_; }                                      ///< base, bps
    const U256& liquidation_threshold() const { return liquidation_threshold_; }  ///< base, bps
    unsigned e_mode_category() const { return e_mode_category_; }
    const Ray& income() const;         ///< `getReserveNormalizedIncome`
    const Ray& debt() const;           ///< `getReserveNormalizedVariableDebt`
    const OraclePrice& price() const;  ///< `getAssetPrice`

  private:
    const Reserve* reserve_;
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

/// The oracle's answer for one reserve, assumed.
struct AssumedPrice {
    unsigned reserve = 0;
    OraclePrice price;
};

/// What `AccruedReserve` answers, worked out when it is asked, at any time and under assumptions.
/// Borrows everything it is made of.
class LiveReserve {
  public:
    LiveReserve(const Market& market, const Reserve& reserve, BlockTime time,
                std::span<const AssumedPrice> assumed)
        : market_(&market), reserve_(&reserve), time_(time), assumed_(assumed) {}

    const Reserve& reserve() const { return *reserve_; }
    unsigned id() const { return reserve_->id; }
    U256 unit() const;
    U256 ltv() const { return reserve_->config.ltv().raw(); }
    U256 liquidation_threshold() const { return reserve_->config.liquidation_threshold().raw(); }
    unsigned e_mode_category() const { return reserve_->config.e_mode_category(market_->rules); }
    Ray income() const;
    Ray debt() const;
    OraclePrice price() const;

  private:
    const Market* market_;
    const Reserve* reserve_;
    BlockTime time_;
    std::span<const AssumedPrice> assumed_;
};

/// An accrued reserve with the oracle's answer assumed, where it is. Borrows everything.
class RepricedReserve {
  public:
    RepricedReserve(const AccruedReserve& accrued, std::span<const AssumedPrice> assumed)
        : accrued_(&accrued), assumed_(assumed) {}

    const Reserve& reserve() const { return accrued_->reserve(); }
    unsigned id() const { return accrued_->id(); }
    const U256& unit() const { return accrued_->unit(); }
    const U256& ltv() const { return accrued_->ltv(); }
    const U256& liquidation_threshold() const { return accrued_->liquidation_threshold(); }
    unsigned e_mode_category() const { return accrued_->e_mode_category(); }
    const Ray& income() const { return accrued_->income(); }
    const Ray& debt() const { return accrued_->debt(); }
    const OraclePrice& price() const;

  private:
    const AccruedReserve* accrued_;
    std::span<const AssumedPrice> assumed_;
};

}  // namespace plimsoll::protocols::aave_v3
