#include "protocols/compound_v2/ledger.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// The pair the cToken keeps after the event. `index` is the market's as its logs told it last; it
/// holds for the event when it was told in the same block: a borrow or a repayment is refused in a
/// block to which the market is not accrued, and it is accrued once. None: it was told before.
Trace trace_of(const BorrowChange& event, const std::optional<Wad>& index) {
    Trace out;
    const auto principal = to_compact(event.account_borrows);
    const auto told = to_compact(event.borrow_index.value_or(index.value_or(Wad{}).raw()));
    const bool is_index_told = told && !told->is_zero();
    out.is_exact = principal && (principal->is_zero() || is_index_told);
    out.principal = principal.value_or(Compact128{});
    out.interest_index = told.value_or(Compact128{});
    return out;
}

std::optional<Wad> index_in(BlockNumber block, const Wad& index, BlockNumber told_in) {
    return block == told_in ? std::optional(index) : std::nullopt;
}

}  // namespace

Ledger::Ledger(const CompoundV2Settings& settings) {
    structure_.settings = std::make_shared<const CompoundV2Settings>(settings);
    index_sources();
}

void Ledger::apply(const Log& log) {
    const auto found = sources_.find(log.address);
    if (found == sources_.end()) return;
    const Source source = found->second;
    const auto event = decode(log, source.emitter);
    if (!event) return on_unreadable(source);
    if (!*event) return;
    enter_transaction(log);
    std::visit([&](const auto& one) { on(one, log, source); }, **event);
}

LedgerEvents Ledger::take_events() {
    transaction_.told_before = 0;
    return std::exchange(events_, {});
}

void Ledger::enter_transaction(const Log& log) {
    if (transaction_.hash == log.tx && transaction_.block == log.block) return;
    transaction_ = {};
    transaction_.hash = log.tx;
    transaction_.block = log.block;
    transaction_.told_before = events_.activity.size();
}

// ---- borrows before the first block

std::vector<Address> Ledger::discover(const Log& log) {
    const auto found = sources_.find(log.address);
    if (found == sources_.end()) return {};
    const auto event = decode(log, found->second.emitter);
    if (!event || !*event) return {};
    if (const auto* minted = std::get_if<StableDebtChange>(&**event)) {
        stable_.insert(minted->account);
        discovered_.insert(minted->account);
        return {minted->account};
    }
    if (found->second.emitter != Emitter::c_token) return {};
    MarketEntry& market = structure_.markets.at(found->second.market);
    discovered_markets_.insert(found->second.market);
    if (const auto* told = std::get_if<IndexTold>(&**event)) {
        const Wad before = std::exchange(market.scan_index, Wad::from_raw(told->borrow_index));
        market.scan_block = log.block;
        if (told->total) market.note_accrual(told->total->after, market.scan_index, before);
        return {};
    }
    const auto* change = std::get_if<BorrowChange>(&**event);
    if (change == nullptr) return {};
    market.note_borrow_change();
    const auto index = index_in(log.block, market.scan_index, market.scan_block);
    keep_trace(change->borrower, found->second.market, trace_of(*change, index));
    return {change->borrower};
}

void Ledger::keep_trace(const Address& account, unsigned market, const Trace& trace) {
    discovered_.insert(account);
    if (!trace.principal.is_zero() || !trace.is_exact) {
        traces_[account][market] = trace;
        return;
    }
    const auto found = traces_.find(account);
    if (found == traces_.end()) return;
    found->second.erase(market);
    if (found->second.empty()) traces_.erase(found);
}

std::pair<std::set<Address>, std::set<unsigned>> Ledger::take_discovered() {
    return {std::exchange(discovered_, {}), std::exchange(discovered_markets_, {})};
}

// ---- followed accounts

bool Ledger::change_account(const Address& account, const Log& log,
                            const std::function<bool(AccountState&)>& change) {
    const auto view = accounts_.find(account);
    if (!view) return false;
    if (log.block <= view->head->read_at) return true;
    AccountState state = view->state();
    if (!change(state)) {
        ++inconsistencies_;
        owe_account(account);
        return true;
    }
    std::erase_if(state.holdings, [](const HoldingState& one) { return one.is_empty(); });
    put(account, state);
    return true;
}

void Ledger::put(const Address& account, const AccountState& state) {
    const auto old = accounts_.find(account);
    if (old && old->state() == state) return;
    accounts_.put(account, state);
    changed_.accounts.insert(account);
    if (!has_debt(state)) maybe_free_.insert(account);
}

void Ledger::forget(const Address& account) {
    if (accounts_.erase(account)) changed_.accounts.insert(account);
}

void Ledger::owe_account(const Address& account) {
    if (owed_.accounts.insert(account).second) changed_.owed_accounts.insert(account);
}

void Ledger::settle() {
    for (const Address& account : std::exchange(maybe_free_, {})) {
        const auto view = accounts_.find(account);
        if (view && !has_debt(*view)) forget(account);
    }
}

// ---- logs that name accounts

void Ledger::on(const BorrowChange& event, const Log& log, const Source& source) {
    tell_borrow(event, log, source);
    MarketEntry& market = structure_.markets.at(source.market);
    market.note_borrow_change();
    changed_.markets.insert(source.market);
    follow_total(event.total, log, source.market);
    const Trace trace = trace_of(event, index_in(log.block, market.last_index, market.index_block));
    bool is_settled = false;
    const bool followed = change_account(event.borrower, log, [&](AccountState& state) {
        if (!trace.is_exact || source.market >= state.head.markets) return false;
        HoldingState& holding = holding_in(state, source.market);
        holding.principal = trace.principal;
        holding.interest_index = holding.has_debt() ? trace.interest_index : Compact128{};
        holding.is_exact = is_settled = true;
        return true;
    });
    if (is_settled) return;
    if (followed && log.block <= accounts_.find(event.borrower)->head->read_at) return;
    keep_trace(event.borrower, source.market, trace);
    changed_.owed_accounts.insert(event.borrower);
    if (!trace.principal.is_zero() || !trace.is_exact) owe_account(event.borrower);
}

bool Ledger::move_c_tokens(AccountState& state, unsigned market, const U256& amount, bool in) {
    HoldingState& holding = holding_in(state, market);
    const U256 before = to_u256(holding.c_tokens);
    if (in ? amount > u256_max() - before : amount > before) return false;
    const auto after = to_compact(in ? before + amount : before - amount);
    if (!after) return false;
    holding.c_tokens = *after;
    return true;
}

/// Mint, redeem, transfer and seizure alike: the cToken itself stands for what is made and burned.
void Ledger::on(const Transfer& event, const Log& log, const Source& source) {
    transaction_.transfers.emplace_back(log.address, event);
    tell_transfer(event, log, source);
    if (event.from == event.to) return;
    const auto move = [&](const Address& account, bool in) {
        change_account(account, log, [&](AccountState& state) {
            if (source.market < state.head.markets) {
                return move_c_tokens(state, source.market, event.c_tokens, in);
            }
            owe_account(account);
            return true;
        });
    };
    move(event.from, false);
    move(event.to, true);
}

/// Only a check: the transfer before it has told the change.
void Ledger::on(const BalanceTold& event, const Log& log, const Source& source) {
    change_account(event.user, log, [&](AccountState& state) {
        if (source.market >= state.head.markets) return true;
        return to_u256(holding_in(state, source.market).c_tokens) == event.c_tokens;
    });
}

void Ledger::on(const Membership& event, const Log& log, const Source&) {
    const MarketEntry* market = structure_.find(event.c_token);
    if (market == nullptr) owed_.comptroller = changed_.structure = true;
    change_account(event.account, log, [&](AccountState& state) {
        if (market != nullptr && market->c_token.id < state.head.markets) {
            holding_in(state, market->c_token.id).entered = event.entered;
        } else {
            owe_account(event.account);
        }
        return true;
    });
}

void Ledger::owe_pool_of(unsigned pool) {
    if (pool == 0 || structure_.pools.contains(pool)) return;
    changed_.structure = true;
    owed_.pools.insert(pool);
}

void Ledger::on(const PoolSelected& event, const Log& log, const Source&) {
    const bool followed = change_account(event.account, log, [&](AccountState& state) {
        state.head.pool = event.pool;
        return true;
    });
    if (followed) owe_pool_of(event.pool);
}

void Ledger::on(const StableDebtChange& event, const Log& log, const Source&) {
    owe_stable_debt(event.account, log);
}

void Ledger::owe_stable_debt(const Address& account, const Log& log) {
    const auto view = accounts_.find(account);
    if (view && log.block <= view->head->read_at) return;
    stable_.insert(account);
    owe_account(account);
}

void Ledger::on(const ForcedForUser& event, const Log& log, const Source&) {
    change_account(event.account, log, [&](AccountState& state) {
        const MarketEntry* market = structure_.find(event.c_token);
        if (market == nullptr || market->c_token.id >= state.head.markets) return false;
        holding_in(state, market->c_token.id).is_forced = event.is_forced;
        return true;
    });
}

}  // namespace plimsoll::protocols::compound_v2
