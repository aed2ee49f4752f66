#pragma once

#include "protocols/aave_v3/model.hpp"

#include <optional>

namespace plimsoll::protocols::aave_v3 {

/// The e-mode of one account as its release reads it. Category 0 is no e-mode. Up to v3_1 an asset
/// belongs to the one category in its configuration; from v3_2 on the category's bitmap decides.
/// Borrows the market.
class AccountEMode {
  public:
    AccountEMode(const Market& market, unsigned category);

    /// `asset_category` is the reserve's `ReserveConfig::e_mode_category`.
    bool contains(unsigned reserve_id, unsigned asset_category) const;
    const U256& liquidation_threshold(bool is_in_category, const U256& base) const;
    /// Up to v3_5 a base LTV of 0 removes the category's; from v3_6 on the category's own bitmap
    /// does. The LTV never touches the health factor.
    U256 ltv(bool is_in_category, unsigned reserve_id, const U256& base) const;
    const Bps& liquidation_bonus(bool is_in_category, const Bps& base) const;

    /// The price that replaces every price in the category (up to v3_1): none where the category
    /// has no source or the source answers 0. Throws where the oracle reverts.
    std::optional<OraclePrice> price() const;
    /// The same without the rule for 0, as `LiquidationLogic` reads it.
    std::optional<OraclePrice> price_source_answer() const;

  private:
    const Market* market_;
    const EMode* category_ = nullptr;  ///< null: no e-mode
    unsigned id_;
};

}  // namespace plimsoll::protocols::aave_v3
