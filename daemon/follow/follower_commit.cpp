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
    price_events();
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
    evaluate(commit);
    commit_until_done(commit);
    if (parts_.stopping() && !parts_.store.healthy()) return {};
    remember(commit.recent_blocks);
    told_above_ = head.number;
    orphaned_.reset();
    events_.assign(protocols_.size(), {});
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

/// Prices of the protocol's oracle at the end of each event's own block. Where they cannot be read
/// any more the event says so by having none.
void Follower::price_events() {
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        const Followed& one = protocols_[i];
        if (!one.tip) continue;
        protocols::LedgerEvents& events = events_[i];
        std::set<BlockNumber> older;
        const auto at_tip = [&](BlockRef& block, const Address& token) {
            if (block.hash == tail_.tip().hash) return one.tip->price(token);
            older.insert(block.number);
            return std::optional<OraclePrice>();
        };
        for (auto& event : events.liquidations) {
            if (event.collateral_price || event.debt_price) continue;
            event.price_decimals = one.tip->price_decimals();
            event.collateral_price = at_tip(event.block, event.collateral_token);
            event.debt_price = at_tip(event.block, event.debt_token);
        }
        for (auto& event : events.activity) {
            if (event.price) continue;
            event.price_decimals = one.tip->price_decimals();
            event.price = at_tip(event.block, event.token);
        }
        for (const BlockNumber number : older) price_events_of(*one.tip, number, events);
    }
}

void Follower::price_events_of(const protocols::Protocol& ledger, BlockNumber number,
                               protocols::LedgerEvents& events) {
    const auto block = parts_.source.block_at(number);
    if (!block || !*block) return;
    const auto prices = parts_.source.read(ledger.price_reads(), **block);
    events.for_each([&](auto& event) {
        if (event.block.number == number) event.block = **block;
    });
    if (!prices) return;
    for (auto& event : events.liquidations) {
        if (event.block.number == number) ledger.price_liquidation(event, *prices);
    }
    for (auto& event : events.activity) {
        if (event.block.number == number) ledger.price_activity(event, *prices);
    }
}

rules::SourceFacts Follower::source_facts() const {
    rules::SourceFacts out;
    out.stale = is_stale();
    out.age_seconds = static_cast<std::uint64_t>(head_age_seconds());
    out.gap_blocks = gap_blocks();
    for (const auto& endpoint : parts_.source.endpoints()) {
        if (endpoint.up && out.endpoint.empty()) out.endpoint = endpoint.alias;
        rules::EndpointFacts& one = out.endpoints.emplace_back();
        one.alias = endpoint.alias;
        one.state = endpoint.state;
        one.last_error = endpoint.last_error;
        if (endpoint.state != "unchecked") one.up = endpoint.up;
        one.disagrees = endpoint.state == "wrong chain";
        if (one.disagrees) one.disagreement = endpoint.last_error;
    }
    return out;
}

rules::RoundFacts Follower::facts(std::span<const protocols::LedgerEvents> events) const {
    rules::RoundFacts facts;
    facts.block = tip_block_;
    facts.finalized = final_block_ ? final_block_->number : 0;
    facts.safe = facts.finalized;
    facts.confirm = parts_.chain.confirm;
    facts.now = static_cast<std::uint64_t>(parts_.unix_seconds());
    facts.source = source_facts();
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
        out.coverage_ppm = one.tip->coverage_ppm();
        if (out.coverage_ppm) out.coverage = view::millionths(*out.coverage_ppm);
        out.healths = one.healths;
        out.bands = one.bands;
        out.markets = one.markets;
        out.groups = one.groups;
        if (!events.empty()) {
            out.liquidations = events[i].liquidations;
            out.activity = events[i].activity;
            out.parameters = events[i].parameters;
        }
        out.events_read = !round_is_old_;
        out.report =
            [&one,
             this](const protocols::PositionKey& key) -> std::optional<protocols::PositionReport> {
            if (!one.tip->has_position(key)) return std::nullopt;
            return one.tip->report(key, one.groups, parts_.settings.daemon.target_health_factor);
        };
        out.healths_without = [&one](const protocols::ParameterChange& change) {
            return one.tip->healths_without(change);
        };
    }
    return facts;
}

void Follower::evaluate(store::RoundCommit& commit) {
    std::vector<std::vector<rules::GonePosition>> gone(protocols_.size());
    rules::RoundFacts facts = this->facts(events_);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        gone[i] = take_gone(protocols_[i], events_[i].liquidations);
        facts.protocols[i].gone = gone[i];
    }
    rules::Outcome outcome;
    if (orphaned_) {
        std::vector<Bytes32> hashes;
        for (const BlockRef& block : orphaned_->blocks) hashes.push_back(block.hash);
        auto alerts = parts_.store.alerts_above(parts_.chain.name, orphaned_->ancestor);
        if (!alerts) {
            spdlog::error("{}: store: {}", parts_.chain.name, alerts.error().message);
            alerts = std::vector<store::StoredAlert>{};
        }
        outcome = parts_.rules.reorganise(facts, orphaned_->ancestor, hashes, *alerts);
    } else {
        outcome = parts_.rules.evaluate(facts);
    }
    commit.rule_states = std::move(outcome.rows);
    commit.alerts = std::move(outcome.alerts);
    const std::vector<view::ProtocolStatus> statuses = protocol_statuses();
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        view::ProtocolStatus status = statuses[i];
        if (protocols_[i].tip) status.coverage_ppm = protocols_[i].tip->coverage_ppm();
        for (const auto& event : events_[i].liquidations) {
            const bool is_final = final_block_ && event.block.number <= final_block_->number;
            store::LiquidationRow row;
            row.tx = event.tx;
            row.log_index = event.log_index;
            row.protocol = status.name;
            row.block = event.block.number;
            row.time = event.block.time;
            row.row =
                view::liquidation_row(status, caip2_, event, is_final ? "finalized" : "latest")
                    .dump();
            commit.liquidations.push_back(std::move(row));
        }
    }
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
        parts_.wait(pause);
        if (parts_.stopping()) {
            parts_.rules.discard();
            return;
        }
    }
}

/// While there is trouble with the source the rules hear of it at every poll, with or without a new
/// block, and once more when it is over.
void Follower::tell_standstill() {
    if (!established_) return;
    const rules::SourceFacts source = source_facts();
    const bool has_trouble =
        source.stale || source.gap_blocks != 0 ||
        std::any_of(source.endpoints.begin(), source.endpoints.end(), [](const auto& endpoint) {
            return endpoint.disagrees || !endpoint.up.value_or(true);
        });
    if (!has_trouble && !told_trouble_) return;
    told_trouble_ = has_trouble;
    round_is_old_ = true;
    const rules::RoundFacts facts = this->facts({});
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
