#pragma once

#include "abi/address.hpp"
#include "protocols/common/block.hpp"
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
    Address token;
    unsigned decimals = 0;
    std::optional<OraclePrice> price;  ///< none: the oracle reverts or has none
    unsigned price_decimals = 8;
    /// When the feed behind the price says it was made; none where it does not tell.
    std::optional<BlockTime> price_updated_at;
    TokenAmount supplied;
    TokenAmount borrowed;
    std::optional<TokenAmount> cash;
    Usd8 supplied_usd;
    Usd8 borrowed_usd;
    /// Debt written off that nobody has covered yet, by the protocol's own books.
    TokenAmount deficit;
    Usd8 deficit_usd;
    Bps liquidation_threshold;
    Bps ltv;
    Bps liquidation_bonus;
    bool paused = false;
    bool frozen = false;
    Ray index_supply;  ///< normalized to the block
    Ray index_borrow;
    /// Debt of the followed accounts and of the protocol's own total, in the same unit. Coverage is
    /// known / total.
    U256 debt_known = 0;
    U256 debt_total = 0;
};

/// A realised liquidation, decoded from its log.
struct Liquidation {
    Bytes32 tx;
    std::uint32_t log_index = 0;
    BlockRef block;
    Address account;
    Address liquidator;
    Address collateral_token;
    std::string collateral_asset;
    unsigned collateral_decimals = 0;
    TokenAmount collateral;
    Address debt_token;
    std::string debt_asset;
    unsigned debt_decimals = 0;
    TokenAmount debt;
    TokenAmount protocol_fee;  ///< in collateral, taken from the borrower besides `collateral`
    TokenAmount bad_debt;      ///< debt written off in the same transaction, in the debt asset
    /// Protocol oracle prices at the end of the event's block, when they could be read there.
    std::optional<OraclePrice> collateral_price;
    std::optional<OraclePrice> debt_price;
    unsigned price_decimals = 8;
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
    std::string asset;
    unsigned decimals = 0;
    TokenAmount amount;
    /// Protocol oracle price at the end of the event's block, when it could be read there.
    std::optional<OraclePrice> price;
    unsigned price_decimals = 8;
};

/// One value of a parameter, as the contract has it; numbers in decimal, addresses in hex.
struct ParameterValue {
    std::string name;  ///< snake_case: "liquidation_threshold"
    std::string from;  ///< empty where it is not known
    std::string to;

    friend bool operator==(const ParameterValue&, const ParameterValue&) = default;
};

/// What a kind needs to take a change of parameters back in thought; each kind has its own.
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
    /// Calls `use` with every event, whatever its kind; they all have a `block`.
    template <class Use>
    void for_each(const Use& use) {
        for (auto& event : liquidations) use(event);
        for (auto& event : parameters) use(event);
        for (auto& event : activity) use(event);
    }
};

}  // namespace plimsoll::protocols
