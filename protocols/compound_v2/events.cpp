#include "protocols/compound_v2/events.hpp"

#include "abi/codec.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace plimsoll::protocols::compound_v2 {
namespace {

using enum EventKind;

constexpr unsigned bit(Emitter emitter) { return 1U << static_cast<unsigned>(emitter); }
constexpr unsigned kCToken = bit(Emitter::c_token);
constexpr unsigned kComptroller = bit(Emitter::comptroller);
constexpr unsigned kStable = bit(Emitter::stable_controller);
constexpr unsigned kLiquidator = bit(Emitter::liquidator);

/// One event: who emits it, its signature, how many words it has at least, topics and data
/// together (dynamic parameters not counted).
struct Row {
    EventKind kind;
    unsigned emitters;
    std::string_view signature;
    std::size_t words;
};

/// `LiquidateBorrowedTokens` indexes its fifth parameter, which so is its third word.
/// Sources: `CTokenInterfaces` and `ComptrollerInterface` of Compound v2.0 to v2.9, JustLend,
/// Venus up to 10.3.
constexpr std::array kRows{
    Row{accrue_interest, kCToken, "AccrueInterest(uint256,uint256,uint256,uint256)", 4},
    Row{accrue_interest_2019, kCToken, "AccrueInterest(uint256,uint256,uint256)", 3},
    Row{j_token_status, kCToken,
        "JTokenStatus(uint256,uint256,uint256,uint256,uint256,uint256,uint256)", 7},
    Row{borrow, kCToken, "Borrow(address,uint256,uint256,uint256)", 4},
    Row{borrow_with_index, kCToken, "Borrow(address,uint256,uint256,uint256,uint256)", 5},
    Row{repay_borrow, kCToken, "RepayBorrow(address,address,uint256,uint256,uint256)", 5},
    Row{repay_borrow_with_index, kCToken,
        "RepayBorrow(address,address,uint256,uint256,uint256,uint256)", 6},
    Row{mint, kCToken, "Mint(address,uint256,uint256)", 3},
    Row{mint_with_balance, kCToken, "Mint(address,uint256,uint256,uint256)", 4},
    Row{mint_behalf, kCToken, "MintBehalf(address,address,uint256,uint256)", 4},
    Row{mint_behalf_with_balance, kCToken, "MintBehalf(address,address,uint256,uint256,uint256)",
        5},
    Row{redeem, kCToken, "Redeem(address,uint256,uint256)", 3},
    Row{redeem_with_balance, kCToken, "Redeem(address,uint256,uint256,uint256)", 4},
    Row{liquidate_borrow, kCToken, "LiquidateBorrow(address,address,uint256,address,uint256)", 5},
    Row{transfer, kCToken, "Transfer(address,address,uint256)", 3},
    Row{j_token_balance, kCToken, "JTokenBalance(address,uint256)", 2},
    Row{new_reserve_factor, kCToken, "NewReserveFactor(uint256,uint256)", 2},
    Row{new_interest_rate_model, kCToken, "NewMarketInterestRateModel(address,address)", 2},
    Row{new_comptroller, kCToken, "NewComptroller(address,address)", 2},
    Row{market_listed, kComptroller, "MarketListed(address)", 1},
    Row{market_unlisted, kComptroller, "MarketUnlisted(address)", 1},
    Row{market_entered, kComptroller, "MarketEntered(address,address)", 2},
    Row{market_exited, kComptroller, "MarketExited(address,address)", 2},
    Row{new_close_factor, kComptroller, "NewCloseFactor(uint256,uint256)", 2},
    Row{new_collateral_factor, kComptroller, "NewCollateralFactor(address,uint256,uint256)", 3},
    Row{new_liquidation_incentive, kComptroller, "NewLiquidationIncentive(uint256,uint256)", 2},
    Row{new_price_oracle, kComptroller, "NewPriceOracle(address,address)", 2},
    Row{action_paused, kComptroller, "ActionPaused(string,bool)", 0},
    Row{market_action_paused, kComptroller, "ActionPaused(address,string,bool)", 1},
    Row{action_paused_market, kComptroller, "ActionPausedMarket(address,uint8,bool)", 3},
    Row{action_protocol_paused, kComptroller, "ActionProtocolPaused(bool)", 1},
    Row{new_borrow_cap, kComptroller, "NewBorrowCap(address,uint256)", 2},
    Row{new_supply_cap, kComptroller, "NewSupplyCap(address,uint256)", 2},
    Row{new_stable_controller, kComptroller, "NewVAIController(address,address)", 2},
    Row{forced_liquidation, kComptroller, "IsForcedLiquidationEnabledUpdated(address,bool)", 2},
    Row{forced_for_user, kComptroller,
        "IsForcedLiquidationEnabledForUserUpdated(address,address,bool)", 3},
    Row{new_liquidator, kComptroller, "NewLiquidatorContract(address,address)", 2},
    Row{new_lens, kComptroller, "NewComptrollerLens(address,address)", 2},
    Row{diamond_cut, kComptroller, "DiamondCut((address,uint8,bytes4[])[])", 0},
    Row{pool_collateral_factor, kComptroller, "NewCollateralFactor(uint96,address,uint256,uint256)",
        4},
    Row{pool_liquidation_threshold, kComptroller,
        "NewLiquidationThreshold(uint96,address,uint256,uint256)", 4},
    Row{pool_liquidation_incentive, kComptroller,
        "NewLiquidationIncentive(uint96,address,uint256,uint256)", 4},
    Row{pool_selected, kComptroller, "PoolSelected(address,uint96,uint96)", 3},
    Row{pool_market_initialized, kComptroller, "PoolMarketInitialized(uint96,address)", 2},
    Row{pool_market_removed, kComptroller, "PoolMarketRemoved(uint96,address)", 2},
    Row{pool_active_status, kComptroller, "PoolActiveStatusUpdated(uint96,bool,bool)", 3},
    Row{pool_fallback_status, kComptroller, "PoolFallbackStatusUpdated(uint96,bool,bool)", 3},
    Row{new_implementation, kComptroller | kCToken, "NewImplementation(address,address)", 2},
    Row{mint_stable, kStable, "MintVAI(address,uint256)", 2},
    Row{repay_stable, kStable, "RepayVAI(address,address,uint256)", 3},
    Row{liquidate_stable, kStable, "LiquidateVAI(address,address,uint256,address,uint256)", 5},
    Row{liquidate_for_another, kLiquidator,
        "LiquidateBorrowedTokens(address,address,uint256,address,address,uint256,uint256)", 7},
};

const std::unordered_map<Bytes32, const Row*>& rows_by_topic() {
    static const auto rows = [] {
        std::unordered_map<Bytes32, const Row*> out;
        for (const Row& row : kRows) out.emplace(abi::topic(row.signature), &row);
        return out;
    }();
    return rows;
}

bool is_of_supply(EventKind kind) {
    return kind == mint || kind == mint_with_balance || kind == mint_behalf ||
           kind == mint_behalf_with_balance || kind == redeem || kind == redeem_with_balance;
}

std::vector<Bytes32> topics_where(bool (*wanted)(EventKind)) {
    std::vector<Bytes32> out;
    for (const Row& row : kRows) {
        if (wanted(row.kind)) out.push_back(abi::topic(row.signature));
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// The parameters of one log whose size was checked against its row. The first one that does not
/// fit its type is remembered; what is read meanwhile is zero and thrown away.
class Fields {
  public:
    explicit Fields(const Log& log) : log_(log), reader_(log.data) {}

    std::size_t size() const { return log_.topics.size() - 1 + log_.data.size() / 32; }
    U256 word(std::size_t i) { return to_u256(at(i)); }
    Address address(std::size_t i) { return keep(to_address(at(i))); }
    unsigned small(std::size_t i) {
        const U256 value = word(i);
        if (value <= UINT32_MAX) return static_cast<unsigned>(value);
        if (!error_) error_ = ParseError{"a number does not fit 32 bits"};
        return 0;
    }
    const std::optional<ParseError>& error() const { return error_; }

  private:
    Bytes32 at(std::size_t i) {
        const std::size_t indexed = log_.topics.size() - 1;
        return i < indexed ? log_.topics[i + 1] : keep(reader_.word(i - indexed));
    }
    template <class T>
    T keep(Expected<T, ParseError> value) {
        if (value) return std::move(*value);
        if (!error_) error_ = value.error();
        return T{};
    }

    const Log& log_;
    abi::Reader reader_;
    std::optional<ParseError> error_;
};

/// The total grew by so much. One that grew by more than it is follows no total.
TotalStep grown(const U256& by, const U256& total) {
    return {by <= total ? total - by : u256_max(), total, false};
}

TotalStep shrunk(const U256& by, const U256& total) {
    return {by <= u256_max() - total ? total + by : u256_max(), total, true};
}

Event read(const Row& row, Fields& f) {
    switch (row.kind) {
        case accrue_interest:
            return IndexTold{f.word(2), grown(f.word(1), f.word(3))};
        case accrue_interest_2019:
            return IndexTold{f.word(1), grown(f.word(0), f.word(2))};
        case j_token_status:
            return IndexTold{f.word(5), std::nullopt};
        case borrow:
            return BorrowChange{false,
                                f.address(0),
                                f.word(2),
                                std::nullopt,
                                {},
                                f.word(1),
                                grown(f.word(1), f.word(3))};
        case borrow_with_index:
            return BorrowChange{false,
                                f.address(0),
                                f.word(2),
                                f.word(4),
                                {},
                                f.word(1),
                                grown(f.word(1), f.word(3))};
        case repay_borrow:
            return BorrowChange{true,
                                f.address(1),
                                f.word(3),
                                std::nullopt,
                                f.address(0),
                                f.word(2),
                                shrunk(f.word(2), f.word(4))};
        case repay_borrow_with_index:
            return BorrowChange{true,
                                f.address(1),
                                f.word(3),
                                f.word(5),
                                f.address(0),
                                f.word(2),
                                shrunk(f.word(2), f.word(4))};
        case mint:
        case mint_with_balance:
            return SupplyChange{false, f.address(0), f.address(0), f.word(1)};
        case mint_behalf:
        case mint_behalf_with_balance:
            return SupplyChange{false, f.address(1), f.address(0), f.word(2)};
        case redeem:
        case redeem_with_balance:
            return SupplyChange{true, f.address(0), f.address(0), f.word(1)};
        case liquidate_borrow:
            return LiquidateBorrow{f.address(0), f.address(1), f.word(2), f.address(3), f.word(4)};
        case transfer:
            return Transfer{f.address(0), f.address(1), f.word(2)};
        case j_token_balance:
            return BalanceTold{f.address(0), f.word(1)};
        case market_entered:
        case market_exited:
            return Membership{f.address(0), f.address(1), row.kind == market_entered};
        case pool_selected:
            return PoolSelected{f.address(0), f.small(2)};
        case mint_stable:
            return StableDebtChange{f.address(0)};
        case repay_stable:
            return StableDebtChange{f.address(1)};
        case liquidate_stable:
            return LiquidateStable{f.address(0), f.address(1), f.word(2), f.address(3), f.word(4)};
        case liquidate_for_another:
            return LiquidateForAnother{f.address(0), f.address(1), f.word(3), f.address(4),
                                       f.address(2), f.word(5),    f.word(6)};
        case forced_for_user:
            return ForcedForUser{f.address(0), f.address(1), f.word(2) != 0};
        default:
            break;
    }
    ConfigurationChange out;
    out.kind = row.kind;
    for (std::size_t i = 0; i < row.words; ++i) out.words.push_back(f.word(i));
    return out;
}

}  // namespace

Expected<std::optional<Event>, ParseError> decode(const Log& log, Emitter emitter) {
    if (log.topics.empty()) return std::optional<Event>{};
    const auto found = rows_by_topic().find(log.topics.front());
    if (found == rows_by_topic().end()) return std::optional<Event>{};
    const Row& row = *found->second;
    if ((row.emitters & bit(emitter)) == 0) return std::optional<Event>{};
    Fields fields(log);
    if (fields.size() < row.words) {
        return parse_error(std::string(row.signature) + " has too few topics or too little data");
    }
    Event event = read(row, fields);
    if (fields.error()) {
        return parse_error(std::string(row.signature) + ": " + fields.error()->message);
    }
    return std::optional<Event>{std::move(event)};
}

const std::vector<Bytes32>& wanted_topics() {
    static const auto topics = topics_where([](EventKind kind) { return !is_of_supply(kind); });
    return topics;
}

const std::vector<Bytes32>& watching_topics() {
    static const auto topics = topics_where([](EventKind) { return true; });
    return topics;
}

const std::vector<Bytes32>& discovery_topics() {
    static const auto topics = topics_where([](EventKind kind) {
        using enum EventKind;
        return kind == accrue_interest || kind == accrue_interest_2019 || kind == borrow ||
               kind == borrow_with_index || kind == repay_borrow ||
               kind == repay_borrow_with_index || kind == mint_stable;
    });
    return topics;
}

std::optional<TotalStep> total_step(const Event& event) {
    if (const auto* told = std::get_if<IndexTold>(&event)) return told->total;
    if (const auto* change = std::get_if<BorrowChange>(&event)) return change->total;
    return std::nullopt;
}

std::string_view signature(EventKind kind) {
    const auto found = std::find_if(kRows.begin(), kRows.end(),
                                    [kind](const Row& row) { return row.kind == kind; });
    return found->signature;
}

}  // namespace plimsoll::protocols::compound_v2
