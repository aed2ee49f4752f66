#include "daemon/follow/followed.hpp"

#include <utility>

namespace plimsoll::follow {

void Tip::value(const config::Settings& settings) {
    healths.clear();
    healths.reserve(ledger->position_count());
    ledger->for_each_position(
        [this](const protocols::PositionKey& key) { healths.push_back(ledger->health(key)); });
    markets = ledger->markets();
    groups = bands::resolve_groups(settings.groups, markets);
    bands.clear();
    for (const config::BandSettings& band : settings.bands) {
        const auto resolved = bands::resolve_band(band, groups, markets);
        if (resolved) bands.push_back(bands::evaluate_band(*ledger, *resolved, healths));
    }
    valued = true;
}

void Followed::join(std::unique_ptr<protocols::Protocol> ledger, const BlockRef& at) {
    base = std::move(ledger);
    joined = at;
    unsaved.clear();
    replace_saved = true;
    keep_changed_records();
    trouble.clear();
    scan = {"done", 0, 0, std::nullopt};
}

void Followed::move_on(Tip next, const BlockRef& at) {
    if (!next.ledger) return;
    if (next.valued) {
        past.reset();
    } else if (tip.valued && tip.fault.empty()) {
        past = Past{std::move(tip), at};
    }
    tip = std::move(next);
}

void Followed::set_aside(const BlockRef& at) {
    if (!tip.valued) return;
    Tip next;
    next.ledger = tip.ledger->clone();
    next.audit = tip.audit;
    next.healths = tip.healths;  // by which the next audit is planned
    move_on(std::move(next), at);
}

const Tip* Followed::shown_tip() const {
    if (tip.valued) return &tip;
    return tip.fault.empty() && past ? &past->tip : nullptr;
}

void Followed::drop() {
    base.reset();
    past.reset();
    Audit counts;
    counts.checked = tip.audit.checked;
    counts.mismatched = tip.audit.mismatched;
    tip = {};
    tip.audit = std::move(counts);
    unsaved.clear();
    retry_at = 0;
}

void Followed::keep_changed_records() {
    for (auto& record : base->take_changed_records()) {
        unsaved[std::move(record.key)] = std::move(record.value);
    }
}

store::RoundCommit::ProtocolRecords Followed::take_unsaved() {
    store::RoundCommit::ProtocolRecords out;
    out.protocol = settings.name;
    out.replace_all = std::exchange(replace_saved, false);
    for (auto& [key, value] : unsaved) out.records.push_back({key, std::move(value)});
    unsaved.clear();
    return out;
}

view::State Followed::state(view::State chain_state, std::string& reason) const {
    if (!base) {
        if (!trouble.empty()) {
            reason = trouble;
        } else if (reason.empty() || !scan.stage.empty()) {
            reason = stored_to != 0 && scan.stage.empty()
                         ? "going on after block " + std::to_string(stored_to) +
                               ", once an endpoint has told the blocks since"
                         : "first scan" + (scan.stage.empty() ? "" : ": " + scan.stage);
        }
        return view::State::unknown;
    }
    if (!tip.fault.empty()) return tip.state(reason);
    const Tip* const shown = shown_tip();
    if (shown == nullptr) {
        if (reason.empty()) reason = "blocks are being caught up with";
        return view::State::unknown;
    }
    return chain_state == view::State::live ? shown->state(reason) : chain_state;
}

view::State Tip::state(std::string& reason) const {
    if (!fault.empty()) {
        reason = fault;
        return view::State::unknown;
    }
    const protocols::Trust trust = ledger->trust();
    if (trust.verified && audit.suspects.empty()) return view::State::live;
    reason = trust.reason;
    if (!audit.suspects.empty()) {
        reason += (reason.empty() ? "" : "; ") + std::string("differs from the contract for ") +
                  std::to_string(audit.suspects.size()) + " accounts; they are read anew";
    }
    return view::State::unverified;
}

}  // namespace plimsoll::follow
