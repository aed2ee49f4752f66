#include "protocols/aave_v3/events.hpp"

#include "abi/codec.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr unsigned bit(Emitter emitter) { return 1U << static_cast<unsigned>(emitter); }
constexpr unsigned kPool = bit(Emitter::pool);
constexpr unsigned kConfigurator = bit(Emitter::configurator);
constexpr unsigned kProvider = bit(Emitter::provider);
constexpr unsigned kOracle = bit(Emitter::oracle);
constexpr unsigned kScaled = bit(Emitter::a_token) | bit(Emitter::variable_debt);
constexpr unsigned kAToken = bit(Emitter::a_token);
constexpr unsigned kStable = bit(Emitter::stable_debt);
constexpr unsigned kProxies = kPool | kConfigurator | kScaled | kStable;

/// One event: who emits it, its signature, how many parameters are indexed, how many words of data
/// it has at least.
struct Row {
    EventKind kind;
    unsigned emitters;
    std::string_view signature;
    std::size_t indexed;
    std::size_t words;
};

using enum EventKind;

/// Sources: `IPool`, `IPoolConfigurator`, `IPoolAddressesProvider`, `IAaveOracle`, the tokens'
/// interfaces of V3.0 to V3.7, and `BaseUpgradeabilityProxy`.
constexpr std::array kRows{
    Row{reserve_data_updated, kPool,
        "ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)", 1, 5},
    Row{collateral_enabled, kPool, "ReserveUsedAsCollateralEnabled(address,address)", 2, 0},
    Row{collateral_disabled, kPool, "ReserveUsedAsCollateralDisabled(address,address)", 2, 0},
    Row{e_mode_set, kPool, "UserEModeSet(address,uint8)", 1, 1},
    Row{liquidation_call, kPool,
        "LiquidationCall(address,address,address,uint256,uint256,address,bool)", 3, 4},
    Row{deficit_created, kPool, "DeficitCreated(address,address,uint256)", 2, 1},
    Row{supply, kPool, "Supply(address,address,address,uint256,uint16)", 3, 2},
    Row{withdraw, kPool, "Withdraw(address,address,address,uint256)", 3, 1},
    Row{repay, kPool, "Repay(address,address,address,uint256,bool)", 3, 2},
    Row{borrow, kPool, "Borrow(address,address,address,uint256,uint8,uint256,uint16)", 3, 4},
    Row{swap_borrow_rate_mode, kPool, "SwapBorrowRateMode(address,address,uint8)", 2, 1},
    Row{rebalance_stable_borrow_rate, kPool, "RebalanceStableBorrowRate(address,address)", 2, 0},
    Row{mint, kScaled, "Mint(address,address,uint256,uint256,uint256)", 2, 3},
    Row{burn, kScaled, "Burn(address,address,uint256,uint256,uint256)", 2, 3},
    Row{balance_transfer, kAToken, "BalanceTransfer(address,address,uint256,uint256)", 2, 2},
    Row{transfer, kAToken, "Transfer(address,address,uint256)", 2, 1},
    Row{stable_mint, kStable,
        "Mint(address,address,uint256,uint256,uint256,uint256,uint256,uint256)", 2, 6},
    Row{stable_burn, kStable, "Burn(address,uint256,uint256,uint256,uint256,uint256)", 1, 5},
    Row{upgraded, kProxies, "Upgraded(address)", 1, 0},
    Row{reserve_initialized, kConfigurator,
        "ReserveInitialized(address,address,address,address,address)", 2, 3},
    Row{reserve_dropped, kConfigurator, "ReserveDropped(address)", 1, 0},
    Row{collateral_configuration_changed, kConfigurator,
        "CollateralConfigurationChanged(address,uint256,uint256,uint256)", 1, 3},
    Row{pending_ltv_changed, kConfigurator, "PendingLtvChanged(address,uint256)", 1, 1},
    Row{reserve_active, kConfigurator, "ReserveActive(address,bool)", 1, 1},
    Row{reserve_frozen, kConfigurator, "ReserveFrozen(address,bool)", 1, 1},
    Row{reserve_paused, kConfigurator, "ReservePaused(address,bool)", 1, 1},
    Row{reserve_borrowing, kConfigurator, "ReserveBorrowing(address,bool)", 1, 1},
    Row{reserve_factor_changed, kConfigurator, "ReserveFactorChanged(address,uint256,uint256)", 1,
        2},
    Row{liquidation_protocol_fee_changed, kConfigurator,
        "LiquidationProtocolFeeChanged(address,uint256,uint256)", 1, 2},
    Row{liquidation_grace_period_changed, kConfigurator,
        "LiquidationGracePeriodChanged(address,uint40)", 1, 1},
    Row{liquidation_grace_period_disabled, kConfigurator, "LiquidationGracePeriodDisabled(address)",
        1, 0},
    Row{debt_ceiling_changed, kConfigurator, "DebtCeilingChanged(address,uint256,uint256)", 1, 2},
    Row{siloed_borrowing_changed, kConfigurator, "SiloedBorrowingChanged(address,bool,bool)", 1, 2},
    Row{e_mode_asset_category_changed, kConfigurator,
        "EModeAssetCategoryChanged(address,uint8,uint8)", 1, 2},
    Row{e_mode_category_added, kConfigurator,
        "EModeCategoryAdded(uint8,uint256,uint256,uint256,address,string)", 1, 3},
    Row{asset_collateral_in_e_mode_changed, kConfigurator,
        "AssetCollateralInEModeChanged(address,uint8,bool)", 1, 2},
    Row{asset_borrowable_in_e_mode_changed, kConfigurator,
        "AssetBorrowableInEModeChanged(address,uint8,bool)", 1, 2},
    Row{asset_ltvzero_in_e_mode_changed, kConfigurator,
        "AssetLtvzeroInEModeChanged(address,uint8,bool)", 1, 2},
    Row{e_mode_category_isolation_changed, kConfigurator,
        "EModeCategoryIsolationChanged(uint8,bool)", 1, 1},
    Row{asset_source_updated, kOracle, "AssetSourceUpdated(address,address)", 2, 0},
    Row{fallback_oracle_updated, kOracle, "FallbackOracleUpdated(address)", 1, 0},
    Row{base_currency_set, kOracle, "BaseCurrencySet(address,uint256)", 1, 1},
    Row{pool_updated, kProvider, "PoolUpdated(address,address)", 2, 0},
    Row{pool_configurator_updated, kProvider, "PoolConfiguratorUpdated(address,address)", 2, 0},
    Row{price_oracle_updated, kProvider, "PriceOracleUpdated(address,address)", 2, 0},
    Row{price_oracle_sentinel_updated, kProvider, "PriceOracleSentinelUpdated(address,address)", 2,
        0},
    Row{address_set, kProvider, "AddressSet(bytes32,address,address)", 3, 0},
    Row{address_set_as_proxy, kProvider, "AddressSetAsProxy(bytes32,address,address,address)", 3,
        1},
};

const std::unordered_map<Bytes32, const Row*>& rows_by_topic() {
    static const auto rows = [] {
        std::unordered_map<Bytes32, const Row*> out;
        for (const Row& row : kRows) out.emplace(abi::topic(row.signature), &row);
        return out;
    }();
    return rows;
}

/// The parameters of one log whose size was checked against its row. The first one that does not
/// fit its type is remembered; what is read meanwhile is zero and thrown away.
class Fields {
  public:
    explicit Fields(const Log& log) : log_(log), reader_(log.data) {}

    /// Indexed parameter `i`, from 0.
    Address topic_address(std::size_t i) { return keep(to_address(log_.topics[i + 1])); }
    unsigned topic_category(std::size_t i) { return category(to_u256(log_.topics[i + 1])); }
    U256 word(std::size_t i) { return keep(reader_.uint(i)); }
    Address word_address(std::size_t i) { return keep(reader_.address(i)); }
    bool word_bool(std::size_t i) { return keep(reader_.boolean(i)); }
    unsigned word_category(std::size_t i) { return category(word(i)); }
    const std::optional<ParseError>& error() const { return error_; }

  private:
    template <class T>
    T keep(Expected<T, ParseError> value) {
        if (value) return std::move(*value);
        if (!error_) error_ = value.error();
        return T{};
    }
    unsigned category(const U256& value) {
        if (value <= 255) return static_cast<unsigned>(value);
        if (!error_) error_ = ParseError{"an e-mode category does not fit uint8"};
        return 0;
    }

    const Log& log_;
    abi::Reader reader_;
    std::optional<ParseError> error_;
};

ConfigurationChange configuration_change(const Row& row, Fields& f) {
    ConfigurationChange out;
    out.kind = row.kind;
    switch (row.kind) {
        case e_mode_category_added:
        case e_mode_category_isolation_changed:
            out.category = f.topic_category(0);
            break;
        case address_set:
        case address_set_as_proxy:
            out.second = f.topic_address(row.indexed - 1);
            break;
        default:
            out.subject = f.topic_address(0);
            if (row.indexed > 1) out.second = f.topic_address(1);
    }
    if (row.kind == reserve_initialized || row.kind == address_set_as_proxy) return out;
    for (std::size_t i = 0; i < row.words; ++i) out.words.push_back(f.word(i));
    if (row.kind == asset_collateral_in_e_mode_changed ||
        row.kind == asset_borrowable_in_e_mode_changed ||
        row.kind == asset_ltvzero_in_e_mode_changed) {
        out.category = f.word_category(0);
    }
    return out;
}

Event read(const Row& row, Fields& f) {
    switch (row.kind) {
        case reserve_data_updated:
            return ReserveDataUpdated{f.topic_address(0), f.word(0), f.word(2), f.word(3),
                                      f.word(4)};
        case collateral_enabled:
        case collateral_disabled:
            return CollateralFlag{f.topic_address(0), f.topic_address(1),
                                  row.kind == collateral_enabled};
        case e_mode_set:
            return EModeSet{f.topic_address(0), f.word_category(0)};
        case liquidation_call:
            return LiquidationCall{f.topic_address(0), f.topic_address(1), f.topic_address(2),
                                   f.word(0),          f.word(1),          f.word_address(2),
                                   f.word_bool(3)};
        case deficit_created:
            return DeficitCreated{f.topic_address(0), f.topic_address(1), f.word(0)};
        case supply:
            return PoolAction{supply, f.topic_address(0), f.topic_address(1), f.word_address(0),
                              f.word(1)};
        case withdraw:
        case repay:
            return PoolAction{row.kind, f.topic_address(0), f.topic_address(1), f.topic_address(2),
                              f.word(0)};
        case borrow:
            return Borrowed{borrow, f.topic_address(0), f.topic_address(1), f.word_address(0),
                            f.word(1)};
        case swap_borrow_rate_mode:
        case rebalance_stable_borrow_rate:
            return Borrowed{row.kind, f.topic_address(0), f.topic_address(1), {}, 0};
        case mint:
            return BalanceChange{true, f.topic_address(1), f.word(0), f.word(1), f.word(2)};
        case burn:
            return BalanceChange{false, f.topic_address(0), f.word(0), f.word(1), f.word(2)};
        case balance_transfer:
            return BalanceTransfer{f.topic_address(0), f.topic_address(1), f.word(0), f.word(1)};
        case transfer:
            return Transfer{f.topic_address(0), f.topic_address(1), f.word(0)};
        case stable_mint:
            return StableChange{true,      f.topic_address(1), f.word(0),
                                f.word(1), f.word(2),          f.word(3)};
        case stable_burn:
            return StableChange{false, f.topic_address(0), f.word(0), f.word(1), f.word(2), 0};
        case upgraded:
            return Upgraded{f.topic_address(0)};
        default:
            return configuration_change(row, f);
    }
}

bool is_action(EventKind kind) { return kind == supply || kind == withdraw || kind == repay; }

std::vector<Bytes32> topics_of(bool (*wants)(EventKind)) {
    std::vector<Bytes32> out;
    for (const Row& row : kRows) {
        if (wants(row.kind)) out.push_back(abi::topic(row.signature));
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

Expected<std::optional<Event>, ParseError> decode(const Log& log, Emitter emitter) {
    if (log.topics.empty()) return std::optional<Event>{};
    const auto found = rows_by_topic().find(log.topics.front());
    if (found == rows_by_topic().end()) return std::optional<Event>{};
    const Row& row = *found->second;
    if ((row.emitters & bit(emitter)) == 0) return std::optional<Event>{};
    if (log.topics.size() != row.indexed + 1 || log.data.size() < row.words * 32) {
        return parse_error(std::string(row.signature) + " has too few topics or too little data");
    }
    Fields fields(log);
    Event event = read(row, fields);
    if (fields.error()) {
        return parse_error(std::string(row.signature) + ": " + fields.error()->message);
    }
    return std::optional<Event>{std::move(event)};
}

const std::vector<Bytes32>& wanted_topics() {
    static const auto topics = topics_of([](EventKind kind) { return !is_action(kind); });
    return topics;
}

const std::vector<Bytes32>& wanted_topics_and_actions() {
    static const auto topics = topics_of([](EventKind) { return true; });
    return topics;
}

const Bytes32& borrow_topic() {
    static const Bytes32 topic = abi::topic(signature(borrow));
    return topic;
}

std::string_view signature(EventKind kind) {
    const auto found = std::find_if(kRows.begin(), kRows.end(),
                                    [kind](const Row& row) { return row.kind == kind; });
    return found->signature;
}

}  // namespace plimsoll::protocols::aave_v3
