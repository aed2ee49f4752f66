#include "protocols/aave_v3/account_data.hpp"
#include "protocols/aave_v3/ledger.hpp"
#include "protocols/aave_v3/parameter_change.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {

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
    if (collateral != nullptr && event.receive_a_token && structure_.rules >= RuleSet::v3_5 &&
        event.collateral_asset != event.debt_asset && log.block > collateral->read_at &&
        collateral->stored.last_update != log.block_time) {
        accrue_silently(*collateral, log.block_time);
    }
    events_.liquidations.push_back(told(event, log));
    forget_seized(event);
    std::erase_if(transaction_.to_treasury,
                  [&](const auto& one) { return one.second.from == event.user; });
    std::erase_if(transaction_.deficits,
                  [&](const DeficitCreated& one) { return one.user == event.user; });
}

/// The fee is what the `Transfer` of the collateral's aToken from the account to the treasury says,
/// in the same transaction before: the event itself leaves it out, and neither the configuration
/// nor the scaled amount gives it back to the last unit. Debt written off likewise precedes.
Liquidation Ledger::told(const LiquidationCall& event, const Log& log) const {
    const ReserveState* collateral = structure_.find(event.collateral_asset);
    const ReserveState* debt = structure_.find(event.debt_asset);
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
    return out;
}

// ---- configuration

/// What an earlier event of the round set is what this one changes.
void Ledger::tell(const Log& log, ChangeText text, std::shared_ptr<const BeforeChange> before) {
    ParameterChange change;
    change.block = block_of(log);
    change.tx = log.tx;
    change.log_index = log.index;
    change.subject = std::move(text.subject);
    change.token = text.token;
    change.values = std::move(text.values);
    change.before = std::move(before);
    for (ParameterValue& value : change.values) {
        const auto [known, is_first] =
            set_since_.try_emplace({change.subject, value.name}, value.to);
        if (!is_first) value.from = std::exchange(known->second, value.to);
    }
    events_.parameters.push_back(std::move(change));
}

void Ledger::on(const Upgraded& event, const Log& log, const Source& source) {
    const auto text = [&](std::string subject, const Address& token, std::string name) {
        return ChangeText{
            std::move(subject), token, {{std::move(name), "", to_checksum(event.implementation)}}};
    };
    if (source.emitter == Emitter::configurator) {
        return tell(log, text("configurator", {}, "implementation"));
    }
    if (source.emitter == Emitter::pool) {
        structure_.pool_upgraded = true;
        owe_structure();
        return tell(log, text("pool", {}, "implementation"));
    }
    ReserveState& reserve = structure_.reserves.at(source.reserve);
    if (source.emitter == Emitter::a_token) reserve.a_token_upgraded = true;
    if (source.emitter == Emitter::variable_debt) reserve.debt_token_upgraded = true;
    owed_.tokens.insert(reserve.stored.asset);
    owe_reserve(reserve.stored.asset);
    changed_.reserves.insert(source.reserve);
    tell(log, text(reserve.stored.symbol, reserve.stored.asset,
                   source.emitter == Emitter::a_token ? "a_token_implementation"
                                                      : "debt_token_implementation"));
}

void Ledger::on(const ConfigurationChange& event, const Log& log, const Source&) {
    tell(log, describe(event, structure_), before_change(event, structure_));
    const bool may_be_oracle =
        event.kind == EventKind::price_oracle_updated || event.kind == EventKind::address_set;
    if (may_be_oracle) structure_.oracle_since = log.block;
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
        const bool may_hold =
            source.emitter == Emitter::a_token && account.tracked.test(source.reserve);
        if (!is_token || holds || may_hold || !account.stable.empty()) {
            touched.push_back(account.address);
        }
    });
    for (const Address& account : touched) owe_account(account);
}

}  // namespace plimsoll::protocols::aave_v3
