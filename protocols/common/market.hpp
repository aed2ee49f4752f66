#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/price.hpp"
#include "protocols/common/units.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace plimsoll::protocols {

/// One market (reserve, cToken, Comet base) at a block, as shown and as snapshot.
struct MarketReport {
    std::string asset;
    Address token;   ///< zero: the native coin
    Address market;  ///< the market's own contract, where several may have one token; else zero
    unsigned decimals = 0;
    std::optional<OraclePrice> price;  ///< none: the oracle reverts or has none
    unsigned price_decimals = 8;
    PriceQuote quote;
    TokenAmount supplied;
    TokenAmount borrowed;
    std::optional<TokenAmount> cash;
    Usd8 supplied_usd;
    Usd8 borrowed_usd;
    /// What lies in the contracts, where that is not `supplied` less `borrowed` (reserves).
    std::optional<Usd8> cash_usd;
    Bps liquidation_threshold;
    Bps ltv;
    Bps liquidation_bonus;
    bool paused = false;
    bool frozen = false;
    std::optional<TokenAmount> supply_cap;  ///< none: no cap, or the kind tells none
    std::optional<TokenAmount> borrow_cap;
    Ray index_supply;  ///< as the contract's own view answers at the block
    Ray index_borrow;
    /// Debt of the followed accounts and of the protocol's own total, in the same unit. Coverage is
    /// known / total.
    U256 debt_known = 0;
    U256 debt_total = 0;
};

/// Collateral that was taken in the market's own unit, not the underlying's.
struct SeizedShares {
    U256 liquidator = 0;
    U256 protocol = 0;
};

/// A realised liquidation, decoded from its log.
struct Liquidation {
    Bytes32 tx;
    std::uint32_t log_index = 0;
    BlockRef block;
    Address account;
    Address liquidator;
    Address collateral_token;
    Address collateral_market;  ///< as in `MarketReport::market`
    std::string collateral_asset;
    unsigned collateral_decimals = 0;
    TokenAmount collateral;
    Address debt_token;
    Address debt_market;
    std::string debt_asset;
    unsigned debt_decimals = 0;
    TokenAmount debt;
    TokenAmount protocol_fee;  ///< in collateral, taken from the borrower besides `collateral`
    TokenAmount bad_debt;      ///< debt written off in the same transaction, in the debt asset
    /// Told instead of `collateral` and `protocol_fee`, which stay 0 until the rate of the event's
    /// block is known.
    std::optional<SeizedShares> seized;
    /// Protocol oracle prices at the end of the event's block, when they could be read there.
    std::optional<AssetPrice> collateral_price;
    std::optional<AssetPrice> debt_price;
};

/// A risk parameter that changed, for people: what, from, to.
struct ParameterChange {
    BlockRef block;
    Bytes32 tx;
    std::uint32_t log_index = 0;
    std::string subject;  ///< asset symbol, category or contract
    std::string what;
};

/// What applied logs told besides changing the ledger.
struct LedgerEvents {
    std::vector<Liquidation> liquidations;
    std::vector<ParameterChange> parameters;
};

}  // namespace plimsoll::protocols
