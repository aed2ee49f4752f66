#include "daemon/chain/tron_source.hpp"

#include "abi/hex.hpp"
#include "daemon/chain/call_reader.hpp"
#include "daemon/chain/multicall.hpp"
#include "daemon/chain/pooled_source.hpp"
#include "daemon/chain/tron_call_site.hpp"
#include "daemon/chain/tron_logs.hpp"
#include "daemon/chain/tron_probe.hpp"
#include "daemon/rpc/json.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::chain {
namespace {

using namespace std::chrono_literals;
using protocols::Call;
using protocols::CallResult;
using protocols::Log;
using protocols::LogFilter;
using rpc::Endpoint;
using rpc::ErrorKind;
using rpc::PlainRequest;
using rpc::RpcError;

/// Calls of one `read`: at first as many as four multicalls hold.
constexpr std::size_t kFirstReadLimit = 800;
constexpr std::size_t kLeastReadLimit = 100;
constexpr std::size_t kMostReadLimit = 4'000;
/// Blocks that a chain cannot grow by within one block's time.
constexpr std::uint64_t kSplitBrain = 2;

class TronSource final : public PooledSource {
  public:
    TronSource(TronSourceSettings settings, Machine machine);

    Expected<std::vector<Log>, Fault> logs_of(const BlockRef& block,
                                              const LogFilter& filter) override;
    Expected<RangeLogs, Fault> logs_in(BlockNumber from, BlockNumber to, const LogFilter& filter,
                                       bool with_time) override;
    Expected<std::vector<CallResult>, Fault> read(std::span<const Call> calls,
                                                  const BlockRef& at) override;
    Expected<std::vector<bool>, Fault> has_code(std::span<const Address> addresses,
                                                const BlockRef& at) override;
    Expected<BlockRef, Fault> head() override;
    bool keeps_only_head() const override { return true; }
    std::size_t read_limit() const override { return read_limit_; }

  private:
    Answer<void> check(Endpoint& endpoint, Time deadline) override;
    Answer<BlockRef> latest(Endpoint& endpoint, Time deadline) override;
    Answer<std::optional<BlockRef>> final_by_tag(Endpoint& endpoint, Finality::Kind kind,
                                                 Time deadline) override;
    Answer<std::optional<BlockRef>> header(Endpoint& endpoint, BlockNumber number,
                                           Time deadline) override;
    Answer<std::vector<std::optional<BlockRef>>> headers(Endpoint& endpoint, BlockNumber first,
                                                         BlockNumber last, Time deadline) override;

    TronNode& node(const Endpoint& endpoint) { return nodes_[endpoint.index()]; }
    BlockNumber settled() const;
    Answer<RangeLogs> logs_of_range(TronNode& node, const EvmLogFilter& filter, LogStep step,
                                    Time deadline);
    Answer<std::vector<bool>> code_at(TronNode& node, std::span<const Address> addresses,
                                      Time deadline);
    void learn(std::size_t asked, const Answer<std::vector<CallResult>>& results);
    void notice_split_brain(Endpoint& endpoint, const BlockRef& at);

    TronSourceSettings settings_;
    TronChain chain_;
    std::vector<TronNode> nodes_;  ///< by the endpoint's index
    OddCalls odd_calls_;
    std::optional<BlockNumber> solid_;  ///< the newest final block answered
    std::size_t read_limit_ = kFirstReadLimit;
    Time head_answered_at_{};
    std::optional<std::size_t> head_answered_by_;
};

TronSource::TronSource(TronSourceSettings settings, Machine machine)
    : PooledSource(
          {.name = settings.name,
           .endpoints = settings.endpoints,
           .block_time = settings.block_time,
           .poll_every = settings.poll_every,
           .deadline = settings.deadline,
           .stale_after = settings.stale_after,
           .observer = settings.observer,
           .dialect = {.rpc_path = "/jsonrpc", .is_forbidden_rate = true, .least_burst = 3}},
          std::move(machine)),
      settings_(std::move(settings)),
      chain_{.multicalls = settings_.multicalls,
             .event_delay = settings_.event_delay,
             .evm = {.chain_id = settings_.chain_id,
                     .multicall =
                         settings_.multicalls.empty() ? Address{} : settings_.multicalls.front(),
                     .proof = SnapshotProof::full,
                     .timeout = settings_.timeout,
                     .logs_timeout = settings_.logs_timeout}} {
    const std::size_t max_calls = std::max<std::size_t>(1, settings_.max_calls);
    nodes_.reserve(pool().size());
    for (std::size_t i = 0; i < pool().size(); ++i) {
        Endpoint& endpoint = pool().at(i);
        const LogSpan span(settings_.log_span, endpoint.settings().max_block_range);
        nodes_.push_back(TronNode{.endpoint = endpoint,
                                  .chain = chain_,
                                  .evm = EvmNode{.endpoint = endpoint,
                                                 .chain = chain_.evm,
                                                 .abilities = {},
                                                 .log_span = span,
                                                 .log_addresses = ChunkSize(500),
                                                 .calls = ChunkSize(max_calls),
                                                 .seen = {},
                                                 .newest = {},
                                                 .client = {}},
                                  .abilities = {},
                                  .event_span = span,
                                  .calls = ChunkSize(max_calls)});
    }
}

Expected<void, RpcError> TronSource::check(Endpoint& endpoint, Time deadline) {
    return probe(node(endpoint), deadline);
}

Expected<BlockRef, RpcError> TronSource::latest(Endpoint& endpoint, Time deadline) {
    return node(endpoint).latest(deadline);
}

Expected<std::optional<BlockRef>, RpcError> TronSource::final_by_tag(Endpoint& endpoint,
                                                                     Finality::Kind /*kind*/,
                                                                     Time deadline) {
    auto found = node(endpoint).solid(deadline);
    if (found && *found) solid_ = std::max(solid_.value_or(0), (*found)->number);
    return found;
}

Expected<std::optional<BlockRef>, RpcError> TronSource::header(Endpoint& endpoint,
                                                               BlockNumber number, Time deadline) {
    return node(endpoint).header(number, deadline);
}

Expected<std::vector<std::optional<BlockRef>>, RpcError> TronSource::headers(Endpoint& endpoint,
                                                                             BlockNumber first,
                                                                             BlockNumber last,
                                                                             Time deadline) {
    return node(endpoint).headers(first, last, deadline);
}

/// Up to here blocks stay what they are, so that a range of them may be asked for by number.
BlockNumber TronSource::settled() const {
    const BlockNumber head = tip() ? tip()->number : 0;
    const BlockNumber deep = head - std::min(head, kTronFinalDepth);
    return std::min(deep, solid_.value_or(deep));
}

Expected<std::vector<Log>, Fault> TronSource::logs_of(const BlockRef& block,
                                                      const LogFilter& filter) {
    const EvmLogFilter wanted(filter);
    if (wanted.is_empty()) return std::vector<Log>{};
    if (!wanted.is_whole()) return fault(FaultKind::bad_request, "logs: half a filter");
    auto options = about(block.number);
    options.deadline = clock().now() + settings_.logs_deadline;
    return to_answer(pool().run(options, [&](Endpoint& endpoint) {
        return fetch_tron_logs_of(node(endpoint), wanted, block, options.deadline);
    }));
}

Expected<Source::RangeLogs, RpcError> TronSource::logs_of_range(TronNode& node,
                                                                const EvmLogFilter& filter,
                                                                LogStep step, Time deadline) {
    const BlockNumber settled = this->settled();
    const BlockNumber delay = node.abilities.has_rpc ? 0 : settings_.event_delay;
    const bool is_ranged = node.abilities.has_rpc || node.abilities.has_events;
    if (!is_ranged || settled < delay || step.from > settled - delay) {
        return fetch_tron_logs_near(node, filter, step, deadline);
    }
    step.to = std::min(step.to, settled - delay);
    return node.abilities.has_rpc ? fetch_logs_in(node.evm, filter, step, deadline)
                                  : fetch_tron_logs_by_events(node, filter, step, deadline);
}

Expected<Source::RangeLogs, Fault> TronSource::logs_in(BlockNumber from, BlockNumber to,
                                                       const LogFilter& filter, bool with_time) {
    if (from > to) return fault(FaultKind::bad_request, "logs: the range is empty");
    const EvmLogFilter wanted(filter);
    if (wanted.is_empty()) return RangeLogs{{}, to};
    if (!wanted.is_whole()) return fault(FaultKind::bad_request, "logs: half a filter");
    auto options = about(from);
    options.deadline = clock().now() + settings_.logs_deadline;
    return to_answer(pool().run(options, [&](Endpoint& endpoint) {
        return logs_of_range(node(endpoint), wanted, {from, to, with_time}, options.deadline);
    }));
}

Expected<BlockRef, Fault> TronSource::head() {
    auto found = PooledSource::head();
    if (found) {
        head_answered_at_ = clock().now();
        head_answered_by_ = pool().current();
    }
    return found;
}

Expected<std::vector<CallResult>, Fault> TronSource::read(std::span<const Call> calls,
                                                          const BlockRef& at) {
    if (tip() && at.number < tip()->number) {
        return fault(FaultKind::missing_state, "TRON keeps no state of block " +
                                                   std::to_string(at.number) +
                                                   ", which is not the head any more");
    }
    if (calls.empty()) return std::vector<CallResult>{};
    const rpc::RunOptions options = about(at.number, 1);
    auto results = pool().run(options, [&](Endpoint& endpoint) {
        TronCallSite site(node(endpoint), at, options.deadline);
        auto read =
            CallReader(site, odd_calls_, {settings_.max_calldata}, clock(), options.deadline)
                .read(calls);
        const bool is_gone = !read && read.error().kind == ErrorKind::missing_state;
        if (is_gone) notice_split_brain(endpoint, at);
        return read;
    });
    learn(calls.size(), results);
    return to_answer(std::move(results));
}

/// An endpoint whose calls run blocks ahead of the head it named a moment ago has backends that do
/// not belong together: others are asked before it for a while.
void TronSource::notice_split_brain(Endpoint& endpoint, const BlockRef& at) {
    const auto now = clock().now();
    const bool is_far = endpoint.head().value_or(0) >= at.number + kSplitBrain;
    const bool is_who_named_it = head_answered_by_ == endpoint.index();
    if (!is_far || !is_who_named_it || now - head_answered_at_ >= settings_.block_time) return;
    endpoint.health().set_lagging(now + 60s);
}

/// A read that did not fit into one block is made smaller, one that did may grow.
void TronSource::learn(std::size_t asked, const Answer<std::vector<CallResult>>& results) {
    if (results && asked >= read_limit_) {
        read_limit_ = std::min(kMostReadLimit, read_limit_ + read_limit_ / 4);
    } else if (!results && results.error().kind == ErrorKind::missing_state &&
               asked > kLeastReadLimit) {
        read_limit_ = std::max(kLeastReadLimit, std::min(read_limit_, asked / 2));
    }
}

Expected<std::vector<bool>, RpcError> TronSource::code_at(TronNode& node,
                                                          std::span<const Address> addresses,
                                                          Time deadline) {
    std::vector<bool> out;
    for (const Address& address : addresses) {
        if (node.abilities.has_wallet) {
            const auto reply = node.endpoint.call_plain(
                PlainRequest{"/wallet/getcontract",
                             R"({"value":")" + to_tron_hex(address) + R"(","visible":false})"},
                node.limits(deadline));
            if (!reply) return Unexpected<RpcError>{reply.error()};
            if (!reply->is_object()) {
                return node.fault(ErrorKind::malformed, "contract is no object");
            }
            out.push_back(rpc::member(*reply, "contract_address") != nullptr);
            continue;
        }
        const auto reply = node.endpoint.call({"eth_getCode", code_params(address, "\"latest\"")},
                                              node.limits(deadline));
        if (!reply) return Unexpected<RpcError>{reply.error()};
        const auto text = rpc::text(*reply);
        const auto code = text ? parse_hex(*text) : parse_error("is no text");
        if (!code) return node.fault(ErrorKind::malformed, "code: " + code.error().message);
        out.push_back(!code->empty());
    }
    return out;
}

Expected<std::vector<bool>, Fault> TronSource::has_code(std::span<const Address> addresses,
                                                        const BlockRef& at) {
    const rpc::RunOptions options = about(at.number, addresses.size());
    return to_answer(pool().run(options, [&](Endpoint& endpoint) {
        return code_at(node(endpoint), addresses, options.deadline);
    }));
}

}  // namespace

std::vector<Address> known_tron_multicalls() {
    return {parse_tron_address("TEazPvZwDjDtFeJupyo7QunvnrnUjPH8ED").value(),
            parse_tron_address("TX56WKxtja91Dybf2FdN4hZbDLyKVxxhAu").value(),
            parse_address("0xcA11bde05977b3631167028862bE2a173976CA11").value()};
}

std::unique_ptr<Source> make_tron_source(TronSourceSettings settings, rpc::HttpTransport& transport,
                                         rpc::Clock& clock, std::function<std::uint64_t()> random) {
    return std::make_unique<TronSource>(std::move(settings),
                                        Machine{nullptr, transport, clock, std::move(random)});
}

std::unique_ptr<Source> make_tron_source(TronSourceSettings settings) {
    return std::make_unique<TronSource>(std::move(settings), Machine::real());
}

}  // namespace plimsoll::chain
