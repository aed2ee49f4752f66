#include "daemon/chain/evm_logs.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace plimsoll::chain {
namespace {

using protocols::Log;
using rpc::ErrorKind;
using rpc::RpcError;
using rpc::RpcRequest;
using rpc::RpcResult;
using Logs = std::vector<Log>;
using Time = rpc::Clock::Time;

constexpr std::size_t kSpansAtOnce = 4;
constexpr std::size_t kMostBytes = 64 * rpc::kMiB;
constexpr std::size_t kMostHeaders = 500;

bool is_too_much(ErrorKind kind) {
    return kind == ErrorKind::split || kind == ErrorKind::split_addresses;
}

bool comes_before(const Log& a, const Log& b) {
    return std::tie(a.block, a.index) < std::tie(b.block, b.index);
}

Expected<Logs, RpcError> decode_logs(const EvmNode& node, const nlohmann::json& result,
                                     const EvmLogFilter& filter, const LogBounds& bounds) {
    if (!result.is_array()) return node.fault(ErrorKind::malformed, "eth_getLogs: no list");
    Logs logs;
    logs.reserve(result.size());
    for (const nlohmann::json& item : result) {
        auto log = parse_log(item);
        if (!log) return node.fault(ErrorKind::malformed, "log: " + log.error().message);
        logs.push_back(std::move(*log));
    }
    if (auto checked = check_logs(logs, filter, bounds); !checked) {
        return node.fault(ErrorKind::malformed, "eth_getLogs: " + checked.error().message);
    }
    return logs;
}

/// Logs of one filter within bounds that cannot be made smaller: splits the addresses instead.
class OneBlock {
  public:
    OneBlock(EvmNode& node, const EvmLogFilter& filter, const LogBounds& bounds, Time deadline)
        : node_(node), filter_(filter), bounds_(bounds), limits_(node.limits(deadline)) {
        limits_.timeout = node.chain.logs_timeout;
        limits_.max_bytes = kMostBytes;
    }

    Expected<Logs, RpcError> fetch(bool by_hash) {
        split(filter_.addresses());
        Logs out;
        while (!open_.empty()) {
            const std::span<const Address> addresses = open_.front();
            open_.pop_front();
            auto result = node_.endpoint.call({"eth_getLogs", params(addresses, by_hash)}, limits_);
            if (!result && is_too_much(result.error().kind) && addresses.size() > 1) {
                node_.log_addresses.refused(addresses.size());
                split(addresses);
                continue;
            }
            if (!result) return Unexpected<RpcError>{std::move(result.error())};
            node_.log_addresses.succeeded(addresses.size());
            auto logs = decode_logs(node_, *result, filter_, bounds_);
            if (!logs) return logs;
            out.insert(out.end(), std::make_move_iterator(logs->begin()),
                       std::make_move_iterator(logs->end()));
        }
        std::sort(out.begin(), out.end(), comes_before);
        if (auto checked = check_logs(out, filter_, bounds_); !checked) {
            return node_.fault(ErrorKind::malformed, "eth_getLogs: " + checked.error().message);
        }
        return out;
    }

  private:
    void split(std::span<const Address> addresses) {
        while (!addresses.empty()) {
            const std::size_t count = std::min(addresses.size(), node_.log_addresses.get());
            open_.push_back(addresses.first(count));
            addresses = addresses.subspan(count);
        }
    }
    std::string params(std::span<const Address> addresses, bool by_hash) const {
        return by_hash ? logs_of_params(addresses, filter_.topics(), *bounds_.hash)
                       : logs_in_params(addresses, filter_.topics(), bounds_.from, bounds_.to);
    }

    EvmNode& node_;
    const EvmLogFilter& filter_;
    const LogBounds& bounds_;
    rpc::CallLimits limits_;
    std::deque<std::span<const Address>> open_;
};

/// One step of `fetch_logs_in`.
class RangeStep {
  public:
    RangeStep(EvmNode& node, const EvmLogFilter& filter, const LogStep& step, Time deadline)
        : node_(node), filter_(filter), step_(step), deadline_(deadline) {}

    Expected<Source::RangeLogs, RpcError> run() {
        while (true) {
            plan();
            if (auto covered = require_head(spans_.back().to); !covered) {
                return Unexpected<RpcError>{std::move(covered.error())};
            }
            if (is_one_block()) return one_block();
            auto out = ask();
            if (out) return out;
            if (!is_too_much(out.error().kind)) return out;
        }
    }

  private:
    bool is_one_block() const { return spans_.size() == 1 && spans_[0].from == spans_[0].to; }

    /// Consecutive spans; one alone where each needs several requests, so that memory is bounded.
    void plan() {
        spans_.clear();
        const std::uint64_t size = node_.log_span.blocks();
        const bool is_wide = filter_.addresses().size() > node_.log_addresses.get();
        const std::size_t most = is_wide || size == 1 ? 1 : kSpansAtOnce;
        BlockNumber next = step_.from;
        while (spans_.size() < most && next <= step_.to) {
            const BlockNumber last = step_.to - next < size ? step_.to : next + size - 1;
            spans_.push_back(LogBounds{next, last, std::nullopt});
            if (last == step_.to) break;
            next = last + 1;
        }
    }

    /// A node behind the range would answer less than there is, without a word.
    Expected<void, RpcError> require_head(BlockNumber number) {
        if (node_.endpoint.head().value_or(0) >= number && node_.endpoint.head()) return {};
        const auto head = node_.latest(deadline_);
        if (!head) return Unexpected<RpcError>{head.error()};
        if (head->block.number >= number) return {};
        return node_.fault(ErrorKind::lag_or_reorg, "its head is below the range asked for");
    }

    Expected<Source::RangeLogs, RpcError> one_block() {
        auto logs = OneBlock(node_, filter_, spans_[0], deadline_).fetch(false);
        if (!logs) return Unexpected<RpcError>{std::move(logs.error())};
        node_.log_span.succeeded(1);
        return finish(std::move(*logs), spans_[0].to);
    }

    Expected<Source::RangeLogs, RpcError> ask() {
        rpc::CallLimits limits = node_.limits(deadline_);
        limits.timeout = node_.chain.logs_timeout;
        limits.max_bytes = spans_.size() == 1 ? kMostBytes : kMostBytes / kSpansAtOnce;
        std::vector<RpcRequest> requests;
        std::vector<std::size_t> span_of;
        for (std::size_t i = 0; i < spans_.size(); ++i) add_requests(i, requests, span_of);

        Logs logs;
        std::size_t done = 0;  // requests answered without a gap before them
        std::optional<RpcError> failure;
        node_.endpoint.call_parallel(requests, limits, [&](std::size_t i, RpcResult result) {
            if (failure) return;
            const LogBounds& span = spans_[span_of[i]];
            auto decoded =
                result ? decode_logs(node_, *result, filter_, span)
                       : Expected<Logs, RpcError>(Unexpected<RpcError>{std::move(result.error())});
            if (!decoded) {
                failure = std::move(decoded.error());
                return;
            }
            ++done;
            std::move(decoded->begin(), decoded->end(), std::back_inserter(logs));
        });
        if (failure) learn(spans_[span_of[done]], *failure);
        const std::size_t complete = failure ? span_of[done] : spans_.size();
        if (complete == 0) return Unexpected<RpcError>{std::move(*failure)};
        for (std::size_t i = 0; i < complete && !failure; ++i) {
            node_.log_span.succeeded(spans_[i].to - spans_[i].from + 1);
        }
        const BlockNumber last = spans_[complete - 1].to;
        std::erase_if(logs, [last](const Log& log) { return log.block > last; });
        return finish(std::move(logs), last);
    }

    void add_requests(std::size_t span, std::vector<RpcRequest>& requests,
                      std::vector<std::size_t>& span_of) const {
        std::span<const Address> left = filter_.addresses();
        while (!left.empty()) {
            const std::size_t count = std::min(left.size(), node_.log_addresses.get());
            requests.push_back({"eth_getLogs", logs_in_params(left.first(count), filter_.topics(),
                                                              spans_[span].from, spans_[span].to)});
            span_of.push_back(span);
            left = left.subspan(count);
        }
    }

    void learn(const LogBounds& span, const RpcError& error) {
        const std::size_t addresses =
            std::min(filter_.addresses().size(), node_.log_addresses.get());
        if (error.kind == ErrorKind::split_addresses && addresses > 1) {
            node_.log_addresses.refused(addresses);
        } else if (is_too_much(error.kind) || error.kind == ErrorKind::timeout) {
            node_.log_span.refused(span.from, span.to, error.range);
        }
    }

    Expected<Source::RangeLogs, RpcError> finish(Logs logs, BlockNumber last) {
        std::sort(logs.begin(), logs.end(), comes_before);
        const LogBounds bounds{step_.from, last, std::nullopt};
        if (auto checked = check_logs(logs, filter_, bounds); !checked) {
            return node_.fault(ErrorKind::malformed, "eth_getLogs: " + checked.error().message);
        }
        if (step_.with_time) {
            last = cut_to_affordable(logs, last);
            if (auto timed = fill_times(logs); !timed) {
                return Unexpected<RpcError>{std::move(timed.error())};
            }
        }
        return Source::RangeLogs{std::move(logs), last};
    }

    /// Keeps as many blocks as headers can be read for in one step; returns the new last block.
    static BlockNumber cut_to_affordable(Logs& logs, BlockNumber last) {
        std::size_t lacking = 0;
        std::optional<BlockNumber> block;
        for (const Log& log : logs) {
            if (log.block_time != 0 || log.block == block) continue;
            if (++lacking > kMostHeaders) {
                last = log.block - 1;
                break;
            }
            block = log.block;
        }
        std::erase_if(logs, [last](const Log& log) { return log.block > last; });
        return last;
    }

    /// Times that the node did not give with the logs, out of the headers.
    Expected<void, RpcError> fill_times(Logs& logs) {
        std::map<BlockNumber, Bytes32> lacking;
        for (const Log& log : logs) {
            if (log.block_time == 0) lacking.emplace(log.block, log.block_hash);
        }
        std::vector<RpcRequest> requests;
        for (const auto& [number, hash] : lacking) {
            requests.push_back({"eth_getBlockByNumber", header_params(block_by_number(number))});
        }
        const auto results = node_.endpoint.call_batch(requests, node_.limits(deadline_));
        std::map<BlockNumber, BlockTime> times;
        std::size_t i = 0;
        for (const auto& [number, hash] : lacking) {
            const RpcResult& result = results[i++];
            if (!result) return Unexpected<RpcError>{result.error()};
            const auto header = node_.accept_header(*result);
            if (!header) return Unexpected<RpcError>{header.error()};
            if (!*header || (*header)->block.hash != hash) {
                return node_.fault(ErrorKind::lag_or_reorg, "a log lies in no canonical block");
            }
            times.emplace(number, (*header)->block.time);
        }
        for (Log& log : logs) {
            if (log.block_time == 0) log.block_time = times.at(log.block);
        }
        return {};
    }

    EvmNode& node_;
    const EvmLogFilter& filter_;
    LogStep step_;
    Time deadline_;
    std::vector<LogBounds> spans_;
};

}  // namespace

EvmLogFilter::EvmLogFilter(const protocols::LogFilter& filter)
    : addresses_(filter.addresses), topics_(filter.topics) {
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
    std::sort(topics_.begin(), topics_.end());
    topics_.erase(std::unique(topics_.begin(), topics_.end()), topics_.end());
}

bool EvmLogFilter::accepts(const Log& log) const {
    return !log.topics.empty() &&
           std::binary_search(addresses_.begin(), addresses_.end(), log.address) &&
           std::binary_search(topics_.begin(), topics_.end(), log.topics.front());
}

Expected<void, ParseError> check_logs(std::span<const Log> logs, const EvmLogFilter& filter,
                                      const LogBounds& bounds) {
    const Log* before = nullptr;
    for (const Log& log : logs) {
        if (!filter.accepts(log)) return parse_error("a log that was not asked for");
        if (log.block < bounds.from || log.block > bounds.to) {
            return parse_error("a log outside the blocks asked for");
        }
        if (bounds.hash && log.block_hash != *bounds.hash) {
            return parse_error("a log of another block than asked by its hash");
        }
        if (before != nullptr) {
            if (!comes_before(*before, log)) return parse_error("logs out of order or twice");
            if (before->block == log.block &&
                (before->block_hash != log.block_hash || before->block_time != log.block_time)) {
                return parse_error("logs that contradict each other about their block");
            }
        }
        before = &log;
    }
    return {};
}

Expected<Logs, RpcError> fetch_logs_of(EvmNode& node, const EvmLogFilter& filter,
                                       const BlockRef& block, Time deadline) {
    const LogBounds bounds{block.number, block.number, block.hash};
    const bool by_hash = node.abilities.has_logs_by_hash;
    auto logs = OneBlock(node, filter, bounds, deadline).fetch(by_hash);
    if (!logs) return logs;
    // An empty answer proves something only from a node that knows the block.
    const bool is_proved = !logs->empty() || (by_hash && node.abilities.denies_unknown_logs);
    if (!is_proved) {
        if (auto known = node.require_canonical(block, deadline); !known) {
            return Unexpected<RpcError>{std::move(known.error())};
        }
    }
    for (Log& log : *logs) log.block_time = block.time;
    return logs;
}

Expected<Source::RangeLogs, RpcError> fetch_logs_in(EvmNode& node, const EvmLogFilter& filter,
                                                    const LogStep& step, Time deadline) {
    return RangeStep(node, filter, step, deadline).run();
}

}  // namespace plimsoll::chain
