#pragma once

#include "abi/address.hpp"
#include "protocols/aave_v3/rule_set.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/units.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// `DataTypes.ReserveConfigurationMap`: one word, bits as in docs of the Pool. Fields whose meaning
/// changed between releases take the rule set and answer as that release reads them.
class ReserveConfig {
  public:
    ReserveConfig() = default;
    explicit ReserveConfig(U256 word) : word_(std::move(word)) {}
    const U256& word() const { return word_; }

    Bps ltv() const;                       ///< bits 0-15
    Bps liquidation_threshold() const;     ///< bits 16-31
    Bps liquidation_bonus() const;         ///< bits 32-47; 10500 is 5 %
    unsigned decimals() const;             ///< bits 48-55
    bool is_active() const;                ///< bit 56
    bool is_frozen() const;                ///< bit 57
    bool is_borrowing_enabled() const;     ///< bit 58
    bool is_paused() const;                ///< bit 60
    Bps liquidation_protocol_fee() const;  ///< bits 152-167, part of the bonus
    /// Bits 168-175, meaningful up to v3_1; 0 later.
    unsigned e_mode_category(RuleSet rules) const;
    /// Bits 212-251, 2 decimals of USD, meaningful up to v3_6; 0 later.
    U256 debt_ceiling(RuleSet rules) const;

  private:
    U256 field(unsigned first_bit, unsigned bits) const;
    U256 word_ = 0;
};

/// A reserve as the Pool stores it: the result of its last update, not yet accrued to any block.
struct Reserve {
    unsigned id = 0;  ///< `getReserveData(asset).id`, not the position in the list
    Address asset;
    std::string symbol;
    ReserveConfig config;
    Ray liquidity_index;
    Ray liquidity_rate;
    Ray variable_borrow_index;
    Ray variable_borrow_rate;
    BlockTime last_update = 0;
    Address a_token;
    Address stable_debt_token;  ///< zero from v3_2 on
    Address variable_debt_token;
    TokenRules a_token_rules = TokenRules::half_up;
    TokenRules debt_token_rules = TokenRules::half_up;
    std::uint64_t liquidation_grace_until = 0;  ///< v3_1 on
};

/// An e-mode category. Up to v3_1 membership is in the asset's config and `price_source` may
/// replace prices; from v3_2 on the bitmaps (bit = reserve id) decide.
struct EMode {
    unsigned id = 0;
    Bps ltv;
    Bps liquidation_threshold;
    Bps liquidation_bonus;
    Address price_source;
    U256 collateral_bitmap = 0;
    U256 ltvzero_bitmap = 0;  ///< v3_6 on
    bool isolated = false;    ///< v3_7 on
};

/// Stable-rate debt of one account in one reserve; V3.0 and V3.1 only.
struct StableDebt {
    TokenAmount principal;
    Ray rate;
    BlockTime last_update = 0;
};

/// What one account holds in one reserve. `collateral` is the account's own flag.
struct Holding {
    unsigned reserve = 0;  ///< reserve id
    ScaledBalance supplied;
    ScaledBalance variable_debt;
    StableDebt stable_debt;
    bool collateral = false;

    bool has_debt() const { return variable_debt.raw() != 0 || stable_debt.principal.raw() != 0; }
};

/// Holdings are ordered by reserve id, at most one each.
struct Account {
    unsigned e_mode = 0;
    std::vector<Holding> holdings;
};

/// The market as of one block: everything the arithmetic needs besides the account.
struct Market {
    RuleSet rules = RuleSet::v3_0;
    BlockTime time = 0;                    ///< `block.timestamp`
    std::map<unsigned, Reserve> reserves;  ///< by reserve id
    std::map<unsigned, EMode> e_modes;     ///< by category id
    /// Oracle answer by reserve id; a reserve without an entry has a reverting oracle.
    std::map<unsigned, OraclePrice> prices;
    /// Oracle answer for an e-mode's price source by category id (up to v3_1); 0 where it answers
    /// 0; missing where the oracle reverts.
    std::map<unsigned, OraclePrice> e_mode_prices;
    /// `PriceOracleSentinel.isLiquidationAllowed()`, up to v3_6; true where no sentinel is set.
    bool liquidation_allowed = true;
};

}  // namespace plimsoll::protocols::aave_v3
