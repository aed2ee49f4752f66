#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/price.hpp"
#include "protocols/common/units.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::protocols {

/// Names a position inside one protocol. `market` is zero where an account has one position in the
/// whole protocol (Aave, Compound V2, Comet) and the market's id where it has one per market
/// (Morpho).
struct PositionKey {
    Address account;
    Bytes32 market;

    friend auto operator<=>(const PositionKey&, const PositionKey&) = default;
};

/// The cheap value of a position, made for every position in every round.
struct PositionHealth {
    PositionKey key;
    /// False: the contract's own view would revert. Then nothing below is known, and the position
    /// is neither healthy nor liquidatable.
    bool computable = false;
    std::optional<Wad> health_factor;  ///< none: no debt
    /// Health factor strictly below 1, or a rule of the protocol that does not ask for it.
    bool liquidatable = false;
    Usd8 collateral;  ///< value at the protocol's oracle, rounded down
    Usd8 debt;
};

/// On which side of a price the position is liquidatable.
enum class PriceSide { below, above };

/// The price, nearest to the present one, at which the position is liquidatable while one unit
/// further to the healthy side it is not. In units of the protocol's oracle.
struct LiquidationPrice {
    OraclePrice price;
    PriceSide side = PriceSide::below;
};

/// One asset of a position, as shown.
struct AssetEntry {
    std::string asset;  ///< symbol; from the chain, cleaned
    Address token;      ///< zero: the native coin
    Address market;     ///< as in `MarketReport::market`
    unsigned decimals = 0;
    TokenAmount amount;
    std::optional<OraclePrice> price;
    unsigned price_decimals = 8;
    PriceQuote quote;
    Usd8 usd;
    bool enabled = true;        ///< collateral only: counts as collateral
    Bps liquidation_threshold;  ///< collateral only: in effect for this account (e-mode applied)
    std::optional<LiquidationPrice> alone;  ///< only this asset's price moves
    /// All members of the asset's group move by one factor; stated in the leader's price.
    std::optional<LiquidationPrice> group;
    std::string group_leader;  ///< symbol of the leader when `group` is set
};

/// The least amount of one asset that brings the health factor to the target by itself.
struct SafeAmount {
    std::string asset;
    Address token;
    unsigned decimals = 0;
    TokenAmount amount;
};

/// The most that one call of a liquidator may do now with one debt and one collateral.
struct LiquidationOffer {
    AssetEntry repaid;         ///< of the debt: asset, amount, price and dollars
    AssetEntry taken;          ///< of the collateral: what the liquidator gets
    TokenAmount protocol_fee;  ///< in the collateral, taken from the borrower besides
};

/// Everything about a position; made when somebody asks or a snapshot is written.
struct PositionReport {
    PositionHealth health;
    unsigned e_mode = 0;
    /// What the contract's own view answers at the block: ordered name and decimal text. Empty when
    /// not computable.
    std::vector<std::pair<std::string, std::string>> contract_view;
    std::vector<AssetEntry> collateral;
    std::vector<AssetEntry> debt;
    std::optional<std::uint64_t> liquidation_time;  ///< first liquidatable second within a year
    /// Where interest is counted in blocks: the first liquidatable one. The time is then what the
    /// chain's pace so far makes of it.
    std::optional<BlockNumber> liquidation_block;
    /// By the markets' numbers as last stored, where the contract's view is about those while
    /// `health` is about the accrued ones.
    std::optional<Wad> stored_health_factor;
    std::vector<SafeAmount> repay_to_safe;
    std::vector<SafeAmount> add_to_safe;
    /// Of a position that is liquidatable. Empty then: the contract refuses every pair of debt and
    /// collateral, as it does where a market is paused. None: not known.
    std::optional<std::vector<LiquidationOffer>> offers = std::vector<LiquidationOffer>();
};

}  // namespace plimsoll::protocols
