#include "daemon/follow/establish.hpp"

#include "abi/address.hpp"
#include "daemon/follow/tail.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;
using Clock = std::chrono::steady_clock;

Unexpected<Fault> fault(FaultKind kind, std::string message) {
    return Unexpected<Fault>{Fault{kind, std::move(message)}};
}

Unexpected<Fault> storage_fault(const store::StoreError& error) {
    return fault(FaultKind::transient, "store: " + error.message);
}

/// Tells people how far a long read is, at most every two seconds.
class Progress {
  public:
    Progress(Followed& followed, std::string stage, std::uint64_t done, std::uint64_t total)
        : followed_(followed), first_done_(done) {
        followed_.scan = {std::move(stage), done, total, std::nullopt};
    }

    void advance(std::uint64_t done, EstablishContext& context) {
        view::ScanStatus& scan = followed_.scan;
        scan.done = done;
        const auto now = Clock::now();
        const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin_);
        if (done > first_done_ && elapsed.count() > 500 && scan.total >= done) {
            const auto spent = static_cast<std::uint64_t>(elapsed.count());
            scan.eta_seconds = spent * (scan.total - done) / (done - first_done_) / 1000;
        }
        if (now - told_ >= std::chrono::seconds(2)) {
            told_ = now;
            spdlog::info("{}: {} {} of {} ({} %){}", followed_.settings.name, scan.stage, done,
                         scan.total, scan.total == 0 ? 100 : done * 100 / scan.total,
                         scan.eta_seconds
                             ? ", about " + std::to_string(*scan.eta_seconds) + " s left"
                             : std::string());
        }
        context.on_progress();
    }

  private:
    Followed& followed_;
    std::uint64_t first_done_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point told_ = Clock::now();
};

std::uint64_t blocks_in(std::span<const store::OwedRange> ranges) {
    std::uint64_t sum = 0;
    for (const auto& range : ranges) sum += range.to - range.from + 1;
    return sum;
}

/// Discovery of one protocol: the ranges still to read, of which those above the final block are
/// not stored (a reorganisation may change them).
class Discovery {
  public:
    Discovery(EstablishContext& context, Followed& followed, protocols::Protocol& ledger)
        : context_(context), followed_(followed), ledger_(ledger) {}

    Expected<void, Fault> run(const BlockRef& at) {
        if (auto loaded = load(); !loaded) return loaded;
        if (auto planned = plan(at.number); !planned) return planned;
        const std::uint64_t total = blocks_in(owed_) + blocks_in(passing_);
        Progress progress(followed_, "discovery", 0, total);
        const auto remaining = [&] { return blocks_in(owed_) + blocks_in(passing_); };
        while (!owed_.empty() || !passing_.empty()) {
            const bool stored = !owed_.empty();
            if (auto step = read_step(stored ? owed_ : passing_, stored); !step) return step;
            progress.advance(total - remaining(), context_);
        }
        return {};
    }

    const std::set<Address>& candidates() const { return candidates_; }

  private:
    std::string meta_key() const { return "discovery/" + followed_.settings.name; }
    /// What the stored progress belongs to; another address or start begins anew.
    std::string scope() const {
        return to_lower_hex(followed_.settings.address) + "/" +
               std::to_string(followed_.settings.start_block) + "/";
    }

    Expected<void, Fault> load() {
        auto queued = context_.store.meta(meta_key());
        if (!queued) return storage_fault(queued.error());
        next_ = followed_.settings.start_block;
        if (!*queued || !(*queued)->starts_with(scope())) return {};
        next_ = std::stoull((*queued)->substr(scope().size()));
        auto owed = context_.store.owed(followed_.settings.name);
        if (!owed) return storage_fault(owed.error());
        owed_ = std::move(*owed);
        // A range is stored before the mark that it was taken up: a crash may lie between.
        for (const store::OwedRange& range : owed_) next_ = std::max(next_, range.to + 1);
        auto known = context_.store.candidates(followed_.settings.name);
        if (!known) return storage_fault(known.error());
        candidates_.insert(known->begin(), known->end());
        return {};
    }

    Expected<void, Fault> plan(BlockNumber last) {
        const BlockNumber stored_end = std::min(last, context_.final_number);
        const std::string& name = followed_.settings.name;
        if (next_ <= stored_end) {
            owed_.push_back({name, "discovery", next_, stored_end});
            if (auto saved = save({}); !saved) return saved;
            next_ = stored_end + 1;
            auto marked = context_.store.set_meta(meta_key(), scope() + std::to_string(next_));
            if (!marked) return storage_fault(marked.error());
        }
        if (next_ <= last) passing_.push_back({name, "discovery", next_, last});
        return {};
    }

    Expected<void, Fault> save(std::vector<Address> found) {
        store::RoundCommit commit;
        commit.chain = context_.chain;
        commit.scans.push_back({followed_.settings.name, owed_, std::move(found)});
        auto done = context_.store.commit(commit);
        if (!done) return storage_fault(done.error());
        return {};
    }

    Expected<void, Fault> read_step(std::vector<store::OwedRange>& ranges, bool stored) {
        if (context_.stopping()) return fault(FaultKind::cancelled, "stopping");
        store::OwedRange& range = ranges.front();
        auto step =
            context_.source.logs_in(range.from, range.to, ledger_.discovery_filter(), false);
        if (!step) return Unexpected<Fault>{step.error()};
        std::vector<Address> found;
        for (const auto& log : step->logs) {
            for (const Address& account : ledger_.borrowers_in(log)) {
                if (candidates_.insert(account).second) found.push_back(account);
            }
        }
        if (step->last >= range.to) {
            ranges.erase(ranges.begin());
        } else {
            range.from = step->last + 1;
        }
        return stored ? save(std::move(found)) : Expected<void, Fault>{};
    }

    EstablishContext& context_;
    Followed& followed_;
    protocols::Protocol& ledger_;
    BlockNumber next_ = 0;
    std::vector<store::OwedRange> owed_;     ///< at or below the final block; stored
    std::vector<store::OwedRange> passing_;  ///< above it; read anew by every bootstrap
    std::set<Address> candidates_;
};

Expected<void, Fault> settle_step(EstablishContext& context, protocols::Protocol& ledger,
                                  const BlockRef& at, bool& owed_nothing) {
    if (context.stopping()) return fault(FaultKind::cancelled, "stopping");
    const std::vector<protocols::Call> calls = ledger.reads(kMaxReads);
    owed_nothing = calls.empty();
    if (owed_nothing) return {};
    auto results = context.source.read(calls, at);
    if (!results) return Unexpected<Fault>{results.error()};
    auto accepted = ledger.accept_reads(*results, at);
    if (!accepted) return fault(FaultKind::malformed, accepted.error().message);
    return {};
}

/// Seeds until nothing is owed; where the node has dropped the state of `at`, goes on at a newer
/// block.
Expected<void, Fault> seed(EstablishContext& context, Followed& followed,
                           protocols::Protocol& ledger, std::size_t candidates, BlockRef& at) {
    Progress progress(followed, "seeding", 0, candidates);
    for (bool done = false; !done;) {
        auto step = settle_step(context, ledger, at, done);
        if (step) {
            progress.advance(std::min<std::uint64_t>(ledger.position_count(), candidates), context);
            continue;
        }
        if (step.error().kind != FaultKind::missing_state) return step;
        auto newer = context.source.head();
        if (!newer) return Unexpected<Fault>{newer.error()};
        if (newer->number <= at.number) return step;
        spdlog::info("{}: the node no longer has the state of block {}, going on at block {}",
                     followed.settings.name, at.number, newer->number);
        for (BlockNumber next = at.number + 1; next <= newer->number;) {
            auto logs = context.source.logs_in(next, newer->number, ledger.log_filter(), true);
            if (!logs) return Unexpected<Fault>{logs.error()};
            for (const auto& log : logs->logs) ledger.apply(log);
            next = logs->last + 1;
        }
        at = *newer;
    }
    return {};
}

}  // namespace

Expected<void, Fault> settle(EstablishContext& context, protocols::Protocol& ledger,
                             const BlockRef& at) {
    for (bool done = false; !done;) {
        if (auto step = settle_step(context, ledger, at, done); !step) return step;
    }
    auto prices = context.source.read(ledger.price_reads(), at);
    if (!prices) return Unexpected<Fault>{prices.error()};
    auto accepted = ledger.accept_prices(*prices, at);
    if (!accepted) return fault(FaultKind::malformed, accepted.error().message);
    return {};
}

Expected<void, Fault> bring_forward(EstablishContext& context, std::span<Followed* const> followed,
                                    const BlockRef& from, const BlockRef& to,
                                    const std::function<void(Followed&)>& on_events) {
    for (BlockNumber next = from.number + 1; next <= to.number;) {
        if (context.stopping()) return fault(FaultKind::cancelled, "stopping");
        protocols::LogFilter filter;
        for (const Followed* one : followed) {
            const protocols::LogFilter own = one->base->log_filter();
            filter.addresses.insert(filter.addresses.end(), own.addresses.begin(),
                                    own.addresses.end());
            filter.topics.insert(filter.topics.end(), own.topics.begin(), own.topics.end());
        }
        auto step = context.source.logs_in(next, to.number, filter, true);
        if (!step) return Unexpected<Fault>{step.error()};
        for (Followed* one : followed) {
            for (const auto& log : step->logs) one->base->apply(log);
            on_events(*one);
        }
        spdlog::info("{}: caught up to block {} of {}", context.chain, step->last, to.number);
        next = step->last + 1;
    }
    for (Followed* one : followed) {
        if (auto settled = settle(context, *one->base, to); !settled) return settled;
    }
    return {};
}

Expected<void, Fault> bootstrap(EstablishContext& context, Followed& followed,
                                std::unique_ptr<protocols::Protocol>& ledger, BlockRef& at) {
    const std::string& name = followed.settings.name;
    followed.scan = {"structure", 0, 0, std::nullopt};
    context.on_progress();
    const Address& address = followed.settings.address;
    auto code = context.source.has_code(std::span(&address, 1), at);
    if (!code) return Unexpected<Fault>{code.error()};
    if (!code->front()) {
        return fault(FaultKind::malformed, "no contract code at " + to_checksum(address) +
                                               " in block " + std::to_string(at.number) +
                                               "; check `address` and the chain");
    }
    ledger = followed.make();
    for (bool done = false; !done;) {
        if (auto step = settle_step(context, *ledger, at, done); !step) return step;
    }
    Discovery discovery(context, followed, *ledger);
    if (auto found = discovery.run(at); !found) return found;
    const std::vector<Address> candidates(discovery.candidates().begin(),
                                          discovery.candidates().end());
    spdlog::info("{}: {} accounts have borrowed so far; reading them at block {}", name,
                 candidates.size(), at.number);
    ledger->follow(candidates);
    if (auto seeded = seed(context, followed, *ledger, candidates.size(), at); !seeded)
        return seeded;
    if (auto settled = settle(context, *ledger, at); !settled) return settled;
    (void)ledger->take_events();
    followed.replace_saved = true;
    followed.unsaved.clear();
    followed.keep_changed_records(*ledger);
    followed.scan = {"done", 0, 0, std::nullopt};
    return {};
}

Expected<std::vector<protocols::Liquidation>, Fault> liquidations_in(
    EstablishContext& context, const protocols::Protocol& ledger, BlockNumber from,
    BlockNumber to) {
    const std::unique_ptr<protocols::Protocol> listener = ledger.clone();
    (void)listener->take_events();
    for (BlockNumber next = from; next <= to;) {
        if (context.stopping()) return fault(FaultKind::cancelled, "stopping");
        auto step = context.source.logs_in(next, to, listener->log_filter(), true);
        if (!step) return Unexpected<Fault>{step.error()};
        for (const auto& log : step->logs) listener->apply(log);
        next = step->last + 1;
    }
    return std::move(listener->take_events().liquidations);
}

}  // namespace plimsoll::follow
