#include "daemon/follow/fault.hpp"
#include "daemon/follow/follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;

/// A protocol that cannot be followed is tried again after this.
constexpr std::int64_t kRetrySeconds = 60;

}  // namespace

// ---- what the store remembers

Expected<void, Fault> Follower::load_memory() {
    auto state = parts_.store.chain_state(parts_.chain.name);
    if (!state) return storage_fault(state.error());
    const auto text = parts_.store.meta(standings_key(parts_.chain.name));
    if (!text) return storage_fault(text.error());
    memory_ = std::move(*state);
    remember(memory_.recent_blocks);
    committed_ = memory_.tip;
    remembered_to_ = memory_.tip ? memory_.tip->number : 0;
    parts_.source.expect_head(remembered_to_);
    stored_standings_ = parse_standings(text->value_or(""));
    for (Followed& one : protocols_) {
        const auto found = stored_standings_.find(one.settings.name);
        if (found == stored_standings_.end()) continue;
        const Standing& standing = found->second;
        if (!is_about(standing, one.settings) || !memory_.tip) continue;
        one.told = standing.told.value_or(memory_.tip->number);
        if (standing.saved && memory_.final_block) one.stored_to = memory_.tip->number;
    }
    remembers_ = true;
    publish();
    return {};
}

/// Gives the tail its base: the stored final block with the stored ledgers, or the chain's.
Expected<void, Fault> Follower::start(const BlockRef& head) {
    const auto loaded = load_ledgers(head);
    if (!loaded) return Unexpected<Fault>{loaded.error()};
    if (!*loaded) {
        if (auto chosen = choose_base(head); !chosen) return chosen;
    }
    if (auto checked = check_stored_tip(head); !checked) return checked;
    if (auto done = rewind_scans(); !done) return done;
    started_ = true;
    round_pending_ = true;
    rebuild_tips();
    spdlog::info("{}: following from block {}", parts_.chain.name, tail_.base().number);
    return {};
}

Expected<bool, Fault> Follower::load_ledgers(const BlockRef& head) {
    if (!use_stored_ || !memory_.final_block) return false;
    const BlockRef& stored = *memory_.final_block;
    if (head.number < stored.number) {
        return fault(FaultKind::lag_or_reorg,
                     "the node is at block " + std::to_string(head.number) + ", behind block " +
                         std::to_string(stored.number) +
                         " that was final here before; for another chain use another state_dir");
    }
    const auto canonical = parts_.source.block_at(stored.number);
    if (!canonical) return Unexpected<Fault>{canonical.error()};
    if (!*canonical) return fault(FaultKind::lag_or_reorg, "the node lacks a block below its head");
    if ((*canonical)->hash != stored.hash) {
        spdlog::warn("{}: the stored block {} is not on this chain; positions are read anew",
                     parts_.chain.name, stored.number);
        use_stored_ = false;
        for (Followed& one : protocols_) one.stored_to = 0;
        rewind_to_ = 0;
        replaced_ = (memory_.tip ? memory_.tip->number : stored.number) - stored.number + 1;
        return false;
    }
    tail_.reset(stored);
    for (Followed& one : protocols_) {
        if (auto done = load_ledger(one); !done) return Unexpected<Fault>{done.error()};
    }
    return true;
}

Expected<void, Fault> Follower::load_ledger(Followed& one) {
    const auto found = stored_standings_.find(one.settings.name);
    const bool is_saved = found != stored_standings_.end() && found->second.saved &&
                          is_about(found->second, one.settings);
    if (found != stored_standings_.end() && !is_about(found->second, one.settings)) {
        spdlog::warn("{}: has another address or start block now; it is read anew",
                     one.settings.name);
    }
    if (!is_saved) return {};
    const auto records = parts_.store.records(one.settings.name);
    if (!records) return storage_fault(records.error());
    auto ledger = one.make();
    if (const auto loaded = ledger->load(*records); !loaded) {
        spdlog::error("{}: stored positions do not load ({}); they are read anew",
                      one.settings.name, loaded.error().message);
        return {};
    }
    one.base = std::move(ledger);
    one.joined = tail_.base();
    one.scan = {"done", 0, 0, std::nullopt};
    return {};
}

Expected<void, Fault> Follower::choose_base(const BlockRef& head) {
    BlockRef base = head;
    const bool is_near = final_block_ && final_block_->number <= head.number &&
                         head.number - final_block_->number <= kMaxTailBlocks;
    if (is_near) {
        const auto canonical = parts_.source.block_at(final_block_->number);
        if (!canonical) return Unexpected<Fault>{canonical.error()};
        if (*canonical && (*canonical)->hash == final_block_->hash) base = *final_block_;
    }
    tail_.reset(base);
    return {};
}

/// After a restart: blocks whose alerts went out may have left the chain meanwhile.
Expected<void, Fault> Follower::check_stored_tip(const BlockRef& head) {
    if (!memory_.tip) return {};
    if (auto checked = check_recent(std::min(memory_.tip->number, head.number)); !checked) {
        return checked;
    }
    // What is above may have left the chain or not.
    if (!orphaned_ && head.number < memory_.tip->number) return behind(head);
    memory_.tip.reset();
    return {};
}

Expected<void, Fault> Follower::rewind_scans() {
    if (!rewind_to_) return {};
    for (const Followed& one : protocols_) {
        auto done = Discovery::rewind(parts_.store, one.settings, parts_.chain.name, *rewind_to_);
        if (!done) return done;
    }
    rewind_to_.reset();
    return {};
}

// ---- protocols that join

bool Follower::is_time_up() const {
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(parts_.chain.poll_every);
    return parts_.unix_seconds() - poll_began_ >= std::max<std::int64_t>(limit.count(), 1);
}

bool Follower::wants_to_join(std::size_t index) const {
    const Followed& one = protocols_[index];
    return !one.base && one.retry_at <= poll_began_;
}

Expected<void, Fault> Follower::join_protocols() {
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        if (!wants_to_join(i)) continue;
        if (auto done = join_one(i); !done || busy_) return done;
    }
    return {};
}

Expected<void, Fault> Follower::join_one(std::size_t index) {
    Followed& one = protocols_[index];
    if (!joining_[index]) joining_[index] = std::make_unique<Joining>(one, parts_.chain.name);
    const JoinContext context{parts_.source, parts_.store, parts_.chain.name, tail_};
    for (;;) {
        if (parts_.stopping()) return fault(FaultKind::cancelled, "stopping");
        const auto step = joining_[index]->step(context);
        publish();
        if (step && *step) return finish_joining(index);
        const bool is_overtaken = !step && step.error().kind == FaultKind::missing_state &&
                                  parts_.source.keeps_only_head();
        if (is_overtaken) return {};  // it goes on at the next head
        if (!step && !is_its_own(step.error())) return Unexpected<Fault>{step.error()};
        if (!step) {
            // The other protocols of the chain go on.
            const std::string why = step.error().message;
            if (one.trouble.empty()) spdlog::error("{}: {}", one.settings.name, why);
            one.trouble = why + "; tried again every " + std::to_string(kRetrySeconds) + " s";
            one.retry_at = parts_.unix_seconds() + kRetrySeconds;
            joining_[index].reset();
            return {};
        }
        if (is_time_up()) {
            busy_ = true;
            return {};
        }
    }
}

/// The ledger stands at a block of the tail: what the rounds above it left out is read, and it
/// takes part from the next round on.
Expected<void, Fault> Follower::finish_joining(std::size_t index) {
    Followed& one = protocols_[index];
    Joining& joining = *joining_[index];
    const BlockRef at = joining.at();
    std::vector<protocols::Log> logs;
    const protocols::LogFilter filter = joining.ledger().log_filter();
    if (tail_.tip().number > at.number) {
        auto read = read_whole_range(parts_.source, at.number + 1, tail_.tip().number, filter,
                                     [this](BlockNumber number) { return tail_.at(number); });
        if (!read) return Unexpected<Fault>{read.error()};
        logs = std::move(*read);
    }
    tail_.join_logs(std::move(logs), filter.addresses, at.number);
    if (!one.told) one.told = joining.told();
    protocols::LedgerEvents events = joining.take_events();
    one.join(joining.take_ledger(), at);
    auto tip = one.base->clone();
    for (const TailEntry& entry : tail_.entries()) {
        if (entry.last().number > at.number) replay(*tip, one.settings.name, entry);
    }
    events.append(tip->take_events());
    events.drop_up_to(*one.told);
    events_[index].append(std::move(events));
    joining_[index].reset();
    spdlog::info("{}: followed from block {}, {} positions", one.settings.name, at.number,
                 tip->position_count());
    const std::unique_lock lock(ledgers_);
    one.tip.ledger = std::move(tip);
    one.tip.valued = false;
    return {};
}

}  // namespace plimsoll::follow
