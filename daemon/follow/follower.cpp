#include "daemon/follow/follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;

/// Blocks whose headers are read and linked at once.
constexpr BlockNumber kMaxLinkedBlocks = 1024;
/// Behind by more than this many blocks, the base is brought forward by log ranges first.
constexpr BlockNumber kMaxTailBlocks = 8192;
constexpr BlockNumber kRecentBlocks = 256;

Unexpected<Fault> fault(FaultKind kind, std::string message) {
    return Unexpected<Fault>{Fault{kind, std::move(message)}};
}

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
      events_(protocols_.size()),
      caip2_(parts_.chain.caip2()) {
    for (const config::WatchSettings& watch : parts_.settings.watches) {
        for (const Address& account : watch.accounts) watch_labels_[account] = watch.label;
    }
    publish();
}

Expected<void, Fault> Follower::poll() {
    const auto outcome = [&]() -> Outcome {
        if (!connected_) {
            if (auto connected = parts_.source.connect(); !connected) return connected;
            connected_ = true;
        }
        auto head = parts_.source.head();
        if (!head) return Unexpected<Fault>{head.error()};
        note_head(*head);
        if (established_ && !round_pending_ && head->hash == tail_.tip().hash) return {};
        auto final_block = parts_.source.final_block(to_finality(parts_.chain.finality), *head);
        if (final_block) final_block_ = *final_block;
        if (!established_) {
            if (auto done = establish(*head); !done) return done;
        }
        return follow_to(*head);
    }();
    trouble_ = outcome ? std::string() : outcome.error().message;
    if (outcome || outcome.error().kind != FaultKind::cancelled) tell_standstill();
    publish();
    return outcome;
}

Expected<void, Fault> Follower::follow_to(const BlockRef& head) {
    const BlockRef tip = tail_.tip();
    if (head.hash == tip.hash) return round_pending_ ? finish_round(head) : Outcome{};
    if (head.number <= tip.number) {
        const auto known = recorded(head.number);
        if (known && known->hash == head.hash) return {};  // a node behind, not a reorganisation
        return reorganise(head);
    }
    if (head.number - tip.number > kMaxTailBlocks && final_block_ &&
        final_block_->number > tail_.base().number) {
        if (auto done = establish_at(*final_block_, head); !done) return done;
        return follow_to(head);
    }
    for (BlockNumber first = tip.number + 1; first <= head.number;) {
        const BlockNumber last = std::min(head.number, first + kMaxLinkedBlocks - 1);
        std::vector<BlockRef> blocks;
        if (first == head.number) {
            blocks.push_back(head);
        } else {
            auto read = parts_.source.blocks(first, last);
            if (!read) return Unexpected<Fault>{read.error()};
            blocks = std::move(*read);
        }
        if (blocks.empty() || blocks.front().number != first || blocks.back().number != last) {
            return fault(FaultKind::malformed, "the node returned other blocks than asked");
        }
        if (last == head.number && blocks.back().hash != head.hash) {
            return fault(FaultKind::lag_or_reorg, "the head changed while its parents were read");
        }
        if (blocks.front().parent != tail_.tip().hash) return reorganise(head);
        if (auto done = advance(std::move(blocks), last == head.number); !done) return done;
        first = last + 1;
    }
    return {};
}

std::optional<BlockRef> Follower::recorded(BlockNumber number) const {
    if (established_) {
        if (auto known = tail_.at(number)) return known;
    }
    const auto found = recent_.find(number);
    return found == recent_.end() ? std::nullopt : std::optional(found->second);
}

void Follower::remember(std::span<const BlockRef> blocks) {
    for (const BlockRef& block : blocks) recent_[block.number] = block;
    while (recent_.size() > kRecentBlocks) recent_.erase(recent_.begin());
}

/// The highest recorded block at or below `from` that is canonical.
Expected<BlockNumber, Fault> Follower::common_ancestor(BlockNumber from) {
    constexpr BlockNumber kStep = 32;
    for (BlockNumber high = from;;) {
        const BlockNumber low = high >= kStep ? high - kStep + 1 : 0;
        auto canonical = parts_.source.blocks(low, high);
        if (!canonical) return Unexpected<Fault>{canonical.error()};
        for (auto block = canonical->rbegin(); block != canonical->rend(); ++block) {
            const auto known = recorded(block->number);
            if (known && known->hash == block->hash) return block->number;
        }
        if (low == 0 || from - low > kRecentBlocks) {
            return fault(FaultKind::lag_or_reorg, "no common ancestor within 256 blocks");
        }
        high = low - 1;
    }
}

void Follower::orphan_above(BlockNumber ancestor) {
    if (!orphaned_) orphaned_ = Orphaned{ancestor, {}};
    orphaned_->ancestor = std::min(orphaned_->ancestor, ancestor);
    for (auto it = recent_.upper_bound(ancestor); it != recent_.end(); it = recent_.erase(it)) {
        orphaned_->blocks.push_back(it->second);
    }
    told_above_ = told_above_ ? std::min(*told_above_, ancestor) : ancestor;
}

/// Events of rounds that are no longer in the tail; they are found again if they still stand.
void Follower::drop_untold_events() {
    for (protocols::LedgerEvents& events : events_) events.drop_above(tail_.tip().number);
}

Expected<void, Fault> Follower::reorganise(const BlockRef& head) {
    const BlockRef tip = tail_.tip();
    auto ancestor = common_ancestor(std::min(head.number, tip.number));
    if (!ancestor) {
        if (ancestor.error().kind != FaultKind::lag_or_reorg) {
            return Unexpected<Fault>{ancestor.error()};
        }
        return resync("a reorganisation deeper than 256 blocks");
    }
    if (*ancestor == tip.number) return {};  // the node answered for another chain a moment ago
    ++reorgs_;
    spdlog::warn("{}: reorganisation: blocks {} to {} left the chain", parts_.chain.name,
                 *ancestor + 1, tip.number);
    orphan_above(*ancestor);
    if (*ancestor < tail_.base().number) return resync("a reorganisation below the base block");
    {
        const std::unique_lock lock(ledgers_);
        tail_.cut_above(*ancestor);
        drop_untold_events();
        rebuild_tip();
    }
    return follow_to(head);
}

Expected<void, Fault> Follower::resync(const std::string& why) {
    if (base_is_final_) {
        spdlog::error("{}: {}: all positions are read anew", parts_.chain.name, why);
    }
    if (!orphaned_) orphan_above(recent_.empty() ? 0 : recent_.begin()->first);
    const std::unique_lock lock(ledgers_);
    for (Followed& one : protocols_) {
        one.base.reset();
        one.tip.reset();
        one.healths.clear();
        one.bands.clear();
        one.unsaved.clear();
    }
    events_.assign(protocols_.size(), {});
    loaded_ = false;
    established_ = false;
    return fault(FaultKind::lag_or_reorg, why);
}

void Follower::rebuild_tip() {
    for (Followed& one : protocols_) {
        if (!one.base) continue;
        one.tip = one.base->clone();
        for (const TailEntry& entry : tail_.entries()) replay(*one.tip, one.settings.name, entry);
        (void)one.tip->take_events();
        value(one);
    }
}

Expected<void, Fault> Follower::load_stored() {
    auto state = parts_.store.chain_state(parts_.chain.name);
    if (!state) return fault(FaultKind::transient, "store: " + state.error().message);
    remember(state->recent_blocks);
    stored_tip_ = state->tip;
    if (state->tip && !orphaned_) told_above_ = state->tip->number;
    if (!state->final_block) return {};
    auto canonical = parts_.source.block_at(state->final_block->number);
    if (!canonical) return Unexpected<Fault>{canonical.error()};
    if (!*canonical || (*canonical)->hash != state->final_block->hash) {
        spdlog::warn("{}: the stored block {} is not on this chain; positions are read anew",
                     parts_.chain.name, state->final_block->number);
        return {};
    }
    tail_.reset(*state->final_block);
    for (Followed& one : protocols_) {
        auto records = parts_.store.records(one.settings.name);
        if (!records) return fault(FaultKind::transient, "store: " + records.error().message);
        if (records->empty()) continue;
        auto ledger = one.make();
        if (auto loaded = ledger->load(*records); !loaded) {
            spdlog::error("{}: stored positions do not load ({}); they are read anew",
                          one.settings.name, loaded.error().message);
            continue;
        }
        one.base = std::move(ledger);
    }
    return {};
}

/// After a restart: blocks whose alerts went out may have left the chain meanwhile.
Expected<void, Fault> Follower::check_stored_tip(const BlockRef& head) {
    if (!stored_tip_) return {};
    auto canonical = parts_.source.block_at(std::min(stored_tip_->number, head.number));
    if (!canonical) return Unexpected<Fault>{canonical.error()};
    const auto known = recorded(std::min(stored_tip_->number, head.number));
    if (*canonical && known && (*canonical)->hash == known->hash) return {};
    auto ancestor = common_ancestor(std::min(stored_tip_->number, head.number));
    if (!ancestor && ancestor.error().kind != FaultKind::lag_or_reorg) {
        return Unexpected<Fault>{ancestor.error()};
    }
    orphan_above(ancestor ? *ancestor : (recent_.empty() ? 0 : recent_.begin()->first));
    return {};
}

Expected<void, Fault> Follower::establish(const BlockRef& head) {
    if (!loaded_) {
        if (auto loaded = load_stored(); !loaded) return loaded;
        if (auto checked = check_stored_tip(head); !checked) return checked;
        loaded_ = true;
    }
    BlockRef at = final_block_ && final_block_->number <= head.number ? *final_block_ : head;
    if (at.number < tail_.base().number) at = tail_.base();
    auto done = establish_at(at, head);
    const bool is_too_early = !done && (done.error().kind == FaultKind::malformed ||
                                        done.error().kind == FaultKind::missing_state);
    if (!is_too_early || at.hash == head.hash) return done;
    // The deployment is younger than the final block, or the state there is gone.
    if (auto loaded = load_stored(); !loaded) return loaded;
    return establish_at(head, head);
}

/// Bases are moved only as a whole: after a failure they are loaded or read anew.
void Follower::forget_bases() {
    for (Followed& one : protocols_) {
        one.base.reset();
        one.unsaved.clear();
    }
    loaded_ = false;
}

Expected<void, Fault> Follower::establish_at(BlockRef at, const BlockRef& head) {
    {
        const std::unique_lock lock(ledgers_);
        for (Followed& one : protocols_) one.tip.reset();
        established_ = false;
    }
    auto done = bring_bases_to(at, head);
    if (!done) {
        forget_bases();
        return done;
    }
    base_is_final_ = final_block_ && at.number <= final_block_->number;
    if (!told_above_) told_above_ = at.number;
    established_ = true;
    round_pending_ = true;
    const std::unique_lock lock(ledgers_);
    rebuild_tip();
    spdlog::info("{}: following from block {}{}", parts_.chain.name, at.number,
                 base_is_final_ ? "" : " (not final yet)");
    return {};
}

Expected<void, Fault> Follower::bring_bases_to(BlockRef& at, const BlockRef& head) {
    EstablishContext context{parts_.source,         parts_.store,
                             parts_.chain.name,     final_block_ ? final_block_->number : 0,
                             [this] { publish(); }, parts_.stopping};
    const auto keep_events = [this](Followed& one) {
        const auto index = static_cast<std::size_t>(&one - protocols_.data());
        protocols::LedgerEvents events = one.base->take_events();
        if (!told_above_) return;
        events.drop_up_to(*told_above_);
        events_[index].append(std::move(events));
    };
    const auto bring_standing = [&](const BlockRef& to) -> Outcome {
        std::vector<Followed*> standing;
        for (Followed& one : protocols_) {
            if (one.base) standing.push_back(&one);
        }
        const BlockRef from = tail_.base();
        tail_.reset(to);
        if (standing.empty() || to.number <= from.number) return {};
        if (auto done = bring_forward(context, standing, from, to, keep_events); !done) return done;
        for (Followed* one : standing) one->keep_changed_records(*one->base);
        return {};
    };
    if (auto done = bring_standing(at); !done) return done;
    for (Followed& one : protocols_) {
        if (one.base) continue;
        BlockRef reached = at;
        std::unique_ptr<protocols::Protocol> fresh;
        auto done = bootstrap(context, one, fresh, reached);
        if (!done) {
            one.fault = done.error().message;
            const bool is_its_own = done.error().kind == FaultKind::malformed;
            if (!is_its_own || at.hash != head.hash) return done;
            spdlog::error("{}: {}", one.settings.name, one.fault);
            continue;  // the other protocols of the chain go on
        }
        one.fault.clear();
        if (reached.number > at.number) {
            at = reached;
            if (auto moved = bring_standing(at); !moved) return moved;
        }
        one.base = std::move(fresh);
    }
    return {};
}

}  // namespace plimsoll::follow
