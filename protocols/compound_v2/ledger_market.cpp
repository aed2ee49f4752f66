#include "protocols/compound_v2/ledger.hpp"
#include "protocols/compound_v2/parameter_change.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {

void Ledger::on(const IndexTold& event, const Log& log, const Source& source) {
    MarketEntry& market = structure_.markets.at(source.market);
    if (event.total) {
        market.note_accrual(event.total->after, Wad::from_raw(event.borrow_index),
                            market.last_index);
    }
    changed_.markets.insert(source.market);
    if (event.total) follow_total(*event.total, log, source.market);
    if (log.block <= market.read_at) return;
    market.last_index = Wad::from_raw(event.borrow_index);
    market.index_block = log.block;
}

// ---- configuration

void Ledger::tell(const Log& log, ChangeText text, std::shared_ptr<const BeforeChange> before) {
    ParameterChange change;
    change.block = block_of(log);
    change.tx = log.tx;
    change.log_index = log.index;
    change.subject = std::move(text.subject);
    change.token = text.token;
    change.values = std::move(text.values);
    change.before = std::move(before);
    events_.parameters.push_back(std::move(change));
}

void Ledger::on(const ConfigurationChange& event, const Log& log, const Source& source) {
    const bool is_market = source.emitter == Emitter::c_token;
    const Address emitter =
        is_market ? structure_.markets.at(source.market).c_token.address : Address{};
    if (event.kind == EventKind::market_listed) listed_[subject_of(event)] = log.block;
    if (event.kind == EventKind::new_price_oracle) structure_.oracle_since = log.block;
    tell(log, describe(event, emitter, structure_), before_change(event, emitter, structure_));
    owe_configuration(event, source);
}

/// Nothing is patched from the event's words: what it touches is read at the end of the round.
void Ledger::owe_configuration(const ConfigurationChange& event, const Source& source) {
    using enum EventKind;
    changed_.structure = true;
    if (source.emitter == Emitter::c_token) {
        owe_market(structure_.markets.at(source.market).c_token.address);
        return;
    }
    switch (event.kind) {
        case new_collateral_factor:
        case market_unlisted:
        case market_action_paused:
        case action_paused_market:
        case new_borrow_cap:
        case new_supply_cap:
        case forced_liquidation:
            return owe_market(subject_of(event));
        case pool_collateral_factor:
        case pool_liquidation_threshold:
        case pool_liquidation_incentive:
        case pool_market_initialized:
        case pool_market_removed:
            if (event.words[0] == 0) return owe_market(subject_of(event));
            [[fallthrough]];
        case pool_active_status:
        case pool_fallback_status:
            if (event.words[0] <= UINT32_MAX) {
                const auto pool = static_cast<unsigned>(event.words[0]);
                if (structure_.pools.contains(pool)) owed_.pools.insert(pool);
            }
            return;
        case new_implementation:
        case new_lens:
        case diamond_cut:
        case new_stable_controller:
            return owe_structure();
        default:
            owed_.comptroller = true;
    }
}

void Ledger::forget_rounding() {
    structure_.is_rounding_known = false;
    structure_.is_rounding_contradicted = false;
}

void Ledger::owe_structure() {
    owed_.comptroller = owed_.everything = true;
    changed_.structure = true;
    forget_rounding();
}

void Ledger::owe_market(const Address& c_token) {
    changed_.structure = true;
    if (structure_.find(c_token) != nullptr) {
        owed_.markets.insert(c_token);
    } else {
        owed_.comptroller = true;
    }
}

/// A log of ours that has not the form it must have. Whatever it told is read instead.
void Ledger::on_unreadable(const Source& source) {
    ++inconsistencies_;
    changed_.structure = true;
    owed_.comptroller = true;
    if (source.emitter != Emitter::c_token) return;
    owe_market(structure_.markets.at(source.market).c_token.address);
    std::vector<Address> touched;
    accounts_.for_each([&](const AccountView& account) {
        for (const HoldingState& holding : account.holdings) {
            if (holding.market == source.market) touched.push_back(account.address);
        }
    });
    for (const Address& account : touched) owe_account(account);
}

}  // namespace plimsoll::protocols::compound_v2
