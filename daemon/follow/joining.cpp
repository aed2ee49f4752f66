#include "daemon/follow/joining.hpp"

#include "abi/address.hpp"
#include "daemon/follow/fault.hpp"
#include "daemon/follow/ranges.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;
using Clock = std::chrono::steady_clock;

KnownBlock known_in(const Tail& tail) {
    return [&tail](BlockNumber number) { return tail.at(number); };
}

}  // namespace

bool is_its_own(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::malformed:
        case FaultKind::split:
        case FaultKind::execution:
        case FaultKind::unsupported:
        case FaultKind::bad_request:
            return true;
        default:
            return false;
    }
}

Joining::Joining(Followed& followed, const std::string& chain)
    : followed_(followed), discovery_(followed.settings, chain) {
    enter(Stage::begin, "structure", 0);
}

Expected<bool, Fault> Joining::step(const JoinContext& context) {
    const auto done = [&]() -> Outcome {
        switch (stage_) {
            case Stage::begin:
                return begin(context);
            case Stage::structure:
                return read_structure(context);
            case Stage::discovery:
                return discover(context);
            case Stage::seeding:
                return seed(context);
            case Stage::telling:
                return tell(context);
            case Stage::catching_up:
                return catch_up(context);
        }
        return {};
    }();
    if (!done) return Unexpected<Fault>{done.error()};
    return stage_ == Stage::catching_up && reached_ >= context.tail.base().number;
}

// ---- progress, for people

void Joining::enter(Stage stage, const char* name, std::uint64_t total) {
    stage_ = stage;
    begun_ = shown_ = Clock::now();
    followed_.scan = {name, 0, total, std::nullopt};
}

void Joining::show(std::uint64_t done) {
    view::ScanStatus& scan = followed_.scan;
    scan.done = std::min(done, scan.total);
    const auto now = Clock::now();
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_).count();
    if (scan.done > 0 && spent > 500) {
        scan.eta_seconds =
            static_cast<std::uint64_t>(spent) * (scan.total - scan.done) / scan.done / 1000;
    }
    if (now - shown_ < std::chrono::seconds(2)) return;
    shown_ = now;
    const std::string left =
        scan.eta_seconds ? ", about " + std::to_string(*scan.eta_seconds) + " s left" : "";
    spdlog::info("{}: {} {} of {} ({} %){}", followed_.settings.name, scan.stage, scan.done,
                 scan.total, scan.total == 0 ? 100 : scan.done * 100 / scan.total, left);
}

// ---- where, and what is there

/// The base did not do. True: the tip may.
bool Joining::goes_on_at_tip(const JoinContext& context) {
    if (at_.hash == context.tail.tip().hash) return false;
    at_tip_ = true;
    enter(Stage::begin, "structure", 0);
    return true;
}

Expected<void, Fault> Joining::begin(const JoinContext& context) {
    at_ = at_tip_ ? context.tail.tip() : context.tail.base();
    const Address& address = followed_.settings.address;
    const auto code = context.source.has_code(std::span(&address, 1), at_);
    const bool is_missing = code ? !code->front() : code.error().kind == FaultKind::missing_state;
    if (is_missing && goes_on_at_tip(context)) return {};
    if (!code) return Unexpected<Fault>{code.error()};
    if (is_missing) {
        return fault(FaultKind::malformed,
                     "no contract code at " + to_text(address, followed_.addresses) + " in block " +
                         std::to_string(at_.number) + "; check `address` and the chain");
    }
    ledger_ = followed_.make();
    enter(Stage::structure, "structure", 0);
    return {};
}

/// Reads what the ledger owes now; true when it owes nothing.
Expected<bool, Fault> Joining::settle(const JoinContext& context) {
    if (const auto owed = ledger_->owed_logs()) {
        const auto logs = read_whole_range(context.source, owed->from, at_.number, owed->filter,
                                           known_in(context.tail));
        if (!logs) return Unexpected<Fault>{logs.error()};
        ledger_->accept_owed_logs(*logs);
        return false;
    }
    const std::vector<protocols::Call> calls = ledger_->reads(context.source.read_limit());
    if (calls.empty()) return true;
    const auto results = context.source.read(calls, at_);
    if (!results) return Unexpected<Fault>{results.error()};
    const auto accepted = ledger_->accept_reads(*results, at_);
    if (!accepted) return fault(FaultKind::malformed, accepted.error().message);
    return false;
}

Expected<void, Fault> Joining::read_structure(const JoinContext& context) {
    const auto settled = settle(context);
    if (!settled) {
        const FaultKind kind = settled.error().kind;
        const bool is_too_early = kind == FaultKind::malformed || kind == FaultKind::missing_state;
        if (is_too_early && goes_on_at_tip(context)) return {};
        return Unexpected<Fault>{settled.error()};
    }
    if (!*settled) return {};
    auto planned = discovery_.plan(context.store, *ledger_, at_.number, context.tail.base().number);
    if (!planned) return planned;
    enter(Stage::discovery, "discovery", discovery_.blocks_left());
    return {};
}

Expected<void, Fault> Joining::discover(const JoinContext& context) {
    if (!discovery_.is_done()) {
        auto read = discovery_.step(context.source, context.store, *ledger_);
        if (!read) return read;
        show(followed_.scan.total - std::min(followed_.scan.total, discovery_.blocks_left()));
        return {};
    }
    const std::vector<Address> found(discovery_.candidates().begin(),
                                     discovery_.candidates().end());
    spdlog::info("{}: {} accounts have borrowed so far; reading them at block {}",
                 followed_.settings.name, found.size(), at_.number);
    ledger_->follow(found);
    told_ = followed_.told.value_or(at_.number);
    enter(Stage::seeding, "seeding", found.size());
    return {};
}

// ---- who is there

Expected<void, Fault> Joining::seed(const JoinContext& context) {
    const auto settled = settle(context);
    if (!settled && settled.error().kind == FaultKind::missing_state &&
        context.tail.tip().number > at_.number) {
        return move_to_tip(context);
    }
    if (!settled) return Unexpected<Fault>{settled.error()};
    show(ledger_->position_count());
    if (!*settled) return {};
    keep_events(*ledger_);
    reached_ = told_;
    if (told_ < at_.number) teller_ = ledger_->clone();
    enter(Stage::telling, "events missed", at_.number - std::min(at_.number, told_));
    return {};
}

Expected<void, Fault> Joining::move_to_tip(const JoinContext& context) {
    const BlockRef tip = context.tail.tip();
    spdlog::info("{}: the node no longer has the state of block {}, going on at block {}",
                 followed_.settings.name, at_.number, tip.number);
    const auto logs = read_whole_range(context.source, at_.number + 1, tip.number,
                                       ledger_->log_filter(), known_in(context.tail));
    if (!logs) return Unexpected<Fault>{logs.error()};
    for (const auto& log : *logs) ledger_->apply(log);
    at_ = tip;
    return {};
}

// ---- what happened meanwhile

void Joining::keep_events(protocols::Protocol& ledger) {
    protocols::LedgerEvents events = ledger.take_events();
    events.drop_up_to(told_);
    events_.append(std::move(events));
}

/// What happened after the last block told and up to the block of the seeds, which were read
/// without looking at logs.
Expected<void, Fault> Joining::tell(const JoinContext& context) {
    if (!teller_) {
        reached_ = at_.number;
        const BlockNumber base = context.tail.base().number;
        enter(Stage::catching_up, "catching up", base - std::min(base, reached_));
        return {};
    }
    const auto step = read_range(context.source, reached_ + 1, at_.number, teller_->log_filter(),
                                 known_in(context.tail));
    if (!step) return Unexpected<Fault>{step.error()};
    for (const auto& log : step->logs) teller_->apply(log);
    reached_ = step->last;
    show(reached_ - told_);
    if (reached_ < at_.number) return {};
    protocols::LedgerEvents missed = teller_->take_events();
    for (auto& change : missed.parameters) forget_before(change);
    missed.drop_up_to(told_);
    missed.append(std::move(events_));
    events_ = std::move(missed);
    events_.put_in_order();  // moving the seeds to a newer block may have met some of them before
    teller_.reset();
    return {};
}

/// The base may have moved on since; everything up to it is final.
Expected<void, Fault> Joining::catch_up(const JoinContext& context) {
    const BlockRef& base = context.tail.base();
    if (reached_ >= base.number) return {};
    const auto step = read_range(context.source, reached_ + 1, base.number, ledger_->log_filter(),
                                 known_in(context.tail));
    if (!step) return Unexpected<Fault>{step.error()};
    for (const auto& log : step->logs) ledger_->apply(log);
    keep_events(*ledger_);
    reached_ = step->last;
    if (reached_ == base.number) at_ = base;
    return {};
}

}  // namespace plimsoll::follow
