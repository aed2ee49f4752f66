#include "protocols/aave_v3/ledger.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

AccountAction action_of(EventKind kind) {
    switch (kind) {
        case EventKind::withdraw:
            return AccountAction::withdraw;
        case EventKind::borrow:
            return AccountAction::borrow;
        case EventKind::repay:
            return AccountAction::repay;
        default:
            return AccountAction::deposit;
    }
}

}  // namespace

void Ledger::tell_activity(const Log& log, AccountEvent event) {
    const ReserveState* reserve = structure_.find(event.token);
    event.tx = log.tx;
    event.log_index = log.index;
    event.block = block_of(log);
    event.asset = structure_.name_of(event.token);
    event.decimals = reserve == nullptr ? 0 : reserve->stored.config.decimals();
    events_.activity.push_back(std::move(event));
}

/// Tells nothing about balances: those follow the tokens.
void Ledger::on(const PoolAction& event, const Log& log, const Source&) {
    if (!is_watched(event.account)) return;
    AccountEvent out;
    out.action = action_of(event.kind);
    out.account = event.account;
    out.other = event.other == event.account ? Address{} : event.other;
    out.token = event.reserve;
    out.amount = TokenAmount::from_raw(event.amount);
    tell_activity(log, std::move(out));
}

/// The amount is the greater of what `BalanceTransfer` and the `Transfer` before it say: the other
/// one is scaled, and an index is at least RAY. See `scaled_transfer`.
void Ledger::tell_transfer(const BalanceTransfer& event, const Log& log, unsigned reserve) {
    if (!is_watched(event.from) && !is_watched(event.to)) return;
    const bool is_seen = transaction_.transfer_token == log.address && transaction_.transfer;
    const U256 amount = is_seen ? std::max(event.value, transaction_.transfer->value) : event.value;
    const auto tell_end = [&](AccountAction action, const Address& account, const Address& other) {
        if (!is_watched(account)) return;
        AccountEvent out;
        out.action = action;
        out.account = account;
        out.other = other;
        out.token = structure_.reserves.at(reserve).stored.asset;
        out.amount = TokenAmount::from_raw(amount);
        tell_activity(log, std::move(out));
    };
    tell_end(AccountAction::send, event.from, event.to);
    tell_end(AccountAction::receive, event.to, event.from);
}

/// A liquidation moves aTokens of the account to the treasury, and to the liquidator who wants
/// them, before it is told: those transfers are not the account's doing.
void Ledger::forget_seized(const LiquidationCall& event) {
    auto& activity = events_.activity;
    const auto begin = activity.begin() + static_cast<std::ptrdiff_t>(
                                              std::min(transaction_.told_before, activity.size()));
    activity.erase(std::remove_if(begin, activity.end(),
                                  [&](const AccountEvent& one) {
                                      return one.action == AccountAction::send &&
                                             one.account == event.user &&
                                             one.token == event.collateral_asset;
                                  }),
                   activity.end());
}

}  // namespace plimsoll::protocols::aave_v3
