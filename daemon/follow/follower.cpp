#include "daemon/follow/follower.hpp"

#include "daemon/follow/fault.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;

/// Blocks whose headers are read and linked at once.
constexpr BlockNumber kMaxLinkedBlocks = 1024;
/// Final blocks above the tip are read as ranges of logs, without their headers, when there are
/// more than these.
constexpr BlockNumber kFewBlocks = 16;
/// How often a poll begins anew because the node dropped the state of the head while it was read.
constexpr int kMostOvertaken = 3;
/// How often a round is done again because the contract contradicts it, before that counts: a node
/// under load may answer twice running from the state of the next block.
constexpr int kMostDoubts = 2;
/// Forks met within one poll, before it is left to the next one.
constexpr int kMostForks = 2;

chain::Finality to_finality(const config::Depth& depth) {
    switch (depth.kind) {
        case config::Depth::Kind::finalized:
            return {chain::Finality::Kind::finalized, 0};
        case config::Depth::Kind::safe:
            return {chain::Finality::Kind::safe, 0};
        case config::Depth::Kind::blocks:
            break;
    }
    return {chain::Finality::Kind::depth, depth.blocks};
}

}  // namespace

Follower::Follower(FollowerParts parts)
    : parts_(std::move(parts)),
      protocols_(std::move(parts_.protocols)),
      joining_(protocols_.size()),
      events_(protocols_.size()),
      late_(protocols_.size()),
      caip2_(parts_.chain.caip2()) {
    for (const config::WatchSettings& watch : parts_.settings.watches) {
        for (const Address& account : watch.accounts) watch_labels_[account] = watch.label;
    }
    publish();
}

Expected<void, Fault> Follower::poll() {
    poll_began_ = parts_.unix_seconds();
    if (head_age_.seen_at == 0) head_age_.seen_at = poll_began_;
    busy_ = false;
    auto outcome = work();
    for (int i = 0; i < kMostOvertaken && is_overtaken(outcome); ++i) outcome = work();
    trouble_ = outcome ? std::string() : outcome.error().message;
    if (!outcome) busy_ = false;
    note_progress();
    if (outcome || outcome.error().kind != FaultKind::cancelled) tell_standstill();
    publish();
    return outcome;
}

/// The state went while it was read, and there is a newer block.
bool Follower::is_overtaken(const Outcome& outcome) {
    if (outcome || outcome.error().kind != FaultKind::missing_state || parts_.stopping()) {
        return false;
    }
    const auto head = parts_.source.head();
    return head && started_ && head->number > tail_.tip().number;
}

Expected<void, Fault> Follower::work() {
    if (pending_) {
        if (auto stored = store_pending(); !stored) {
            if (const auto head = parts_.source.head()) note_head(*head);
            return stored;
        }
    }
    if (!remembers_) {
        if (auto loaded = load_memory(); !loaded) return loaded;
    }
    if (!connected_) {
        if (auto connected = parts_.source.connect(); !connected) return connected;
        connected_ = true;
    }
    const auto head = parts_.source.head();
    if (!head) return Unexpected<Fault>{head.error()};
    note_head(*head);
    bool is_joining = false;
    for (std::size_t i = 0; i < protocols_.size(); ++i) is_joining |= wants_to_join(i);
    const bool is_there = started_ && !round_pending_ && head->hash == tail_.tip().hash;
    if (is_there && !is_joining && is_valued()) return {};
    const auto final_block = parts_.source.final_block(to_finality(parts_.chain.finality), *head);
    if (final_block) final_block_ = *final_block;
    safe_block_ = read_safe_block(*head);
    if (!started_) {
        // A chain may have no such tag; a node that fails now is asked again.
        if (!final_block && !is_its_own(final_block.error())) {
            return Unexpected<Fault>{final_block.error()};
        }
        if (auto done = start(*head); !done) return done;
    }
    if (auto done = follow_to(*head); !done || busy_) return done;
    if (auto done = join_protocols(); !done || busy_) return done;
    return is_valued() ? Outcome{} : follow_to(*head);
}

bool Follower::is_valued() const {
    return std::all_of(protocols_.begin(), protocols_.end(),
                       [](const Followed& one) { return !one.base || one.tip.valued; });
}

// ---- blocks

Expected<void, Fault> Follower::follow_to(const BlockRef& head) {
    for (int forks = 0; forks <= kMostForks;) {
        const BlockRef tip = tail_.tip();
        if (head.hash == tip.hash) {
            if (!is_valued()) return run_round({}, true);
            return round_pending_ ? finish_round() : Outcome{};
        }
        const bool is_below_done = !orphaned_ && committed_ && head.number < committed_->number;
        if (is_below_done || head.number <= tip.number) {
            const auto known = recorded(head.number);
            if (!known || known->hash == head.hash) return behind(head);
            ++forks;
            if (auto done = reorganise(head.number, head.hash); !done) return done;
            continue;
        }
        if (auto done = step_to(head, forks); !done || busy_) return done;
    }
    return fault(FaultKind::lag_or_reorg, "the chain changes while it is read");
}

/// A node behind, not a reorganisation: nothing is known to have changed.
Expected<void, Fault> Follower::behind(const BlockRef& head) const {
    if (started_ && is_valued() && !round_pending_) return {};
    const BlockNumber done = committed_ ? committed_->number : tail_.tip().number;
    return fault(FaultKind::lag_or_reorg, "the node is at block " + std::to_string(head.number) +
                                              ", behind block " + std::to_string(done) +
                                              " that was processed before");
}

/// The next blocks towards a head above the tip.
Expected<void, Fault> Follower::step_to(const BlockRef& head, int& forks) {
    const BlockRef tip = tail_.tip();
    if (final_block_ && final_block_->number <= head.number &&
        final_block_->number > tip.number + kFewBlocks) {
        return fast_forward(*final_block_, forks);
    }
    take_late_logs();
    const BlockNumber first = tip.number + 1;
    const BlockNumber last = std::min(head.number, first + kMaxLinkedBlocks - 1);
    std::vector<BlockRef> blocks{head};
    if (first != head.number) {
        auto read = parts_.source.blocks(first, last);
        if (!read) return Unexpected<Fault>{read.error()};
        blocks = std::move(*read);
    }
    const bool is_asked = blocks.size() == last - first + 1 && blocks.front().number == first &&
                          blocks.back().number == last;
    if (!is_asked) return fault(FaultKind::malformed, "the node returned other blocks than asked");
    if (last == head.number && blocks.back().hash != head.hash) {
        return fault(FaultKind::lag_or_reorg, "the head changed while its parents were read");
    }
    if (blocks.front().parent != tip.hash) {
        ++forks;
        return reorganise(tip.number, blocks.front().parent);
    }
    orphan_replaced(blocks);
    const bool newest = last == head.number;
    if (auto done = run_round(std::move(blocks), newest); !done) return done;
    if (!newest && is_time_up()) busy_ = true;
    return {};
}

Expected<void, Fault> Follower::run_round(std::vector<BlockRef> blocks, bool newest) {
    Draft draft(parts_.settings, parts_.source, protocols_, tail_.tip(), std::move(blocks));
    auto done = newest ? draft.run(doubts_ < kMostDoubts) : draft.run_logs();
    if (draft.has_doubted()) ++doubts_;
    if (!done && done.error().kind == FaultKind::missing_state && draft.stop_early()) {
        take_over(draft);  // what was read stays; the rest is read at a newer block
    }
    if (!done) return done;
    take_over(draft);
    return newest ? finish_round() : Outcome{};
}

void Follower::take_over(Draft& draft) {
    TailEntry entry = draft.take_entry();
    std::vector<Tip> tips = draft.take_tips();
    std::vector<protocols::LedgerEvents> events = draft.take_events();
    std::vector<protocols::LedgerEvents> told = draft.take_told();
    for (std::size_t i = 0; i < events.size(); ++i) {
        events_[i].append(std::move(events[i]));
        keep_late(i, std::move(told[i]));
    }
    round_pending_ = true;
    const std::unique_lock lock(ledgers_);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        protocols_[i].move_on(std::move(tips[i]), tip_block_);
    }
    if (!entry.blocks.empty()) {
        tail_.push(std::move(entry));
    } else {  // more of the newest round, which may be the base itself
        for (Followed& one : protocols_) {
            auto& inputs = entry.inputs[one.settings.name];
            if (!one.base || inputs.empty()) continue;
            if (tail_.empty() || one.joined.number >= tail_.tip().number) {
                replay_inputs(*one.base, inputs, tail_.tip());
                one.keep_changed_records();
            } else {
                tail_.add_inputs(one.settings.name, std::move(inputs));
            }
        }
    }
    tip_block_ = tail_.tip();
}

/// Brings the bases to a final block above the tip by logs alone: what these leave owed is read at
/// the head, since the state of old blocks may be gone.
Expected<void, Fault> Follower::fast_forward(const BlockRef& to, int& forks) {
    const BlockRef tip = tail_.tip();
    const auto canonical = parts_.source.block_at(tip.number);
    if (!canonical) return Unexpected<Fault>{canonical.error()};
    if (!*canonical) return fault(FaultKind::lag_or_reorg, "the node lacks a block below its head");
    if ((*canonical)->hash != tip.hash) {
        ++forks;
        return reorganise(tip.number, (*canonical)->hash);
    }
    if (auto checked = check_recent(to.number); !checked) return checked;
    move_base(tip.number);
    protocols::LogFilter filter;
    for (const Followed& one : protocols_) {
        if (one.base) filter = merged(std::move(filter), one.base->log_filter());
    }
    const auto unknown = [](BlockNumber) { return std::optional<BlockRef>(); };
    for (BlockNumber next = tip.number + 1; next <= to.number;) {
        if (parts_.stopping()) return fault(FaultKind::cancelled, "stopping");
        chain::Source::RangeLogs read{{}, to.number};
        if (!filter.addresses.empty()) {
            auto step = read_range(parts_.source, next, to.number, filter, unknown);
            if (!step) return Unexpected<Fault>{step.error()};
            read = std::move(*step);
        }
        BlockRef reached = to;
        if (read.last < to.number) {
            const auto block = parts_.source.block_at(read.last);
            if (!block) return Unexpected<Fault>{block.error()};
            if (!*block) return fault(FaultKind::lag_or_reorg, "a final block is gone");
            reached = **block;
        }
        pass_over(read.logs, reached);
        spdlog::info("{}: caught up to block {} of {}", parts_.chain.name, read.last, to.number);
        next = read.last + 1;
        if (next <= to.number && is_time_up()) {
            busy_ = true;
            return {};
        }
    }
    const auto holds = is_recent_canonical(to.number);
    if (!holds) return Unexpected<Fault>{holds.error()};
    return *holds ? Outcome{} : resync("the chain changed while it was caught up with");
}

/// The bases go on to a final block, over these logs. The tips follow, without values.
void Follower::pass_over(std::span<const protocols::Log> logs, const BlockRef& reached) {
    {
        const std::unique_lock lock(ledgers_);
        for (Followed& one : protocols_) one.set_aside(tip_block_);
    }
    tail_.reset(reached);
    round_pending_ = true;
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        Followed& one = protocols_[i];
        if (!one.base) continue;
        for (const protocols::Log& log : logs) one.base->apply(log);
        protocols::LedgerEvents events = one.base->take_events();
        if (one.told) keep_late(i, take_up_to(events, *one.told));
        events_[i].append(std::move(events));
        one.keep_changed_records();
    }
    rebuild_tips();
}

// ---- reorganisations

std::optional<BlockRef> Follower::recorded(BlockNumber number) const {
    if (started_) {
        if (auto known = tail_.at(number)) return known;
    }
    const auto found = recent_.find(number);
    return found == recent_.end() ? std::nullopt : std::optional(found->second);
}

BlockNumber Follower::lowest_recorded() const {
    BlockNumber lowest = recent_.empty() ? UINT64_MAX : recent_.begin()->first;
    if (started_) lowest = std::min(lowest, tail_.base().number);
    return lowest;
}

void Follower::remember(std::span<const BlockRef> blocks) {
    for (const BlockRef& block : blocks) recent_[block.number] = block;
    while (recent_.size() > kRecentBlocks) recent_.erase(recent_.begin());
}

/// The highest recorded block below `from` that is on the chain where `from` has the hash
/// `canonical`; none: everything recorded left the chain.
Expected<std::optional<BlockNumber>, Fault> Follower::common_ancestor(BlockNumber from,
                                                                      const Bytes32& canonical) {
    constexpr BlockNumber kStep = 32;
    const BlockNumber lowest = lowest_recorded();
    Bytes32 expected = canonical;
    for (BlockNumber high = from; high >= lowest;) {
        const BlockNumber low = std::max(lowest, high >= kStep ? high - kStep + 1 : 0);
        const auto blocks = parts_.source.blocks(low, high);
        if (!blocks) return Unexpected<Fault>{blocks.error()};
        if (blocks->size() != high - low + 1 || blocks->back().hash != expected) {
            return fault(FaultKind::lag_or_reorg, "the node answers for two forks");
        }
        for (auto block = blocks->rbegin(); block != blocks->rend(); ++block) {
            const auto known = recorded(block->number);
            if (known && known->hash == block->hash) return std::optional(block->number);
        }
        if (low == 0) break;
        expected = blocks->front().parent;
        high = low - 1;
    }
    return std::optional<BlockNumber>();
}

void Follower::orphan_above(BlockNumber ancestor) {
    if (!orphaned_) orphaned_ = Orphaned{ancestor, {}};
    orphaned_->ancestor = std::min(orphaned_->ancestor, ancestor);
    for (auto it = recent_.upper_bound(ancestor); it != recent_.end(); it = recent_.erase(it)) {
        orphaned_->blocks.push_back(it->second);
    }
    const std::unique_lock lock(ledgers_);
    for (Followed& one : protocols_) {
        if (one.told) one.told = std::min(*one.told, ancestor);
        if (one.past && one.past->at.number > ancestor) one.past.reset();
    }
}

/// Blocks of before a restart are not in the tail. Whether the newest of them up to `last` is still
/// on the chain.
Expected<bool, Fault> Follower::is_recent_canonical(BlockNumber last) {
    const auto above = recent_.upper_bound(last);
    if (above == recent_.begin()) return true;
    const BlockRef known = std::prev(above)->second;
    const auto canonical = parts_.source.block_at(known.number);
    if (!canonical) return Unexpected<Fault>{canonical.error()};
    if (!*canonical) return fault(FaultKind::lag_or_reorg, "the node lacks a block below its head");
    return (*canonical)->hash == known.hash;
}

/// Finds which blocks of before a restart left the chain.
Expected<void, Fault> Follower::check_recent(BlockNumber last) {
    const auto holds = is_recent_canonical(last);
    if (!holds) return Unexpected<Fault>{holds.error()};
    if (*holds) return {};
    const BlockNumber from = std::prev(recent_.upper_bound(last))->first;
    const auto canonical = parts_.source.block_at(from);
    if (!canonical) return Unexpected<Fault>{canonical.error()};
    if (!*canonical) return fault(FaultKind::lag_or_reorg, "the node lacks a block below its head");
    const auto found = common_ancestor(from, (*canonical)->hash);
    if (!found) return Unexpected<Fault>{found.error()};
    const BlockNumber lowest = lowest_recorded();
    const BlockNumber ancestor = found->value_or(lowest == 0 ? 0 : lowest - 1);
    spdlog::warn("{}: blocks {} to {} left the chain meanwhile", parts_.chain.name, ancestor + 1,
                 recent_.rbegin()->first);
    ++reorgs_;
    orphan_above(ancestor);
    if (rewind_to_ && *found) rewind_to_ = ancestor;
    return {};
}

/// Others than those of before a restart are linked to the tail.
void Follower::orphan_replaced(std::span<const BlockRef> blocks) {
    for (const BlockRef& block : blocks) {
        const auto known = recent_.find(block.number);
        if (known == recent_.end() || known->second.hash == block.hash) continue;
        spdlog::warn("{}: blocks {} to {} left the chain meanwhile", parts_.chain.name,
                     block.number, recent_.rbegin()->first);
        ++reorgs_;
        orphan_above(block.number - 1);
        return;
    }
}

/// `from` is recorded with another hash than the chain has now.
Expected<void, Fault> Follower::reorganise(BlockNumber from, const Bytes32& canonical) {
    const BlockNumber tip = tail_.tip().number;
    const auto found = common_ancestor(from, canonical);
    if (!found) return Unexpected<Fault>{found.error()};
    ++reorgs_;
    const BlockNumber lowest = lowest_recorded();
    const BlockNumber ancestor = found->value_or(lowest == 0 ? 0 : lowest - 1);
    spdlog::warn("{}: reorganisation: blocks {} to {} left the chain", parts_.chain.name,
                 ancestor + 1, std::max(tip, from));
    orphan_above(ancestor);
    if (!*found || ancestor < tail_.base().number) {
        rewind_to_ = *found ? ancestor : 0;
        replaced_ = std::max(tip, from) - ancestor;
        return resync("a reorganisation below the base block");
    }
    tail_.cut_above(ancestor);
    looked_to_ = std::min(looked_to_, ancestor);
    const BlockNumber left = tail_.tip().number;
    for (protocols::LedgerEvents& events : events_) events.drop_above(left);
    for (protocols::LedgerEvents& events : late_) events.drop_above(left);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        if (protocols_[i].base && protocols_[i].joined.number > left) drop(i);
        if (joining_[i] && joining_[i]->at().number > ancestor) joining_[i].reset();
    }
    round_pending_ = true;
    rebuild_tips();
    return {};
}

/// What was followed is not on this chain: it is read anew, and events that were missed are
/// found from their logs.
Expected<void, Fault> Follower::resync(const std::string& why) {
    spdlog::error("{}: {}: all positions are read anew", parts_.chain.name, why);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        drop(i);
        joining_[i].reset();
    }
    started_ = false;
    for (Followed& one : protocols_) one.stored_to = 0;
    use_stored_ = false;
    return fault(FaultKind::lag_or_reorg, why);
}

void Follower::drop(std::size_t index) {
    events_[index] = {};
    late_[index] = {};
    const std::unique_lock lock(ledgers_);
    protocols_[index].drop();
}

void Follower::rebuild_tips() { (void)replay_tips(); }

/// The tips are the bases and what the tail holds above them. Answers what that tells, by protocol.
std::vector<protocols::LedgerEvents> Follower::replay_tips() {
    std::vector<protocols::LedgerEvents> events(protocols_.size());
    const std::unique_lock lock(ledgers_);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        Followed& one = protocols_[i];
        if (!one.base) continue;
        one.tip.valued = false;
        one.tip.fault.clear();
        one.tip.ledger = one.base->clone();
        for (const TailEntry& entry : tail_.entries()) {
            if (entry.last().number > one.joined.number) {
                replay(*one.tip.ledger, one.settings.name, entry);
            }
        }
        events[i] = one.tip.ledger->take_events();
    }
    tip_block_ = tail_.tip();
    return events;
}

}  // namespace plimsoll::follow
