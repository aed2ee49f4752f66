#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/parameter_change.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr unsigned kMaxCategory = 255;

BlockRef block_of(const Log& log) {
    BlockRef out;
    out.number = log.block;
    out.hash = log.block_hash;
    out.time = log.block_time;
    return out;
}

}  // namespace

// ---- logs that name reserves

void Ledger::on(const ReserveDataUpdated& event, const Log& log, const Source&) {
    ReserveState* reserve = structure_.find(event.reserve);
    if (reserve == nullptr || log.block <= reserve->read_at) return;
    Reserve& stored = reserve->stored;
    stored.liquidity_rate = Ray::from_raw(event.liquidity_rate);
    stored.variable_borrow_rate = Ray::from_raw(event.variable_borrow_rate);
    stored.liquidity_index = Ray::from_raw(event.liquidity_index);
    stored.variable_borrow_index = Ray::from_raw(event.variable_borrow_index);
    stored.last_update = log.block_time;
    changed_.reserves.insert(stored.id);
}

void Ledger::on(const DeficitCreated& event, const Log&, const Source&) {
    transaction_.deficits.push_back(event);
}

/// From v3_5 on a liquidation that hands out aTokens accrues the collateral reserve without telling
/// so (no `ReserveDataUpdated`). The debt index moves only where there is debt; where none is known
/// the reserve is read instead.
void Ledger::accrue_silently(ReserveState& reserve, BlockTime time) {
    Reserve& stored = reserve.stored;
    const auto income = normalized_income(structure_.rules, stored, time);
    const auto debt = normalized_debt(structure_.rules, stored, time);
    if (!income || !debt || known_variable_debt(stored.id) == 0 || structure_.pool_upgraded) {
        owe_reserve(stored.asset);
    }
    if (!income || !debt) return;
    if (stored.liquidity_rate.raw() != 0) stored.liquidity_index = *income;
    if (known_variable_debt(stored.id) != 0) stored.variable_borrow_index = *debt;
    stored.last_update = time;
    changed_.reserves.insert(stored.id);
}

void Ledger::on(const LiquidationCall& event, const Log& log, const Source&) {
    ReserveState* collateral = structure_.find(event.collateral_asset);
    const ReserveState* debt = structure_.find(event.debt_asset);
    if (collateral != nullptr && event.receive_a_token && structure_.rules >= RuleSet::v3_5 &&
        event.collateral_asset != event.debt_asset && log.block > collateral->read_at &&
        collateral->stored.last_update != log.block_time) {
        accrue_silently(*collateral, log.block_time);
    }
    Liquidation out;
    out.tx = log.tx;
    out.log_index = log.index;
    out.block = block_of(log);
    out.account = event.user;
    out.liquidator = event.liquidator;
    out.collateral_token = event.collateral_asset;
    out.collateral_asset = structure_.name_of(event.collateral_asset);
    out.collateral_decimals = collateral == nullptr ? 0 : collateral->stored.config.decimals();
    out.collateral = TokenAmount::from_raw(event.liquidated_collateral);
    out.debt_token = event.debt_asset;
    out.debt_asset = structure_.name_of(event.debt_asset);
    out.debt_decimals = debt == nullptr ? 0 : debt->stored.config.decimals();
    out.debt = TokenAmount::from_raw(event.debt_to_cover);
    out.price_decimals = structure_.price_decimals();
    const Address a_token = collateral == nullptr ? Address{} : collateral->stored.a_token;
    for (const auto& [token, transfer] : transaction_.to_treasury) {
        if (token == a_token && transfer.from == event.user) {
            out.protocol_fee = TokenAmount::from_raw(transfer.value);
        }
    }
    for (const DeficitCreated& deficit : transaction_.deficits) {
        if (deficit.user != event.user || deficit.debt_asset != event.debt_asset) continue;
        out.bad_debt = TokenAmount::from_raw(deficit.amount);
    }
    std::erase_if(transaction_.to_treasury,
                  [&](const auto& one) { return one.second.from == event.user; });
    std::erase_if(transaction_.deficits,
                  [&](const DeficitCreated& one) { return one.user == event.user; });
    events_.liquidations.push_back(std::move(out));
}

// ---- configuration

void Ledger::tell(const Log& log, std::string subject, std::string what) {
    ParameterChange change;
    change.block = block_of(log);
    change.tx = log.tx;
    change.log_index = log.index;
    change.subject = std::move(subject);
    change.what = std::move(what);
    events_.parameters.push_back(std::move(change));
}

void Ledger::on(const Upgraded& event, const Log& log, const Source& source) {
    const auto text = [&](std::string_view token) {
        return std::string(token) + "implementation is " + to_checksum(event.implementation);
    };
    if (source.emitter == Emitter::configurator) return tell(log, "configurator", text(""));
    if (source.emitter == Emitter::pool) {
        structure_.pool_upgraded = true;
        owe_structure();
        return tell(log, "pool", text(""));
    }
    ReserveState& reserve = structure_.reserves.at(source.reserve);
    if (source.emitter == Emitter::a_token) reserve.a_token_upgraded = true;
    if (source.emitter == Emitter::variable_debt) reserve.debt_token_upgraded = true;
    owed_.tokens.insert(reserve.stored.asset);
    owe_reserve(reserve.stored.asset);
    changed_.reserves.insert(source.reserve);
    tell(log, reserve.stored.symbol,
         text(source.emitter == Emitter::a_token ? "aToken " : "debt token "));
}

void Ledger::on(const ConfigurationChange& event, const Log& log, const Source&) {
    ChangeText text = describe(event, structure_);
    tell(log, std::move(text.subject), std::move(text.what));
    owe_configuration(event);
}

/// Nothing is patched from the event's words: what it touches is read at the end of the round.
void Ledger::owe_configuration(const ConfigurationChange& event) {
    using enum EventKind;
    changed_.market = true;
    switch (event.kind) {
        case reserve_initialized:
        case reserve_dropped:
        case base_currency_set:
            owed_.pool = true;
            break;
        case e_mode_category_added:
        case e_mode_category_isolation_changed:
        case asset_collateral_in_e_mode_changed:
        case asset_borrowable_in_e_mode_changed:
        case asset_ltvzero_in_e_mode_changed:
            owed_.categories.insert(event.category);
            break;
        case fallback_oracle_updated:
            break;
        case pool_updated:
        case pool_configurator_updated:
        case price_oracle_updated:
        case price_oracle_sentinel_updated:
        case address_set:
        case address_set_as_proxy:
            owed_.contracts = true;
            break;
        default:
            owe_reserve(event.subject);
    }
}

void Ledger::owe_structure() {
    owed_.pool = owed_.everything = true;
    changed_.market = true;
}

void Ledger::owe_reserve(const Address& asset) {
    changed_.market = true;
    if (structure_.find(asset) != nullptr) {
        owed_.reserves.insert(asset);
    } else {
        owed_.pool = true;
    }
}

/// A log of ours that has not the form it must have. Whatever it told is read instead.
void Ledger::on_unreadable(const Source& source) {
    ++inconsistencies_;
    changed_.market = true;
    const bool is_token = source.emitter == Emitter::a_token ||
                          source.emitter == Emitter::variable_debt ||
                          source.emitter == Emitter::stable_debt;
    if (!is_token) owed_.contracts = true;
    if (!is_token && source.emitter != Emitter::pool) return;
    std::vector<Address> touched;
    accounts_.for_each([&](const AccountView& account) {
        const bool holds = std::any_of(
            account.holdings.begin(), account.holdings.end(),
            [&](const HoldingState& holding) { return holding.reserve == source.reserve; });
        if (!is_token || holds || !account.stable.empty()) touched.push_back(account.address);
    });
    for (const Address& account : touched) owe_account(account);
}

// ---- replies

void Ledger::owe_every_account() {
    std::vector<Address> all;
    all.reserve(accounts_.size());
    accounts_.for_each([&](const AccountView& account) { all.push_back(account.address); });
    for (const Address& account : all) owe_account(account);
}

/// Stable debt was turned into variable debt before the release that has none.
void Ledger::owe_accounts_with_stable_debt() {
    std::vector<Address> touched;
    accounts_.for_each([&](const AccountView& account) {
        if (!account.stable.empty()) touched.push_back(account.address);
    });
    for (const Address& account : touched) owe_account(account);
}

void Ledger::accept(const Contracts& contracts) {
    const bool is_other_pool = structure_.is_known() && structure_.contracts.pool != contracts.pool;
    structure_.contracts = contracts;
    owed_.contracts = false;
    owe_structure();
    if (is_other_pool) owe_every_account();
    index_sources();
}

void Ledger::accept(const PoolReply& pool) {
    structure_.pool_revision = pool.revision;
    const auto rules = pool.revision ? rule_set_of_pool(*pool.revision) : std::nullopt;
    structure_.rules_known = rules.has_value();
    structure_.rules = rules.value_or(RuleSet::v3_7);
    structure_.pool_upgraded = false;
    if (structure_.rules >= RuleSet::v3_2) owe_accounts_with_stable_debt();
    structure_.base_unit_known = pool.base_unit.has_value();
    if (pool.base_unit) structure_.base_unit = *pool.base_unit;
    std::vector<unsigned> dropped;
    for (const auto& [id, reserve] : structure_.reserves) {
        const auto& assets = pool.assets;
        if (std::find(assets.begin(), assets.end(), reserve.stored.asset) == assets.end()) {
            dropped.push_back(id);
        }
    }
    for (const unsigned id : dropped) drop_reserve(id);
    for (const Address& asset : pool.assets) {
        if (!owed_.everything && structure_.find(asset) != nullptr) continue;
        owed_.reserves.insert(asset);
        owed_.tokens.insert(asset);
    }
    if (owed_.everything) {
        for (const auto& [id, category] : structure_.e_modes) owed_.categories.insert(id);
        if (structure_.rules >= RuleSet::v3_2) {
            for (unsigned id = 1; id <= kMaxCategory; ++id) owed_.categories.insert(id);
        }
    }
    owed_.pool = owed_.everything = false;
    changed_.market = true;
}

void Ledger::accept(const Address& asset, const ReserveReply& reply, const BlockRef& at) {
    const unsigned id = reply.stored.id;
    const auto there = structure_.reserves.find(id);
    if (there != structure_.reserves.end() && there->second.stored.asset != asset) {
        drop_reserve(id);
    }
    if (structure_.retired.erase(id) != 0) owe_every_account();
    ReserveState& reserve = structure_.reserves[id];
    const Reserve before = std::exchange(reserve.stored, reply.stored);
    reserve.stored.a_token_rules = before.a_token_rules;
    reserve.stored.debt_token_rules = before.debt_token_rules;
    reserve.stored.symbol = reply.symbol.empty() ? to_checksum(asset) : reply.symbol;
    reserve.price_source = reply.price_source;
    reserve.read_at = at.number;
    if (before.a_token != reply.stored.a_token ||
        before.variable_debt_token != reply.stored.variable_debt_token) {
        owed_.tokens.insert(asset);
    }
    const unsigned category = reserve.stored.config.e_mode_category(structure_.rules);
    if (category != 0) owed_.categories.insert(category);
    owed_.reserves.erase(asset);
    changed_.reserves.insert(id);
    changed_.market = true;
    index_sources();
}

void Ledger::accept(const Address& asset, const TokensReply& tokens) {
    owed_.tokens.erase(asset);
    changed_.market = true;
    ReserveState* reserve = structure_.find(asset);
    if (reserve == nullptr) return;
    reserve->a_token_revision = tokens.a_token_revision;
    reserve->debt_token_revision = tokens.debt_token_revision;
    reserve->stored.a_token_rules = token_rules_or_newest(tokens.a_token_revision);
    reserve->stored.debt_token_rules = token_rules_or_newest(tokens.debt_token_revision);
    reserve->treasury = tokens.treasury;
    reserve->a_token_upgraded = reserve->debt_token_upgraded = false;
    changed_.reserves.insert(reserve->stored.id);
}

void Ledger::accept_category(unsigned id, const std::optional<EMode>& category) {
    owed_.categories.erase(id);
    changed_.market = true;
    changed_.categories.insert(id);
    if (category) {
        structure_.e_modes[id] = *category;
    } else {
        structure_.e_modes.erase(id);
    }
}

/// Nobody holds anything in a reserve that can be dropped, but flags may have stayed up.
void Ledger::drop_reserve(unsigned id) {
    std::vector<Address> holders;
    accounts_.for_each([&](const AccountView& account) {
        if (account.state().find(id) != nullptr) holders.push_back(account.address);
    });
    for (const Address& account : holders) {
        AccountState state = accounts_.find(account)->state();
        std::erase_if(state.holdings, [id](const HoldingState& h) { return h.reserve == id; });
        std::erase_if(state.stable, [id](const StableState& s) { return s.reserve == id; });
        put(account, state);
    }
    const Address asset = structure_.reserves.at(id).stored.asset;
    owed_.reserves.erase(asset);
    owed_.tokens.erase(asset);
    structure_.reserves.erase(id);
    structure_.retired.insert(id);
    changed_.reserves.insert(id);
    changed_.market = true;
    index_sources();
}

// ---- where logs come from

void Ledger::index_sources() {
    sources_.clear();
    sources_[structure_.provider] = {Emitter::provider, 0};
    if (!structure_.is_known()) return;
    sources_[structure_.contracts.pool] = {Emitter::pool, 0};
    sources_[structure_.contracts.configurator] = {Emitter::configurator, 0};
    sources_[structure_.contracts.oracle] = {Emitter::oracle, 0};
    for (const auto& [id, reserve] : structure_.reserves) {
        sources_[reserve.stored.a_token] = {Emitter::a_token, id};
        sources_[reserve.stored.variable_debt_token] = {Emitter::variable_debt, id};
        if (reserve.has_stable_debt(structure_.rules)) {
            sources_[reserve.stored.stable_debt_token] = {Emitter::stable_debt, id};
        }
    }
}

LogFilter Ledger::log_filter() const {
    LogFilter out;
    for (const auto& [address, source] : sources_) out.addresses.push_back(address);
    std::sort(out.addresses.begin(), out.addresses.end());
    out.topics = wanted_topics();
    return out;
}

// ---- persistence

Changed Ledger::take_changed() {
    Changed none;
    none.market = false;
    return std::exchange(changed_, none);
}

void Ledger::restore(Structure structure, AccountBook accounts, Owed owed) {
    structure_ = std::move(structure);
    accounts_ = std::move(accounts);
    owed_ = std::move(owed);
    known_debt_.clear();
    accounts_.for_each([&](const AccountView& account) { count_debt(account.holdings, true); });
    (void)take_changed();
    index_sources();
}

}  // namespace plimsoll::protocols::aave_v3
