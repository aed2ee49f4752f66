#include "abi/codec.hpp"
#include "protocols/common/reverted.hpp"
#include "protocols/compound_v2/balances.hpp"
#include "protocols/compound_v2/ledger.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

/// Whether a pair of principal and index has this balance at the market's index.
bool has_balance(const Trace& pair, const U256& balance, const U256& index) {
    if (!pair.is_exact || pair.interest_index.is_zero()) return false;
    const auto ours = as_contract([&] {
        return borrow_balance(TokenAmount::from_raw(to_u256(pair.principal)),
                              Wad::from_raw(to_u256(pair.interest_index)), Wad::from_raw(index));
    });
    return ours && ours->raw() == balance;
}

}  // namespace

MarketEntry& Ledger::entry_of(const Address& c_token) {
    if (MarketEntry* known = structure_.find(c_token)) return *known;
    const unsigned id = structure_.markets.empty() ? 0 : structure_.markets.rbegin()->first + 1;
    MarketEntry& fresh = structure_.markets[id];
    fresh.c_token.id = id;
    fresh.c_token.address = c_token;
    changed_.markets.insert(id);
    return fresh;
}

void Ledger::accept(const ComptrollerReply& comptroller, const BlockRef& at) {
    structure_.oracle = comptroller.oracle;
    structure_.close_factor = comptroller.close_factor;
    structure_.liquidation_incentive = comptroller.liquidation_incentive.value_or(Wad{});
    structure_.paused = comptroller.paused;
    const bool is_coin_new = structure_.stable_controller != comptroller.stable_controller;
    structure_.stable_controller = comptroller.stable_controller;
    structure_.stable_token = is_coin_new ? Address{} : comptroller.stable_token;
    structure_.liquidator = comptroller.liquidator;
    structure_.has_user_forcing = comptroller.has_user_forcing;
    if (structure_.pace.block == 0) structure_.pace = {at.number, at.time};
    for (const Address& c_token : comptroller.c_tokens) {
        const MarketEntry& market = entry_of(c_token);
        const auto listed = listed_.extract(c_token);
        if (market.read_at == 0 && !listed.empty()) owed_.logs[c_token] = listed.mapped();
        if (market.read_at == 0 || owed_.everything) owed_.markets.insert(c_token);
    }
    if (owed_.everything) {
        for (const auto& [id, pool] : structure_.pools) owed_.pools.insert(id);
    }
    owed_.comptroller = is_coin_new;  // the controller can be asked for its token now
    owed_.everything = false;
    changed_.structure = true;
    index_sources();
}

/// What was learned of the underlying stays where the market was read before.
void Ledger::accept(const Address& c_token, const MarketReply& market, const BlockRef& at) {
    MarketEntry& entry = entry_of(c_token);
    const CToken before = entry.c_token;
    entry.c_token = market.c_token;
    entry.c_token.id = before.id;
    const bool is_new = entry.read_at == 0 || before.underlying != market.c_token.underlying;
    if (!market.c_token.is_native()) {
        entry.c_token.symbol = before.symbol;
        entry.c_token.decimals = before.decimals;
        if (is_new) owed_.tokens.insert(c_token);
    }
    entry.read_at = at.number;
    entry.has_timestamp_getters = market.has_timestamp_getters;
    entry.last_index = market.borrow_index;
    entry.index_block = 0;
    structure_.has_pools = structure_.has_pools || market.has_pools;
    structure_.clock = market.clock;
    owed_.markets.erase(c_token);
    changed_.markets.insert(before.id);
    changed_.structure = true;
    index_sources();
}

void Ledger::accept_token(const Address& c_token, const TokenReply& token) {
    owed_.tokens.erase(c_token);
    changed_.structure = true;
    MarketEntry* market = structure_.find(c_token);
    if (market == nullptr) return;
    market->c_token.symbol =
        token.symbol.empty() ? structure_.written(market->c_token.underlying) : token.symbol;
    market->c_token.decimals = token.decimals.value_or(18);
    market->doubt = token.decimals ? "" : "the underlying tells no decimals; 18 assumed";
    changed_.markets.insert(market->c_token.id);
}

void Ledger::accept_pool(unsigned pool, const RiskPool& reply) {
    structure_.pools[pool] = reply;
    owed_.pools.erase(pool);
    changed_.pools.insert(pool);
    changed_.structure = true;
}

/// Ties each balance that was read to the pair the events told. A balance that no known pair has is
/// kept as if it had been borrowed at this block: right to one unit, and marked.
void Ledger::tie_borrows(const Address& account, AccountState& state) {
    const auto followed = accounts_.find(account);
    const auto traced = traces_.find(account);
    for (HoldingState& holding : state.holdings) {
        if (!holding.has_debt()) continue;
        const U256 balance = to_u256(holding.principal);
        const U256 index = to_u256(holding.interest_index);
        std::vector<Trace> known;
        if (traced != traces_.end()) {
            const auto trace = traced->second.find(holding.market);
            if (trace != traced->second.end()) known.push_back(trace->second);
        }
        if (followed) {
            for (const HoldingState& old : followed->holdings) {
                if (old.market != holding.market) continue;
                known.push_back({old.principal, old.interest_index, old.is_exact});
            }
        }
        const auto pair = std::ranges::find_if(
            known, [&](const Trace& one) { return has_balance(one, balance, index); });
        holding.is_exact = pair != known.end();
        if (!holding.is_exact) continue;
        holding.principal = pair->principal;
        holding.interest_index = pair->interest_index;
    }
}

void Ledger::accept(const Address& account, AccountState state, const BlockRef& at) {
    tie_borrows(account, state);
    if (owed_.accounts.erase(account) != 0) changed_.owed_accounts.insert(account);
    traces_.erase(account);
    stable_.erase(account);
    if (!has_debt(state)) return forget(account);
    last_read_.add(account, at.number);
    owe_pool_of(state.head.pool);
    state.head.read_at = at.number;
    put(account, state);
}

void Ledger::accept_rounding(std::optional<Rounding> rounding, bool is_contradicted) {
    owed_.samples.clear();
    const bool is_news = rounding || is_contradicted || structure_.is_rounding_contradicted ||
                         structure_.is_rounding_known;
    if (!is_news) return;
    structure_.is_rounding_known = rounding.has_value() && !is_contradicted;
    structure_.is_rounding_contradicted = is_contradicted;
    if (rounding) structure_.rounding = *rounding;
    changed_.structure = true;
}

void Ledger::accept_scale(const PriceScale& scale) {
    if (structure_.scale == scale) return;
    structure_.scale = scale;
    changed_.structure = true;
}

// ---- where logs come from

void Ledger::index_sources() {
    sources_.clear();
    sources_[structure_.comptroller()] = {Emitter::comptroller, 0};
    for (const auto& [id, market] : structure_.markets) {
        sources_[market.c_token.address] = {Emitter::c_token, id};
    }
    if (!structure_.stable_controller.is_zero()) {
        sources_[structure_.stable_controller] = {Emitter::stable_controller, 0};
    }
    if (!structure_.liquidator.is_zero()) {
        sources_[structure_.liquidator] = {Emitter::liquidator, 0};
    }
}

LogFilter Ledger::log_filter() const {
    LogFilter out;
    for (const auto& [address, source] : sources_) out.addresses.push_back(address);
    std::sort(out.addresses.begin(), out.addresses.end());
    out.topics = structure_.settings->watched.empty() ? wanted_topics() : watching_topics();
    return out;
}

LogFilter Ledger::discovery_filter() const {
    LogFilter out;
    for (const auto& [address, source] : sources_) {
        const bool tells_borrows =
            source.emitter == Emitter::c_token || source.emitter == Emitter::stable_controller;
        if (tells_borrows) out.addresses.push_back(address);
    }
    std::sort(out.addresses.begin(), out.addresses.end());
    out.topics = discovery_topics();
    return out;
}

// ---- persistence

Changed Ledger::take_changed() {
    Changed none;
    none.structure = false;
    return std::exchange(changed_, none);
}

void Ledger::restore(Structure structure, AccountBook accounts, Owed owed,
                     std::map<Address, Traces> traces) {
    structure.settings = structure_.settings;
    structure_ = std::move(structure);
    accounts_ = std::move(accounts);
    owed_ = std::move(owed);
    traces_ = std::move(traces);
    accounts_.for_each([&](const AccountView& account) {
        if (!has_debt(account)) maybe_free_.insert(account.address);
    });
    (void)take_changed();
    (void)take_discovered();
    index_sources();
}

void Ledger::resume(const Discovered& discovered) {
    for (const auto& [account, borrows] : discovered.traces) {
        for (const auto& [c_token, trace] : borrows) {
            if (const MarketEntry* market = structure_.find(c_token)) {
                traces_[account][market->c_token.id] = trace;
            }
        }
    }
    for (const auto& [c_token, seen] : discovered.markets) {
        MarketEntry* market = structure_.find(c_token);
        if (market == nullptr) continue;
        market->rounding = seen.rounding;
        market->scan_index = seen.scan_index;
    }
    stable_.insert(discovered.stable_minters.begin(), discovered.stable_minters.end());
}

}  // namespace plimsoll::protocols::compound_v2
