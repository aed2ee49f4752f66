#include "daemon/follow/tail.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace plimsoll::follow {
namespace {

std::pair<BlockNumber, std::uint32_t> place(const protocols::Log& log) {
    return {log.block, log.index};
}

}  // namespace

void replay_inputs(protocols::Protocol& ledger, std::span<const Input> inputs, const BlockRef& at) {
    for (const Input& input : inputs) {
        if (const auto* reseed = std::get_if<Reseed>(&input)) {
            ledger.reseed(reseed->keys);
        } else if (const auto* logs = std::get_if<AcceptedLogs>(&input)) {
            ledger.accept_owed_logs(logs->logs);
        } else if (const auto* prices = std::get_if<AcceptedPrices>(&input)) {
            (void)ledger.accept_prices(prices->results, at);
        } else {
            // The same ledger asks the same calls, and accepted these results before.
            const auto& reads = std::get<AcceptedReads>(input);
            (void)ledger.reads(reads.most);
            (void)ledger.accept_reads(reads.results, at);
        }
    }
}

void replay(protocols::Protocol& ledger, const std::string& name, const TailEntry& entry) {
    for (const protocols::Log& log : entry.logs) ledger.apply(log);
    const auto found = entry.inputs.find(name);
    if (found != entry.inputs.end()) replay_inputs(ledger, found->second, entry.last());
}

protocols::LedgerEvents take_up_to(protocols::LedgerEvents& events, BlockNumber number) {
    protocols::LedgerEvents out = events;
    out.drop_above(number);
    events.drop_up_to(number);
    return out;
}

void Tail::reset(const BlockRef& base) {
    base_ = base;
    entries_.clear();
}

const TailEntry* Tail::entry_at(BlockNumber number) const {
    const auto entry =
        std::partition_point(entries_.begin(), entries_.end(),
                             [number](const TailEntry& e) { return e.last().number < number; });
    if (entry == entries_.end() || number < entry->blocks.front().number) return nullptr;
    return &*entry;
}

std::optional<BlockRef> Tail::at(BlockNumber number) const {
    if (number == base_.number) return base_;
    const TailEntry* const entry = entry_at(number);
    if (entry == nullptr) return std::nullopt;
    return entry->blocks[number - entry->blocks.front().number];
}

void Tail::push(TailEntry entry) { entries_.push_back(std::move(entry)); }

void Tail::add_inputs(const std::string& protocol, std::vector<Input> inputs) {
    auto& kept = entries_.back().inputs[protocol];
    std::move(inputs.begin(), inputs.end(), std::back_inserter(kept));
}

void Tail::merge_logs(std::vector<protocols::Log> logs) {
    auto log = logs.begin();
    for (TailEntry& entry : entries_) {
        std::vector<protocols::Log> both = std::move(entry.logs);
        for (; log != logs.end() && log->block <= entry.last().number; ++log) {
            if (log->block >= entry.blocks.front().number) both.push_back(std::move(*log));
        }
        std::stable_sort(both.begin(), both.end(),
                         [&](const auto& a, const auto& b) { return place(a) < place(b); });
        both.erase(std::unique(both.begin(), both.end(),
                               [&](const auto& a, const auto& b) { return place(a) == place(b); }),
                   both.end());
        entry.logs = std::move(both);
    }
}

void Tail::join_logs(std::vector<protocols::Log> logs, std::span<const Address> emitters,
                     BlockNumber above) {
    for (TailEntry& entry : entries_) {
        if (entry.last().number > above) entry.emitters.insert(emitters.begin(), emitters.end());
    }
    merge_logs(std::move(logs));
}

std::vector<protocols::Log> Tail::add_late(std::vector<protocols::Log> logs) {
    std::erase_if(logs, [&](const protocols::Log& log) {
        const TailEntry* const entry = entry_at(log.block);
        return entry == nullptr || !entry->emitters.contains(log.address);
    });
    std::set<std::pair<BlockNumber, std::uint32_t>> known;
    for (const TailEntry& entry : entries_) {
        for (const protocols::Log& log : entry.logs) known.insert(place(log));
    }
    std::erase_if(logs, [&](const protocols::Log& log) { return known.contains(place(log)); });
    if (logs.empty()) return logs;
    const BlockNumber first = logs.front().block;
    merge_logs(logs);
    for (TailEntry& entry : entries_) {
        if (entry.last().number >= first) entry.inputs.clear();
    }
    return logs;
}

void Tail::cut_above(BlockNumber ancestor) {
    while (!entries_.empty() && entries_.back().last().number > ancestor) entries_.pop_back();
}

std::optional<TailEntry> Tail::pop_final(BlockNumber number) {
    if (entries_.empty() || entries_.front().last().number > number) return std::nullopt;
    TailEntry out = std::move(entries_.front());
    entries_.pop_front();
    base_ = out.last();
    return out;
}

}  // namespace plimsoll::follow
