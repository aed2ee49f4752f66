#include "daemon/chain/evm_source.hpp"

#include "abi/hex.hpp"
#include "daemon/chain/call_reader.hpp"
#include "daemon/chain/evm_bloom.hpp"
#include "daemon/chain/evm_call_site.hpp"
#include "daemon/chain/evm_logs.hpp"
#include "daemon/chain/evm_probe.hpp"
#include "daemon/chain/pooled_source.hpp"
#include "daemon/rpc/json.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::chain {
namespace {

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

/// Multicalls of one run; what they answered is kept when a later run fails over.
constexpr std::size_t kChunksPerRun = 8;
constexpr std::size_t kReadLimit = 4'000;

class EvmSource final : public PooledSource {
  public:
    EvmSource(EvmSourceSettings settings, Machine machine);

    Expected<std::vector<Log>, Fault> logs_of(const BlockRef& block,
                                              const LogFilter& filter) override;
    Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to, const LogFilter& filter,
                                       bool with_time) override;
    Expected<std::vector<CallResult>, Fault> read(std::span<const Call> calls,
                                                  const BlockRef& at) override;
    Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                const BlockRef& at) override;
    bool keeps_only_head() const override { return false; }
    std::size_t read_limit() const override { return kReadLimit; }

  private:
    Answer<void> check(Endpoint& endpoint, Time deadline) override;
    Answer<BlockRef> latest(Endpoint& endpoint, Time deadline) override;
    Answer<std::optional<BlockRef>> final_by_tag(Endpoint& endpoint, Finality::Kind kind,
                                                 Time deadline) override;
    Answer<std::optional<BlockRef>> header(Endpoint& endpoint, BlockNumber number,
                                           Time deadline) override;
    Answer<std::vector<std::optional<BlockRef>>> headers(Endpoint& endpoint, BlockNumber first,
                                                         BlockNumber last, Time deadline) override;

    EvmNode& node(const Endpoint& endpoint) { return nodes_[endpoint.index()]; }
    void compare_logs(std::vector<Log>& logs, const EvmLogFilter& wanted, const BlockRef& block);

    EvmSourceSettings settings_;
    EvmChain chain_;
    std::vector<EvmNode> nodes_;  ///< by the endpoint's index
    OddCalls odd_calls_;
};

EvmSource::EvmSource(EvmSourceSettings settings, Machine machine)
    : PooledSource({.name = settings.name,
                    .endpoints = settings.endpoints,
                    .block_time = settings.block_time,
                    .poll_every = settings.poll_every,
                    .deadline = settings.deadline,
                    .stale_after = settings.stale_after,
                    .observer = settings.observer,
                    .dialect = {}},
                   std::move(machine)),
      settings_(std::move(settings)),
      chain_{.chain_id = settings_.chain_id,
             .multicall = settings_.multicall,
             .proof = settings_.proof,
             .timeout = settings_.timeout,
             .logs_timeout = settings_.logs_timeout} {
    nodes_.reserve(pool().size());
    for (std::size_t i = 0; i < pool().size(); ++i) {
        Endpoint& endpoint = pool().at(i);
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

Expected<void, RpcError> EvmSource::check(Endpoint& endpoint, Time until) {
    auto abilities = probe(node(endpoint), until);
    if (!abilities) return Unexpected<RpcError>{std::move(abilities.error())};
    node(endpoint).abilities = *abilities;
    return {};
}

Expected<BlockRef, RpcError> EvmSource::latest(Endpoint& endpoint, Time deadline) {
    auto header = node(endpoint).latest(deadline);
    if (!header) return Unexpected<RpcError>{header.error()};
    return header->block;
}

Expected<std::optional<BlockRef>, RpcError> EvmSource::final_by_tag(Endpoint& endpoint,
                                                                    Finality::Kind kind,
                                                                    Time deadline) {
    const char* tag = kind == Finality::Kind::safe ? "\"safe\"" : "\"finalized\"";
    auto found = node(endpoint).block(tag, deadline);
    // Geth says so while the chain has no final block yet; others answer null.
    const bool is_none_yet =
        !found && found.error().kind == ErrorKind::lag_or_reorg && found.error().code.has_value();
    if (is_none_yet) return std::optional<BlockRef>();
    return found;
}

Expected<std::optional<BlockRef>, RpcError> EvmSource::header(Endpoint& endpoint,
                                                              BlockNumber number, Time deadline) {
    return node(endpoint).block(block_by_number(number), deadline);
}

Expected<std::vector<std::optional<BlockRef>>, RpcError> EvmSource::headers(Endpoint& endpoint,
                                                                            BlockNumber first,
                                                                            BlockNumber last,
                                                                            Time deadline) {
    return node(endpoint).blocks(first, last, deadline);
}

Expected<std::vector<Log>, Fault> EvmSource::logs_of(const BlockRef& block,
                                                     const LogFilter& filter) {
    const EvmLogFilter wanted(filter);
    if (wanted.is_empty()) return std::vector<Log>{};
    if (!wanted.is_whole()) return fault(FaultKind::bad_request, "logs: half a filter");
    auto options = about(block.number);
    options.deadline = clock().now() + settings_.logs_deadline;
    auto logs =
        pool().run(options, [&](Endpoint& endpoint) -> Expected<std::vector<Log>, RpcError> {
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
    if (!pool().current()) return;
    Endpoint& current = pool().at(*pool().current());
    const auto& newest = node(current).newest;
    if (!newest || newest->block != block || !newest->bloom) return;
    const bool fits =
        logs.empty() ? !may_hold_any(*newest->bloom, wanted) : holds_all(*newest->bloom, logs);
    Endpoint* other = fits ? nullptr : pool().other_than(current.index(), Use::head);
    if (other == nullptr) return;
    const Time until = deadline();
    if (!pool().ensure_checked(*other, until) || !node(*other).require_block(block, until)) return;
    auto theirs = fetch_logs_of(node(*other), wanted, block, until);
    if (!theirs || theirs->size() == logs.size()) return;
    current.failed(current.error(ErrorKind::malformed, "logs contradict the bloom filter"));
    pool().switch_to(*other);
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
    options.deadline = clock().now() + settings_.logs_deadline;
    return to_answer(pool().run(options, [&](Endpoint& endpoint) {
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
        auto results = pool().run(options, [&](Endpoint& endpoint) {
            EvmCallSite site(node(endpoint), at, options.deadline);
            return CallReader(site, odd_calls_, {settings_.max_calldata}, clock(), options.deadline)
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
    return to_answer(pool().run(options, [&](Endpoint& endpoint) -> Found {
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

}  // namespace

std::unique_ptr<Source> make_evm_source(EvmSourceSettings settings, rpc::HttpTransport& transport,
                                        Clock& clock, std::function<std::uint64_t()> random) {
    return std::make_unique<EvmSource>(std::move(settings),
                                       Machine{nullptr, transport, clock, std::move(random)});
}

std::unique_ptr<Source> make_evm_source(EvmSourceSettings settings) {
    return std::make_unique<EvmSource>(std::move(settings), Machine::real());
}

}  // namespace plimsoll::chain
