#include "daemon/follow/discovery.hpp"

#include "abi/address.hpp"
#include "daemon/follow/fault.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace plimsoll::follow {
namespace {

using chain::Fault;
using chain::FaultKind;
using store::OwedRange;

constexpr const char* kPurpose = "discovery";

std::uint64_t blocks_in(std::span<const OwedRange> ranges) {
    std::uint64_t sum = 0;
    for (const OwedRange& range : ranges) sum += range.to - range.from + 1;
    return sum;
}

}  // namespace

std::string discovery_key(const config::ProtocolSettings& protocol) {
    return "discovery/" + protocol.name;
}

std::string discovery_records(const config::ProtocolSettings& protocol) {
    return protocol.name + "/discovery";
}

std::string discovery_scope(const config::ProtocolSettings& protocol) {
    return to_lower_hex(protocol.address) + "/" + std::to_string(protocol.start_block) + "/";
}

Discovery::Discovery(const config::ProtocolSettings& settings, std::string chain)
    : settings_(settings), chain_(std::move(chain)) {}

Expected<void, Fault> Discovery::load(store::Store& store) {
    const std::string scope = discovery_scope(settings_);
    const auto mark = store.meta(discovery_key(settings_));
    if (!mark) return storage_fault(mark.error());
    next_ = settings_.start_block;
    is_new_ = true;
    if (!*mark || !(*mark)->starts_with(scope)) return {};
    const std::string_view text = std::string_view(**mark).substr(scope.size());
    BlockNumber next = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), next).ec != std::errc{}) return {};
    auto owed = store.owed(settings_.name);
    if (!owed) return storage_fault(owed.error());
    auto known = store.candidates(settings_.name);
    if (!known) return storage_fault(known.error());
    is_new_ = false;
    next_ = next;
    owed_ = std::move(*owed);
    std::erase_if(owed_, [](const OwedRange& range) { return range.purpose != kPurpose; });
    candidates_.insert(known->begin(), known->end());
    return {};
}

/// What was learned may be of another version of this program: then the search begins anew.
Expected<void, Fault> Discovery::resume(store::Store& store, protocols::Protocol& ledger) {
    if (is_new_) return {};
    const auto learned = store.records(discovery_records(settings_));
    if (!learned) return storage_fault(learned.error());
    const auto resumed = ledger.resume_discovery(*learned);
    if (resumed) return {};
    spdlog::warn("{}: what was found so far does not load ({}); borrowers are looked for anew",
                 settings_.name, resumed.error().message);
    is_new_ = true;
    next_ = settings_.start_block;
    owed_.clear();
    return {};
}

Expected<void, Fault> Discovery::plan(store::Store& store, protocols::Protocol& ledger,
                                      BlockNumber last, BlockNumber final_number) {
    if (auto loaded = load(store); !loaded) return loaded;
    if (auto resumed = resume(store, ledger); !resumed) return resumed;
    learned_.clear();
    const BlockNumber stored_end = std::min(last, final_number);
    if (next_ <= stored_end) {
        std::vector<OwedRange> owed = owed_;
        owed.push_back({settings_.name, kPurpose, next_, stored_end});
        store::RoundCommit commit = progress(owed, {});
        commit.metas.emplace_back(discovery_key(settings_),
                                  discovery_scope(settings_) + std::to_string(stored_end + 1));
        if (is_new_) commit.records.push_back({discovery_records(settings_), true, {}});
        if (auto saved = store.commit(commit); !saved) return storage_fault(saved.error());
        owed_ = std::move(owed);
        next_ = stored_end + 1;
    }
    passing_.clear();
    if (next_ <= last) passing_.push_back({settings_.name, kPurpose, next_, last});
    return {};
}

Expected<void, Fault> Discovery::rewind(store::Store& store,
                                        const config::ProtocolSettings& settings,
                                        const std::string& chain, BlockNumber number) {
    Discovery known(settings, chain);
    if (auto loaded = known.load(store); !loaded) return loaded;
    if (known.next_ <= number + 1) return {};
    const auto learned = store.records(discovery_records(settings));
    if (!learned) return storage_fault(learned.error());
    // Candidates stay: an account too many is read once and forgotten. What was learned besides may
    // be of a block that is gone: then the search begins anew.
    const bool is_lost = !learned->empty();
    std::vector<OwedRange> owed;
    for (OwedRange range : known.owed_) {
        range.to = std::min(range.to, number);
        if (!is_lost && range.from <= range.to) owed.push_back(std::move(range));
    }
    store::RoundCommit commit = known.progress(std::move(owed), {});
    const BlockNumber next =
        is_lost ? settings.start_block : std::max(number + 1, settings.start_block);
    if (is_lost) commit.records.push_back({discovery_records(settings), true, {}});
    commit.metas.emplace_back(discovery_key(settings),
                              discovery_scope(settings) + std::to_string(next));
    if (auto saved = store.commit(commit); !saved) return storage_fault(saved.error());
    return {};
}

store::RoundCommit Discovery::progress(std::vector<OwedRange> owed,
                                       std::vector<Address> found) const {
    store::RoundCommit commit;
    commit.chain = chain_;
    commit.scans.push_back({settings_.name, std::move(owed), std::move(found)});
    return commit;
}

void Discovery::keep_learned(protocols::Protocol& ledger) {
    for (protocols::Record& record : ledger.take_discovered()) {
        learned_[std::move(record.key)] = std::move(record.value);
    }
}

Expected<void, Fault> Discovery::step(chain::Source& source, store::Store& store,
                                      protocols::Protocol& ledger) {
    const bool is_stored = !owed_.empty();
    std::vector<OwedRange> ranges = is_stored ? owed_ : passing_;
    OwedRange& range = ranges.front();
    const auto read = source.logs_in(range.from, range.to, ledger.discovery_filter(), false);
    if (!read) return Unexpected<Fault>{read.error()};
    if (read->last < range.from) return fault(FaultKind::malformed, "no block was read");
    std::set<Address> found;
    for (const auto& log : read->logs) {
        for (const Address& account : ledger.discover(log)) found.insert(account);
    }
    keep_learned(ledger);
    if (read->last >= range.to) {
        ranges.erase(ranges.begin());
    } else {
        range.from = read->last + 1;
    }
    if (is_stored) {
        std::vector<Address> fresh;
        std::set_difference(found.begin(), found.end(), candidates_.begin(), candidates_.end(),
                            std::back_inserter(fresh));
        store::RoundCommit commit = progress(ranges, std::move(fresh));
        store::RoundCommit::ProtocolRecords records{discovery_records(settings_), false, {}};
        for (const auto& [key, value] : learned_) records.records.push_back({key, value});
        if (!records.records.empty()) commit.records.push_back(std::move(records));
        auto saved = store.commit(commit);
        if (!saved) return storage_fault(saved.error());
        learned_.clear();
    }
    candidates_.merge(found);
    (is_stored ? owed_ : passing_) = std::move(ranges);
    return {};
}

std::uint64_t Discovery::blocks_left() const { return blocks_in(owed_) + blocks_in(passing_); }

}  // namespace plimsoll::follow
