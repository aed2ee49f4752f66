#include "daemon/follow/follower.hpp"

#include <algorithm>
#include <chrono>

namespace plimsoll::follow {
namespace {

std::string stale_reason(std::int64_t age, const std::string& trouble) {
    const std::string text = "no new block for " + std::to_string(age) + " s";
    return trouble.empty() ? text : text + "; " + trouble;
}

}  // namespace

std::int64_t HeadAge::seconds(std::int64_t now) const {
    if (seen_at == 0) return 0;
    const std::int64_t since_seen = std::max<std::int64_t>(now - seen_at, 0);
    if (!follows_wall_clock) return since_seen;
    return std::max(since_seen, now - static_cast<std::int64_t>(time));
}

void Follower::note_head(const BlockRef& head) {
    const std::int64_t now = parts_.unix_seconds();
    if (head.hash != head_hash_ || !has_head_) {
        head_age_.seen_at = now;
        head_hash_ = head.hash;
    }
    has_head_ = true;
    head_number_ = head.number;
    head_age_.time = head.time;
    const std::int64_t age = now - static_cast<std::int64_t>(head.time);
    if (age <= stale_after() && age >= -60) head_age_.follows_wall_clock = true;
}

/// Since when the head is not processed, and since when logs are owed.
void Follower::note_progress() {
    const std::int64_t now = parts_.unix_seconds();
    const auto note = [now](bool holds, std::int64_t& since) {
        if (!holds) since = 0;
        if (holds && since == 0) since = now;
    };
    note(has_head_ && committed_ && head_number_ > committed_->number, behind_since_);
    note(gap_blocks() != 0, gap_since_);
}

std::int64_t Follower::stale_after() const {
    return std::chrono::duration_cast<std::chrono::seconds>(parts_.chain.stale_limit()).count();
}

/// Seconds since the head was new, or since the first poll where none was seen yet.
std::int64_t Follower::head_age_seconds() const { return head_age_.seconds(parts_.unix_seconds()); }

bool Follower::is_stale() const { return head_age_seconds() > stale_after(); }

bool Follower::has_lasted(std::int64_t since) const {
    return since != 0 && parts_.unix_seconds() - since > stale_after();
}

/// Blocks whose logs some protocol that was followed before still lacks.
std::uint64_t Follower::gap_of_joining() const {
    std::uint64_t gap = 0;
    for (const Followed& one : protocols_) {
        if (one.base || !one.told || !has_head_) continue;
        gap = std::max(gap, head_number_ - std::min(head_number_, *one.told));
    }
    return gap;
}

/// Blocks that are known to exist and whose round could not be done.
std::uint64_t Follower::gap_blocks() const {
    std::uint64_t gap = gap_of_joining();
    const bool is_held_up = !trouble_.empty() || busy_ || pending_.has_value();
    if (is_held_up && has_head_ && committed_ && head_number_ > committed_->number) {
        gap = std::max(gap, head_number_ - committed_->number);
    }
    return gap;
}

/// Readers see numbers of a block that the head has left behind for longer than they may be old.
bool Follower::shows_the_past() const {
    const auto limit = static_cast<BlockTime>(stale_after());
    return std::any_of(protocols_.begin(), protocols_.end(), [&](const Followed& one) {
        return !one.tip.valued && one.past && head_age_.time > one.past->at.time + limit;
    });
}

view::State Follower::chain_state(std::string& reason) const {
    reason = trouble_;
    if (is_stale()) {
        reason = stale_reason(head_age_seconds(), trouble_);
        return view::State::stale;
    }
    const auto is_shown = [](const Followed& one) { return one.shown_tip() != nullptr; };
    const bool is_followed =
        protocols_.empty() || std::any_of(protocols_.begin(), protocols_.end(), is_shown);
    if (processed_.hash.is_zero() || !is_followed) {
        if (reason.empty() && !protocols_.empty()) {
            (void)protocols_.front().state(view::State::unknown, reason);
        }
        return view::State::unknown;
    }
    if (has_lasted(behind_since_) || shows_the_past()) {
        reason = "block " + std::to_string(processed_.number) + " is processed, block " +
                 std::to_string(head_number_) + " is known";
        if (!trouble_.empty()) reason += "; " + trouble_;
        return view::State::stale;
    }
    return view::State::live;
}

std::vector<view::ProtocolStatus> Follower::make_statuses(const view::ChainStatus& chain) const {
    std::vector<view::ProtocolStatus> out;
    for (const Followed& one : protocols_) {
        view::ProtocolStatus& status = out.emplace_back();
        status.name = one.settings.name;
        status.kind = one.settings.kind;
        status.chain = parts_.chain.name;
        status.reason = chain.reason;
        status.state = one.state(chain.state, status.reason);
        const Tip* const shown = one.shown_tip();
        if (const Tip& tip = shown == nullptr ? one.tip : *shown; tip.ledger) {
            status.coverage_ppm = tip.ledger->coverage_ppm();
            status.positions = tip.ledger->position_count();
            status.found = tip.ledger->trust().found;
        }
        if (shown != nullptr) status.block = one.tip.valued ? chain.processed : one.past->at;
        status.audit = {one.tip.audit.checked, one.tip.audit.mismatched};
        status.scan = one.scan;
    }
    return out;
}

void Follower::publish() {
    view::ChainStatus chain;
    chain.name = parts_.chain.name;
    chain.caip2 = parts_.chain.caip2();
    chain.kind = parts_.chain.kind;
    chain.head = head_number_;
    chain.processed = processed_;
    chain.final_block = final_block_;
    chain.age_seconds = static_cast<std::uint64_t>(head_age_seconds());
    chain.state = chain_state(chain.reason);
    chain.gap_blocks = gap_blocks();
    chain.reorgs = reorgs_;
    chain.requests = parts_.source.requests();
    chain.firing = parts_.rules.firing();
    chain.endpoints = parts_.source.endpoints();
    std::vector<view::ProtocolStatus> protocols = make_statuses(chain);
    const std::scoped_lock lock(status_mutex_);
    published_age_ = head_age_;
    published_trouble_ = trouble_;
    chain_status_ = std::move(chain);
    protocol_statuses_ = std::move(protocols);
}

/// As it is now, in the midst of a poll too: one that hangs must not look like a chain that lives.
view::ChainStatus Follower::chain_status_now() const {
    view::ChainStatus out = chain_status_;
    const std::int64_t age = published_age_.seconds(parts_.readers_unix_seconds());
    if (age <= stale_after()) return out;
    out.age_seconds = static_cast<std::uint64_t>(age);
    out.state = view::State::stale;
    out.reason = stale_reason(age, published_trouble_);
    return out;
}

view::ChainStatus Follower::chain_status() const {
    view::ChainStatus out;
    {
        const std::scoped_lock lock(status_mutex_);
        out = chain_status_now();
    }
    out.endpoints = parts_.source.endpoints();
    return out;
}

std::vector<view::ProtocolStatus> Follower::protocol_statuses() const {
    const std::scoped_lock lock(status_mutex_);
    const view::ChainStatus chain = chain_status_now();
    std::vector<view::ProtocolStatus> out = protocol_statuses_;
    for (view::ProtocolStatus& one : out) {
        if (chain.state != view::State::stale || one.state == view::State::unknown) continue;
        one.state = chain.state;
        one.reason = chain.reason;
    }
    return out;
}

void Follower::read(const std::function<void(std::span<const view::ProtocolView>)>& use) const {
    const std::shared_lock lock(ledgers_);
    const std::vector<view::ProtocolStatus> statuses = protocol_statuses();
    std::vector<view::ProtocolView> views;
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        const Followed& one = protocols_[i];
        const Tip* const tip = one.shown_tip();
        if (tip == nullptr) continue;
        view::ProtocolView view;
        view.status = statuses[i];
        view.status.block = one.tip.valued ? tip_block_ : one.past->at;
        view.status.coverage_ppm = tip->ledger->coverage_ppm();
        // What was published may be of the round before, whose numbers are not these.
        const view::State told = view.status.state;
        if (told == view::State::live || told == view::State::unverified) {
            view.status.reason.clear();
            view.status.state = tip->state(view.status.reason);
        }
        view.caip2 = caip2_;
        view.ledger = tip->ledger.get();
        view.healths = tip->healths;
        view.groups = tip->groups;
        view.bands = tip->bands;
        view.watch_labels = &watch_labels_;
        view.target_health_factor = parts_.settings.daemon.target_health_factor;
        views.push_back(std::move(view));
    }
    use(views);
}

}  // namespace plimsoll::follow
