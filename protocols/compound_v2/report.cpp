#include "protocols/compound_v2/report.hpp"

#include "abi/power_of_ten.hpp"
#include "protocols/common/fixed_point.hpp"
#include "protocols/compound_v2/audit.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/exponential.hpp"
#include "protocols/compound_v2/interest.hpp"
#include "protocols/compound_v2/liquidation.hpp"

#include <algorithm>
#include <map>

namespace plimsoll::protocols::compound_v2 {
namespace {

constexpr std::uint64_t kYear = std::uint64_t{365} * 24 * 3600;

/// A mantissa in basis points, cut off: for people, and for what compares kinds.
Bps to_bps(const Wad& value) {
    const U256 bps = value.raw() / U256(100'000'000'000'000ULL);
    return Bps::from_raw(bps);
}

std::optional<OraclePrice> price_in(const Market& market, unsigned id) {
    const auto found = market.prices.find(id);
    if (found == market.prices.end() || found->second.raw() == 0) return std::nullopt;
    return found->second;
}

/// How many blocks (or seconds) are a year at the chain's pace so far, and back.
struct Years {
    std::uint64_t moments = 0;  ///< 0: the pace is not known
    std::uint64_t blocks_seen = 1;
    std::uint64_t seconds_seen = 1;

    Years(const Structure& structure, const Valuation& valuation) {
        const BlockRef& at = valuation.round.at;
        if (structure.clock == AccrualClock::timestamp) {
            moments = kYear;
            return;
        }
        if (at.number <= structure.pace.block || at.time <= structure.pace.time) return;
        blocks_seen = at.number - structure.pace.block;
        seconds_seen = at.time - structure.pace.time;
        const U256 blocks = U256(kYear) * U256(blocks_seen) / U256(seconds_seen);
        moments = static_cast<std::uint64_t>(std::min(blocks, U256(10) * U256(kYear)));
    }
    std::uint64_t seconds(std::uint64_t later) const {
        return static_cast<std::uint64_t>(U256(later) * U256(seconds_seen) / U256(blocks_seen));
    }
};

/// The Comptroller adds the stablecoin's debt to the others' value as it is: 18 decimals, dollars.
AssetPrice stable_price() { return {OraclePrice::from_raw(kExpScale), kStableDecimals, {}}; }

/// One account being reported: what every entry needs, and prices found so far.
class Reporter {
  public:
    Reporter(const Book& book, const Account& account, std::span<const AssetGroup> groups)
        : book_(book), market_(book.valuation.market), account_(account), groups_(groups) {}

    std::optional<AssetEntry> collateral_entry(const Holding& holding) {
        const AccruedCToken* c_token = book_.valuation.accrued->find(holding.market);
        const auto amount = as_contract([&] {
            return underlying_of(holding.c_tokens, c_token->exchange_rate(State::current));
        });
        if (!amount || amount->raw() == 0) return std::nullopt;
        AssetEntry out = entry(c_token->market(), *amount);
        out.enabled = holding.entered;
        out.liquidation_threshold =
            to_bps(effective_factors(market_, account_.pool, c_token->market()).liquidation);
        if (holding.entered) add_prices(out, c_token->market());
        return out;
    }

    std::optional<AssetEntry> debt_entry(const Holding& holding) {
        const AccruedCToken* c_token = book_.valuation.accrued->find(holding.market);
        const auto amount = as_contract([&] {
            return borrow_balance(holding.principal, holding.interest_index,
                                  c_token->borrow_index(State::current));
        });
        if (!amount || amount->raw() == 0) return std::nullopt;
        AssetEntry out = entry(c_token->market(), *amount);
        add_prices(out, c_token->market());
        return out;
    }

    /// What is owed in the deployment's own stablecoin.
    std::optional<AssetEntry> stable_debt_entry() const {
        const auto amount = as_contract(
            [&] { return stable_debt_balance(account_.stable_debt, market_.stable_index); });
        if (!amount || amount->raw() == 0) return std::nullopt;
        const Structure& structure = book_.ledger.structure();
        AssetEntry out;
        out.asset = kStableSymbol;
        out.token = structure.stable_token;
        out.market = structure.stable_controller;
        out.decimals = kStableDecimals;
        out.amount = *amount;
        out.price_decimals = kStableDecimals;
        out.quote = book_.valuation.quote;
        if (out.quote.is_usd()) out.price = stable_price().price;
        out.usd = to_usd(book_.valuation, amount->raw());
        return out;
    }

    LiquidationOffer offer(const PossibleLiquidation& call) const {
        const CToken& collateral = market_.markets.at(call.collateral_market);
        const CTokens fee =
            std::min(protocol_share(call.seized, collateral.protocol_seize_share), call.seized);
        const auto underlying = [&](const U256& c_tokens) {
            return as_contract([&] {
                       return underlying_of(CTokens::from_raw(c_tokens), call.collateral_rate);
                   })
                .value_or(TokenAmount{});
        };
        return {entry(market_.markets.at(call.debt_market), call.repaid),
                entry(collateral, underlying(call.seized.raw() - fee.raw())),
                underlying(fee.raw())};
    }

    SafeAmount safe_amount(unsigned id, const TokenAmount& amount) const {
        const CToken& c_token = market_.markets.at(id);
        return {c_token.symbol, c_token.underlying, c_token.decimals, amount};
    }

  private:
    AssetEntry entry(const CToken& c_token, const TokenAmount& amount) const {
        AssetEntry out;
        out.asset = c_token.symbol;
        out.token = c_token.underlying;
        out.market = c_token.address;
        out.decimals = c_token.decimals;
        out.amount = amount;
        out.price = price_in(market_, c_token.id);
        out.price_decimals = book_.ledger.structure().price_decimals(c_token);
        out.quote = book_.valuation.quote;
        out.usd = usd_of(book_.valuation, amount, out.price);
        return out;
    }

    void add_prices(AssetEntry& out, const CToken& c_token) {
        AssetGroup own{c_token.symbol, c_token.symbol, c_token.underlying, {c_token.underlying}};
        out.alone = price_of_group(own);
        const auto group = std::ranges::find_if(
            groups_, [&](const AssetGroup& one) { return one.contains(c_token.underlying); });
        out.group = group == groups_.end() ? out.alone : price_of_group(*group);
        if (!out.group) return;
        out.group_leader = group == groups_.end() ? c_token.symbol : group->leader_symbol;
    }

    /// Collateral and debt of one asset share it, and so do all members of a group.
    std::optional<LiquidationPrice> price_of_group(const AssetGroup& group) {
        const auto key = std::pair(group.leader, group.members);
        const auto known = found_.find(key);
        if (known != found_.end()) return known->second;
        std::optional<LiquidationPrice> price;
        if (const auto markets = markets_of(book_, group)) {
            price = liquidation_price(*book_.valuation.accrued, account_, markets->moving());
        }
        return found_.emplace(key, price).first->second;
    }

    const Book& book_;
    const Market& market_;
    const Account& account_;
    std::span<const AssetGroup> groups_;
    std::map<std::pair<Address, std::vector<Address>>, std::optional<LiquidationPrice>> found_;
};

bool owes_where_always_liquidatable(const Market& market, const Account& account) {
    return std::ranges::any_of(account.holdings, [&](const Holding& holding) {
        return holding.has_debt() && is_forced(holding, market.markets.at(holding.market));
    });
}

/// Contracts refuse a liquidation where either side of it is paused: `liquidate` of the debt's
/// market, `seize` of the collateral's; and all that accrues where the rate is above the maximum.
void put_pauses(const Book& book, const CToken& market, MarketReport& out) {
    Actions paused = market.paused;
    paused.add(book.ledger.structure().paused);
    if (market.is_readable && !can_accrue(market, book.valuation.market.now)) {
        paused.add(Actions(kAccruing));
    }
    out.paused = paused.has(Action::seize) || paused.has(Action::liquidate);
    out.frozen = paused.has(Action::mint) && paused.has(Action::borrow);
    out.paused_actions.emplace();
    for (std::size_t i = 0; i < kActionCount; ++i) {
        const auto action = static_cast<Action>(i);
        if (paused.has(action)) out.paused_actions->push_back(to_string(action));
    }
}

MarketReport market_report(const Book& book, const CToken& market) {
    const Structure& structure = book.ledger.structure();
    const Valuation& valuation = book.valuation;
    MarketReport out;
    out.asset = market.symbol;
    out.token = market.underlying;
    out.market = market.address;
    out.decimals = market.decimals;
    out.price = price_in(valuation.market, market.id);
    out.price_decimals = structure.price_decimals(market);
    out.quote = valuation.quote;
    out.liquidation_threshold = to_bps(market.factors.liquidation);
    out.ltv = to_bps(market.factors.collateral);
    out.liquidation_bonus =
        to_bps(market.factors.incentive.value_or(structure.liquidation_incentive));
    out.close_factor = to_bps(structure.close_factor);
    put_pauses(book, market, out);
    out.supply_cap = market.supply_cap;
    out.borrow_cap = market.borrow_cap;
    if (!market.is_readable) return out;
    const MarketState& state = market.stored;
    out.cash = state.cash;
    out.borrowed = state.total_borrows;
    const U512 lent = U512(state.cash.raw()) + U512(state.total_borrows.raw());
    if (lent > U512(state.total_reserves.raw())) {
        const U512 supplied = lent - U512(state.total_reserves.raw());
        out.supplied = TokenAmount::from_raw(
            supplied > U512(u256_max()) ? u256_max() : static_cast<U256>(supplied));
    }
    const auto rate = as_contract([&] { return exchange_rate(state); });
    if (rate) out.index_supply = Ray::from_raw(rate->raw());
    out.index_borrow = Ray::from_raw(state.borrow_index.raw());
    if (const auto coverage = borrow_coverage(book.ledger, valuation, market.id)) {
        out.debt_known = coverage->known.raw();
        out.debt_total = coverage->total.raw();
    }
    out.supplied_usd = usd_of(valuation, out.supplied, out.price);
    out.borrowed_usd = usd_of(valuation, out.borrowed, out.price);
    out.cash_usd = usd_of(valuation, state.cash, out.price);
    return out;
}

void add_safe_amounts(const Book& book, const Account& account, const Wad& target,
                      const Reporter& reporter, PositionReport& out) {
    const AccruedMarket& accrued = *book.valuation.accrued;
    for (const Holding& holding : account.holdings) {
        if (!holding.entered) continue;
        const auto repay = repay_to_reach(accrued, account, holding.market, target);
        if (repay) out.repay_to_safe.push_back(reporter.safe_amount(holding.market, *repay));
        if (holding.c_tokens.raw() == 0) continue;
        const auto add = add_to_reach(accrued, account, holding.market, target);
        if (add) out.add_to_safe.push_back(reporter.safe_amount(holding.market, *add));
    }
}

void add_moment(const Book& book, const Account& account, PositionReport& out) {
    const Market& market = book.valuation.market;
    const Years years(book.ledger.structure(), book.valuation);
    if (years.moments == 0) return;
    const auto moment = liquidation_moment(market, account, years.moments);
    if (!moment) return;
    const BlockTime now = book.valuation.round.at.time;
    out.liquidation_time = now + years.seconds(*moment - market.now);
    if (market.clock == AccrualClock::block) out.liquidation_block = *moment;
}

}  // namespace

PositionHealth position_health(const Book& book, const PositionKey& key, const Account& account) {
    return position_health(book.valuation, *book.valuation.accrued, key, account);
}

PositionHealth position_health(const Valuation& valuation, const AccruedMarket& accrued,
                               const PositionKey& key, const Account& account) {
    PositionHealth out;
    out.key = key;
    const Market& market = accrued.market();
    const auto data = account_data(accrued, account, State::current);
    if (!data || data->error != 0) return out;
    out.computable = true;
    out.health_factor = data->health_factor();
    out.liquidatable = data->is_liquidatable() || owes_where_always_liquidatable(market, account);
    for (const Holding& holding : account.holdings) {
        const AccruedCToken* c_token = accrued.find(holding.market);
        if (!holding.entered || c_token == nullptr) continue;
        const auto amount = as_contract([&] {
            return underlying_of(holding.c_tokens, c_token->exchange_rate(State::current));
        });
        const Usd8 usd =
            usd_of(valuation, amount.value_or(TokenAmount{}), price_in(market, holding.market));
        const auto sum = as_contract([&] { return out.collateral.raw() + usd.raw(); });
        out.collateral = Usd8::from_raw(sum.value_or(u256_max()));
    }
    out.debt = to_usd(valuation, data->borrow);
    return out;
}

PositionReport position_report(const Book& book, const PositionKey& key, const Account& account,
                               std::span<const AssetGroup> groups, const Wad& target) {
    PositionReport out;
    out.health = position_health(book, key, account);
    out.e_mode = account.pool;
    Reporter reporter(book, account, groups);
    for (const Holding& holding : account.holdings) {
        if (book.valuation.accrued->find(holding.market) == nullptr) continue;
        if (auto entry = reporter.collateral_entry(holding)) {
            out.collateral.push_back(std::move(*entry));
        }
        if (auto entry = reporter.debt_entry(holding)) out.debt.push_back(std::move(*entry));
    }
    if (auto entry = reporter.stable_debt_entry()) out.debt.push_back(std::move(*entry));
    if (const auto stored = account_data(*book.valuation.accrued, account, State::stored)) {
        out.contract_view = contract_view(*stored);
        if (stored->error == 0) out.stored_health_factor = stored->health_factor();
    }
    if (!out.health.computable) return out;
    if (out.health.liquidatable) {
        const Actions& refused = book.ledger.structure().paused;
        for (const auto& call : possible_liquidations(*book.valuation.accrued, account, refused)) {
            out.offers->push_back(reporter.offer(call));
        }
    }
    // Debt in the stablecoin is liquidated by its controller, by rules of its own.
    if (!account.stable_debt.is_none() && out.offers->empty()) out.offers.reset();
    add_moment(book, account, out);
    add_safe_amounts(book, account, target, reporter, out);
    return out;
}

std::optional<GroupMarkets> markets_of(const Book& book, const AssetGroup& group) {
    std::optional<unsigned> leader;
    GroupMarkets out;
    bool has_native = false;
    for (const auto& [id, market] : book.valuation.market.markets) {
        if (!group.contains(market.underlying)) continue;
        out.members.push_back(id);
        has_native = has_native || market.is_native();
        if (market.underlying == group.leader && !leader) leader = id;
    }
    if (!leader) return std::nullopt;
    out.leader = *leader;
    out.moves_numeraire = has_native && book.valuation.scale.unit == PriceUnit::native;
    return out;
}

Protocol::GroupExposure group_exposure(const Book& book, const Account& account,
                                       const AssetGroup& group) {
    const Market& market = book.valuation.market;
    const auto markets = markets_of(book, group);
    const auto leader_price = markets ? price_in(market, markets->leader) : std::nullopt;
    U512 amount = 0;
    U512 usd = 0;
    for (const Holding& holding : account.holdings) {
        const AccruedCToken* c_token = book.valuation.accrued->find(holding.market);
        if (!holding.entered || c_token == nullptr) continue;
        if (!group.contains(c_token->market().underlying)) continue;
        const auto balance = as_contract([&] {
            return underlying_of(holding.c_tokens, c_token->exchange_rate(State::current));
        });
        const auto price = price_in(market, holding.market);
        if (!balance || !price) continue;
        usd += U512(usd_of(book.valuation, *balance, price).raw());
        // Oracle prices are per smallest unit already.
        if (leader_price)
            amount += U512(balance->raw()) * U512(price->raw()) / U512(leader_price->raw());
    }
    const auto bounded = [](const U512& sum) {
        return sum > U512(u256_max()) ? u256_max() : static_cast<U256>(sum);
    };
    return {bounded(amount), Usd8::from_raw(bounded(usd))};
}

std::optional<AssetPrice> asset_price(const Valuation& valuation, const Structure& structure,
                                      const Address& underlying) {
    for (const auto& [id, market] : valuation.market.markets) {
        if (market.underlying != underlying) continue;
        if (const auto price = price_in(valuation.market, id)) {
            return AssetPrice{*price, structure.price_decimals(market), valuation.quote};
        }
    }
    return std::nullopt;
}

std::vector<MarketReport> market_reports(const Book& book) {
    std::vector<MarketReport> out;
    for (const auto& [id, market] : book.valuation.market.markets) {
        out.push_back(market_report(book, market));
    }
    return out;
}

namespace {

/// None of a block before the oracle was replaced: another one judged it.
std::optional<AssetPrice> price_at(const Structure& structure, const Valuation& valuation,
                                   const Address& c_token, const BlockRef& block) {
    if (block.number < structure.oracle_since) return std::nullopt;
    const bool is_stable = !c_token.is_zero() && c_token == structure.stable_controller;
    if (is_stable && valuation.quote.is_usd()) return stable_price();
    const MarketEntry* market = structure.find(c_token);
    const auto price =
        market == nullptr ? std::nullopt : price_in(valuation.market, market->c_token.id);
    if (!price) return std::nullopt;
    return AssetPrice{*price, structure.price_decimals(market->c_token), valuation.quote};
}

/// cTokens at the rate the market stores; none where the contract reverts.
std::optional<TokenAmount> underlying_at(const Structure& structure, const Valuation& valuation,
                                         const Address& c_token, const U256& c_tokens) {
    const MarketEntry* market = structure.find(c_token);
    const AccruedCToken* accrued =
        market == nullptr ? nullptr : valuation.accrued->find(market->c_token.id);
    if (accrued == nullptr) return std::nullopt;
    const auto amount = as_contract([&] {
        return underlying_of(CTokens::from_raw(c_tokens), accrued->exchange_rate(State::stored));
    });
    return amount ? std::optional(*amount) : std::nullopt;
}

}  // namespace

void price_event(const Structure& structure, const Valuation& valuation, Liquidation& event) {
    event.debt_price = price_at(structure, valuation, event.debt_market, event.block);
    if (!event.seized) return;
    const auto underlying = [&](const U256& c_tokens) {
        return underlying_at(structure, valuation, event.collateral_market, c_tokens);
    };
    const auto collateral = underlying(event.seized->liquidator);
    const auto fee = underlying(event.seized->protocol);
    if (!collateral || !fee) return;
    event.collateral = *collateral;
    event.protocol_fee = *fee;
    event.collateral_price = price_at(structure, valuation, event.collateral_market, event.block);
}

void price_event(const Structure& structure, const Valuation& valuation, AccountEvent& event) {
    if (event.shares) {
        const auto amount = underlying_at(structure, valuation, event.market, *event.shares);
        if (!amount) return;
        event.amount = *amount;
    }
    event.price = price_at(structure, valuation, event.market, event.block);
}

}  // namespace plimsoll::protocols::compound_v2
