#include "protocols/aave_v3/report.hpp"

#include "protocols/aave_v3/balances.hpp"
#include "protocols/aave_v3/e_mode.hpp"
#include "protocols/aave_v3/liquidation.hpp"
#include "protocols/aave_v3/liquidation_price.hpp"
#include "protocols/common/fixed_point.hpp"

#include <algorithm>
#include <map>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// Whether a reserve counts as collateral at all: up to v3_5 a base threshold of 0 excludes it.
bool can_count(const Market& market, const Reserve& reserve) {
    return market.rules >= RuleSet::v3_6 || reserve.config.liquidation_threshold().raw() != 0;
}

bool counts(const Market& market, const Reserve& reserve, const Holding& holding) {
    return holding.collateral && can_count(market, reserve);
}

Usd8 usd_of(const Structure& structure, const TokenAmount& amount,
            const std::optional<OraclePrice>& price, unsigned decimals) {
    if (!price) return {};
    return to_usd(structure, value_of(amount, *price, decimals).value_or(u256_max()));
}

/// One account being reported: what every entry needs, and group prices found so far.
class Reporter {
  public:
    Reporter(const Book& book, const Account& account, std::span<const AssetGroup> groups)
        : structure_(book.ledger.structure()),
          market_(book.valuation.accrued),
          account_(account),
          groups_(groups) {}

    std::optional<AssetEntry> collateral_entry(const Holding& holding) {
        const auto amount = supplied_balance(market_, holding);
        if (!amount || amount->raw() == 0) return std::nullopt;
        const Reserve& reserve = market_.reserves.at(holding.reserve);
        AssetEntry out = entry(reserve, *amount);
        out.enabled = counts(market_, reserve, holding);
        out.liquidation_threshold = effective_liquidation_threshold(market_, account_, reserve);
        add_prices(out, reserve);
        return out;
    }

    std::optional<AssetEntry> debt_entry(const Holding& holding) {
        const auto amount = debt_balance(market_, holding);
        if (!amount || amount->raw() == 0) return std::nullopt;
        const Reserve& reserve = market_.reserves.at(holding.reserve);
        AssetEntry out = entry(reserve, *amount);
        add_prices(out, reserve);
        return out;
    }

    LiquidationOffer offer(const PossibleLiquidation& call) const {
        return {entry(market_.reserves.at(call.debt_reserve), call.amounts.debt_to_cover),
                entry(market_.reserves.at(call.collateral_reserve), call.amounts.collateral),
                call.amounts.protocol_fee};
    }

    SafeAmount safe_amount(unsigned id, const TokenAmount& amount) const {
        const Reserve& reserve = market_.reserves.at(id);
        return {reserve.symbol, reserve.asset, reserve.config.decimals(), amount};
    }

  private:
    AssetEntry entry(const Reserve& reserve, const TokenAmount& amount) const {
        AssetEntry out;
        out.asset = reserve.symbol;
        out.token = reserve.asset;
        out.decimals = reserve.config.decimals();
        out.amount = amount;
        out.price = effective_price(market_, account_, reserve);
        out.price_decimals = structure_.price_decimals();
        out.usd = usd_of(structure_, amount, out.price, out.decimals);
        return out;
    }

    void add_prices(AssetEntry& out, const Reserve& reserve) {
        out.alone = alone_price(reserve.id);
        const auto group = std::find_if(groups_.begin(), groups_.end(), [&](const AssetGroup& one) {
            return one.contains(reserve.asset);
        });
        if (group == groups_.end()) {  // a group of its own
            out.group = out.alone;
            if (out.group) out.group_leader = reserve.symbol;
            return;
        }
        out.group = group_price(*group);
        if (out.group) out.group_leader = group->leader_symbol;
    }

    /// Collateral and debt of one reserve share it.
    std::optional<LiquidationPrice> alone_price(unsigned id) {
        const auto known = alone_.find(id);
        if (known != alone_.end()) return known->second;
        const auto price = liquidation_price(market_, account_, {id, std::span(&id, 1)});
        return alone_.emplace(id, price).first->second;
    }

    std::optional<LiquidationPrice> group_price(const AssetGroup& group) {
        const auto known = by_group_.find(&group);
        if (known != by_group_.end()) return known->second;
        std::optional<LiquidationPrice> price;
        if (const auto reserves = reserves_of(structure_, group)) {
            price = liquidation_price(market_, account_, {reserves->leader, reserves->members});
        }
        return by_group_.emplace(&group, price).first->second;
    }

    const Structure& structure_;
    const Market& market_;
    const Account& account_;
    std::span<const AssetGroup> groups_;
    std::map<unsigned, std::optional<LiquidationPrice>> alone_;
    std::map<const AssetGroup*, std::optional<LiquidationPrice>> by_group_;
};

MarketReport market_report(const Book& book, unsigned id, const Reserve& reserve) {
    const Structure& structure = book.ledger.structure();
    const Valuation& valuation = book.valuation;
    const ReserveConfig& config = reserve.config;
    MarketReport out;
    out.asset = reserve.symbol;
    out.token = reserve.asset;
    out.decimals = config.decimals();
    const auto price = valuation.accrued.prices.find(id);
    if (price != valuation.accrued.prices.end()) out.price = price->second;
    out.price_decimals = structure.price_decimals();
    out.liquidation_threshold = config.liquidation_threshold();
    out.ltv = config.ltv();
    out.liquidation_bonus = config.liquidation_bonus();
    out.paused = config.is_paused();
    out.frozen = config.is_frozen();
    out.index_supply = reserve.liquidity_index;
    out.index_borrow = reserve.variable_borrow_index;
    const auto round = valuation.round.reserves.find(id);
    if (round == valuation.round.reserves.end()) return out;
    out.supplied = round->second.supplied.value_or(TokenAmount{});
    out.cash = round->second.cash;
    out.deficit = round->second.deficit.value_or(TokenAmount{});
    out.price_updated_at = round->second.price_updated_at;
    if (const auto coverage = debt_coverage(book.ledger, valuation, id)) {
        out.borrowed = coverage->total;
        out.debt_known = coverage->known.raw();
        out.debt_total = coverage->total.raw();
    }
    out.supplied_usd = usd_of(structure, out.supplied, out.price, out.decimals);
    out.borrowed_usd = usd_of(structure, out.borrowed, out.price, out.decimals);
    out.deficit_usd = usd_of(structure, out.deficit, out.price, out.decimals);
    return out;
}

}  // namespace

PositionHealth position_health(const Book& book, const PositionKey& key, const Account& account) {
    PositionHealth unknown;
    unknown.key = key;
    if (!book.valuation.prepared) return unknown;
    return position_health(book.ledger.structure(), *book.valuation.prepared, key, account);
}

PositionHealth position_health(const Structure& structure, const AccruedMarket& market,
                               const PositionKey& key, const Account& account) {
    PositionHealth out;
    out.key = key;
    const auto values = account_data(market, account);
    if (!values) return out;
    out.computable = true;
    out.health_factor = values->health_factor;
    out.liquidatable = values->is_liquidatable();
    out.collateral = to_usd(structure, values->total_collateral_base);
    out.debt = to_usd(structure, values->total_debt_base);
    return out;
}

std::vector<std::pair<std::string, std::string>> contract_view(const AccountData& account) {
    const U256 health = account.health_factor ? account.health_factor->raw() : u256_max();
    return {
        {"totalCollateralBase", to_decimal(account.total_collateral_base)},
        {"totalDebtBase", to_decimal(account.total_debt_base)},
        {"availableBorrowsBase", to_decimal(account.available_borrows_base)},
        {"currentLiquidationThreshold", to_decimal(account.current_liquidation_threshold.raw())},
        {"ltv", to_decimal(account.ltv.raw())},
        {"healthFactor", to_decimal(health)}};
}

PositionReport position_report(const Book& book, const PositionKey& key, const Account& account,
                               std::span<const AssetGroup> groups, const Wad& target) {
    PositionReport out;
    out.health = position_health(book, key, account);
    out.e_mode = account.e_mode;
    Reporter reporter(book, account, groups);
    const Market& market = book.valuation.accrued;
    for (const Holding& holding : account.holdings) {
        if (!market.reserves.contains(holding.reserve)) continue;
        if (auto entry = reporter.collateral_entry(holding)) {
            out.collateral.push_back(std::move(*entry));
        }
        if (auto entry = reporter.debt_entry(holding)) out.debt.push_back(std::move(*entry));
    }
    if (!out.health.computable) return out;
    if (const auto values = account_data(market, account)) {
        out.contract_view = contract_view(*values);
    }
    if (const auto calls = possible_liquidations(market, account);
        calls && out.health.liquidatable) {
        for (const auto& call : *calls) out.offers->push_back(reporter.offer(call));
    }
    out.liquidation_time = liquidation_time(book.valuation.stored, account);
    for (const Holding& holding : account.holdings) {
        const auto reserve = market.reserves.find(holding.reserve);
        if (reserve == market.reserves.end()) continue;
        if (holding.has_debt()) {
            const auto amount = repay_to_reach(market, account, holding.reserve, target);
            if (amount) out.repay_to_safe.push_back(reporter.safe_amount(holding.reserve, *amount));
        }
        if (counts(market, reserve->second, holding)) {
            const auto amount = add_to_reach(market, account, holding.reserve, target);
            if (amount) out.add_to_safe.push_back(reporter.safe_amount(holding.reserve, *amount));
        }
    }
    return out;
}

std::optional<GroupReserves> reserves_of(const Structure& structure, const AssetGroup& group) {
    const ReserveState* leader = structure.find(group.leader);
    if (leader == nullptr) return std::nullopt;
    GroupReserves out;
    out.leader = leader->stored.id;
    for (const auto& [id, reserve] : structure.reserves) {
        if (group.contains(reserve.stored.asset)) out.members.push_back(id);
    }
    return out;
}

Protocol::GroupExposure group_exposure(const Book& book, const Account& account,
                                       const AssetGroup& group) {
    const Structure& structure = book.ledger.structure();
    const Market& market = book.valuation.accrued;
    const ReserveState* leader = structure.find(group.leader);
    const auto leader_price = leader == nullptr ? std::optional<OraclePrice>{}
                                                : effective_price(market, account, leader->stored);
    const bool has_leader = leader_price && leader_price->raw() != 0;
    U512 amount = 0;
    U512 base = 0;
    for (const Holding& holding : account.holdings) {
        const auto found = market.reserves.find(holding.reserve);
        if (found == market.reserves.end() || !group.contains(found->second.asset)) continue;
        const Reserve& reserve = found->second;
        const auto balance = supplied_balance(market, holding);
        const auto price = effective_price(market, account, reserve);
        if (!balance || !price || !counts(market, reserve, holding)) continue;
        base += value_of(*balance, *price, reserve.config.decimals()).value_or(0);
        if (!has_leader) continue;
        const auto aligned = as_contract([&] {
            return U512(balance->raw()) * U512(price->raw()) *
                   U512(token_unit(leader->stored.config.decimals())) / U512(leader_price->raw()) /
                   U512(token_unit(reserve.config.decimals()));
        });
        amount += aligned.value_or(0);
    }
    const auto bounded = [](const U512& sum) {
        return sum > U512(u256_max()) ? u256_max() : static_cast<U256>(sum);
    };
    return {bounded(amount), to_usd(structure, bounded(base))};
}

std::vector<MarketReport> market_reports(const Book& book) {
    std::vector<MarketReport> out;
    for (const auto& [id, reserve] : book.valuation.accrued.reserves) {
        out.push_back(market_report(book, id, reserve));
    }
    return out;
}

std::vector<EModeReport> e_mode_reports(const Market& market) {
    std::vector<EModeReport> out;
    for (const auto& [id, category] : market.e_modes) {
        EModeReport& one = out.emplace_back();
        one.id = id;
        one.liquidation_threshold = category.liquidation_threshold;
        const AccountEMode e_mode(market, id);
        for (const auto& [reserve_id, reserve] : market.reserves) {
            const unsigned label = reserve.config.e_mode_category(market.rules);
            if (!e_mode.contains(reserve_id, label) || !can_count(market, reserve)) continue;
            one.tokens.push_back(reserve.asset);
            one.assets.push_back(reserve.symbol);
        }
    }
    return out;
}

}  // namespace plimsoll::protocols::aave_v3
