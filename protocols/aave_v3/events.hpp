#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"
#include "protocols/common/log.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace plimsoll::protocols::aave_v3 {

/// Which contract of a market a log came from. Several topics are shared by unrelated contracts,
/// so a log means something only together with its emitter.
enum class Emitter : std::uint8_t {
    pool,
    configurator,
    provider,
    oracle,
    a_token,
    variable_debt,
    stable_debt,
};

enum class EventKind : std::uint8_t {
    // Pool
    reserve_data_updated,
    collateral_enabled,
    collateral_disabled,
    e_mode_set,
    liquidation_call,
    deficit_created,
    supply,
    withdraw,
    repay,
    borrow,
    swap_borrow_rate_mode,
    rebalance_stable_borrow_rate,
    // tokens
    mint,
    burn,
    balance_transfer,
    transfer,
    stable_mint,
    stable_burn,
    // any proxy
    upgraded,
    // PoolConfigurator
    reserve_initialized,
    reserve_dropped,
    collateral_configuration_changed,
    pending_ltv_changed,
    reserve_active,
    reserve_frozen,
    reserve_paused,
    reserve_borrowing,
    reserve_factor_changed,
    liquidation_protocol_fee_changed,
    liquidation_grace_period_changed,
    liquidation_grace_period_disabled,
    debt_ceiling_changed,
    siloed_borrowing_changed,
    e_mode_asset_category_changed,
    e_mode_category_added,
    asset_collateral_in_e_mode_changed,
    asset_borrowable_in_e_mode_changed,
    asset_ltvzero_in_e_mode_changed,
    e_mode_category_isolation_changed,
    // AaveOracle
    asset_source_updated,
    fallback_oracle_updated,
    base_currency_set,
    // PoolAddressesProvider
    pool_updated,
    pool_configurator_updated,
    price_oracle_updated,
    price_oracle_sentinel_updated,
    address_set,
    address_set_as_proxy,
};

struct ReserveDataUpdated {
    Address reserve;
    U256 liquidity_rate;
    U256 variable_borrow_rate;
    U256 liquidity_index;
    U256 variable_borrow_index;
};

struct CollateralFlag {
    Address reserve;
    Address user;
    bool enabled = false;
};

struct EModeSet {
    Address user;
    unsigned category = 0;
};

struct LiquidationCall {
    Address collateral_asset;
    Address debt_asset;
    Address user;
    U256 debt_to_cover;
    U256 liquidated_collateral;  ///< what the liquidator got: without the protocol fee
    Address liquidator;
    bool receive_a_token = false;
};

struct DeficitCreated {
    Address user;
    Address debt_asset;
    U256 amount;
};

/// `Borrow`; also `SwapBorrowRateMode` and `RebalanceStableBorrowRate`, which name the same two.
struct Borrowed {
    EventKind kind = EventKind::borrow;
    Address reserve;
    Address account;  ///< whose debt it is: `onBehalfOf`
    Address caller;   ///< `Borrow` only: `user`, who got the tokens
    U256 amount = 0;  ///< `Borrow` only
};

/// `Supply`, `Withdraw` and `Repay`: for people; balances follow the tokens.
struct PoolAction {
    EventKind kind = EventKind::supply;
    Address reserve;
    Address account;  ///< whose deposit or debt it is
    Address other;    ///< who supplied or repaid; who got what was withdrawn
    U256 amount;
};

/// `Mint` or `Burn` of an aToken or a variable debt token. `value` is what `Transfer` says,
/// `balance_increase` the interest since the account's last touch.
struct BalanceChange {
    bool is_mint = false;
    Address account;
    U256 value;
    U256 balance_increase;
    U256 index;
};

struct BalanceTransfer {
    Address from;
    Address to;
    U256 value;  ///< scaled, but see `scaled_transfer`
    U256 index;
};

struct Transfer {
    Address from;
    Address to;
    U256 value;
};

/// `Mint` or `Burn` of a stable debt token. `amount` changes the principal.
struct StableChange {
    bool is_mint = false;
    Address account;
    U256 amount;
    U256 current_balance;  ///< before, interest included
    U256 balance_increase;
    U256 new_rate;  ///< of the account; mint only
};

struct Upgraded {
    Address implementation;
};

/// Configuration, oracle and provider events. What they say is read again from the contracts;
/// the words are kept to tell people. An event has only some of the fields.
struct ConfigurationChange {
    EventKind kind = EventKind::reserve_active;
    Address subject;          ///< asset, or the first address indexed
    unsigned category = 0;    ///< e-mode category
    Address second;           ///< new address
    std::vector<U256> words;  ///< static data words in the event's order
};

using Event = std::variant<ReserveDataUpdated, CollateralFlag, EModeSet, LiquidationCall,
                           DeficitCreated, Borrowed, PoolAction, BalanceChange, BalanceTransfer,
                           Transfer, StableChange, Upgraded, ConfigurationChange>;

/// The log as an event of this emitter. None: not an event the ledger knows. Error: it bears the
/// topic of one, but topics or data do not have its form.
Expected<std::optional<Event>, ParseError> decode(const Log& log, Emitter emitter);

/// Topic 0 of every event the ledger wants, in order.
const std::vector<Bytes32>& wanted_topics();
/// The same and those of `PoolAction`, which only a ledger with watched accounts wants.
const std::vector<Bytes32>& wanted_topics_and_actions();
/// Topic 0 of `Borrow`, whose `onBehalfOf` names every account that ever had debt.
const Bytes32& borrow_topic();
/// The signature of an event, as hashed.
std::string_view signature(EventKind kind);

}  // namespace plimsoll::protocols::aave_v3
