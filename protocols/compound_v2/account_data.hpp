#pragma once

#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/accrued.hpp"
#include "protocols/compound_v2/model.hpp"

#include <optional>
#include <span>

namespace plimsoll::protocols::compound_v2 {

/// `Error.PRICE_ERROR` of the Comptroller.
inline constexpr unsigned kPriceError = 13;

/// The two sides of an account in the Comptroller's unit (its price unit times 1e18), or the error
/// it answers instead.
struct AccountData {
    unsigned error = 0;
    U256 collateral = 0;  ///< weighted by the collateral factors
    U256 borrow = 0;

    friend bool operator==(const AccountData&, const AccountData&) = default;
    /// The second and third word of `getAccountLiquidity`.
    U256 liquidity() const { return collateral > borrow ? collateral - borrow : U256(0); }
    U256 shortfall() const { return borrow > collateral ? borrow - collateral : U256(0); }
    /// Strict: equal is safe. An account whose price is an error cannot be liquidated at all.
    bool is_liquidatable() const { return error == 0 && borrow > collateral; }
    /// collateral / borrow, rounded down, at most 2^256 - 1: below 1 exactly when liquidatable.
    /// None: the debt is worth nothing.
    std::optional<Wad> health_factor() const;
};

/// One asset of the sum, as the Comptroller takes it from the cToken and the oracle.
struct EnteredAsset {
    CTokens c_tokens;
    TokenAmount borrow;
    Wad exchange_rate;
    Wad factor;
    OraclePrice price;
};

/// The collateral one cToken counts for, as a mantissa: factor times rate, then times price.
U256 tokens_to_denom(Rounding rounding, const Wad& factor, const Wad& rate,
                     const OraclePrice& price);
/// What one cToken of an entered market counts for in an account's collateral, times 1e18, by what
/// is stored. Throws where the contract reverts.
U256 collateral_of_one(Rounding rounding, const Market& market, const Account& account,
                       const AccruedCToken& c_token);
/// `getHypotheticalAccountLiquidityInternal` over its assets. Throws where the contract reverts.
AccountData sum_assets(Rounding rounding, std::span<const EnteredAsset> assets);

/// `Comptroller.getAccountLiquidity(account)` by the markets' numbers in `state`: `stored` is what
/// the contract answers, `current` what it would answer with every market accrued to the block.
///
/// Rounding: each asset's collateral and debt down; products of mantissas by `market.rounding`.
/// Errors: `Reverted` where the contract's arithmetic or its oracle reverts; `AccountData::error`
/// where it answers an error (a price is 0).
/// Source: `Comptroller.getHypotheticalAccountLiquidityInternal` of Compound G1 to G7 and JustLend,
/// `ComptrollerLens` of Venus.
Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account,
                                             State state);
/// The same with some of the oracle's answers replaced.
Expected<AccountData, Reverted> account_data(const AccruedMarket& market, const Account& account,
                                             State state, std::span<const AssumedPrice> assumed);

}  // namespace plimsoll::protocols::compound_v2
