#include "daemon/follow/tail.hpp"

#include <utility>

namespace plimsoll::follow {

void replay(protocols::Protocol& ledger, const std::string& name, const TailEntry& entry) {
    for (const protocols::Log& log : entry.logs) ledger.apply(log);
    const auto found = entry.inputs.find(name);
    if (found == entry.inputs.end()) return;
    for (const Input& input : found->second) {
        if (const auto* reseed = std::get_if<Reseed>(&input)) {
            ledger.reseed(reseed->keys);
        } else if (const auto* logs = std::get_if<AcceptedLogs>(&input)) {
            ledger.accept_owed_logs(logs->logs);
        } else if (const auto* prices = std::get_if<AcceptedPrices>(&input)) {
            (void)ledger.accept_prices(prices->results, entry.last());
        } else {
            // The same ledger asks the same calls, and accepted these results before.
            (void)ledger.reads(kMaxReads);
            (void)ledger.accept_reads(std::get<AcceptedReads>(input).results, entry.last());
        }
    }
}

void Tail::reset(const BlockRef& base) {
    base_ = base;
    entries_.clear();
}

std::optional<BlockRef> Tail::at(BlockNumber number) const {
    if (number == base_.number) return base_;
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        const BlockNumber first = entry->blocks.front().number;
        if (number > entry->last().number) return std::nullopt;
        if (number >= first) return entry->blocks[number - first];
    }
    return std::nullopt;
}

void Tail::push(TailEntry entry) { entries_.push_back(std::move(entry)); }

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
