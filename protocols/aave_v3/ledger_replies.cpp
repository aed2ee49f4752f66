#include "protocols/aave_v3/ledger.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::protocols::aave_v3 {
namespace {

constexpr unsigned kMaxCategory = 255;

}  // namespace

void Ledger::owe_every_account() {
    std::vector<Address> all;
    all.reserve(accounts_.size());
    accounts_.for_each([&](const AccountView& account) { all.push_back(account.address); });
    for (const Address& account : all) owe_account(account);
}

void Ledger::owe_holders(unsigned reserve) {
    std::vector<Address> holders;
    accounts_.for_each([&](const AccountView& account) {
        const bool holds = std::any_of(account.holdings.begin(), account.holdings.end(),
                                       [&](const HoldingState& h) { return h.reserve == reserve; });
        if (holds) holders.push_back(account.address);
    });
    for (const Address& account : holders) owe_account(account);
}

bool Ledger::Retry::is_due(BlockNumber at) {
    constexpr BlockNumber kLongestPause = 1000;
    if (at < next) return false;
    next = at + pause;
    pause = std::min(2 * pause, kLongestPause);
    return true;
}

void Ledger::owe_unread_revisions(BlockNumber at) {
    if (structure_.pool_revision && structure_.base_unit_known) {
        pool_retry_ = {};
    } else if (pool_retry_.is_due(at)) {
        owed_.pool = true;
    }
    for (const auto& [id, reserve] : structure_.reserves) {
        const Address& asset = reserve.stored.asset;
        if (reserve.a_token_revision && reserve.debt_token_revision) {
            token_retries_.erase(asset);
        } else if (token_retries_[asset].is_due(at)) {
            owed_.tokens.insert(asset);
        }
    }
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
    set_since_.clear();
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
    set_since_.clear();
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
    // Under assumed rules their balances may have been moved wrongly.
    if (token_retries_.contains(asset)) owe_holders(reserve->stored.id);
    reserve->a_token_revision = tokens.a_token_revision;
    reserve->debt_token_revision = tokens.debt_token_revision;
    reserve->stored.a_token_rules = token_rules_or_newest(tokens.a_token_revision);
    reserve->stored.debt_token_rules = token_rules_or_newest(tokens.debt_token_revision);
    reserve->treasury = tokens.treasury;
    reserve->a_token_upgraded = reserve->debt_token_upgraded = false;
    changed_.reserves.insert(reserve->stored.id);
}

void Ledger::accept_category(unsigned id, const std::optional<EMode>& category) {
    set_since_.clear();
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
    out.topics = watched_->empty() ? wanted_topics() : wanted_topics_and_actions();
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
    accounts_.for_each([&](const AccountView& account) {
        count_debt(account.holdings, true);
        if (!account.has_debt()) maybe_free_.insert(account.address);
    });
    (void)take_changed();
    index_sources();
}

}  // namespace plimsoll::protocols::aave_v3
