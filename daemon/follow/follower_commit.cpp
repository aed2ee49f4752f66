#include "daemon/follow/follower.hpp"
#include "daemon/view/rows.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;

constexpr std::chrono::milliseconds kFirstCommitRetry{1000};
constexpr std::chrono::milliseconds kLastCommitRetry{30'000};

}  // namespace

Expected<void, Fault> Follower::finish_round(const BlockRef& head) {
    price_liquidations();
    store::RoundCommit commit;
    commit.chain = parts_.chain.name;
    commit.now_ms = parts_.unix_seconds() * 1000;
    commit.tip = head;
    {
        const std::unique_lock lock(ledgers_);
        tip_block_ = head;
        if (final_block_) advance_base(*final_block_, commit);
    }
    for (const TailEntry& entry : tail_.entries()) {
        for (const BlockRef& block : entry.blocks) {
            const auto known = recent_.find(block.number);
            if (known != recent_.end() && known->second.hash == block.hash) continue;
            commit.recent_blocks.push_back(block);
        }
    }
    if (commit.recent_blocks.empty()) commit.recent_blocks.push_back(head);
    if (orphaned_) commit.orphaned_above = orphaned_->ancestor;
    if (!evaluate(commit)) return {};
    commit_until_done(commit);
    if (parts_.stopping() && !parts_.store.healthy()) return {};
    remember(commit.recent_blocks);
    stored_tip_.reset();
    told_above_ = head.number;
    orphaned_.reset();
    liquidations_.clear();
    round_pending_ = false;
    publish();
    parts_.on_commit();
    parts_.on_round();
    return {};
}

/// Moves the base forward over rounds that became final. The ledgers' changed records go into the
/// same transaction as the cursor.
void Follower::advance_base(const BlockRef& final_block, store::RoundCommit& commit) {
    const auto ours = tail_.at(final_block.number);
    if (ours && ours->hash != final_block.hash) {
        spdlog::warn("{}: the final block {} is not on the chain followed; finality waits",
                     parts_.chain.name, final_block.number);
        return;
    }
    while (auto entry = tail_.pop_final(final_block.number)) {
        for (Followed& one : protocols_) {
            if (!one.base) continue;
            replay(*one.base, one.settings.name, *entry);
            (void)one.base->take_events();
            one.keep_changed_records(*one.base);
        }
    }
    base_is_final_ = tail_.base().number <= final_block.number;
    if (!base_is_final_) return;
    commit.final_block = tail_.base();
    for (Followed& one : protocols_) {
        if (one.base && (one.replace_saved || !one.unsaved.empty())) {
            commit.records.push_back(one.take_unsaved());
        }
    }
}

/// Prices of the protocol's oracle at the end of each liquidation's own block. Where they cannot be
/// read any more the row says so by having none.
void Follower::price_liquidations() {
    for (auto& [index, event] : liquidations_) {
        const Followed& one = protocols_[index];
        if (!one.tip || event.collateral_price || event.debt_price) continue;
        event.price_decimals = one.tip->price_decimals();
        if (event.block.hash == tail_.tip().hash) {
            event.collateral_price = one.tip->price(event.collateral_token);
            event.debt_price = one.tip->price(event.debt_token);
            continue;
        }
        const auto block = parts_.source.block_at(event.block.number);
        // Of another block at that height it would not be the price.
        if (!block || !*block || (*block)->hash != event.block.hash) continue;
        event.block = **block;
        if (const auto prices = parts_.source.read(one.tip->price_reads(), event.block)) {
            one.tip->price_liquidation(event, *prices);
        }
    }
}

rules::RoundFacts Follower::facts(
    std::vector<std::vector<protocols::Liquidation>>& liquidations) const {
    rules::RoundFacts facts;
    // Before the first round, what is told is as of the last one before the start.
    facts.block = has_round() || !stored_tip_ ? tip_block_ : *stored_tip_;
    facts.finalized = final_block_ ? final_block_->number : 0;
    facts.safe = facts.finalized;
    facts.confirm = parts_.chain.confirm;
    facts.now = static_cast<std::uint64_t>(parts_.unix_seconds());
    facts.source.stale = is_stale();
    facts.source.age_seconds = static_cast<std::uint64_t>(head_age_seconds());
    facts.source.gap_blocks = lasting_gap();
    facts.source.disagreement = parts_.source.disagreement();
    for (const auto& endpoint : parts_.source.endpoints()) {
        if (endpoint.up && facts.source.endpoint.empty()) facts.source.endpoint = endpoint.alias;
    }
    liquidations.resize(protocols_.size());
    for (const auto& [index, event] : liquidations_) liquidations[index].push_back(event);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        const Followed& one = protocols_[i];
        rules::ProtocolFacts& out = facts.protocols.emplace_back();
        out.name = one.settings.name;
        if (!one.tip) continue;
        out.price_decimals = one.tip->price_decimals();
        out.read = one.fault.empty() && !round_is_old_ && !facts.source.stale;
        out.verified = one.state(view::State::live, out.unverified_reason) == view::State::live ||
                       !one.fault.empty();
        out.differences = one.audit.differences;
        if (const auto ppm = one.tip->coverage_ppm()) out.coverage = view::millionths(*ppm);
        out.healths = one.healths;
        out.bands = one.bands;
        out.liquidations = liquidations[i];
        out.events_read = !round_is_old_;
        out.report =
            [&one,
             this](const protocols::PositionKey& key) -> std::optional<protocols::PositionReport> {
            if (!one.tip->has_position(key)) return std::nullopt;
            return one.tip->report(key, one.groups, parts_.settings.daemon.target_health_factor);
        };
    }
    return facts;
}

/// What was told of the blocks that left the chain; asked until the store answers, for without it
/// nothing of that would be taken back. None when the daemon stops first.
std::optional<std::vector<store::StoredAlert>> Follower::orphaned_alerts() {
    for (auto pause = kFirstCommitRetry;; pause = std::min(2 * pause, kLastCommitRetry)) {
        auto alerts = parts_.store.alerts_above(parts_.chain.name, orphaned_->ancestor);
        if (alerts) return std::move(*alerts);
        spdlog::error("{}: what was told above block {} cannot be read: {}; trying again in {} s",
                      parts_.chain.name, orphaned_->ancestor, alerts.error().message,
                      pause.count() / 1000);
        parts_.wait(pause);
        (void)parts_.unix_seconds();  // a sign of life
        if (parts_.stopping()) return std::nullopt;
    }
}

/// False when the daemon stops before it is done.
bool Follower::evaluate(store::RoundCommit& commit) {
    std::vector<std::vector<protocols::Liquidation>> liquidations;
    std::vector<std::vector<rules::GonePosition>> gone(protocols_.size());
    rules::RoundFacts facts = this->facts(liquidations);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        gone[i] = take_gone(protocols_[i], liquidations[i]);
        facts.protocols[i].gone = gone[i];
    }
    rules::Outcome outcome;
    if (orphaned_) {
        std::vector<Bytes32> hashes;
        for (const BlockRef& block : orphaned_->blocks) hashes.push_back(block.hash);
        const auto alerts = orphaned_alerts();
        if (!alerts) return false;
        outcome = parts_.rules.reorganise(facts, orphaned_->ancestor, hashes, *alerts);
    } else {
        outcome = parts_.rules.evaluate(facts);
    }
    commit.rule_states = std::move(outcome.rows);
    commit.alerts = std::move(outcome.alerts);
    for (const auto& [index, event] : liquidations_) {
        view::ProtocolStatus status = protocol_statuses_[index];
        if (protocols_[index].tip) status.coverage_ppm = protocols_[index].tip->coverage_ppm();
        const bool is_final = final_block_ && event.block.number <= final_block_->number;
        store::LiquidationRow row;
        row.tx = event.tx;
        row.log_index = event.log_index;
        row.protocol = status.name;
        row.block = event.block.number;
        row.time = event.block.time;
        row.row =
            view::liquidation_row(status, caip2_, event, is_final ? "finalized" : "latest").dump();
        commit.liquidations.push_back(std::move(row));
    }
    return true;
}

/// Positions of the last round that are gone, and why.
std::vector<rules::GonePosition> Follower::take_gone(
    Followed& one, std::span<const protocols::Liquidation> liquidations) {
    std::vector<rules::GonePosition> out;
    if (!one.tip) return out;
    std::set<Address> liquidated;
    for (const auto& event : liquidations) liquidated.insert(event.account);
    std::set<protocols::PositionKey> now;
    for (const auto& health : one.healths) now.insert(health.key);
    for (const auto& key : one.seen) {
        if (now.contains(key)) continue;
        const bool seized = liquidated.contains(key.account);
        out.push_back({key, seized ? rules::GoneReason::liquidated : rules::GoneReason::repaid});
    }
    one.seen = std::move(now);
    return out;
}

/// Tries until the transaction is durable; nothing goes on before. Stopping gives up: the next
/// start does the round again.
void Follower::commit_until_done(const store::RoundCommit& commit) {
    for (auto pause = kFirstCommitRetry;; pause = std::min(2 * pause, kLastCommitRetry)) {
        const auto done = parts_.store.commit(commit);
        if (done) {
            parts_.rules.accept();
            return;
        }
        spdlog::error("{}: the round of block {} cannot be stored: {}; trying again in {} s",
                      parts_.chain.name, commit.tip ? commit.tip->number : 0, done.error().message,
                      pause.count() / 1000);
        trouble_ = "store: " + done.error().message;
        publish();
        parts_.wait(pause);
        (void)parts_.unix_seconds();  // a sign of life
        if (parts_.stopping()) {
            parts_.rules.discard();
            return;
        }
    }
}

/// A poll that failed, or a chain that stands still, is told to the rules when it changes anything.
void Follower::tell_standstill() {
    const bool stale = is_stale();
    const std::uint64_t gap = lasting_gap();
    const bool disagrees = !parts_.source.disagreement().empty();
    if (!established_ || (!has_round() && !stored_tip_)) return;  // there is no block to tell it at
    if (stale == told_stale_ && (gap != 0) == (told_gap_ != 0) && disagrees == told_disagrees_)
        return;
    told_stale_ = stale;
    told_gap_ = gap;
    told_disagrees_ = disagrees;
    std::vector<std::vector<protocols::Liquidation>> liquidations;
    round_is_old_ = true;
    const rules::RoundFacts facts = this->facts(liquidations);
    rules::Outcome outcome = parts_.rules.evaluate(facts);
    round_is_old_ = false;
    if (outcome.rows.empty() && outcome.alerts.empty()) {
        parts_.rules.discard();
        return;
    }
    store::RoundCommit commit;
    commit.chain = parts_.chain.name;
    commit.now_ms = parts_.unix_seconds() * 1000;
    commit.rule_states = std::move(outcome.rows);
    commit.alerts = std::move(outcome.alerts);
    commit_until_done(commit);
    parts_.on_commit();
}

}  // namespace plimsoll::follow
