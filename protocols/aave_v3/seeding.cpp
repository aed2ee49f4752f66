#include "protocols/aave_v3/seeding.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

/// A bit whose id no reserve has means nothing, as in the contract.
bool borrows(const Structure& structure, const AccountFlags& flags) {
    return std::any_of(structure.reserves.begin(), structure.reserves.end(),
                       [&](const auto& entry) { return flags.is_borrowing(entry.first); });
}

}  // namespace

std::vector<Call> Seeding::next(const Ledger& ledger, std::size_t max_calls) {
    asked_ = plan(ledger, max_calls);
    std::vector<Call> out;
    for (Unit& unit : asked_) {
        std::vector<Call> calls = calls_of(ledger, unit);
        unit.calls = calls.size();
        out.insert(out.end(), std::make_move_iterator(calls.begin()),
                   std::make_move_iterator(calls.end()));
    }
    return out;
}

// ---- what to ask

std::vector<Seeding::Unit> Seeding::plan(const Ledger& ledger, std::size_t max_calls) const {
    std::vector<Unit> units;
    plan_structure(ledger, units);
    if (units.empty()) {
        plan_accounts(ledger, max_calls, units);
        return units;
    }
    std::size_t calls = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
        calls += calls_of(ledger, units[i]).size();
        if (i > 0 && calls > max_calls) {
            units.resize(i);
            break;
        }
    }
    return units;
}

void Seeding::plan_structure(const Ledger& ledger, std::vector<Unit>& units) const {
    const Owed& owed = ledger.owed();
    const auto add = [&](Stage stage, const Address& subject, unsigned category) {
        Unit unit;
        unit.stage = stage;
        unit.subject = subject;
        unit.category = category;
        units.push_back(std::move(unit));
    };
    if (owed.contracts) return add(Stage::contracts, {}, 0);
    if (owed.pool) return add(Stage::pool, {}, 0);
    for (const Address& asset : owed.reserves) add(Stage::reserve, asset, 0);
    for (const unsigned id : owed.categories) add(Stage::category, {}, id);
    if (!units.empty()) return;
    for (const Address& asset : owed.tokens) {
        if (ledger.structure().find(asset) != nullptr) add(Stage::tokens, asset, 0);
    }
}

void Seeding::plan_accounts(const Ledger& ledger, std::size_t max_calls,
                            std::vector<Unit>& units) const {
    std::size_t calls = 0;
    const auto add = [&](Unit unit) {
        calls += calls_of(ledger, unit).size();
        if (!units.empty() && calls > max_calls) return false;
        units.push_back(std::move(unit));
        return true;
    };
    const auto& owed = ledger.owed().accounts;
    for (const auto& [account, flagged] : flagged_) {
        if (!owed.contains(account)) continue;
        Unit unit;
        unit.stage = Stage::balances;
        unit.subject = account;
        if (!add(std::move(unit))) return;
    }
    for (const Address& account : owed) {
        if (flagged_.contains(account)) continue;
        Unit unit;
        unit.stage = Stage::flags;
        unit.subject = account;
        if (!add(std::move(unit))) return;
    }
}

std::vector<Call> Seeding::calls_of(const Ledger& ledger, const Unit& unit) const {
    const Structure& structure = ledger.structure();
    const Contracts& contracts = structure.contracts;
    switch (unit.stage) {
        case Stage::contracts:
            return contract_calls(structure.provider);
        case Stage::pool:
            return pool_calls(contracts);
        case Stage::reserve:
            return reserve_calls(contracts, unit.subject);
        case Stage::category:
            return category_calls(contracts, structure.rules, unit.category);
        case Stage::tokens:
            return token_calls(structure.find(unit.subject)->stored);
        case Stage::flags:
            return flag_calls(contracts, unit.subject);
        case Stage::balances:
            break;
    }
    return balance_calls(structure, unit.subject, flagged_.at(unit.subject).flags);
}

// ---- what the replies say

Expected<void, ReadFault> Seeding::accept(Ledger& ledger, std::span<const CallResult> results,
                                          const BlockRef& at) {
    std::size_t expected = 0;
    for (const Unit& unit : asked_) expected += unit.calls;
    if (results.size() != expected) {
        return Unexpected<ReadFault>{ReadFault{"as many results as calls were expected"}};
    }
    std::vector<Decoded> decoded;
    decoded.reserve(asked_.size());
    std::size_t first = 0;
    for (const Unit& unit : asked_) {
        auto one = decode(ledger, unit, results.subspan(first, unit.calls));
        if (!one) return Unexpected<ReadFault>{one.error()};
        if (is_contradicted(ledger, unit, *one, at)) {
            return Unexpected<ReadFault>{ReadFault{to_checksum(unit.subject) +
                                                   " has no debt in the contract that block " +
                                                   std::to_string(at.number) + " lent it"}};
        }
        decoded.push_back(std::move(*one));
        first += unit.calls;
    }
    const std::vector<Unit> asked = std::exchange(asked_, {});
    for (std::size_t i = 0; i < asked.size(); ++i) commit(ledger, asked[i], decoded[i], at);
    return {};
}

/// Whether what is said of an account is not the state of `at`: a node answered from another block.
bool Seeding::is_contradicted(const Ledger& ledger, const Unit& unit, const Decoded& decoded,
                              const BlockRef& at) const {
    if (unit.stage == Stage::balances) {
        return ledger.contradicts(unit.subject, decoded.balances, at);
    }
    return unit.stage == Stage::flags && !borrows(ledger.structure(), decoded.flags) &&
           ledger.contradicts(unit.subject, AccountState{}, at);
}

Reply<Seeding::Decoded> Seeding::decode(const Ledger& ledger, const Unit& unit,
                                        Results results) const {
    const Structure& structure = ledger.structure();
    Decoded out;
    const auto keep = [&](auto reply, auto member) -> Reply<Decoded> {
        if (!reply) return Unexpected<ReadFault>{reply.error()};
        out.*member = std::move(*reply);
        return std::move(out);
    };
    switch (unit.stage) {
        case Stage::contracts:
            return keep(decode_contracts(results), &Decoded::contracts);
        case Stage::pool:
            return keep(decode_pool(results), &Decoded::pool);
        case Stage::reserve:
            return keep(decode_reserve(structure.rules, unit.subject, results), &Decoded::reserve);
        case Stage::category: {
            auto category = decode_category(structure.rules, unit.category, results);
            // A Pool of unknown rules may lack the newest getters; its numbers are marked anyway.
            if (!category && !structure.rules_known) return out;
            return keep(std::move(category), &Decoded::category);
        }
        case Stage::tokens:
            return keep(decode_tokens(results), &Decoded::tokens);
        case Stage::flags:
            return keep(decode_flags(results), &Decoded::flags);
        case Stage::balances:
            break;
    }
    return keep(decode_balances(structure, flagged_.at(unit.subject).flags, results),
                &Decoded::balances);
}

void Seeding::commit(Ledger& ledger, const Unit& unit, Decoded& decoded, const BlockRef& at) {
    switch (unit.stage) {
        case Stage::contracts:
            return ledger.accept(decoded.contracts);
        case Stage::pool:
            return ledger.accept(decoded.pool);
        case Stage::reserve:
            return ledger.accept(unit.subject, decoded.reserve, at);
        case Stage::category:
            return ledger.accept_category(unit.category, decoded.category);
        case Stage::tokens:
            return ledger.accept(unit.subject, decoded.tokens);
        case Stage::flags:
            if (borrows(ledger.structure(), decoded.flags)) {
                flagged_[unit.subject] = Flagged{decoded.flags, at};
            } else {
                ledger.accept(unit.subject, AccountState{}, at);
            }
            return;
        case Stage::balances:
            break;
    }
    const BlockRef flags_at = flagged_.at(unit.subject).at;
    flagged_.erase(unit.subject);
    // Flags of another block say nothing about these balances: begin again with the flags.
    if (flags_at.hash != at.hash || flags_at.number != at.number) return;
    ledger.accept(unit.subject, std::move(decoded.balances), at);
}

}  // namespace plimsoll::protocols::aave_v3
