#include "daemon/follow/fault.hpp"
#include "daemon/follow/follower.hpp"
#include "daemon/view/rows.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;

/// Polls in which prices of a liquidation's block may fail to be read for reasons that pass.
constexpr int kPriceTries = 3;

/// The state or the contract's answer is not to be had, now or later.
bool is_for_good(const Fault& fault) {
    return fault.kind == FaultKind::missing_state || is_its_own(fault);
}

}  // namespace

Expected<void, Fault> Follower::finish_round() {
    if (auto told = tell_late(); !told) return told;
    if (auto priced = price_events(); !priced) return priced;
    std::vector<store::StoredAlert> above;
    if (orphaned_) {
        auto alerts = parts_.store.alerts_above(parts_.chain.name, orphaned_->ancestor);
        if (!alerts) return storage_fault(alerts.error());
        above = std::move(*alerts);
    }
    const BlockRef tip = tail_.tip();
    Pending pending;
    pending.is_round = true;
    store::RoundCommit& commit = pending.commit;
    commit.chain = parts_.chain.name;
    commit.now_ms = parts_.unix_seconds() * 1000;
    commit.tip = tip;
    commit.recent_blocks = new_recent_blocks();
    if (orphaned_) commit.orphaned_above = orphaned_->ancestor;
    advance_base(commit);
    evaluate(commit, above);
    pending.standings = standings(commit.final_block.has_value());
    if (pending.standings != stored_standings_) {
        commit.metas.emplace_back(standings_key(commit.chain), to_text(pending.standings));
    }
    pending_ = std::move(pending);
    return store_pending();
}

/// The blocks of the tail, and those that something is told of: where a reorganisation begins is
/// found among them.
std::vector<BlockRef> Follower::new_recent_blocks() const {
    const BlockRef tip = tail_.tip();
    std::map<BlockNumber, BlockRef> found;
    const auto add = [&](const BlockRef& block) {
        const auto known = recent_.find(block.number);
        const bool is_known = known != recent_.end() && known->second.hash == block.hash;
        if (!is_known && block.number + kRecentBlocks > tip.number) found[block.number] = block;
    };
    for (const protocols::LedgerEvents& events : events_) {
        events.for_each([&](const auto& event) { add(event.block); });
    }
    add(tail_.base());
    for (const TailEntry& entry : tail_.entries()) {
        for (const BlockRef& block : entry.blocks) add(block);
    }
    std::vector<BlockRef> out;
    out.reserve(found.size());
    for (const auto& [number, block] : found) out.push_back(block);
    if (out.empty()) out.push_back(tip);
    return out;
}

// ---- what is final

/// Moves the bases over the rounds up to a block.
void Follower::move_base(BlockNumber to) {
    while (auto entry = tail_.pop_final(to)) {
        for (Followed& one : protocols_) {
            if (!one.base || entry->last().number <= one.joined.number) continue;
            replay(*one.base, one.settings.name, *entry);
            (void)one.base->take_events();
            one.keep_changed_records();
        }
    }
}

/// Moves the bases over rounds that became final. The ledgers' changed records go into the same
/// transaction as the cursor.
void Follower::advance_base(store::RoundCommit& commit) {
    if (tail_.block_count() > kMaxTailBlocks) move_base(tail_.tip().number - kMaxTailBlocks);
    if (!final_block_) return;
    const auto ours = tail_.at(final_block_->number);
    if (ours && ours->hash != final_block_->hash) {
        spdlog::warn("{}: the final block {} is not on the chain followed; finality waits",
                     parts_.chain.name, final_block_->number);
        return;
    }
    move_base(final_block_->number);
    if (tail_.base().number > final_block_->number) return;
    commit.final_block = tail_.base();
    for (Followed& one : protocols_) {
        const bool is_at_base = one.base && one.joined.number <= tail_.base().number;
        if (is_at_base && (one.replace_saved || !one.unsaved.empty())) {
            commit.records.push_back(one.take_unsaved());
        }
    }
}

/// What the store has to remember with this round. `with_records`: records are stored with it, so
/// those of protocols that are not at the base become leftovers.
Standings Follower::standings(bool with_records) const {
    Standings out;
    for (const Followed& one : protocols_) {
        const bool takes_part = one.tip.ledger != nullptr;
        if (!takes_part && !one.told) continue;
        Standing& standing = out[one.settings.name];
        standing.address = one.settings.address;
        standing.start_block = one.settings.start_block;
        if (!takes_part) standing.told = one.told;
        const auto before = stored_standings_.find(one.settings.name);
        const bool was_saved = before != stored_standings_.end() && before->second.saved;
        standing.saved = with_records ? one.base && one.joined.number <= tail_.base().number
                                      : was_saved && is_about(before->second, one.settings);
    }
    return out;
}

// ---- what happened on chain

/// Prices of the protocol's oracle at the end of each event's own block. Where they cannot be read
/// any more the event says so by having none.
Expected<void, Fault> Follower::price_events() {
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        if (!protocols_[i].tip.ledger) continue;
        const protocols::Protocol& ledger = *protocols_[i].tip.ledger;
        std::map<BlockNumber, BlockRef> older;
        const auto is_of_tip = [&](const BlockRef& block) {
            if (block.hash == tail_.tip().hash) return true;
            if (block.number > no_prices_below_) older.emplace(block.number, block);
            return false;
        };
        for (auto& event : events_[i].liquidations) {
            if (event.collateral_price || event.debt_price) continue;
            if (is_of_tip(event.block)) ledger.price_liquidation(event);
        }
        for (auto& event : events_[i].activity) {
            if (!event.price && is_of_tip(event.block)) ledger.price_activity(event);
        }
        for (const auto& [number, block] : older) {
            auto priced = price_events_of(i, block);
            if (priced) continue;
            if (!is_for_good(priced.error()) && ++price_tries_ < kPriceTries) return priced;
            spdlog::warn("{}: prices of what happened in block {} cannot be read: {}",
                         protocols_[i].settings.name, number, priced.error().message);
            if (priced.error().kind == FaultKind::missing_state) {
                no_prices_below_ = std::max(no_prices_below_, number);
            }
        }
    }
    return {};
}

/// Those of one protocol that happened in a block below the tip.
Expected<void, Fault> Follower::price_events_of(std::size_t index, const BlockRef& at) {
    const auto block = parts_.source.block_at(at.number);
    if (!block) return Unexpected<Fault>{block.error()};
    if (!*block || (*block)->hash != at.hash) {
        return Unexpected<Fault>{
            Fault{FaultKind::lag_or_reorg, "the block of an event is not there"}};
    }
    events_[index].for_each([&](auto& event) {
        if (event.block.hash == at.hash) event.block = **block;
    });
    const protocols::Protocol& ledger = *protocols_[index].tip.ledger;
    const auto prices = parts_.source.read(ledger.price_reads(), **block);
    if (!prices) return Unexpected<Fault>{prices.error()};
    for (auto& event : events_[index].liquidations) {
        if (event.block.hash == at.hash) ledger.price_liquidation(event, *prices);
    }
    for (auto& event : events_[index].activity) {
        if (event.block.hash == at.hash) ledger.price_activity(event, *prices);
    }
    return {};
}

// ---- the rules

/// Costs a request, so it is asked for while a message waits for it alone.
std::optional<BlockRef> Follower::read_safe_block(const BlockRef& head) {
    const bool is_final_one = parts_.chain.finality.kind == config::Depth::Kind::safe;
    if (is_final_one || !parts_.rules.waits_for_safe(parts_.chain.confirm)) return std::nullopt;
    const auto found = parts_.source.final_block({chain::Finality::Kind::safe, 0}, head);
    return found ? std::optional(*found) : std::nullopt;
}

/// The newest block that is safe or final, as far as it is on the chain followed.
BlockNumber Follower::safe_number() const {
    const BlockNumber final_number = final_block_ ? final_block_->number : 0;
    if (!safe_block_) return final_number;
    const auto ours = tail_.at(safe_block_->number);
    const bool is_ours = ours && ours->hash == safe_block_->hash;
    return is_ours ? std::max(final_number, safe_block_->number) : final_number;
}

rules::SourceFacts Follower::source_facts() const {
    rules::SourceFacts out;
    out.stale = is_stale();
    out.age_seconds = static_cast<std::uint64_t>(head_age_seconds());
    for (const auto& endpoint : parts_.source.endpoints()) {
        if (endpoint.up && out.endpoint.empty()) out.endpoint = endpoint.alias;
        rules::EndpointFacts& one = out.endpoints.emplace_back();
        one.alias = endpoint.alias;
        one.state = endpoint.state;
        one.last_error = endpoint.last_error;
        if (endpoint.state != "unchecked") one.up = endpoint.up;
        one.disagrees = endpoint.state == "wrong chain" || endpoint.state == "disagrees";
        if (one.disagrees) one.disagreement = endpoint.last_error;
    }
    return out;
}

/// `is_round` false: nothing new is known but of the source.
rules::RoundFacts Follower::facts(const BlockRef& block, bool is_round) const {
    rules::RoundFacts facts;
    facts.block = block;
    facts.finalized = final_block_ ? final_block_->number : 0;
    facts.safe = safe_number();
    facts.confirm = parts_.chain.confirm;
    facts.now = static_cast<std::uint64_t>(parts_.unix_seconds());
    facts.source = source_facts();
    if (parts_.unmuted) facts.unmuted = parts_.unmuted();
    if (has_lasted(gap_since_)) {
        facts.source.gap_blocks = is_round ? gap_of_joining() : gap_blocks();
    }
    facts.source.gap_blocks = std::max(facts.source.gap_blocks, replaced_);
    facts.source.is_below_base = replaced_ != 0;
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        const Followed& one = protocols_[i];
        rules::ProtocolFacts& out = facts.protocols.emplace_back();
        out.name = one.settings.name;
        out.events_read = is_round && one.tip.ledger != nullptr;
        if (!one.tip.ledger) continue;
        const bool is_read = one.tip.valued && one.tip.fault.empty();
        out.read = is_read && is_round && !facts.source.stale;
        out.verified =
            !is_read || one.state(view::State::live, out.unverified_reason) == view::State::live;
        out.differences = one.tip.audit.differences;
        out.coverage_ppm = one.tip.ledger->coverage_ppm();
        if (out.coverage_ppm) out.coverage = view::millionths(*out.coverage_ppm);
        out.healths = one.tip.healths;
        out.bands = one.tip.bands;
        out.markets = one.tip.markets;
        out.groups = one.tip.groups;
        if (is_round) {
            out.liquidations = events_[i].liquidations;
            out.activity = events_[i].activity;
            out.parameters = events_[i].parameters;
        }
        out.report =
            [&one,
             this](const protocols::PositionKey& key) -> std::optional<protocols::PositionReport> {
            if (!one.tip.ledger->has_position(key)) return std::nullopt;
            return one.tip.ledger->report(key, one.tip.groups,
                                          parts_.settings.daemon.target_health_factor);
        };
        out.healths_without = [&one](const protocols::ParameterChange& change) {
            return one.tip.ledger->healths_without(change);
        };
    }
    return facts;
}

void Follower::evaluate(store::RoundCommit& commit, std::span<const store::StoredAlert> orphaned) {
    std::vector<std::vector<rules::GonePosition>> gone(protocols_.size());
    rules::RoundFacts facts = this->facts(*commit.tip, true);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        gone[i] = take_gone(protocols_[i], events_[i].liquidations);
        facts.protocols[i].gone = gone[i];
    }
    rules::Outcome outcome;
    if (orphaned_) {
        std::vector<Bytes32> hashes;
        for (const BlockRef& block : orphaned_->blocks) hashes.push_back(block.hash);
        outcome = parts_.rules.reorganise(facts, orphaned_->ancestor, hashes, orphaned);
    } else {
        outcome = parts_.rules.evaluate(facts);
    }
    commit.rule_states = std::move(outcome.rows);
    commit.alerts = std::move(outcome.alerts);
    if (parts_.route) parts_.route(commit);
    view::ChainStatus chain = chain_status();
    chain.state = is_stale() ? view::State::stale : view::State::live;  // it was just read
    const std::vector<view::ProtocolStatus> statuses = make_statuses(chain);
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        for (const auto& event : events_[i].liquidations) {
            const bool is_final = final_block_ && event.block.number <= final_block_->number;
            const char* finality = is_final ? "finalized" : "latest";
            store::LiquidationRow row;
            row.tx = event.tx;
            row.log_index = event.log_index;
            row.protocol = statuses[i].name;
            row.block = event.block.number;
            row.time = event.block.time;
            row.row = view::liquidation_row(statuses[i], caip2_, event, finality).dump();
            commit.liquidations.push_back(std::move(row));
        }
    }
}

/// Positions of the last round that are gone, and why.
std::vector<rules::GonePosition> Follower::take_gone(
    Followed& one, std::span<const protocols::Liquidation> liquidations) {
    std::vector<rules::GonePosition> out;
    if (!one.tip.ledger || !one.tip.valued) return out;
    std::set<Address> liquidated;
    for (const auto& event : liquidations) liquidated.insert(event.account);
    std::set<protocols::PositionKey> now;
    for (const auto& health : one.tip.healths) now.insert(health.key);
    for (const auto& key : one.seen) {
        if (now.contains(key)) continue;
        const bool seized = liquidated.contains(key.account);
        out.push_back({key, seized ? rules::GoneReason::liquidated : rules::GoneReason::repaid});
    }
    one.seen = std::move(now);
    return out;
}

// ---- the transaction

/// Nothing goes on before it is durable. The same transaction is tried again with every poll.
Expected<void, Fault> Follower::store_pending() {
    const auto done = parts_.store.commit(pending_->commit);
    if (!done) return storage_fault(done.error());
    parts_.rules.accept();
    const Pending stored = std::move(*pending_);
    pending_.reset();
    if (stored.is_round) accept_round(stored);
    parts_.on_commit();
    if (stored.is_round) parts_.on_round();
    return {};
}

void Follower::accept_round(const Pending& stored) {
    processed_ = *stored.commit.tip;
    committed_ = processed_;
    remember(stored.commit.recent_blocks);
    stored_standings_ = stored.standings;
    for (Followed& one : protocols_) {
        if (one.tip.ledger && one.told) one.told = std::max(*one.told, processed_.number);
    }
    orphaned_.reset();
    events_.assign(protocols_.size(), {});
    round_pending_ = false;
    doubts_ = 0;
    replaced_ = 0;
    price_tries_ = 0;
    publish();
}

/// While there is trouble with the source the rules hear of it at every poll, with or without a new
/// block, and once more when it is over.
void Follower::tell_standstill() {
    const std::vector<chain::EndpointStatus> endpoints = parts_.source.endpoints();
    const bool is_trouble =
        is_stale() || has_lasted(gap_since_) || replaced_ != 0 ||
        std::any_of(endpoints.begin(), endpoints.end(), [](const chain::EndpointStatus& endpoint) {
            return !endpoint.up && endpoint.state != "unchecked";
        });
    if (pending_ || !committed_ || (!is_trouble && !told_trouble_)) return;
    told_trouble_ = is_trouble;
    rules::Outcome outcome = parts_.rules.evaluate(facts(*committed_, false));
    if (outcome.rows.empty() && outcome.alerts.empty()) {
        parts_.rules.discard();
        return;
    }
    Pending pending;
    pending.commit.chain = parts_.chain.name;
    pending.commit.now_ms = parts_.unix_seconds() * 1000;
    pending.commit.rule_states = std::move(outcome.rows);
    pending.commit.alerts = std::move(outcome.alerts);
    if (parts_.route) parts_.route(pending.commit);
    pending_ = std::move(pending);
    if (const auto stored = store_pending(); !stored && trouble_.empty()) {
        trouble_ = stored.error().message;
    }
}

}  // namespace plimsoll::follow
