// Logs that a node shows after the round of their block: the round is done again with them.
#include "daemon/follow/fault.hpp"
#include "daemon/follow/follower.hpp"
#include "daemon/follow/ranges.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;

/// Every so many blocks those of the same number are looked at again ...
constexpr BlockNumber kLookEvery = 4;
/// ... once each has so many others above it.
constexpr BlockNumber kLookBelow = 2;
/// At most so many blocks at once.
constexpr BlockNumber kMostLookedAt = 64;
/// Rows of the store that are looked through at most.
constexpr std::size_t kMostStored = 100'000;

/// Drops events, of whatever kind, of which `is_wanted` is false.
template <class Wanted>
void keep_if(protocols::LedgerEvents& events, const Wanted& is_wanted) {
    const auto is_unwanted = [&](const auto& event) { return !is_wanted(event); };
    std::erase_if(events.liquidations, is_unwanted);
    std::erase_if(events.parameters, is_unwanted);
    std::erase_if(events.activity, is_unwanted);
}

}  // namespace

/// Nodes that keep the head's state alone are asked block by block as blocks come, and some show
/// logs late. So each block is asked about once more: those of the last few blocks, in one go every
/// few blocks. When a protocol came to be doubted or is believed again, logs were missing or came,
/// and the whole tail is looked at. A fault holds up nothing: it is tried again with the next
/// block.
void Follower::take_late_logs() {
    if (!parts_.source.keeps_only_head() || tail_.empty()) return;
    const BlockNumber tip = tail_.tip().number;
    const BlockNumber last = tip - std::min(tip, kLookBelow);
    if (last < looked_to_ + kLookEvery) return;
    BlockNumber first = std::max(tail_.base().number, is_trust_changed() ? 0 : looked_to_) + 1;
    first = std::max(first, last - std::min(last, kMostLookedAt - 1));
    if (first > last) return;
    if (const auto looked = look_for_late_logs(first, last); !looked) {
        spdlog::debug("{}: late logs are looked for again: {}", parts_.chain.name,
                      looked.error().message);
        return;
    }
    looked_to_ = last;
    verified_.clear();
    for (const Followed& one : protocols_) {
        verified_.push_back(one.tip.ledger && one.tip.ledger->trust().verified);
    }
}

bool Follower::is_trust_changed() {
    verified_.resize(protocols_.size(), true);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        const auto& ledger = protocols_[i].tip.ledger;
        if (ledger && ledger->trust().verified != verified_[i]) return true;
    }
    return false;
}

/// What came late is put where it belongs, and the tips are made anew with it. What they owe then
/// is read in the next round.
Expected<void, Fault> Follower::look_for_late_logs(BlockNumber first, BlockNumber last) {
    protocols::LogFilter filter;
    for (const Followed& one : protocols_) {
        if (one.tip.ledger) filter = merged(std::move(filter), one.tip.ledger->log_filter());
    }
    if (filter.addresses.empty()) return {};
    auto logs = read_whole_range(parts_.source, first, last, filter,
                                 [this](BlockNumber number) { return tail_.at(number); });
    if (!logs) return Unexpected<Fault>{logs.error()};
    std::set<std::pair<BlockNumber, std::uint32_t>> late;
    for (const protocols::Log& log : tail_.add_late(std::move(*logs))) {
        late.emplace(log.block, log.index);
    }
    if (late.empty()) return {};
    spdlog::warn("{}: {} logs of blocks {} to {} came late", parts_.chain.name, late.size(),
                 late.begin()->first, late.rbegin()->first);
    round_pending_ = true;
    {
        const std::unique_lock lock(ledgers_);
        for (Followed& one : protocols_) one.past.reset();  // not right, as is known now
    }
    std::vector<protocols::LedgerEvents> events = replay_tips();
    for (std::size_t i = 0; i < events.size(); ++i) {
        keep_if(events[i], [&](const auto& event) {
            return late.contains({event.block.number, event.log_index});
        });
        events[i].for_each(
            [&](auto& event) { event.block = tail_.at(event.block.number).value_or(event.block); });
        keep_late(i, take_up_to(events[i], remembered_to_));
        events_[i].append(std::move(events[i]));
    }
    return {};
}

/// Of what is on blocks that an earlier run has told, liquidations alone leave a row to tell them
/// by.
void Follower::keep_late(std::size_t index, protocols::LedgerEvents events) {
    if (!parts_.source.keeps_only_head()) return;
    events.parameters.clear();
    events.activity.clear();
    late_[index].append(std::move(events));
}

/// Liquidations of blocks that an earlier run has told are told when their row is not in the store:
/// their log had not come then.
Expected<void, Fault> Follower::tell_late() {
    std::uint64_t since = UINT64_MAX;
    for (const protocols::LedgerEvents& events : late_) {
        events.for_each([&](const auto& event) { since = std::min(since, event.block.time); });
    }
    if (since == UINT64_MAX) return {};
    const auto rows = parts_.store.liquidations(parts_.chain.name, since, kMostStored);
    if (!rows) return storage_fault(rows.error());
    std::set<std::tuple<std::string, Bytes32, std::uint32_t>> stored;
    for (const store::LiquidationRow& row : *rows) {
        stored.emplace(row.protocol, row.tx, row.log_index);
    }
    for (std::size_t i = 0; i < late_.size(); ++i) {
        protocols::LedgerEvents events = std::exchange(late_[i], {});
        keep_if(events, [&](const auto& event) {
            return !stored.contains({protocols_[i].settings.name, event.tx, event.log_index});
        });
        events_[i].append(std::move(events));
    }
    return {};
}

}  // namespace plimsoll::follow
