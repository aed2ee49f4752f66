#include "daemon/chain/tron_logs.hpp"

#include "daemon/chain/tron_infos.hpp"
#include "daemon/chain/tron_json.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

namespace plimsoll::chain {
namespace {

using protocols::Log;
using rpc::ErrorKind;
using rpc::PlainRequest;
using rpc::RpcError;
using Logs = std::vector<Log>;
using Time = rpc::Clock::Time;

constexpr std::uint64_t kNearBlocks = 16;
constexpr std::size_t kPageSize = 200;
/// Pages of one contract in one step; where there are more, the step was too long.
constexpr unsigned kMostPages = 10;
/// Blocks with events that are read in one step.
constexpr std::size_t kMostEventBlocks = 200;

/// Blocks in which contracts emitted anything, found page by page.
class EventPages {
  public:
    EventPages(TronNode& node, const BlockRef& from, const BlockRef& to, Time deadline)
        : node_(node), from_(from), to_(to), deadline_(deadline) {}

    const std::set<BlockNumber>& blocks() const { return blocks_; }

    /// `split` when there are too many pages.
    Expected<void, RpcError> add(const Address& contract) {
        // A millisecond more on both sides, since it is not told whether the limits belong to it.
        std::uint64_t since = from_.time * 1'000 - 1;
        std::string fingerprint;
        for (unsigned pages = 0; pages < kMostPages; ++pages) {
            const auto page = read(contract, since, fingerprint);
            if (!page) return Unexpected<RpcError>{page.error()};
            if (page->events.empty()) return {};
            std::uint64_t last = since;
            for (const EventPage::Place& event : page->events) {
                if (event.block < from_.number || event.block > to_.number) {
                    return node_.fault(ErrorKind::malformed, "events outside the times asked for");
                }
                blocks_.insert(event.block);
                last = std::max(last, event.time_ms);
            }
            fingerprint = page->fingerprint;
            // Servers have lost the fingerprint while there was more: ask on from the last event.
            if (fingerprint.empty()) since = last + 1;
            if (since > to_.time * 1'000) return {};
        }
        return node_.fault(ErrorKind::split, "more pages of events than fit one step");
    }

  private:
    Expected<EventPage, RpcError> read(const Address& contract, std::uint64_t since,
                                       const std::string& fingerprint) {
        std::string path = "/v1/contracts/" + to_base58check(contract) +
                           "/events?only_confirmed=true&order_by=block_timestamp,asc&limit=" +
                           std::to_string(kPageSize) +
                           "&min_block_timestamp=" + std::to_string(since) +
                           "&max_block_timestamp=" + std::to_string(to_.time * 1'000 + 1);
        if (!fingerprint.empty()) path += "&fingerprint=" + percent_encoded(fingerprint);
        const auto reply =
            node_.endpoint.call_plain(PlainRequest{path, ""}, node_.limits(deadline_));
        if (!reply) return Unexpected<RpcError>{reply.error()};
        auto page = parse_event_page(*reply);
        if (!page) return node_.fault(ErrorKind::malformed, page.error().message);
        return std::move(*page);
    }

    static std::string percent_encoded(const std::string& text) {
        static constexpr std::string_view kDigits = "0123456789ABCDEF";
        std::string out;
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                                  (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
            if (is_plain) {
                out.push_back(c);
            } else {
                out.push_back('%');
                out.push_back(kDigits[byte >> 4U]);
                out.push_back(kDigits[byte & 0xfU]);
            }
        }
        return out;
    }

    TronNode& node_;
    BlockRef from_;
    BlockRef to_;
    Time deadline_;
    std::set<BlockNumber> blocks_;
};

Expected<BlockRef, RpcError> block_at(TronNode& node, BlockNumber number, Time deadline) {
    const auto found = node.header(number, deadline);
    if (!found) return Unexpected<RpcError>{found.error()};
    if (*found) return **found;
    return node.fault(ErrorKind::lag_or_reorg, "has no block " + std::to_string(number));
}

Expected<Source::RangeLogs, RpcError> finished(const TronNode& node, const EvmLogFilter& filter,
                                               Logs logs, const LogStep& step) {
    const LogBounds bounds{step.from, step.to, std::nullopt};
    if (auto checked = check_logs(logs, filter, bounds); !checked) {
        return node.fault(ErrorKind::malformed, "logs: " + checked.error().message);
    }
    return Source::RangeLogs{std::move(logs), step.to};
}

Expected<Logs, RpcError> logs_out_of_infos(TronNode& node, const EvmLogFilter& filter,
                                           const BlockRef& block, Time deadline) {
    auto logs = fetch_tron_infos(node, filter, {&block, 1}, deadline);
    if (!logs) return logs;
    if (auto canonical = node.require_canonical(block, deadline); !canonical) {
        return Unexpected<RpcError>{std::move(canonical.error())};
    }
    return logs;
}

/// Whether infos are not there for good, rather than not yet.
bool keeps_none(const TronNode& node, const BlockRef& block, const RpcError& error) {
    const bool is_old = block.number + kTronFinalDepth <= node.endpoint.head().value_or(0);
    return is_absent(error) || (error.kind == ErrorKind::lag_or_reorg && is_old);
}

}  // namespace

Expected<Logs, RpcError> fetch_tron_logs_of(TronNode& node, const EvmLogFilter& filter,
                                            const BlockRef& block, Time deadline) {
    if (!node.abilities.has_rpc) return logs_out_of_infos(node, filter, block, deadline);
    auto logs = fetch_logs_of(node.evm, filter, block, deadline);
    if (!logs || !node.abilities.has_infos || node.compared.contains(block)) return logs;
    auto infos = fetch_tron_infos(node, filter, {&block, 1}, deadline);
    if (!infos && keeps_none(node, block, infos.error())) {
        node.abilities.has_infos = false;
        spdlog::warn("{}: what transactions did is not compared: {}", node.endpoint.alias(),
                     infos.error().message);
        return logs;
    }
    if (!infos) return infos;
    const std::size_t by_id = logs->size();
    auto all = complete_logs(std::move(*logs), std::move(*infos));
    if (!all) return node.fault(ErrorKind::lag_or_reorg, all.error().message);
    // Infos are asked for by the block's number.
    if (all->size() > by_id) {
        if (auto canonical = node.require_canonical(block, deadline); !canonical) {
            return Unexpected<RpcError>{std::move(canonical.error())};
        }
    }
    node.compared.add(block);
    return std::move(*all);
}

Expected<Source::RangeLogs, RpcError> fetch_tron_logs_near(TronNode& node,
                                                           const EvmLogFilter& filter,
                                                           const LogStep& step, Time deadline) {
    const BlockNumber last = std::min(step.to, step.from + kNearBlocks - 1);
    const auto blocks = node.headers(step.from, last, deadline);
    if (!blocks) return Unexpected<RpcError>{blocks.error()};
    Logs out;
    for (const std::optional<BlockRef>& block : *blocks) {
        if (!block) return node.fault(ErrorKind::lag_or_reorg, "lacks a block below the head");
        auto logs = fetch_tron_logs_of(node, filter, *block, deadline);
        if (!logs) return Unexpected<RpcError>{std::move(logs.error())};
        std::move(logs->begin(), logs->end(), std::back_inserter(out));
    }
    return finished(node, filter, std::move(out), {step.from, last, step.with_time});
}

Expected<Source::RangeLogs, RpcError> fetch_tron_logs_by_events(TronNode& node,
                                                                const EvmLogFilter& filter,
                                                                const LogStep& step,
                                                                Time deadline) {
    const auto from = block_at(node, step.from, deadline);
    if (!from) return Unexpected<RpcError>{from.error()};
    for (;;) {
        const std::uint64_t span = node.event_span.blocks();
        const BlockNumber last = step.to - step.from < span ? step.to : step.from + span - 1;
        const auto to = block_at(node, last, deadline);
        if (!to) return Unexpected<RpcError>{to.error()};
        EventPages pages(node, *from, *to, deadline);
        Expected<void, RpcError> found;
        for (const Address& contract : filter.addresses()) {
            if (found) found = pages.add(contract);
        }
        const bool is_too_much = found ? pages.blocks().size() > kMostEventBlocks
                                       : found.error().kind == ErrorKind::split;
        if (is_too_much && last > step.from) {
            node.event_span.refused(step.from, last, {});
            continue;
        }
        if (!found && !is_too_much) return Unexpected<RpcError>{std::move(found.error())};
        node.event_span.succeeded(last - step.from + 1);
        std::vector<BlockRef> blocks;
        for (const BlockNumber number : pages.blocks()) {
            const auto block = block_at(node, number, deadline);
            if (!block) return Unexpected<RpcError>{block.error()};
            blocks.push_back(*block);
        }
        auto logs = fetch_tron_infos(node, filter, blocks, deadline);
        if (!logs) return Unexpected<RpcError>{std::move(logs.error())};
        return finished(node, filter, std::move(*logs), {step.from, last, step.with_time});
    }
}

}  // namespace plimsoll::chain
