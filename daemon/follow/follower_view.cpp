#include "daemon/follow/follower.hpp"

#include <algorithm>
#include <chrono>

namespace plimsoll::follow {
namespace {

/// Without `stale_after`: the longer of three block times (taken as polling intervals) and 60 s.
std::int64_t stale_after_seconds(const config::ChainSettings& chain) {
    const auto limit =
        chain.stale_after.value_or(std::max(3 * chain.poll_every, config::Milliseconds(60'000)));
    return std::chrono::duration_cast<std::chrono::seconds>(limit).count();
}

std::string stale_reason(std::int64_t age, const std::string& trouble) {
    const std::string text = "no new block for " + std::to_string(age) + " s";
    return trouble.empty() ? text : text + "; " + trouble;
}

/// For those who look; the polling thread has a clock of its own, which is a sign of life.
std::int64_t wall_seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
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
    if (head.hash != head_hash_) {
        head_age_.seen_at = now;
        head_hash_ = head.hash;
    }
    head_number_ = head.number;
    head_age_.time = head.time;
    head_age_.stale_after = stale_after_seconds(parts_.chain);
    const std::int64_t age = now - static_cast<std::int64_t>(head.time);
    if (age <= head_age_.stale_after && age >= -60) head_age_.follows_wall_clock = true;
}

std::int64_t Follower::head_age_seconds() const { return head_age_.seconds(parts_.unix_seconds()); }

bool Follower::is_stale() const { return head_age_.is_stale(parts_.unix_seconds()); }

/// Blocks that are known to exist and whose round could not be done.
std::uint64_t Follower::gap_blocks() const {
    if (!established_ || trouble_.empty()) return 0;
    const BlockNumber tip = tail_.tip().number;
    return head_number_ > tip ? head_number_ - tip : 0;
}

/// A gap that a second poll did not close either; the first one may fail in passing.
std::uint64_t Follower::lasting_gap() const { return failed_polls_ > 1 ? gap_blocks() : 0; }

view::State Follower::chain_state(std::string& reason) const {
    if (is_stale()) {
        reason = stale_reason(head_age_seconds(), trouble_);
        return view::State::stale;
    }
    if (!established_ || !has_round()) {
        reason = trouble_;
        if (reason.empty()) reason = established_ ? "first round" : "first scan";
        return view::State::unknown;
    }
    reason = trouble_;
    return view::State::live;
}

void Follower::publish() {
    view::ChainStatus chain;
    chain.name = parts_.chain.name;
    chain.caip2 = parts_.chain.caip2();
    chain.kind = parts_.chain.kind;
    chain.head = head_number_;
    chain.processed = established_ && !round_pending_ ? tail_.tip() : processed_;
    chain.final_block = final_block_;
    chain.age_seconds = static_cast<std::uint64_t>(head_age_seconds());
    chain.state = chain_state(chain.reason);
    chain.gap_blocks = gap_blocks();
    chain.reorgs = reorgs_;
    chain.requests = parts_.source.requests();
    chain.endpoints = parts_.source.endpoints();

    std::vector<view::ProtocolStatus> protocols;
    for (const Followed& one : protocols_) {
        view::ProtocolStatus status;
        status.name = one.settings.name;
        status.kind = one.settings.kind;
        status.chain = parts_.chain.name;
        status.reason = chain.reason;
        status.state = one.state(chain.state, status.reason);
        if (one.tip) {
            status.coverage_ppm = one.tip->coverage_ppm();
            status.positions = one.tip->position_count();
        }
        status.block = chain.processed;
        status.audit = {one.audit.checked, one.audit.mismatched};
        status.scan = one.scan;
        protocols.push_back(std::move(status));
    }
    const std::scoped_lock lock(status_mutex_);
    processed_ = chain.processed;
    chain_status_ = std::move(chain);
    published_age_ = head_age_;
    published_trouble_ = trouble_;
    protocol_statuses_ = std::move(protocols);
}

/// As it is now, in the midst of a poll too: one that hangs must not look like a chain that lives.
view::ChainStatus Follower::chain_status_now() const {
    view::ChainStatus out = chain_status_;
    const std::int64_t now = wall_seconds();
    out.age_seconds = static_cast<std::uint64_t>(published_age_.seconds(now));
    if (published_age_.is_stale(now)) {
        out.state = view::State::stale;
        out.reason = stale_reason(published_age_.seconds(now), published_trouble_);
    }
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
        if (!one.tip || !has_round()) continue;
        view::ProtocolView view;
        view.status = statuses[i];
        view.status.block = tip_block_;
        view.caip2 = caip2_;
        view.ledger = one.tip.get();
        view.healths = one.healths;
        view.groups = one.groups;
        view.bands = one.bands;
        view.watch_labels = &watch_labels_;
        view.target_health_factor = parts_.settings.daemon.target_health_factor;
        views.push_back(std::move(view));
    }
    use(views);
}

}  // namespace plimsoll::follow
