#include "daemon/follow/follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;
using protocols::Call;
using protocols::CallResult;

/// Accounts asked about in every round, besides suspects; see `plan_audit`.
constexpr std::size_t kAuditPerRound = 24;
/// How often reads of one protocol are answered within one round before the rest waits for the
/// next.
constexpr int kMaxSettleSteps = 200;

Unexpected<Fault> fault(FaultKind kind, std::string message) {
    return Unexpected<Fault>{Fault{kind, std::move(message)}};
}

bool same_calls(std::span<const Call> a, std::span<const Call> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Call& x, const Call& y) {
        return x.to == y.to && x.data == y.data;
    });
}

/// Calls of several askers, read in one go and handed back in pieces.
class Bundle {
  public:
    void add(std::vector<Call> calls) {
        sizes_.push_back(calls.size());
        std::move(calls.begin(), calls.end(), std::back_inserter(calls_));
    }
    Expected<void, Fault> read(chain::Source& source, const BlockRef& at) {
        if (calls_.empty()) return {};
        auto results = source.read(calls_, at);
        if (!results) return Unexpected<Fault>{results.error()};
        results_ = std::move(*results);
        return {};
    }
    /// The results of the next asker, in the order of `add`.
    std::vector<CallResult> next() {
        const auto first = results_.begin() + static_cast<std::ptrdiff_t>(taken_);
        taken_ += sizes_[asker_++];
        const auto last = results_.begin() + static_cast<std::ptrdiff_t>(taken_);
        return {std::make_move_iterator(first), std::make_move_iterator(last)};
    }

  private:
    std::vector<Call> calls_;
    std::vector<std::size_t> sizes_;
    std::vector<CallResult> results_;
    std::size_t taken_ = 0;
    std::size_t asker_ = 0;
};

}  // namespace

Expected<void, Fault> Follower::advance(std::vector<BlockRef> blocks, bool newest) {
    TailEntry entry;
    auto logs = read_logs(blocks);
    if (!logs) return Unexpected<Fault>{logs.error()};
    entry.blocks = std::move(blocks);
    entry.logs = std::move(*logs);
    auto reads = read_round(entry.last());
    if (!reads) return Unexpected<Fault>{reads.error()};
    {
        const std::unique_lock lock(ledgers_);
        std::vector<std::set<protocols::PositionKey>> suspects;
        for (const Followed& one : protocols_) suspects.push_back(one.audit.suspects);
        if (auto applied = apply_round(entry, *reads); !applied) {
            for (std::size_t i = 0; i < protocols_.size(); ++i) {
                protocols_[i].audit.suspects.insert(suspects[i].begin(), suspects[i].end());
            }
            rebuild_tip();
            return applied;
        }
        round_pending_ = true;
        tail_.push(std::move(entry));
    }
    return newest ? finish_round(tail_.tip()) : Outcome{};
}

Expected<std::vector<protocols::Log>, Fault> Follower::read_logs(std::span<const BlockRef> blocks) {
    protocols::LogFilter filter;
    for (const Followed& one : protocols_) {
        if (!one.tip) continue;
        const protocols::LogFilter own = one.tip->log_filter();
        filter.addresses.insert(filter.addresses.end(), own.addresses.begin(), own.addresses.end());
        filter.topics.insert(filter.topics.end(), own.topics.begin(), own.topics.end());
    }
    std::sort(filter.topics.begin(), filter.topics.end());
    filter.topics.erase(std::unique(filter.topics.begin(), filter.topics.end()),
                        filter.topics.end());
    if (filter.addresses.empty()) return std::vector<protocols::Log>{};
    if (blocks.size() == 1) return parts_.source.logs_of(blocks.front(), filter);
    std::vector<protocols::Log> out;
    const BlockNumber first = blocks.front().number;
    for (BlockNumber next = first; next <= blocks.back().number;) {
        auto step = parts_.source.logs_in(next, blocks.back().number, filter, false);
        if (!step) return Unexpected<Fault>{step.error()};
        for (auto& log : step->logs) {
            const BlockRef& block = blocks[log.block - first];
            if (log.block_hash != block.hash) {
                return fault(FaultKind::lag_or_reorg, "a log lies in a block of another fork");
            }
            log.block_time = block.time;
            out.push_back(std::move(log));
        }
        next = step->last + 1;
    }
    return out;
}

Expected<Follower::RoundReads, Fault> Follower::read_round(const BlockRef& at) {
    RoundReads reads;
    Bundle bundle;
    for (Followed& one : protocols_) {
        reads.price_calls.emplace_back();
        reads.audited.emplace_back();
        if (!one.tip) continue;
        reads.price_calls.back() = one.tip->price_reads();
        bundle.add(reads.price_calls.back());
        reads.audited.back() = plan_audit(one.audit, one.healths, kAuditPerRound);
        for (const auto& key : reads.audited.back()) bundle.add(one.tip->audit_reads(key));
    }
    if (auto read = bundle.read(parts_.source, at); !read) return Unexpected<Fault>{read.error()};
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        reads.prices.emplace_back();
        reads.audits.emplace_back();
        if (!protocols_[i].tip) continue;
        reads.prices.back() = bundle.next();
        for (std::size_t k = 0; k < reads.audited[i].size(); ++k) {
            reads.audits.back().push_back(bundle.next());
        }
    }
    return reads;
}

Expected<void, Fault> Follower::apply_round(TailEntry& entry, RoundReads& reads) {
    for (Followed& one : protocols_) {
        if (!one.tip) continue;
        one.fault.clear();
        for (const protocols::Log& log : entry.logs) one.tip->apply(log);
        if (auto settled = settle_tip(one, entry); !settled) return settled;
    }
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        if (!protocols_[i].tip) continue;
        if (auto priced = accept_prices(i, entry, reads); !priced) return priced;
        value(protocols_[i]);
    }
    if (auto audited = audit_round(entry, reads); !audited) return audited;
    if (auto audited = audit_newly_liquidatable(entry); !audited) return audited;
    take_events(entry);
    return {};
}

/// Reads what the tip owes. A reply that does not decode leaves the protocol marked, not the chain.
Expected<void, Fault> Follower::settle_tip(Followed& one, TailEntry& entry) {
    for (int step = 0; step < kMaxSettleSteps; ++step) {
        const std::vector<Call> calls = one.tip->reads(kMaxReads);
        if (calls.empty()) return {};
        auto results = parts_.source.read(calls, entry.last());
        if (!results) return Unexpected<Fault>{results.error()};
        auto accepted = one.tip->accept_reads(*results, entry.last());
        if (!accepted) {
            one.fault = "a read does not decode: " + accepted.error().message;
            return {};
        }
        entry.inputs[one.settings.name].emplace_back(AcceptedReads{std::move(*results)});
    }
    one.fault = "reads are still owed after " + std::to_string(kMaxSettleSteps) + " steps";
    return {};
}

Expected<void, Fault> Follower::accept_prices(std::size_t index, TailEntry& entry,
                                              RoundReads& reads) {
    Followed& one = protocols_[index];
    const std::vector<Call> calls = one.tip->price_reads();
    std::vector<CallResult>& results = reads.prices[index];
    if (!same_calls(calls, reads.price_calls[index])) {  // the round changed the structure
        auto again = parts_.source.read(calls, entry.last());
        if (!again) return Unexpected<Fault>{again.error()};
        results = std::move(*again);
    }
    auto accepted = one.tip->accept_prices(results, entry.last());
    if (!accepted) {
        one.fault = "prices do not decode: " + accepted.error().message;
        return {};
    }
    entry.inputs[one.settings.name].emplace_back(AcceptedPrices{results});
    // What the prices contradict is read again at once.
    return settle_tip(one, entry);
}

void Follower::value(Followed& one) {
    one.healths.clear();
    one.healths.reserve(one.tip->position_count());
    one.tip->for_each_position(
        [&one](const protocols::PositionKey& key) { one.healths.push_back(one.tip->health(key)); });
    one.markets = one.tip->markets();
    one.groups = bands::resolve_groups(parts_.settings.groups, one.markets);
    one.bands.clear();
    for (const config::BandSettings& band : parts_.settings.bands) {
        const auto resolved = bands::resolve_band(band, one.groups, one.markets);
        if (resolved) one.bands.push_back(bands::evaluate_band(*one.tip, *resolved, one.healths));
    }
}

Expected<void, Fault> Follower::audit_round(TailEntry& entry, const RoundReads& reads) {
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        Followed& one = protocols_[i];
        if (!one.tip || !one.fault.empty()) continue;
        std::vector<protocols::AuditDifference> found;
        for (std::size_t k = 0; k < reads.audited[i].size(); ++k) {
            const protocols::PositionKey& key = reads.audited[i][k];
            one.audit.suspects.erase(key);
            if (!one.tip->has_position(key)) continue;
            ++one.audit.checked;
            auto differences = one.tip->audit(key, reads.audits[i][k]);
            std::move(differences.begin(), differences.end(), std::back_inserter(found));
        }
        one.audit.differences.clear();
        if (auto taken = take_differences(one, std::move(found), entry); !taken) return taken;
    }
    return {};
}

Expected<void, Fault> Follower::audit_newly_liquidatable(TailEntry& entry) {
    for (Followed& one : protocols_) {
        if (!one.tip || !one.fault.empty()) continue;
        std::set<protocols::PositionKey> now;
        std::vector<protocols::PositionKey> fresh;
        for (const auto& health : one.healths) {
            if (!health.liquidatable) continue;
            now.insert(health.key);
            if (!one.audit.liquidatable.contains(health.key)) fresh.push_back(health.key);
        }
        if (auto audited = audit_keys(one, fresh, entry); !audited) return audited;
        one.audit.liquidatable = std::move(now);
    }
    return {};
}

Expected<void, Fault> Follower::audit_keys(Followed& one,
                                           std::span<const protocols::PositionKey> keys,
                                           TailEntry& entry) {
    Bundle bundle;
    for (const auto& key : keys) bundle.add(one.tip->audit_reads(key));
    if (auto read = bundle.read(parts_.source, entry.last()); !read) return read;
    std::vector<protocols::AuditDifference> found;
    for (const auto& key : keys) {
        ++one.audit.checked;
        auto differences = one.tip->audit(key, bundle.next());
        std::move(differences.begin(), differences.end(), std::back_inserter(found));
    }
    return take_differences(one, std::move(found), entry);
}

/// The first difference at a block may be the node's: one that answers from the state before the
/// block for a moment after it became the head. The round is done again; what differs then is ours.
Expected<void, Fault> Follower::doubt(const BlockRef& block) {
    if (doubted_ == block.hash) return {};
    doubted_ = block.hash;
    return fault(FaultKind::lag_or_reorg, "the contract contradicts what was read at block " +
                                              std::to_string(block.number) +
                                              "; the round is done again");
}

/// A difference quarantines the protocol: the accounts are read anew at once, and stay suspects
/// (the protocol `unverified`) until a later round finds them equal.
Expected<void, Fault> Follower::take_differences(Followed& one,
                                                 std::vector<protocols::AuditDifference> found,
                                                 TailEntry& entry) {
    if (found.empty()) return {};
    if (auto doubted = doubt(entry.last()); !doubted) return doubted;
    std::set<protocols::PositionKey> keys;
    for (const auto& difference : found) {
        keys.insert(difference.key);
        spdlog::error("{}: {} of {} is {} here and {} in the contract at block {}",
                      one.settings.name, difference.field, to_checksum(difference.key.account),
                      difference.ours, difference.contract, entry.last().number);
    }
    one.audit.mismatched += keys.size();
    one.audit.suspects.insert(keys.begin(), keys.end());
    std::move(found.begin(), found.end(), std::back_inserter(one.audit.differences));
    Reseed reseed{{keys.begin(), keys.end()}};
    one.tip->reseed(reseed.keys);
    entry.inputs[one.settings.name].emplace_back(std::move(reseed));
    if (auto settled = settle_tip(one, entry); !settled) return settled;
    value(one);
    return {};
}

void Follower::take_events(const TailEntry& entry) {
    for (std::size_t i = 0; i < protocols_.size(); ++i) {
        Followed& one = protocols_[i];
        if (!one.tip) continue;
        protocols::LedgerEvents events = one.tip->take_events();
        if (told_above_) events.drop_up_to(*told_above_);
        events.for_each([&](auto& event) {
            event.block = entry.blocks[event.block.number - entry.blocks.front().number];
        });
        events_[i].append(std::move(events));
    }
}

}  // namespace plimsoll::follow
