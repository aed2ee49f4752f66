#include "protocols/aave_v3/ledger.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {

Ledger::Ledger(const Address& provider, std::set<Address> watched)
    : watched_(std::make_shared<const std::set<Address>>(std::move(watched))) {
    structure_.provider = provider;
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

// ---- followed accounts

bool Ledger::change_account(const Address& account, const Log& log,
                            const std::function<bool(AccountState&)>& change) {
    const auto view = accounts_.find(account);
    if (!view) return false;
    if (log.block <= view->read_at) return true;
    AccountState state = view->state();
    if (!change(state)) {
        ++inconsistencies_;
        owe_account(account);
        return true;
    }
    std::erase_if(state.holdings, [](const HoldingState& h) { return h.is_empty(); });
    put(account, state);
    return true;
}

void Ledger::put(const Address& account, const AccountState& state) {
    if (const auto old = accounts_.find(account)) {
        if (old->state() == state) return;
        count_debt(old->holdings, false);
    }
    count_debt(state.holdings, true);
    accounts_.put(account, state);
    changed_.accounts.insert(account);
    if (!state.has_debt()) maybe_free_.insert(account);
}

void Ledger::forget(const Address& account) {
    const auto view = accounts_.find(account);
    if (!view) return;
    count_debt(view->holdings, false);
    accounts_.erase(account);
    changed_.accounts.insert(account);
}

void Ledger::count_debt(std::span<const HoldingState> holdings, bool add) {
    for (const HoldingState& holding : holdings) {
        if (holding.variable_debt.is_zero()) continue;
        U256& sum = known_debt_[holding.reserve];
        const U256 debt = to_u256(holding.variable_debt);
        sum = add ? sum + debt : sum - debt;
    }
}

U256 Ledger::known_variable_debt(unsigned reserve) const {
    const auto found = known_debt_.find(reserve);
    return found == known_debt_.end() ? U256(0) : found->second;
}

void Ledger::owe_account(const Address& account) {
    if (owed_.accounts.insert(account).second) changed_.owed_accounts.insert(account);
}

void Ledger::owe_borrowers(unsigned reserve, BlockNumber at) {
    constexpr BlockNumber kPause = 1000;
    const auto last = borrowers_owed_at_.find(reserve);
    if (last != borrowers_owed_at_.end() && at < last->second + kPause) return;
    borrowers_owed_at_[reserve] = at;
    ++inconsistencies_;
    std::vector<Address> borrowers;
    accounts_.for_each([&](const AccountView& account) {
        for (const HoldingState& holding : account.holdings) {
            if (holding.reserve == reserve && !holding.variable_debt.is_zero()) {
                borrowers.push_back(account.address);
            }
        }
    });
    for (const Address& account : borrowers) owe_account(account);
}

/// Up to v3_1 only the categories that assets name are read at the start; an account may be in
/// another one.
void Ledger::owe_category_of(unsigned e_mode) {
    if (e_mode == 0 || structure_.e_modes.contains(e_mode)) return;
    changed_.market = true;
    owed_.categories.insert(e_mode);
}

void Ledger::note_minted(const BalanceChange& event, const Log& log, unsigned reserve) {
    MintedDebt& minted = minted_[event.account];
    if (minted.block != log.block) minted = {log.block, {}};
    if (event.is_mint) {
        minted.reserves.insert(reserve);
    } else {
        minted.reserves.erase(reserve);
    }
}

bool Ledger::contradicts(const Address& account, const AccountState& state,
                         const BlockRef& at) const {
    const auto minted = minted_.find(account);
    if (minted == minted_.end() || minted->second.block != at.number) return false;
    const auto& reserves = minted->second.reserves;
    return std::any_of(reserves.begin(), reserves.end(), [&](unsigned reserve) {
        const HoldingState* holding = state.find(reserve);
        return holding == nullptr || holding->variable_debt.is_zero();
    });
}

void Ledger::accept(const Address& account, AccountState state, const BlockRef& at) {
    minted_.erase(account);
    if (owed_.accounts.erase(account) != 0) changed_.owed_accounts.insert(account);
    if (!state.has_debt()) return forget(account);
    last_read_.add(account, at.number);
    owe_category_of(state.e_mode);
    state.read_at = at.number;
    put(account, state);
}

void Ledger::settle() {
    for (const Address& account : std::exchange(maybe_free_, {})) {
        const auto view = accounts_.find(account);
        if (view && !view->has_debt()) forget(account);
    }
}

// ---- logs that name accounts

/// Flags change by events only. Of a reserve listed after the account was read the balance is not
/// known: then the account is read again.
void Ledger::on(const CollateralFlag& event, const Log& log, const Source&) {
    const ReserveState* reserve = structure_.find(event.reserve);
    change_account(event.user, log, [&](AccountState& state) {
        if (reserve != nullptr && state.tracked.test(reserve->stored.id)) {
            state.holding(reserve->stored.id).collateral = event.enabled;
        } else if (event.enabled) {
            owe_account(event.user);
        }
        return true;
    });
}

void Ledger::on(const EModeSet& event, const Log& log, const Source&) {
    const bool followed = change_account(event.user, log, [&](AccountState& state) {
        state.e_mode = static_cast<std::uint8_t>(event.category);
        return true;
    });
    if (followed) owe_category_of(event.category);
}

/// `Borrow` makes an account known; balances come from the debt token. Of a reserve that is not
/// known yet the debt token's logs were not asked for, so a followed account is read too. What
/// becomes of stable debt when its rate is swapped or rebalanced is read as well.
void Ledger::on(const Borrowed& event, const Log& log, const Source&) {
    const bool tokens_tell =
        event.kind == EventKind::borrow && structure_.find(event.reserve) != nullptr;
    const bool followed = change_account(event.account, log, [&](AccountState&) {
        if (!tokens_tell) owe_account(event.account);
        return true;
    });
    if (!followed) owe_account(event.account);
    if (event.kind == EventKind::borrow) {
        on(PoolAction{event.kind, event.reserve, event.account, event.caller, event.amount}, log,
           {});
    }
}

void Ledger::on(const BalanceChange& event, const Log& log, const Source& source) {
    const ReserveState& reserve = structure_.reserves.at(source.reserve);
    const bool is_debt = source.emitter == Emitter::variable_debt;
    const bool rules_unsure = is_debt ? reserve.debt_token_upgraded : reserve.a_token_upgraded;
    const bool followed = change_account(event.account, log, [&](AccountState& state) {
        if (rules_unsure || (!is_debt && !state.tracked.test(source.reserve))) {
            owe_account(event.account);
            return true;
        }
        HoldingState& holding = state.holding(source.reserve);
        Compact128& scaled = is_debt ? holding.variable_debt : holding.supplied;
        const auto after =
            is_debt ? scaled_after(TokenKind::variable_debt, reserve.stored.debt_token_rules,
                                   to_u256(scaled), event)
                    : scaled_after(TokenKind::a_token, reserve.stored.a_token_rules,
                                   to_u256(scaled), event);
        const auto compact = after ? to_compact(*after) : std::nullopt;
        if (!compact) return false;
        scaled = *compact;
        return true;
    });
    if (followed || !is_debt) return;
    note_minted(event, log, source.reserve);
    owe_account(event.account);
}

bool Ledger::move_supply(AccountState& state, unsigned reserve, const U256& scaled, bool in) {
    const U256 before = to_u256(state.holding(reserve).supplied);
    if (!in && scaled > before) return false;
    if (in && scaled > u256_max() - before) return false;
    const auto after = to_compact(in ? before + scaled : before - scaled);
    if (!after) return false;
    state.holding(reserve).supplied = *after;
    return true;
}

void Ledger::on(const BalanceTransfer& event, const Log& log, const Source& source) {
    if (event.from == event.to) return;
    tell_transfer(event, log, source.reserve);
    const TokenRules rules = structure_.reserves.at(source.reserve).stored.a_token_rules;
    const bool seen = transaction_.transfer_token == log.address;
    const U256 scaled = scaled_transfer(rules, event, seen ? transaction_.transfer : std::nullopt);
    const auto move = [&](const Address& account, bool in) {
        change_account(account, log, [&](AccountState& state) {
            if (state.tracked.test(source.reserve)) {
                return move_supply(state, source.reserve, scaled, in);
            }
            owe_account(account);
            return true;
        });
    };
    move(event.from, false);
    move(event.to, true);
}

/// Tells nothing about balances; kept for what follows in the transaction.
void Ledger::on(const Transfer& event, const Log& log, const Source& source) {
    transaction_.transfer_token = log.address;
    transaction_.transfer = event;
    const Address& treasury = structure_.reserves.at(source.reserve).treasury;
    if (!treasury.is_zero() && event.to == treasury) {
        transaction_.to_treasury.emplace_back(log.address, event);
    }
}

void Ledger::on(const StableChange& event, const Log& log, const Source& source) {
    const bool followed = change_account(event.account, log, [&](AccountState& state) {
        StableState& kept = state.stable_debt(source.reserve);
        const StableDebt before{TokenAmount::from_raw(to_u256(kept.principal)),
                                Ray::from_raw(to_u256(kept.rate)), kept.last_update};
        const auto after = stable_after(before, event, log.block_time);
        const auto principal = after ? to_compact(after->principal.raw()) : std::nullopt;
        const auto rate = after ? to_compact(after->rate.raw()) : std::nullopt;
        if (!principal || !rate) return false;
        kept.principal = *principal;
        kept.rate = *rate;
        kept.last_update = after->last_update;
        std::erase_if(state.stable, [](const StableState& s) { return s.principal.is_zero(); });
        return true;
    });
    if (!followed) owe_account(event.account);
}

}  // namespace plimsoll::protocols::aave_v3
