// Logs that the ledger lacks: those of cTokens it did not know yet, and those that were lost.
#include "protocols/compound_v2/ledger.hpp"

#include <algorithm>

namespace plimsoll::protocols::compound_v2 {
namespace {

void make_set(auto& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

bool is_missing_some(const Structure& structure) {
    return std::ranges::any_of(structure.markets,
                               [](const auto& one) { return one.second.missed_from != 0; });
}

}  // namespace

std::optional<OwedLogs> Ledger::owed_logs() const {
    if (owed_.logs.empty() && !missed_.is_asked) return std::nullopt;
    OwedLogs out;
    out.from = UINT64_MAX;
    for (const auto& [c_token, block] : owed_.logs) {
        out.filter.addresses.push_back(c_token);
        out.from = std::min(out.from, block);
    }
    out.filter.topics = discovery_topics();
    out.filter.topics.push_back(abi::topic(signature(EventKind::transfer)));
    if (missed_.is_asked) {
        for (const auto& [address, source] : sources_) out.filter.addresses.push_back(address);
        for (const EventKind kind : {EventKind::market_entered, EventKind::market_exited}) {
            out.filter.topics.push_back(abi::topic(signature(kind)));
        }
        for (const auto& [id, market] : structure_.markets) {
            if (market.missed_from != 0) out.from = std::min(out.from, market.missed_from);
        }
    }
    make_set(out.filter.addresses);
    make_set(out.filter.topics);
    return out;
}

/// They tell pairs of principal and index, and whose cTokens and memberships are not what was
/// known; the accounts themselves are read at the round's block. What was there before counts twice
/// in what roundings may add up to, which allows a little more.
void Ledger::accept_owed_logs(std::span<const Log> logs) {
    owed_.logs.clear();
    const auto owe_followed = [&](const Address& account) {
        if (accounts_.find(account)) owe_account(account);
    };
    for (const Log& log : logs) {
        const auto source = sources_.find(log.address);
        const Emitter emitter =
            source == sources_.end() ? Emitter::c_token : source->second.emitter;
        const auto event = decode(log, emitter);
        if (!event || !*event) continue;
        if (const auto* transfer = std::get_if<Transfer>(&**event)) {
            owe_followed(transfer->from);
            owe_followed(transfer->to);
        } else if (const auto* membership = std::get_if<Membership>(&**event)) {
            owe_followed(membership->account);
        } else {
            for (const Address& account : discover(log)) {
                if (traces_.contains(account)) owe_account(account);
                owe_followed(account);
                changed_.owed_accounts.insert(account);
            }
        }
    }
    if (missed_.is_asked) accept_missed(logs);
}

/// A log of the market tells how its total borrows went on. Where that is not from what was known,
/// the logs between are missing: the last of them told what this one begins with.
void Ledger::follow_total(const TotalStep& step, const Log& log, unsigned market) {
    MarketEntry& entry = structure_.markets.at(market);
    if (log.block <= entry.read_at) return;
    if (entry.last_total && !step.follows(*entry.last_total))
        miss(market).totals.insert(step.before);
    entry.last_total = step.after;
}

/// What no log told. The block whose logs came last is asked about again: the missing ones have to
/// join to them.
Ledger::Untold& Ledger::miss(unsigned market) {
    MarketEntry& entry = structure_.markets.at(market);
    if (entry.missed_from == 0) {
        const bool is_told = entry.index_block > entry.read_at;
        entry.missed_from = is_told ? entry.index_block : entry.read_at + 1;
        if (!is_told && entry.last_total) missed_.begin[market] = *entry.last_total;
        changed_.markets.insert(market);
    }
    return missed_.untold[market];
}

/// Asks after 1, 3, 7, 15 and 31 blocks; after 63 they are taken for lost.
void Ledger::note_missed(const std::map<unsigned, StoredBorrows>& stored, BlockNumber at) {
    constexpr BlockNumber kLongestWait = 16;
    for (const auto& [id, borrows] : stored) {
        MarketEntry& market = structure_.markets.at(id);
        const U256& total = borrows.total.raw();
        if (market.last_index != borrows.index) miss(id).indexes.insert(borrows.index.raw());
        if (market.last_total.value_or(total) != total) miss(id).totals.insert(total);
        if (market.last_total == total) continue;
        market.last_total = total;
        changed_.markets.insert(id);
    }
    if (!is_missing_some(structure_)) return;
    if (missed_.wait == 0) {
        ++inconsistencies_;
        missed_.wait = 1;
        missed_.ask_from = at + 1;
    }
    if (at < missed_.ask_from) return;
    if (missed_.wait > kLongestWait) return read_everything_again();
    missed_.is_asked = true;
    missed_.wait *= 2;
    missed_.ask_from = at + missed_.wait;
}

/// Where they tell every index and total that was seen untold, and join, none is missing any more:
/// each operation on a market that changes what anybody owes, or has supplied, tells the index it
/// was done at.
void Ledger::accept_missed(std::span<const Log> logs) {
    missed_.is_asked = false;
    std::map<unsigned, U256> totals = missed_.begin;
    for (const Log& log : logs) {
        const auto source = sources_.find(log.address);
        if (source == sources_.end() || source->second.emitter != Emitter::c_token) continue;
        const auto event = decode(log, Emitter::c_token);
        const auto untold = missed_.untold.find(source->second.market);
        if (!event || !*event || untold == missed_.untold.end()) continue;
        if (const auto* told = std::get_if<IndexTold>(&**event)) {
            untold->second.indexes.erase(told->borrow_index);
        }
        const auto step = total_step(**event);
        if (!step) continue;
        const auto total = totals.find(source->second.market);
        if (total != totals.end() && !step->follows(total->second)) {
            untold->second.totals.insert(step->before);
        }
        untold->second.totals.erase(step->after);
        totals[source->second.market] = step->after;
    }
    std::erase_if(missed_.untold, [](const auto& one) {
        return one.second.indexes.empty() && one.second.totals.empty();
    });
    if (missed_.untold.empty()) forget_missed();
}

/// The configuration may have changed too.
void Ledger::forget_missed() {
    for (auto& [id, market] : structure_.markets) {
        if (market.missed_from != 0) changed_.markets.insert(id);
        market.missed_from = 0;
    }
    missed_ = {};
    owed_.comptroller = owed_.everything = true;
    changed_.structure = true;
}

/// Anybody may be whom the lost logs were about.
void Ledger::read_everything_again() {
    forget_missed();
    accounts_.for_each([&](const AccountView& account) { owe_account(account.address); });
}

}  // namespace plimsoll::protocols::compound_v2
