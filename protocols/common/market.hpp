#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
#include "protocols/common/price.hpp"
#include "protocols/common/units.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
    /// When the feed behind the price says it was made; none where it does not tell.
    std::optional<BlockTime> price_updated_at;
    PriceQuote quote;
    TokenAmount supplied;
    TokenAmount borrowed;
    std::optional<TokenAmount> cash;
    Usd8 supplied_usd;
    Usd8 borrowed_usd;
    /// Debt written off that nobody has covered yet, by the protocol's own books.
    TokenAmount deficit;
    Usd8 deficit_usd;
    /// What lies in the contracts, where that is not `supplied` less `borrowed` (reserves).
    std::optional<Usd8> cash_usd;
    Bps liquidation_threshold;
    Bps ltv;
    Bps liquidation_bonus;
    /// Of a debt, what one liquidation may repay at most, cut off; none: the kind has no one
    /// number.
    std::optional<Bps> close_factor;
    bool paused = false;
    bool frozen = false;
    /// What the contract refuses, by its name for it: by a switch of the action's own, or since the
    /// market cannot accrue; none: the kind has no such switches.
    std::optional<std::vector<std::string_view>> paused_actions;
    std::optional<TokenAmount> supply_cap;  ///< none: no cap, or the kind tells none
    std::optional<TokenAmount> borrow_cap;
    Ray index_supply;  ///< as the contract's own view answers at the block
    Ray index_borrow;
    /// Debt of the followed accounts and of the protocol's own total, in the same unit. Coverage is
    /// known / total.
    U256 debt_known = 0;
    U256 debt_total = 0;
};

/// An e-mode category that is set up: assets with one liquidation threshold for the accounts that
/// chose it.
struct EModeReport {
    unsigned id = 0;
    Bps liquidation_threshold;
    /// Those whose collateral has that threshold in it, by reserve id: underlying and symbol.
    std::vector<Address> tokens;
    std::vector<std::string> assets;
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

enum class AccountAction { deposit, withdraw, borrow, repay, receive, send };
std::string_view to_string(AccountAction action);

/// What a watched account did, or somebody for it. `receive` and `send` are transfers of a deposit
/// to another account; what a liquidation moves is told by `Liquidation` alone.
struct AccountEvent {
    Bytes32 tx;
    std::uint32_t log_index = 0;
    BlockRef block;
    AccountAction action = AccountAction::deposit;
    Address account;  ///< whose position it is
    /// Who acted, or the other end of a transfer or withdrawal; zero where it is not told.
    Address other;
    Address token;
    Address market;  ///< as in `MarketReport::market`
    std::string asset;
    unsigned decimals = 0;
    TokenAmount amount;
    /// Told instead of `amount`, in the market's own unit: that stays 0 until the rate of the
    /// event's block is known.
    std::optional<U256> shares;
    /// Protocol oracle price at the end of the event's block, when it could be read there.
    std::optional<AssetPrice> price;
};

/// One value of a parameter, as the contract has it; numbers in decimal, addresses in hex.
struct ParameterValue {
    std::string name;  ///< snake_case: "liquidation_threshold"
    std::string from;  ///< empty where it is not known
    std::string to;
    /// A share of one with so many decimals: 4 are basis points. None: it is not a share.
    std::optional<unsigned> share_decimals{};

    friend bool operator==(const ParameterValue&, const ParameterValue&) = default;
};

/// What a kind needs to take a change of parameters back in thought; each kind has its own. Where
/// it is nothing but this, what was before is not known.
struct BeforeChange {
    BeforeChange() = default;
    BeforeChange(const BeforeChange&) = delete;
    BeforeChange& operator=(const BeforeChange&) = delete;
    virtual ~BeforeChange() = default;
};

/// A configuration that changed: of a market, a category of markets, or the protocol's contracts.
struct ParameterChange {
    BlockRef block;
    Bytes32 tx;
    std::uint32_t log_index = 0;
    std::string subject;  ///< asset symbol, category or contract
    Address token;        ///< of a market; zero otherwise
    std::vector<ParameterValue> values;
    /// None: it decides nobody's health. Shared between copies of a ledger; immutable.
    std::shared_ptr<const BeforeChange> before;
};

/// Takes out what a change says of the time before it: it was met by a ledger that knows the
/// configuration of a later block only.
void forget_before(ParameterChange& change);

/// What applied logs told besides changing the ledger.
struct LedgerEvents {
    std::vector<Liquidation> liquidations;
    std::vector<ParameterChange> parameters;
    std::vector<AccountEvent> activity;  ///< of watched accounts

    bool empty() const { return liquidations.empty() && parameters.empty() && activity.empty(); }
    /// Adds what the other one holds.
    void append(LedgerEvents other);
    /// Drops events on blocks up to this one.
    void drop_up_to(BlockNumber number);
    /// Drops events on blocks above this one.
    void drop_above(BlockNumber number);
    /// By block and log; what is there twice is left once.
    void put_in_order();
    /// Calls `use` with every event, whatever its kind; they all have a `block`.
    template <class Use>
    void for_each(const Use& use) {
        for (auto& event : liquidations) use(event);
        for (auto& event : parameters) use(event);
        for (auto& event : activity) use(event);
    }
    template <class Use>
    void for_each(const Use& use) const {
        for (const auto& event : liquidations) use(event);
        for (const auto& event : parameters) use(event);
        for (const auto& event : activity) use(event);
    }
};

}  // namespace plimsoll::protocols
