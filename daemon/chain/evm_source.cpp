#include "daemon/chain/evm_source.hpp"

#include "abi/hex.hpp"
#include "daemon/chain/evm_bloom.hpp"
#include "daemon/chain/evm_fault.hpp"
#include "daemon/chain/evm_logs.hpp"
#include "daemon/chain/evm_probe.hpp"
#include "daemon/chain/evm_reader.hpp"
#include "daemon/rpc/endpoint_pool.hpp"
#include "daemon/rpc/json.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <stop_token>
#include <utility>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using protocols::Call;
using protocols::CallResult;
using protocols::Log;
using protocols::LogFilter;
using rpc::Clock;
using rpc::Endpoint;
using rpc::ErrorKind;
using rpc::RpcError;
using rpc::RpcRequest;
using rpc::Use;

constexpr std::uint64_t kMostBlocks = 1'024;
/// An endpoint so many blocks behind another is not asked about the head.
constexpr std::uint64_t kMostLag = 3;
/// A head so far below the last one is a sick endpoint, not a reorganisation.
constexpr std::uint64_t kMostStepBack = 256;
/// Blocks this near to the head may not have reached a lagging endpoint.
constexpr std::uint64_t kNearHead = 256;
/// Multicalls of one run; what they answered is kept when a later run fails over.
constexpr std::size_t kChunksPerRun = 8;
/// By which the deadline of a run of many requests is later.
constexpr auto kTimePerRequest = 50ms;

std::function<std::uint64_t()> default_random() {
    std::random_device seed;
    const auto high = static_cast<std::uint64_t>(seed()) << 32U;
    return [engine = std::mt19937_64(high | seed())]() mutable { return engine(); };
}

Unexpected<Fault> fault(FaultKind kind, std::string message) {
    return Unexpected<Fault>{Fault{kind, std::move(message)}};
}

template <class T>
Expected<T, Fault> to_answer(Expected<T, RpcError> result) {
    if (result) return std::move(*result);
    return Unexpected<Fault>{to_fault(result.error())};
}

/// The transport and the clock of a source that has its own.
struct Machine {
    std::unique_ptr<rpc::HttpTransport> transport = rpc::make_curl_transport();
    rpc::SystemClock clock;
};

class EvmSource final : public Source {
  public:
    EvmSource(EvmSourceSettings settings, rpc::HttpTransport& transport, Clock& clock,
              std::function<std::uint64_t()> random);
    EvmSource(EvmSourceSettings settings, std::unique_ptr<Machine> own)
        : EvmSource(std::move(settings), *own->transport, own->clock, {}) {
        own_ = std::move(own);
    }

    Expected<void, Fault> connect() override;
    Expected<BlockRef, Fault> head() override;
    Expected<BlockRef, Fault> final_block(const Finality& finality, const BlockRef& head) override;
    Expected<std::optional<BlockRef>, Fault> block_at(BlockNumber number) override;
    Expected<std::vector<BlockRef>, Fault> blocks(BlockNumber first, BlockNumber last) override;
    Expected<std::vector<Log>, Fault> logs_of(const BlockRef& block,
                                              const LogFilter& filter) override;
    Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to, const LogFilter& filter,
                                       bool with_time) override;
    Expected<std::vector<CallResult>, Fault> read(std::span<const Call> calls,
                                                  const BlockRef& at) override;
    Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                const BlockRef& at) override;
    std::vector<EndpointStatus> endpoints() const override;
    std::uint64_t requests() const override { return pool_.requests(); }
    void cancel() override {
        stop_.request_stop();
        transport_.cancel();
    }

  private:
    EvmNode& node(const Endpoint& endpoint) { return nodes_[endpoint.index()]; }
    Clock::Time deadline() const { return clock_.now() + settings_.deadline; }
    /// Options of a run about this block that takes so many requests.
    rpc::RunOptions about(BlockNumber number, std::size_t requests = 1) const;
    Expected<void, RpcError> check(Endpoint& endpoint, Clock::Time deadline);
    void compare_heads(BlockRef& head);
    void compare_logs(std::vector<Log>& logs, const EvmLogFilter& wanted, const BlockRef& block);
    bool wants_second_opinion(const BlockRef& head) const;
    Expected<BlockRef, Fault> final_by_tag(const std::string& tag, const BlockRef& head);
    Expected<std::optional<BlockRef>, RpcError> find_block(BlockNumber number);
    Expected<std::vector<BlockRef>, RpcError> linked_blocks(EvmNode& node, BlockNumber first,
                                                            BlockNumber last, Clock::Time deadline);

    std::unique_ptr<Machine> own_;  ///< what the two references below refer to, if anything
    EvmSourceSettings settings_;
    rpc::HttpTransport& transport_;
    Clock& clock_;
    std::stop_source stop_;
    EvmChain chain_;
    rpc::EndpointPool pool_;
    std::vector<EvmNode> nodes_;  ///< by the endpoint's index
    OddCalls odd_calls_;
    std::optional<BlockRef> tip_;   ///< the head answered last
    Clock::Time tip_changed_at_{};  ///< when it was first answered
    Clock::Time compared_at_{};     ///< when another endpoint was asked for its head
};

EvmSource::EvmSource(EvmSourceSettings settings, rpc::HttpTransport& transport, Clock& clock,
                     std::function<std::uint64_t()> random)
    : settings_(std::move(settings)),
      transport_(transport),
      clock_(clock),
      chain_{.chain_id = settings_.chain_id,
             .multicall = settings_.multicall,
             .proof = settings_.proof,
             .timeout = settings_.timeout,
             .logs_timeout = settings_.logs_timeout},
      pool_(
          settings_.endpoints,
          rpc::Services{transport, clock, stop_.get_token(),
                        random ? std::move(random) : default_random(), settings_.observer},
          [this](Endpoint& endpoint, Clock::Time until) { return check(endpoint, until); },
          rpc::PoolOptions{.block_time = settings_.block_time, .max_tries = 4}) {
    nodes_.reserve(pool_.size());
    for (std::size_t i = 0; i < pool_.size(); ++i) {
        Endpoint& endpoint = pool_.at(i);
        nodes_.push_back(
            EvmNode{.endpoint = endpoint,
                    .chain = chain_,
                    .abilities = {},
                    .log_span = LogSpan(settings_.log_span, endpoint.settings().max_block_range),
                    .log_addresses = ChunkSize(500),
                    .calls = ChunkSize(std::max<std::size_t>(1, settings_.max_calls)),
                    .seen = {},
                    .newest = {},
                    .client = {}});
    }
}

rpc::RunOptions EvmSource::about(BlockNumber number, std::size_t requests) const {
    const bool is_near = !tip_ || number + kNearHead >= tip_->number;
    const Clock::Duration extra = pool_.time_for(requests) + kTimePerRequest * requests;
    return {.use = is_near ? Use::head : Use::history, .deadline = deadline() + extra};
}

Expected<void, RpcError> EvmSource::check(Endpoint& endpoint, Clock::Time until) {
    auto abilities = probe(node(endpoint), until);
    if (!abilities) return Unexpected<RpcError>{std::move(abilities.error())};
    node(endpoint).abilities = *abilities;
    return {};
}

Expected<void, Fault> EvmSource::connect() {
    const auto done = pool_.run({.use = Use::head, .deadline = deadline()},
                                [](Endpoint&) -> Expected<bool, RpcError> { return true; });
    if (!done) return Unexpected<Fault>{to_fault(done.error())};
    return {};
}

Expected<BlockRef, Fault> EvmSource::head() {
    const rpc::RunOptions options{.use = Use::head, .deadline = deadline()};
    const BlockNumber tip = tip_ ? tip_->number : 0;
    pool_.prefer(options.deadline, tip - std::min(tip, kMostLag));
    auto latest = pool_.run(options, [&](Endpoint& endpoint) -> Expected<BlockRef, RpcError> {
        auto header = node(endpoint).latest(options.deadline);
        if (!header) return Unexpected<RpcError>{header.error()};
        return header->block;
    });
    if (!latest) return Unexpected<Fault>{to_fault(latest.error())};
    if (wants_second_opinion(*latest)) compare_heads(*latest);
    if (tip_ && latest->number + kMostStepBack < tip_->number) {
        return fault(FaultKind::lag_or_reorg, settings_.name + ": the head fell from " +
                                                  std::to_string(tip_->number) + " to " +
                                                  std::to_string(latest->number));
    }
    if (!tip_ || tip_->hash != latest->hash) tip_changed_at_ = clock_.now();
    tip_ = *latest;
    return *latest;
}

/// A head below the last one, and one that has not moved for long, may be this endpoint's alone.
bool EvmSource::wants_second_opinion(const BlockRef& head) const {
    if (!tip_) return false;
    if (head.number < tip_->number) return true;
    const Clock::Duration stale_after =
        settings_.stale_after.value_or(std::max<std::chrono::milliseconds>(
            3 * settings_.block_time, std::chrono::milliseconds(60'000)));
    const Clock::Time now = clock_.now();
    return head.hash == tip_->hash && now - tip_changed_at_ > stale_after &&
           now - compared_at_ > stale_after;
}

/// Takes the head of another endpoint where that is clearly ahead, or at least not behind the last
/// head while this one is.
void EvmSource::compare_heads(BlockRef& head) {
    compared_at_ = clock_.now();
    if (!pool_.current()) return;
    Endpoint& current = pool_.at(*pool_.current());
    Endpoint* other = pool_.other_than(current.index(), Use::head);
    if (other == nullptr) return;
    if (auto checked = pool_.ensure_checked(*other, deadline()); !checked) {
        other->failed(checked.error());
        return;
    }
    const auto header = node(*other).latest(deadline());
    if (!header) {
        other->failed(header.error());
        return;
    }
    other->answered();
    const BlockNumber number = header->block.number;
    const bool keeps_tip = head.number < tip_->number && number >= tip_->number;
    const bool is_ahead = number > head.number + kMostLag;
    if (!keeps_tip && !is_ahead) return;
    if (is_ahead) {
        spdlog::warn("{}: {} blocks behind {}", current.alias(), number - head.number,
                     other->alias());
        current.health().set_lagging(clock_.now() + 60s);
        current.answered();
    }
    pool_.switch_to(*other);
    head = header->block;
}

Expected<BlockRef, Fault> EvmSource::final_block(const Finality& finality, const BlockRef& head) {
    switch (finality.kind) {
        case Finality::Kind::finalized:
            return final_by_tag("\"finalized\"", head);
        case Finality::Kind::safe:
            return final_by_tag("\"safe\"", head);
        case Finality::Kind::depth:
            break;
    }
    if (finality.depth == 0) return head;
    const BlockNumber number = head.number - std::min(head.number, finality.depth);
    auto found = find_block(number);
    if (!found) return Unexpected<Fault>{to_fault(found.error())};
    if (*found) return **found;
    return fault(FaultKind::lag_or_reorg, "block " + std::to_string(number) + " is gone");
}

Expected<BlockRef, Fault> EvmSource::final_by_tag(const std::string& tag, const BlockRef& head) {
    using Found = Expected<std::optional<BlockRef>, RpcError>;
    const rpc::RunOptions options{.use = Use::head, .deadline = deadline()};
    const auto found = pool_.run(options, [&](Endpoint& endpoint) -> Found {
        auto header = node(endpoint).header(tag, options.deadline);
        // Geth says so while the chain has no final block yet; others answer null.
        if (!header && header.error().kind == ErrorKind::lag_or_reorg &&
            header.error().code.has_value()) {
            return std::optional<BlockRef>();
        }
        if (!header) return Unexpected<RpcError>{header.error()};
        return *header ? std::optional((*header)->block) : std::nullopt;
    });
    if (!found) return Unexpected<Fault>{to_fault(found.error())};
    if (*found && (*found)->number <= head.number) return **found;
    // Nothing is final but the genesis; or finality has gone beyond this round's head meanwhile.
    const BlockNumber number = *found ? head.number : 0;
    auto block = find_block(number);
    if (!block) return Unexpected<Fault>{to_fault(block.error())};
    if (*block && (number != head.number || (*block)->hash == head.hash)) return **block;
    return fault(FaultKind::lag_or_reorg, "the head of this round is no longer canonical");
}

Expected<std::optional<BlockRef>, RpcError> EvmSource::find_block(BlockNumber number) {
    using Found = Expected<std::optional<BlockRef>, RpcError>;
    const rpc::RunOptions options = about(number);
    return pool_.run(options, [&](Endpoint& endpoint) -> Found {
        auto header = node(endpoint).header(block_by_number(number), options.deadline);
        if (!header) return Unexpected<RpcError>{header.error()};
        if (*header) return std::optional((*header)->block);
        if (!tip_ || number > tip_->number) return std::optional<BlockRef>();
        return node(endpoint).fault(ErrorKind::lag_or_reorg,
                                    "has no block " + std::to_string(number));
    });
}

Expected<std::optional<BlockRef>, Fault> EvmSource::block_at(BlockNumber number) {
    auto found = find_block(number);
    if (!found && found.error().kind == ErrorKind::lag_or_reorg) return std::optional<BlockRef>();
    return to_answer(std::move(found));
}

Expected<std::vector<BlockRef>, RpcError> EvmSource::linked_blocks(EvmNode& node, BlockNumber first,
                                                                   BlockNumber last,
                                                                   Clock::Time deadline) {
    std::vector<RpcRequest> requests;
    for (BlockNumber number = first; number <= last; ++number) {
        requests.push_back({"eth_getBlockByNumber", header_params(block_by_number(number))});
    }
    const auto results = node.endpoint.call_batch(requests, node.limits(deadline));
    std::vector<BlockRef> out;
    for (const auto& result : results) {
        const BlockNumber number = first + out.size();
        if (!result) return Unexpected<RpcError>{result.error()};
        const auto header = node.accept_header(*result);
        if (!header) return Unexpected<RpcError>{header.error()};
        if (!*header) {
            return node.fault(ErrorKind::lag_or_reorg, "has no block " + std::to_string(number));
        }
        const BlockRef& block = (*header)->block;
        if (block.number != number) {
            return node.fault(ErrorKind::malformed, "answers another block than asked");
        }
        if (!out.empty() && block.parent != out.back().hash) {
            return node.fault(ErrorKind::lag_or_reorg,
                              "block " + std::to_string(number) + " does not follow its parent");
        }
        out.push_back(block);
    }
    return out;
}

Expected<std::vector<BlockRef>, Fault> EvmSource::blocks(BlockNumber first, BlockNumber last) {
    if (first > last || last - first >= kMostBlocks) {
        return fault(FaultKind::bad_request, "blocks: the range is empty or too long");
    }
    const rpc::RunOptions options = about(last, last - first + 1);
    return to_answer(pool_.run(options, [&](Endpoint& endpoint) {
        return linked_blocks(node(endpoint), first, last, options.deadline);
    }));
}

Expected<std::vector<Log>, Fault> EvmSource::logs_of(const BlockRef& block,
                                                     const LogFilter& filter) {
    const EvmLogFilter wanted(filter);
    if (wanted.is_empty()) return std::vector<Log>{};
    if (!wanted.is_whole()) return fault(FaultKind::bad_request, "logs: half a filter");
    auto options = about(block.number);
    options.deadline = clock_.now() + settings_.logs_deadline;
    auto logs = pool_.run(options, [&](Endpoint& endpoint) -> Expected<std::vector<Log>, RpcError> {
        if (auto known = node(endpoint).require_block(block, options.deadline); !known) {
            return Unexpected<RpcError>{std::move(known.error())};
        }
        return fetch_logs_of(node(endpoint), wanted, block, options.deadline);
    });
    if (logs && settings_.check_bloom) compare_logs(*logs, wanted, block);
    return to_answer(std::move(logs));
}

/// Another endpoint's logs take the place of logs that the header's bloom filter contradicts.
void EvmSource::compare_logs(std::vector<Log>& logs, const EvmLogFilter& wanted,
                             const BlockRef& block) {
    if (!pool_.current()) return;
    Endpoint& current = pool_.at(*pool_.current());
    const auto& newest = node(current).newest;
    if (!newest || newest->block != block || !newest->bloom) return;
    const bool fits =
        logs.empty() ? !may_hold_any(*newest->bloom, wanted) : holds_all(*newest->bloom, logs);
    Endpoint* other = fits ? nullptr : pool_.other_than(current.index(), Use::head);
    if (other == nullptr) return;
    const Clock::Time until = deadline();
    if (!pool_.ensure_checked(*other, until) || !node(*other).require_block(block, until)) return;
    auto theirs = fetch_logs_of(node(*other), wanted, block, until);
    if (!theirs || theirs->size() == logs.size()) return;
    current.failed(current.error(ErrorKind::malformed, "logs contradict the bloom filter"));
    pool_.switch_to(*other);
    logs = std::move(*theirs);
}

Expected<Source::RangeLogs, Fault> EvmSource::logs_in(BlockNumber from, BlockNumber to,
                                                      const LogFilter& filter, bool with_time) {
    if (from > to) return fault(FaultKind::bad_request, "logs: the range is empty");
    const EvmLogFilter wanted(filter);
    if (wanted.is_empty()) return RangeLogs{{}, to};
    if (!wanted.is_whole()) return fault(FaultKind::bad_request, "logs: half a filter");
    const LogStep step{.from = from, .to = to, .with_time = with_time};
    auto options = about(from);
    options.deadline = clock_.now() + settings_.logs_deadline;
    return to_answer(pool_.run(options, [&](Endpoint& endpoint) {
        return fetch_logs_in(node(endpoint), wanted, step, options.deadline);
    }));
}

Expected<std::vector<CallResult>, Fault> EvmSource::read(std::span<const Call> calls,
                                                         const BlockRef& at) {
    std::vector<CallResult> out;
    out.reserve(calls.size());
    while (out.size() < calls.size()) {
        const auto left = calls.subspan(out.size());
        const auto part = left.first(
            std::min(left.size(), std::max<std::size_t>(1, settings_.max_calls) * kChunksPerRun));
        const rpc::RunOptions options = about(at.number, kChunksPerRun);
        auto results = pool_.run(options, [&](Endpoint& endpoint) {
            return EvmReader(node(endpoint), odd_calls_, at, {settings_.max_calldata}, clock_,
                             options.deadline)
                .read(part);
        });
        if (!results) return Unexpected<Fault>{to_fault(results.error())};
        std::move(results->begin(), results->end(), std::back_inserter(out));
    }
    return out;
}

Expected<std::vector<bool>, Fault> EvmSource::has_code(std::span<const Address> addresses,
                                                       const BlockRef& at) {
    using Found = Expected<std::vector<bool>, RpcError>;
    const rpc::RunOptions options = about(at.number, addresses.size());
    return to_answer(pool_.run(options, [&](Endpoint& endpoint) -> Found {
        EvmNode& asked = node(endpoint);
        if (auto known = asked.require_block(at, options.deadline); !known) {
            return Unexpected<RpcError>{std::move(known.error())};
        }
        std::vector<RpcRequest> requests;
        for (const Address& address : addresses) {
            requests.push_back({"eth_getCode", code_params(address, asked.block_argument(at))});
        }
        std::vector<bool> out;
        for (const auto& result : endpoint.call_batch(requests, asked.limits(options.deadline))) {
            if (!result) return Unexpected<RpcError>{result.error()};
            const auto text = rpc::text(*result);
            const auto code = text ? parse_hex(*text) : parse_error("is no text");
            if (!code) {
                return asked.fault(ErrorKind::malformed, "eth_getCode: " + code.error().message);
            }
            out.push_back(!code->empty());
        }
        if (asked.abilities.pin == EvmAbilities::Pin::number) {
            if (auto canonical = asked.require_canonical(at, options.deadline); !canonical) {
                return Unexpected<RpcError>{std::move(canonical.error())};
            }
        }
        return out;
    }));
}

std::vector<EndpointStatus> EvmSource::endpoints() const {
    std::vector<EndpointStatus> out;
    for (const auto& report : pool_.reports()) out.push_back(to_status(report));
    return out;
}

}  // namespace

std::unique_ptr<Source> make_evm_source(EvmSourceSettings settings, rpc::HttpTransport& transport,
                                        Clock& clock, std::function<std::uint64_t()> random) {
    return std::make_unique<EvmSource>(std::move(settings), transport, clock, std::move(random));
}

std::unique_ptr<Source> make_evm_source(EvmSourceSettings settings) {
    return std::make_unique<EvmSource>(std::move(settings), std::make_unique<Machine>());
}

}  // namespace plimsoll::chain
