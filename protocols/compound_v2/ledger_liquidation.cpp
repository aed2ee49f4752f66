#include "protocols/compound_v2/ledger.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::compound_v2 {

/// What went to the reserves is the transfer of the collateral's cTokens to the cToken itself, in
/// the same transaction before: what the liquidator did not get. Amounts of the underlying follow
/// when the block's rate is known.
void Ledger::tell_liquidation(Liquidation told, const Address& c_token, const U256& seized,
                              const Log& log) {
    told.tx = log.tx;
    told.log_index = log.index;
    told.block = block_of(log);
    told.collateral_market = c_token;
    told.collateral_asset = structure_.name_of(c_token);
    if (const MarketEntry* collateral = structure_.find(c_token)) {
        told.collateral_token = collateral->c_token.underlying;
        told.collateral_decimals = collateral->c_token.decimals;
    }
    const auto was_moved = [&](const Address& to, const U256& c_tokens) {
        return std::ranges::any_of(transaction_.transfers, [&](const auto& one) {
            const auto& [token, transfer] = one;
            return token == c_token && transfer.from == told.account && transfer.to == to &&
                   transfer.c_tokens == c_tokens;
        });
    };
    U256 fee = 0;
    for (const auto& [token, transfer] : transaction_.transfers) {
        const bool is_share = token == c_token && transfer.from == told.account &&
                              transfer.to == c_token && transfer.c_tokens <= seized;
        if (is_share && was_moved(told.liquidator, seized - transfer.c_tokens)) {
            fee = transfer.c_tokens;
        }
    }
    told.seized = SeizedShares{.liquidator = seized - fee, .protocol = fee};
    forget_seized(told);
    std::erase_if(transaction_.transfers,
                  [&](const auto& one) { return one.second.from == told.account; });
    events_.liquidations.push_back(std::move(told));
}

void Ledger::on(const LiquidateBorrow& event, const Log& log, const Source& source) {
    const CToken& debt = structure_.markets.at(source.market).c_token;
    Liquidation out;
    out.account = event.borrower;
    out.liquidator = event.liquidator;
    out.debt_token = debt.underlying;
    out.debt_asset = debt.symbol;
    out.debt_decimals = debt.decimals;
    out.debt_market = debt.address;
    out.debt = TokenAmount::from_raw(event.repaid);
    tell_liquidation(std::move(out), event.c_token_collateral, event.seize_tokens, log);
}

void Ledger::on(const LiquidateStable& event, const Log& log, const Source&) {
    owe_stable_debt(event.borrower, log);
    Liquidation out;
    out.account = event.borrower;
    out.liquidator = event.liquidator;
    out.debt_token = structure_.stable_token;
    out.debt_asset = kStableSymbol;
    out.debt_decimals = kStableDecimals;
    out.debt_market = structure_.stable_controller;
    out.debt = TokenAmount::from_raw(event.repaid);
    tell_liquidation(std::move(out), event.c_token_collateral, event.seize_tokens, log);
}

/// Told after the liquidation itself, in the same transaction, whose liquidator is the contract.
void Ledger::on(const LiquidateForAnother& event, const Log& log, const Source&) {
    auto& events = events_.liquidations;
    for (auto place = events.rbegin(); place != events.rend(); ++place) {
        Liquidation& told = *place;
        if (told.tx != log.tx || told.block.number != log.block) return;
        const bool is_it = told.account == event.borrower && told.liquidator == log.address &&
                           told.debt_market == event.debt_market &&
                           told.collateral_market == event.c_token_collateral;
        if (!is_it) continue;
        told.liquidator = event.liquidator;
        const U256 all = told.seized->liquidator;
        const bool fits =
            event.treasury_share <= all && event.liquidator_share <= all - event.treasury_share;
        if (fits) {
            told.seized->liquidator = event.liquidator_share;
            told.seized->protocol += event.treasury_share;
        }
        return;
    }
}

}  // namespace plimsoll::protocols::compound_v2
