#include "daemon/follow/draft.hpp"

#include "daemon/follow/fault.hpp"
#include "daemon/follow/ranges.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;
using protocols::Call;
using protocols::CallResult;
using protocols::PositionKey;

/// Accounts asked about in every round, and suspects besides; see `plan_audit`.
constexpr std::size_t kAuditPerRound = 24;
/// How often reads of one protocol are answered within one round before the rest waits for the
/// next.
constexpr int kMaxSettleSteps = 50;

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
        if (results->size() != calls_.size()) {
            return fault(FaultKind::malformed, "not as many results as calls");
        }
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

Draft::Draft(const config::Settings& settings, chain::Source& source,
             std::span<const Followed> followed, const BlockRef& tip, std::vector<BlockRef> blocks)
    : settings_(settings),
      source_(source),
      followed_(followed),
      before_(tip),
      at_(blocks.empty() ? tip : blocks.back()),
      reads_(followed.size()),
      events_(followed.size()),
      told_(followed.size()) {
    entry_.blocks = std::move(blocks);
    for (const Followed& one : followed) {
        Tip& tip_copy = tips_.emplace_back();
        tip_copy.audit = one.tip.audit;
        if (!one.tip.ledger) continue;
        tip_copy.ledger = one.tip.ledger->clone();
        tip_copy.healths = one.tip.healths;
        if (!tip_copy.healths.empty()) continue;
        tip_copy.ledger->for_each_position([&](const PositionKey& key) {  // for the first sample
            tip_copy.healths.emplace_back().key = key;
        });
    }
}

std::vector<Input>& Draft::inputs(std::size_t index) {
    return entry_.inputs[followed_[index].settings.name];
}

Expected<void, Fault> Draft::run_logs() {
    if (auto read = read_logs(); !read) return read;
    for (std::size_t i = 0; i < tips_.size(); ++i) keep_events(i);
    return {};
}

Expected<void, Fault> Draft::run(bool may_doubt) {
    may_doubt_ = may_doubt;
    if (auto read = read_logs(); !read) return read;
    if (auto read = read_round(); !read) return read;
    using Step = Outcome (Draft::*)(std::size_t);
    constexpr std::array<Step, 4> kSteps{&Draft::settle, &Draft::accept_prices,
                                         &Draft::audit_planned, &Draft::audit_newcomers};
    for (const Step step : kSteps) {
        for (std::size_t i = 0; i < tips_.size(); ++i) {
            if (!tips_[i].ledger) continue;
            if (auto done = (this->*step)(i); !done) return done;
        }
    }
    for (std::size_t i = 0; i < tips_.size(); ++i) keep_events(i);
    return {};
}

bool Draft::stop_early() {
    if (!has_logs_) return false;
    for (std::size_t i = 0; i < tips_.size(); ++i) {
        keep_events(i);
        tips_[i].valued = false;
    }
    return true;
}

Expected<void, Fault> Draft::read_logs() {
    has_logs_ = true;
    if (entry_.blocks.empty()) return {};
    has_logs_ = false;
    protocols::LogFilter filter;
    for (const Tip& tip : tips_) {
        if (tip.ledger) filter = merged(std::move(filter), tip.ledger->log_filter());
    }
    if (filter.addresses.empty()) {
        has_logs_ = true;
        return {};
    }
    const BlockNumber first = entry_.blocks.front().number;
    const auto known = [&](BlockNumber number) {
        return std::optional(entry_.blocks[number - first]);
    };
    auto logs = entry_.blocks.size() == 1
                    ? source_.logs_of(at_, filter)
                    : read_whole_range(source_, first, at_.number, filter, known);
    if (!logs) return Unexpected<Fault>{logs.error()};
    entry_.logs = std::move(*logs);
    if (source_.keeps_only_head()) {
        entry_.emitters.insert(filter.addresses.begin(), filter.addresses.end());
    }
    for (const Tip& tip : tips_) {
        if (!tip.ledger) continue;
        for (const protocols::Log& log : entry_.logs) tip.ledger->apply(log);
    }
    has_logs_ = true;
    return {};
}

/// What no event tells and the audit sample, of all protocols together.
Expected<void, Fault> Draft::read_round() {
    Bundle bundle;
    for (std::size_t i = 0; i < tips_.size(); ++i) {
        Tip& tip = tips_[i];
        if (!tip.ledger) continue;
        Reads& reads = reads_[i];
        reads.price_calls = tip.ledger->price_reads();
        bundle.add(reads.price_calls);
        reads.audited = plan_audit(tip.audit, tip.healths, kAuditPerRound);
        for (const PositionKey& key : tip.ledger->last_read_at(before_.number)) {
            const auto known = std::find(reads.audited.begin(), reads.audited.end(), key);
            if (known == reads.audited.end()) reads.audited.push_back(key);
        }
        for (const PositionKey& key : reads.audited) bundle.add(tip.ledger->audit_reads(key));
    }
    if (auto read = bundle.read(source_, at_); !read) return read;
    for (std::size_t i = 0; i < tips_.size(); ++i) {
        if (!tips_[i].ledger) continue;
        reads_[i].prices = bundle.next();
        for (std::size_t k = 0; k < reads_[i].audited.size(); ++k) {
            reads_[i].audits.push_back(bundle.next());
        }
    }
    return {};
}

/// Logs of emitters that became known within the round.
Expected<void, Fault> Draft::take_owed_logs(std::size_t index, const protocols::OwedLogs& owed) {
    const auto known = [&](BlockNumber number) -> std::optional<BlockRef> {
        if (entry_.blocks.empty() || number < entry_.blocks.front().number) return std::nullopt;
        return entry_.blocks[number - entry_.blocks.front().number];
    };
    auto logs = read_whole_range(source_, owed.from, at_.number, owed.filter, known);
    if (!logs) return Unexpected<Fault>{logs.error()};
    tips_[index].ledger->accept_owed_logs(*logs);
    inputs(index).emplace_back(AcceptedLogs{std::move(*logs)});
    return {};
}

/// Reads what the ledger owes. A reply that cannot be used has the round done again; when that
/// does not help, it leaves the protocol marked, not the chain.
Expected<void, Fault> Draft::settle(std::size_t index) {
    Tip& tip = tips_[index];
    for (int step = 0; step < kMaxSettleSteps; ++step) {
        if (const auto owed = tip.ledger->owed_logs()) {
            if (auto taken = take_owed_logs(index, *owed); !taken) return taken;
            continue;
        }
        const std::size_t most = source_.read_limit();
        const std::vector<Call> calls = tip.ledger->reads(most);
        if (calls.empty()) return {};
        auto results = source_.read(calls, at_);
        if (!results) return Unexpected<Fault>{results.error()};
        const auto accepted = tip.ledger->accept_reads(*results, at_);
        if (!accepted) {
            const std::string why = "a read cannot be used: " + accepted.error().message;
            if (may_doubt_ && followed_[index].tip.fault.empty()) return doubt(index, why);
            tip.fault = why;
            return {};
        }
        inputs(index).emplace_back(AcceptedReads{most, std::move(*results)});
    }
    tip.fault = "reads are still owed after " + std::to_string(kMaxSettleSteps) + " steps";
    return {};
}

Expected<void, Fault> Draft::accept_prices(std::size_t index) {
    Tip& tip = tips_[index];
    Reads& reads = reads_[index];
    const std::vector<Call> calls = tip.ledger->price_reads();
    if (!same_calls(calls, reads.price_calls)) {  // the round changed the structure
        auto again = source_.read(calls, at_);
        if (!again) return Unexpected<Fault>{again.error()};
        reads.prices = std::move(*again);
    }
    const auto accepted = tip.ledger->accept_prices(reads.prices, at_);
    if (!accepted) {
        tip.fault = "prices do not decode: " + accepted.error().message;
        tip.value(settings_);
        return {};
    }
    inputs(index).emplace_back(AcceptedPrices{std::move(reads.prices)});
    // What the prices contradict is read again at once.
    if (auto settled = settle(index); !settled) return settled;
    tip.value(settings_);
    return {};
}

Expected<void, Fault> Draft::audit_planned(std::size_t index) {
    Tip& tip = tips_[index];
    tip.audit.differences.clear();
    if (!tip.fault.empty()) return {};
    std::vector<protocols::AuditDifference> found;
    for (std::size_t k = 0; k < reads_[index].audited.size(); ++k) {
        const PositionKey& key = reads_[index].audited[k];
        std::vector<protocols::AuditDifference> differences;
        if (tip.ledger->has_position(key)) {
            ++tip.audit.checked;
            differences = tip.ledger->audit(key, reads_[index].audits[k]);
        }
        if (differences.empty()) tip.audit.suspects.erase(key);
        std::move(differences.begin(), differences.end(), std::back_inserter(found));
    }
    return take_differences(index, std::move(found));
}

/// Who became liquidatable, before anybody is told, and who was read in this round: a node may
/// have answered from the state of another block, and mostly does not so twice.
Expected<void, Fault> Draft::audit_newcomers(std::size_t index) {
    Tip& tip = tips_[index];
    if (!tip.fault.empty()) return {};
    std::set<PositionKey> now;
    std::set<PositionKey> fresh;
    for (const auto& health : tip.healths) {
        if (!health.liquidatable) continue;
        now.insert(health.key);
        if (!tip.audit.liquidatable.contains(health.key)) fresh.insert(health.key);
    }
    for (const PositionKey& key : tip.ledger->last_read_at(at_.number)) {
        if (tip.ledger->has_position(key)) fresh.insert(key);
    }
    Bundle bundle;
    for (const PositionKey& key : fresh) bundle.add(tip.ledger->audit_reads(key));
    if (auto read = bundle.read(source_, at_); !read) return read;
    std::vector<protocols::AuditDifference> found;
    for (const PositionKey& key : fresh) {
        ++tip.audit.checked;
        auto differences = tip.ledger->audit(key, bundle.next());
        std::move(differences.begin(), differences.end(), std::back_inserter(found));
    }
    tip.audit.liquidatable = std::move(now);
    return take_differences(index, std::move(found));
}

/// Perhaps the node answered from another block.
Expected<void, Fault> Draft::doubt(std::size_t index, const std::string& why) {
    has_doubted_ = true;
    return fault(FaultKind::lag_or_reorg, followed_[index].settings.name + ": " + why +
                                              " at block " + std::to_string(at_.number) +
                                              "; the round is done again");
}

/// A difference quarantines the protocol: the accounts are read anew at once, and stay suspects
/// (the protocol `unverified`) until a later round finds them equal.
Expected<void, Fault> Draft::take_differences(std::size_t index,
                                              std::vector<protocols::AuditDifference> found) {
    if (found.empty()) return {};
    Tip& tip = tips_[index];
    const std::string& name = followed_[index].settings.name;
    if (may_doubt_ && tip.audit.suspects.empty()) {
        return doubt(index, "the contract contradicts what was read");
    }
    std::set<PositionKey> keys;
    for (const auto& difference : found) keys.insert(difference.key);
    Reseed reseed;
    for (const PositionKey& key : keys) {
        if (tip.audit.suspect(key)) reseed.keys.push_back(key);
    }
    for (const auto& difference : found) {
        const auto begin = reseed.keys.begin();
        if (std::find(begin, reseed.keys.end(), difference.key) == reseed.keys.end()) continue;
        spdlog::error("{}: {} of {} is {} here and {} in the contract at block {}", name,
                      difference.field, to_text(difference.key.account, followed_[index].addresses),
                      difference.ours, difference.contract, at_.number);
    }
    tip.audit.mismatched += keys.size();
    std::move(found.begin(), found.end(), std::back_inserter(tip.audit.differences));
    if (reseed.keys.empty()) return {};
    tip.ledger->reseed(reseed.keys);
    inputs(index).emplace_back(std::move(reseed));
    if (auto settled = settle(index); !settled) return settled;
    tip.value(settings_);
    return {};
}

void Draft::keep_events(std::size_t index) {
    const Tip& tip = tips_[index];
    if (!tip.ledger) return;
    protocols::LedgerEvents events = tip.ledger->take_events();
    if (entry_.blocks.empty()) return;
    const BlockNumber first = entry_.blocks.front().number;
    const BlockNumber told = followed_[index].told.value_or(0);
    events.drop_above(at_.number);
    events.drop_up_to(first - std::min<BlockNumber>(first, 1));
    events.for_each([&](auto& event) { event.block = entry_.blocks[event.block.number - first]; });
    told_[index].append(take_up_to(events, told));
    events_[index].append(std::move(events));
}

}  // namespace plimsoll::follow
