#include "protocols/compound_v2/ledger.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::compound_v2 {

void Ledger::tell_activity(const Log& log, const Source& source, AccountEvent event) {
    const CToken& market = structure_.markets.at(source.market).c_token;
    event.tx = log.tx;
    event.log_index = log.index;
    event.block = block_of(log);
    event.token = market.underlying;
    event.market = market.address;
    event.asset = structure_.name_of(market.address);
    event.decimals = market.decimals;
    events_.activity.push_back(std::move(event));
}

/// Tells nothing about balances: those follow the transfers.
void Ledger::on(const SupplyChange& event, const Log& log, const Source& source) {
    if (!is_watched(event.account)) return;
    AccountEvent out;
    out.action = event.is_redeem ? AccountAction::withdraw : AccountAction::deposit;
    out.account = event.account;
    out.other = event.payer == event.account ? Address{} : event.payer;
    out.amount = TokenAmount::from_raw(event.amount);
    tell_activity(log, source, std::move(out));
}

void Ledger::tell_borrow(const BorrowChange& event, const Log& log, const Source& source) {
    if (!is_watched(event.borrower)) return;
    AccountEvent out;
    out.action = event.is_repay ? AccountAction::repay : AccountAction::borrow;
    out.account = event.borrower;
    out.other = event.payer == event.borrower ? Address{} : event.payer;
    out.amount = TokenAmount::from_raw(event.amount);
    tell_activity(log, source, std::move(out));
}

/// Transfers between a cToken and an account are part of a deposit, a withdrawal or a seizure.
void Ledger::tell_transfer(const Transfer& event, const Log& log, const Source& source) {
    if (event.from == event.to || event.from == log.address || event.to == log.address) return;
    const auto tell_end = [&](AccountAction action, const Address& account, const Address& other) {
        if (!is_watched(account)) return;
        AccountEvent out;
        out.action = action;
        out.account = account;
        out.other = other;
        out.shares = event.c_tokens;
        tell_activity(log, source, std::move(out));
    };
    tell_end(AccountAction::send, event.from, event.to);
    tell_end(AccountAction::receive, event.to, event.from);
}

/// A liquidation repays for the account and moves its cTokens before it is told: neither is the
/// account's doing.
void Ledger::forget_seized(const Liquidation& told) {
    auto& activity = events_.activity;
    const auto begin = activity.begin() + static_cast<std::ptrdiff_t>(
                                              std::min(transaction_.told_before, activity.size()));
    const auto is_its_own = [&](const AccountEvent& one) {
        if (one.account != told.account) return false;
        return (one.action == AccountAction::send && one.market == told.collateral_market) ||
               (one.action == AccountAction::repay && one.market == told.debt_market &&
                one.other == told.liquidator && one.amount == told.debt);
    };
    activity.erase(std::remove_if(begin, activity.end(), is_its_own), activity.end());
}

}  // namespace plimsoll::protocols::compound_v2
